// What one pass through the network carries along: whether it trains, its random masks, and which rows of
// free vectors it used.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace weft::gnn {

// Rows that a pass took from a table of free vectors: a leaf whose gradient the optimizer scatters back.
struct TableUse {
  std::string table = {};
  torch::Tensor ids = {};   // [n] int64, rows may repeat
  torch::Tensor rows = {};  // [n, width], requires a gradient
};

class ForwardContext {
 public:
  // Inference: no masks, no gradients wanted.
  static ForwardContext inference(ThreadPool* pool = nullptr);
  // Training: masks come from a generator that `key` alone seeds.
  static ForwardContext training(std::uint64_t key, ThreadPool* pool = nullptr);

  bool is_training() const { return generator_.has_value(); }
  ThreadPool* pool() const { return pool_; }
  // `x` with entries zeroed at random and the others scaled up; `x` itself when not training.
  torch::Tensor dropout(const torch::Tensor& x, double rate);
  // Uniform in [0, 1), float32. Only when training.
  torch::Tensor uniform(at::IntArrayRef shape);

  std::vector<TableUse> table_uses = {};

 private:
  std::optional<at::Generator> generator_;
  ThreadPool* pool_ = nullptr;
};

}  // namespace weft::gnn
