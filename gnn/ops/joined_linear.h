// A layer that multiplies joined rows (gnn/kernels/joined_rows.h), for all its receivers at once, as one
// differentiable operation: no row is copied from tensor to tensor on the way, and the gradient of a sender's
// states is summed over all that read them in one pass.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace weft::gnn {

// States of nodes, row by row: row i of `values`, or row ids[i] of it. Float32; with ids no gradient flows to
// values.
struct StateRows {
  torch::Tensor values = {};
  std::span<const std::uint32_t> ids = {};
  std::size_t size() const { return ids.empty() ? static_cast<std::size_t>(values.size(0)) : ids.size(); }
};

// The columns of a joined row that come from one group of senders: as wide as their states.
struct JoinedGroup {
  std::size_t states = 0;  // position among the given states
  // The row's senders; no offsets: row r itself.
  std::span<const std::uint32_t> offsets = {};  // [rows + 1], from 0
  std::span<const std::uint32_t> sources = {};  // rows of the states; may go on past offsets.back()
  torch::Tensor weights = {};                   // [offsets.back()]; undefined: 1
  // Undefined: the weighted mean, zero where weights sum to zero. Else the weighted sum over the sum of
  // weights plus `shrinkage` [width], each row's weights times stands_for [rows or more] (empty: 1).
  torch::Tensor shrinkage = {};
  std::span<const float> stands_for = {};
  bool shows = false;                      // one more column at the end: 1 in rows that have senders, else 0
  std::shared_ptr<const void> owner = {};  // keeps what the spans refer to, where nobody else does
};

struct JoinedReceiver {
  std::size_t rows = 0;
  std::vector<JoinedGroup> groups = {};
  // Rows: the groups' columns, a column of ones, those of groups that show.
  torch::Tensor matrix = {};  // [joined width, out]
};

// A tensor [rows, out] a receiver: joined rows times its matrix; with `relu` what is positive of it.
// Gradients flow to states, weights, shrinkages and matrices, the same to the last bit for any number of
// threads. Spans must live until backward, or have an owner. Throws Error if a source is out of range or
// sizes do not match.
std::vector<torch::Tensor> joined_linear(std::span<const StateRows> states,
                                         std::span<const JoinedReceiver> receivers, bool relu,
                                         ThreadPool* pool);

}  // namespace weft::gnn
