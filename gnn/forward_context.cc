#include "gnn/forward_context.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "base/error.h"

namespace weft::gnn {

ForwardContext ForwardContext::inference(ThreadPool* pool) {
  ForwardContext context;
  context.pool_ = pool;
  return context;
}

ForwardContext ForwardContext::training(std::uint64_t key, ThreadPool* pool) {
  ForwardContext context;
  context.pool_ = pool;
  context.generator_ = at::detail::createCPUGenerator(key);
  return context;
}

torch::Tensor ForwardContext::dropout(const torch::Tensor& x, double rate) {
  if (!generator_ || rate <= 0) return x;
  torch::Tensor mask;
  {
    const at::NoGradGuard no_grad;
    mask = at::empty_like(x).bernoulli_(1.0 - rate, generator_).div_(1.0 - rate);
  }
  return x * mask;
}

torch::Tensor ForwardContext::uniform(at::IntArrayRef shape) {
  WEFT_CHECK(generator_.has_value());
  return at::empty(shape, at::kFloat).uniform_(0.0, 1.0, generator_);
}

}  // namespace weft::gnn
