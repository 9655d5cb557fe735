#include "gnn/ops/spmm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "gnn/kernels/spmm.h"

namespace weft::gnn {

namespace {

std::span<const float> floats(const torch::Tensor& t) {
  return {t.const_data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}
std::span<float> mutable_floats(const torch::Tensor& t) {
  return {t.mutable_data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}

// Torch has no arithmetic for uint32; int32 tensors carry the bits.
torch::Tensor copy_of(std::span<const std::uint32_t> values) {
  torch::Tensor t = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kInt32);
  std::copy(values.begin(), values.end(),
            reinterpret_cast<std::uint32_t*>(t.mutable_data_ptr<std::int32_t>()));
  return t;
}
std::span<const std::uint32_t> unsigned_values(const torch::Tensor& t) {
  return {reinterpret_cast<const std::uint32_t*>(t.const_data_ptr<std::int32_t>()),
          static_cast<std::size_t>(t.numel())};
}

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
    spmm(rows_of(offsets, sources, weights), floats(x), dim, reduce, mutable_floats(out), pool);
    const bool weight_grad = weights_given.requires_grad();
    if (x_given.requires_grad() || weight_grad) {
      // x and out are needed for the gradient of the weights alone.
      context->save_for_backward({copy_of(offsets), copy_of(sources), weights,
                                  weight_grad ? x : torch::Tensor(), weight_grad ? out : torch::Tensor()});
      context->saved_data["senders"] = x.size(0);
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
      grad_x = torch::empty({senders, grad_out.size(1)}, torch::kFloat32);
      const TransposedRows transposed = transpose(a, static_cast<std::size_t>(senders));
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

torch::Tensor reduce_segments(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                              std::span<const std::uint32_t> sources, const torch::Tensor& weights,
                              Reduce reduce, ThreadPool* pool) {
  WEFT_CHECK(x.dim() == 2 && x.scalar_type() == torch::kFloat32 && x.device().is_cpu());
  WEFT_CHECK(!offsets.empty() && offsets.front() == 0);
  if (offsets.back() > sources.size() ||
      (weights.defined() &&
       (weights.dim() != 1 || static_cast<std::size_t>(weights.numel()) != sources.size() ||
        weights.scalar_type() != torch::kFloat32))) {
    throw Error(fmt::format("sparse rows of {} edges do not fit {} sources and {} weights", offsets.back(),
                            sources.size(), weights.defined() ? weights.numel() : 0));
  }
  const auto senders = static_cast<std::size_t>(x.size(0));
  std::uint32_t largest = 0;
  for (const std::uint32_t source : sources.first(offsets.back())) largest = std::max(largest, source);
  if (offsets.back() > 0 && largest >= senders) {
    throw Error(fmt::format("a sparse row names sender {} of {}", largest, senders));
  }
  // An autograd function takes no undefined tensors: none is an empty one.
  return SegmentReduce::apply(x, weights.defined() ? weights : torch::empty({0}), offsets, sources, reduce,
                              pool);
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

}  // namespace weft::gnn
