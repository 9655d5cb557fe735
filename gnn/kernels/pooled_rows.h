// Rows of several relations taken as one: row r holds the edges of the first relation's row r, then those of
// the second's, and so on, each edge with a weight of its own. What was a weighted mean over relations is the
// mean of one row then, and joined rows (gnn/kernels/joined_rows.h) make it as they make any other.
//
// An edge weighs share[part] * classes[part][its class] * its own weight * stands_for[row].
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace weft::gnn {

// One relation's rows. Does not own its memory.
struct PooledPart {
  std::span<const std::uint32_t> offsets = {};  // [rows + 1], from 0; all parts have as many rows
  std::span<const std::uint32_t> sources = {};  // may go on past offsets.back(), as may the next two
  std::span<const std::int32_t> classes = {};   // as sources, below class_count; empty: no factor
  std::span<const float> weights = {};          // as sources; empty: 1
  std::span<const float> stands_for = {};       // [rows or more]; empty: 1
};

struct PooledRows {
  std::vector<std::uint32_t> offsets = {};  // [rows + 1]
  std::vector<std::uint32_t> sources = {};  // [edges]
};

// What is learned of the edges' weights.
struct PooledFactors {
  std::span<const float> shares = {};   // [parts]
  std::span<const float> classes = {};  // [parts that have classes, class_count], in their order
  std::size_t class_count = 0;
};

// At least one part. Throws Error past 2^32 - 1 edges. `pool` may be null, here and below.
PooledRows pool_rows(std::span<const PooledPart> parts, ThreadPool* pool);

// The weights of the pooled rows' edges, [edges].
void pooled_weights(std::span<const PooledPart> parts, const PooledFactors& factors, std::span<float> out,
                    ThreadPool* pool);

// From the gradient with respect to those weights [edges], that with respect to the factors. Overwrites both;
// the same bits for any number of threads.
void pooled_weights_grad(std::span<const PooledPart> parts, const PooledFactors& factors,
                         std::span<const float> grad, std::span<float> grad_shares,
                         std::span<float> grad_classes, ThreadPool* pool);

}  // namespace weft::gnn
