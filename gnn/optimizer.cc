#include "gnn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "gnn/kernels/adam.h"
#include "gnn/ops/tensors.h"

namespace weft::gnn {

double scheduled_rate(const TrainOptions& options, std::uint64_t step, std::uint64_t total) {
  const auto warm = static_cast<std::uint64_t>(options.warmup * static_cast<double>(total));
  if (step <= warm) return options.learning_rate * static_cast<double>(step) / static_cast<double>(warm);
  if (options.schedule == ScheduleKind::kConstant) return options.learning_rate;
  const double through =
      static_cast<double>(step - warm) / static_cast<double>(std::max<std::uint64_t>(total - warm, 1));
  return options.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(through, 1.0)));
}

Optimizer::Optimizer(NamedTensors parameters, NamedTensors tables, const TrainOptions& options)
    : kind_(options.optimizer),
      decay_(options.weight_decay),
      beta1_(options.beta1),
      beta2_(options.beta2),
      epsilon_(options.epsilon),
      clip_norm_(options.clip_norm) {
  const auto slots = [](NamedTensors& tensors) {
    std::vector<Slot> made;
    for (auto& [name, value] : tensors) {
      WEFT_CHECK(value.is_contiguous() && value.scalar_type() == torch::kFloat32);
      made.push_back({name, value.detach(), torch::zeros_like(value), torch::zeros_like(value)});
      made.back().value = value;
    }
    return made;
  };
  slots_ = slots(parameters);
  tables_ = slots(tables);
}

std::vector<Optimizer::RowGradient> Optimizer::collect_rows(std::span<const TableUse> uses) {
  std::vector<RowGradient> collected;
  for (const TableUse& use : uses) {
    const torch::Tensor gradient = use.rows.grad();
    if (!gradient.defined()) continue;
    const auto slot =
        std::find_if(tables_.begin(), tables_.end(), [&](const Slot& s) { return s.name == use.table; });
    WEFT_CHECK(slot != tables_.end());
    // Disjoint trees use a row more than once: sum in order of use.
    auto [rows, inverse, counts] = at::_unique2(use.ids, /*sorted=*/true, /*return_inverse=*/true);
    torch::Tensor sums = torch::zeros({rows.size(0), gradient.size(1)});
    sums.index_add_(0, inverse, gradient);
    collected.push_back({&*slot, rows, sums});
  }
  return collected;
}

double Optimizer::step(double rate, std::span<const TableUse> uses) {
  const at::NoGradGuard no_grad;
  const std::vector<RowGradient> row_gradients = collect_rows(uses);
  double squares = 0;
  for (const Slot& slot : slots_) {
    if (slot.value.grad().defined()) squares += slot.value.grad().square().sum().item<double>();
  }
  for (const RowGradient& rows : row_gradients) squares += rows.gradient.square().sum().item<double>();
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) {
    throw Error("training diverged: the gradient is not finite",
                {.field = "train.learning_rate", .hint = "a lower learning rate or clip_norm may help"});
  }
  ++steps_;
  const double factor = clip_norm_ > 0 && norm > clip_norm_ ? clip_norm_ / norm : 1.0;
  for (Slot& slot : slots_) {
    torch::Tensor gradient = slot.value.grad();
    if (!gradient.defined()) continue;
    if (factor != 1.0) gradient.mul_(factor);
    update(slot, gradient, rate);
    slot.value.mutable_grad() = torch::Tensor();
  }
  for (const RowGradient& rows : row_gradients) {
    if (factor != 1.0) rows.gradient.mul_(factor);
    update_rows(rows, rate);
  }
  return norm;
}

AdamStep Optimizer::adam(double rate, double decay) const {
  const bool apart = kind_ == OptimizerKind::kAdamW;
  return {{.learning_rate = rate,
           .beta1 = beta1_,
           .beta2 = beta2_,
           .epsilon = epsilon_,
           .decay = apart ? 0.0 : decay,
           .apart_decay = apart ? decay : 0.0},
          steps_};
}

void Optimizer::update(Slot& slot, const torch::Tensor& gradient, double rate) const {
  adam_update(adam(rate, slot.value.dim() > 1 ? decay_ : 0.0), floats(gradient.contiguous()),
              mutable_floats(slot.value), mutable_floats(slot.first), mutable_floats(slot.second));
}

void Optimizer::update_rows(const RowGradient& rows, double rate) const {
  const std::int64_t* const first = rows.rows.const_data_ptr<std::int64_t>();
  const std::vector<std::uint32_t> numbers(first, first + rows.rows.numel());
  const Slot& slot = *rows.slot;
  WEFT_CHECK(std::all_of(first, first + rows.rows.numel(),
                         [&](std::int64_t row) { return row >= 0 && row < slot.value.size(0); }));
  adam_update_rows(adam(rate, decay_), numbers, static_cast<std::size_t>(rows.gradient.size(1)),
                   floats(rows.gradient), mutable_floats(slot.value), mutable_floats(slot.first),
                   mutable_floats(slot.second));
}

NamedTensors Optimizer::state() const {
  NamedTensors state;
  for (const auto* slots : {&slots_, &tables_}) {
    const std::string kind = slots == &slots_ ? "" : "table.";
    for (const Slot& slot : *slots) {
      state.emplace_back("first." + kind + slot.name, slot.first);
      state.emplace_back("second." + kind + slot.name, slot.second);
    }
  }
  return state;
}

void Optimizer::restore(const std::map<std::string, torch::Tensor>& state, std::uint64_t steps) {
  for (auto& [name, target] : this->state()) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != target.sizes() ||
        found->second.scalar_type() != target.scalar_type()) {
      throw Error("the checkpoint's optimizer state does not fit the model", {.field = name});
    }
    target.copy_(found->second);
  }
  steps_ = steps;
}

}  // namespace weft::gnn
