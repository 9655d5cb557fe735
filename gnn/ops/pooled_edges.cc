#include "gnn/ops/pooled_edges.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "gnn/ops/tensors.h"

namespace weft::gnn {
namespace {

// What an operation knows of itself.
struct Plan : torch::CustomClassHolder {
  std::vector<PooledPart> parts = {};
  torch::Tensor shares = {}, classes = {};  // detached and contiguous
  ThreadPool* pool = nullptr;

  PooledFactors factors() const {
    return {.shares = floats(shares),
            .classes = floats(classes),
            .class_count = static_cast<std::size_t>(classes.size(1))};
  }
};

class PooledWeights : public torch::autograd::Function<PooledWeights> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor&,
                               const torch::Tensor&, const c10::intrusive_ptr<Plan>& plan,
                               std::int64_t edges) {
    const torch::Tensor out = torch::empty({edges}, torch::kFloat32);
    pooled_weights(plan->parts, plan->factors(), mutable_floats(out), plan->pool);
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list outs) {
    const auto capsule = context->saved_data["plan"].toCapsule();
    const Plan& plan = *static_cast<const Plan*>(capsule.get());
    const torch::Tensor grad = outs[0].contiguous();
    const torch::Tensor shares = torch::empty_like(plan.shares), classes = torch::empty_like(plan.classes);
    pooled_weights_grad(plan.parts, plan.factors(), floats(grad), mutable_floats(shares),
                        mutable_floats(classes), plan.pool);
    return {shares, classes, {}, {}};
  }
};

void check_classes(const PooledPart& part, std::int64_t count) {
  for (const std::int32_t value : part.classes) {
    if (value < 0 || value >= count) throw Error(fmt::format("an edge is of class {} of {}", value, count));
  }
}

}  // namespace

PooledEdges pool_edges(std::span<const PooledPart> parts, const torch::Tensor& shares,
                       const torch::Tensor& classes_given, ThreadPool* pool) {
  const torch::Tensor classes = classes_given.defined() ? classes_given : torch::empty({0, 0});
  const auto classed =
      std::count_if(parts.begin(), parts.end(), [](const PooledPart& part) { return !part.classes.empty(); });
  WEFT_CHECK(shares.dim() == 1 && classes.dim() == 2);
  if (shares.size(0) != static_cast<std::int64_t>(parts.size()) || classes.size(0) != classed) {
    throw Error(
        fmt::format("{} shares and {} rows of class weights do not fit {} relations, {} of them with "
                    "classes",
                    shares.size(0), classes.size(0), parts.size(), classed));
  }
  for (const PooledPart& part : parts) check_classes(part, classes.size(1));
  const auto plan = c10::make_intrusive<Plan>();
  plan->parts.assign(parts.begin(), parts.end());
  plan->shares = shares.detach().contiguous();
  plan->classes = classes.detach().contiguous();
  plan->pool = pool;
  PooledEdges made{.rows = std::make_shared<const PooledRows>(pool_rows(parts, pool))};
  made.weights =
      PooledWeights::apply(shares, classes, plan, static_cast<std::int64_t>(made.rows->sources.size()));
  return made;
}

}  // namespace weft::gnn
