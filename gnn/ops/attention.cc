#include "gnn/ops/attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "gnn/kernels/segment_softmax.h"
#include "gnn/kernels/spmm.h"
#include "gnn/ops/tensors.h"

namespace weft::gnn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class SegmentSoftmax : public torch::autograd::Function<SegmentSoftmax> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& scores_given,
                               std::span<const std::uint32_t> offsets, ThreadPool* pool) {
    const torch::Tensor scores = scores_given.contiguous();
    const torch::Tensor out = torch::zeros_like(scores);
    const auto heads = static_cast<std::size_t>(scores.size(1));
    segment_softmax(offsets, heads, floats(scores), mutable_floats(out), pool);
    context->save_for_backward({copy_of(offsets), out});
    context->saved_data["pool"] = reinterpret_cast<std::int64_t>(pool);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor grad_out = grads[0].contiguous();
    const torch::Tensor grad = torch::zeros_like(grad_out);
    auto* const pool = reinterpret_cast<ThreadPool*>(context->saved_data["pool"].toInt());
    segment_softmax_grad(unsigned_values(saved[0]), static_cast<std::size_t>(grad.size(1)), floats(saved[1]),
                         floats(grad_out), mutable_floats(grad), pool);
    return {grad, {}, {}};
  }
};

class AttentionSum : public torch::autograd::Function<AttentionSum> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x_given,
                               const torch::Tensor& coefficients_given,
                               std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> sources,
                               ThreadPool* pool) {
    const torch::Tensor x = x_given.contiguous();
    const torch::Tensor coefficients = coefficients_given.contiguous();
    const torch::Tensor out =
        torch::empty({static_cast<std::int64_t>(offsets.size()) - 1, x.size(1)}, torch::kFloat32);
    spmm(rows_of(offsets, sources, coefficients), floats(x), static_cast<std::size_t>(x.size(1)),
         Reduce::kSum, mutable_floats(out), pool);
    const bool coefficient_grad = coefficients_given.requires_grad();
    context->save_for_backward(
        {copy_of(offsets), copy_of(sources), coefficients, coefficient_grad ? x : torch::Tensor()});
    context->saved_data["senders"] = x.size(0);
    context->saved_data["pool"] = reinterpret_cast<std::int64_t>(pool);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto a = rows_of(unsigned_values(saved[0]), unsigned_values(saved[1]), saved[2]);
    const torch::Tensor grad_out = grads[0].contiguous();
    const auto dim = static_cast<std::size_t>(grad_out.size(1));
    auto* const pool = reinterpret_cast<ThreadPool*>(context->saved_data["pool"].toInt());
    torch::Tensor grad_x;
    torch::Tensor grad_coefficients;
    if (context->needs_input_grad(0)) {
      const std::int64_t senders = context->saved_data["senders"].toInt();
      grad_x = torch::empty({senders, grad_out.size(1)}, torch::kFloat32);
      spmm_grad_x(a, transpose(a, static_cast<std::size_t>(senders)), floats(grad_out), dim, Reduce::kSum,
                  mutable_floats(grad_x), pool);
    }
    if (context->needs_input_grad(1)) {
      grad_coefficients = torch::zeros_like(saved[2]);
      spmm_grad_weights(a, floats(saved[3]), {}, floats(grad_out), dim, Reduce::kSum,
                        mutable_floats(grad_coefficients), pool);
    }
    return {grad_x, grad_coefficients, {}, {}, {}};
  }

 private:
  static SparseRows<std::uint32_t> rows_of(std::span<const std::uint32_t> offsets,
                                           std::span<const std::uint32_t> sources,
                                           const torch::Tensor& coefficients) {
    return {offsets, sources, floats(coefficients), static_cast<std::size_t>(coefficients.size(1))};
  }
};

void check_matrix(const torch::Tensor& t) {
  WEFT_CHECK(t.dim() == 2 && t.scalar_type() == torch::kFloat32 && t.device().is_cpu());
}

}  // namespace

torch::Tensor segment_softmax(const torch::Tensor& scores, std::span<const std::uint32_t> offsets,
                              ThreadPool* pool) {
  check_matrix(scores);
  WEFT_CHECK(!offsets.empty() && offsets.front() == 0 && scores.size(1) > 0);
  if (std::int64_t{offsets.back()} > scores.size(0)) {
    throw Error(fmt::format("sparse rows of {} edges do not fit {} scores", offsets.back(), scores.size(0)));
  }
  return SegmentSoftmax::apply(scores, offsets, pool);
}

torch::Tensor attention_sum(const torch::Tensor& x, const torch::Tensor& coefficients,
                            std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> sources,
                            ThreadPool* pool) {
  check_matrix(x);
  check_matrix(coefficients);
  check_block(offsets, sources, x.size(0));
  const std::int64_t heads = coefficients.size(1);
  if (coefficients.size(0) != static_cast<std::int64_t>(sources.size()) || heads == 0 ||
      x.size(1) % heads != 0) {
    throw Error(fmt::format("attention of {} coefficients for {} heads does not fit {} sources of width {}",
                            coefficients.size(0), heads, sources.size(), x.size(1)));
  }
  return AttentionSum::apply(x, coefficients, offsets, sources, pool);
}

}  // namespace weft::gnn
