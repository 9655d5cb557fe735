#include "gnn/ops/spmm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "gnn/kernels/spmm.h"
#include "gnn/kernels/spmm_max.h"
#include "gnn/ops/tensors.h"

namespace weft::gnn {

namespace {

SparseRows<std::uint32_t> rows_of(std::span<const std::uint32_t> offsets,
                                  std::span<const std::uint32_t> sources, const torch::Tensor& weights) {
  return {offsets, sources, floats(weights)};
}

class SegmentReduce : public torch::autograd::Function<SegmentReduce> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_given,
                               const torch::Tensor& weights_given, std::span<const std::uint32_t> offsets,
                               std::span<const std::uint32_t> sources, Reduce reduce, ThreadPool* pool) {
    const torch::Tensor x = x_given.contiguous();
    const torch::Tensor weights = weights_given.contiguous();
    const auto rows = static_cast<std::int64_t>(offsets.size()) - 1;
    const torch::Tensor out = torch::empty({rows, x.size(1)}, torch::kFloat32);
    const auto dim = static_cast<std::size_t>(x.size(1));
    const bool stored = x.scalar_type() == torch::kBFloat16;
    const auto a = rows_of(offsets, sources, weights);
    if (stored)
      spmm(a, bfloat16s(x), dim, reduce, mutable_floats(out), pool);
    else
      spmm(a, floats(x), dim, reduce, mutable_floats(out), pool);
    const bool weight_grad = weights_given.requires_grad();
    if (x_given.requires_grad() || weight_grad) {
      // x and out are needed for the gradient of the weights alone.
      context->save_for_backward({copy_of(offsets), copy_of(sources), weights,
                                  weight_grad ? x : torch::Tensor(), weight_grad ? out : torch::Tensor()});
      context->saved_data["senders"] = x.size(0);
      context->saved_data["stored"] = stored;
      context->saved_data["mean"] = reduce == Reduce::kMean;
      context->saved_data["pool"] = reinterpret_cast<std::int64_t>(pool);
    }
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto offsets = unsigned_values(saved[0]);
    const auto sources = unsigned_values(saved[1]);
    const torch::Tensor grad_out = grads[0].contiguous();
    const auto dim = static_cast<std::size_t>(grad_out.size(1));
    const Reduce reduce = context->saved_data["mean"].toBool() ? Reduce::kMean : Reduce::kSum;
    auto* const pool = reinterpret_cast<ThreadPool*>(context->saved_data["pool"].toInt());
    const auto a = rows_of(offsets, sources, saved[2]);
    torch::Tensor grad_x;
    torch::Tensor grad_weights;
    if (context->needs_input_grad(0)) {
      const std::int64_t senders = context->saved_data["senders"].toInt();
      const bool stored = context->saved_data["stored"].toBool();
      grad_x = torch::empty({senders, grad_out.size(1)}, stored ? torch::kBFloat16 : torch::kFloat32);
      const TransposedRows transposed = transpose(a, static_cast<std::size_t>(senders));
      if (stored)
        spmm_grad_x(a, transposed, floats(grad_out), dim, reduce, mutable_bfloat16s(grad_x), pool);
      else
        spmm_grad_x(a, transposed, floats(grad_out), dim, reduce, mutable_floats(grad_x), pool);
    }
    if (context->needs_input_grad(1)) {
      grad_weights = torch::zeros_like(saved[2]);  // edges past the last row have no part in the result
      spmm_grad_weights(a, floats(saved[3]), floats(saved[4]), floats(grad_out), dim, reduce,
                        mutable_floats(grad_weights), pool);
    }
    return {grad_x, grad_weights, {}, {}, {}, {}};
  }
};

class SegmentMax : public torch::autograd::Function<SegmentMax> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_given,
                               const torch::Tensor& weights_given, std::span<const std::uint32_t> offsets,
                               std::span<const std::uint32_t> sources, ThreadPool* pool) {
    const torch::Tensor x = x_given.contiguous();
    const torch::Tensor weights = weights_given.contiguous();
    const auto rows = static_cast<std::int64_t>(offsets.size()) - 1;
    const torch::Tensor out = torch::empty({rows, x.size(1)}, torch::kFloat32);
    const torch::Tensor winners = torch::empty({rows, x.size(1)}, torch::kInt32);
    spmm_max(rows_of(offsets, sources, weights), floats(x), static_cast<std::size_t>(x.size(1)),
             mutable_floats(out), mutable_unsigned_values(winners), pool);
    context->save_for_backward({copy_of(offsets), copy_of(sources), weights, winners,
                                weights_given.requires_grad() ? x : torch::Tensor()});
    context->saved_data["senders"] = x.size(0);
    context->saved_data["pool"] = reinterpret_cast<std::int64_t>(pool);
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto a = rows_of(unsigned_values(saved[0]), unsigned_values(saved[1]), saved[2]);
    const auto winners = unsigned_values(saved[3]);
    const torch::Tensor grad_out = grads[0].contiguous();
    const auto dim = static_cast<std::size_t>(grad_out.size(1));
    auto* const pool = reinterpret_cast<ThreadPool*>(context->saved_data["pool"].toInt());
    torch::Tensor grad_x;
    torch::Tensor grad_weights;
    if (context->needs_input_grad(0)) {
      const std::int64_t senders = context->saved_data["senders"].toInt();
      grad_x = torch::empty({senders, grad_out.size(1)}, torch::kFloat32);
      spmm_max_grad_x(a, transpose(a, static_cast<std::size_t>(senders)), winners, floats(grad_out), dim,
                      mutable_floats(grad_x), pool);
    }
    if (context->needs_input_grad(1)) {
      grad_weights = torch::empty_like(saved[2]);
      spmm_max_grad_weights(a, floats(saved[4]), winners, floats(grad_out), dim, mutable_floats(grad_weights),
                            pool);
    }
    return {grad_x, grad_weights, {}, {}, {}};
  }
};

// An autograd function takes no undefined tensors: no weights are an empty one.
torch::Tensor checked_weights(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                              std::span<const std::uint32_t> sources, const torch::Tensor& weights) {
  WEFT_CHECK(x.dim() == 2 && x.device().is_cpu());
  check_block(offsets, sources, x.size(0));
  if (!weights.defined()) return torch::empty({0});
  if (weights.dim() != 1 || static_cast<std::size_t>(weights.numel()) != sources.size() ||
      weights.scalar_type() != torch::kFloat32) {
    throw Error(fmt::format("{} weights do not fit {} sources", weights.numel(), sources.size()));
  }
  return weights;
}

torch::Tensor reduce_segments(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                              std::span<const std::uint32_t> sources, const torch::Tensor& weights_given,
                              Reduce reduce, ThreadPool* pool) {
  const torch::Tensor weights = checked_weights(x, offsets, sources, weights_given);
  const bool stored = x.scalar_type() == torch::kBFloat16;
  WEFT_CHECK(stored || x.scalar_type() == torch::kFloat32);
  WEFT_CHECK(!stored || !weights.requires_grad());
  return SegmentReduce::apply(x, weights, offsets, sources, reduce, pool);
}

}  // namespace

torch::Tensor segment_weighted_mean(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                    std::span<const std::uint32_t> sources, const torch::Tensor& weights,
                                    ThreadPool* pool) {
  return reduce_segments(x, offsets, sources, weights, Reduce::kMean, pool);
}

torch::Tensor segment_weighted_sum(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                   std::span<const std::uint32_t> sources, const torch::Tensor& weights,
                                   ThreadPool* pool) {
  return reduce_segments(x, offsets, sources, weights, Reduce::kSum, pool);
}

torch::Tensor segment_weighted_max(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                   std::span<const std::uint32_t> sources, const torch::Tensor& weights_given,
                                   ThreadPool* pool) {
  const torch::Tensor weights = checked_weights(x, offsets, sources, weights_given);
  WEFT_CHECK(x.scalar_type() == torch::kFloat32);
  return SegmentMax::apply(x, weights, offsets, sources, pool);
}

}  // namespace weft::gnn
