// The edges of several relations as rows of one (gnn/kernels/pooled_rows.h), with weights that are learned.
#pragma once

#include <torch/types.h>

#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "gnn/kernels/pooled_rows.h"

namespace weft::gnn {

struct PooledEdges {
  std::shared_ptr<const PooledRows> rows = {};
  torch::Tensor weights = {};  // [edges]
};

// shares [parts]; classes [parts that have classes, class count], undefined if none has. Gradients flow to
// both, the same to the last bit for any number of threads. What the parts refer to must live until backward.
// Throws Error if sizes do not match or a class is out of range.
PooledEdges pool_edges(std::span<const PooledPart> parts, const torch::Tensor& shares,
                       const torch::Tensor& classes, ThreadPool* pool);

}  // namespace weft::gnn
