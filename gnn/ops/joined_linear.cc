#include "gnn/ops/joined_linear.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "gnn/kernels/dense.h"
#include "gnn/kernels/gather.h"
#include "gnn/kernels/joined_rows.h"
#include "gnn/kernels/relu.h"
#include "gnn/kernels/spmm.h"
#include "gnn/ops/tensors.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kChunk = 96;         // rows that are joined and multiplied while they lie in the cache
constexpr std::size_t kSenderChunk = 512;  // rows whose gradient is summed over their readers at a time
constexpr std::size_t kLine = 16;          // floats a cache line

void for_chunks(std::size_t rows, std::size_t chunk, ThreadPool* pool,
                const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t chunks = (rows + chunk - 1) / chunk;
  const auto run = [&](std::size_t first, std::size_t last) {
    for (std::size_t c = first; c < last; ++c) body(c * chunk, std::min((c + 1) * chunk, rows));
  };
  if (pool == nullptr || pool->size() < 2 || chunks < 2) return run(0, chunks);
  pool->parallel_for(chunks, 1, run);
}

// One group as both passes need it. Tensors here are detached and contiguous.
struct GroupPlan {
  JoinedGroup group = {};
  std::size_t column = 0, dim = 0;
  std::vector<std::uint32_t> mapped = {};  // sources through the states' ids
  std::span<const std::uint32_t> sources = {};
  std::vector<float> scale = {}, mass = {};
  int weights = -1, shrinkage = -1;  // positions among the operation's inputs; -1: none
};

struct ReceiverPlan {
  std::size_t rows = 0, groups_width = 0, width = 0, stride = 0;
  std::vector<GroupPlan> groups = {};
  int matrix = -1;
  torch::Tensor joined = {}, out = {};
};

// What an operation knows of itself. Inputs are the states, then each receiver's tensors.
struct Plan : torch::CustomClassHolder {
  std::vector<StateRows> states = {};
  std::vector<ReceiverPlan> receivers = {};
  std::vector<torch::Tensor> inputs = {};
  std::vector<std::uint8_t> wanted = {};  // [inputs], whether a gradient is
  bool relu = false;
  ThreadPool* pool = nullptr;

  const float* values(int input) const {
    return input < 0 ? nullptr : inputs[static_cast<std::size_t>(input)].const_data_ptr<float>();
  }
  bool wants(int input) const { return input >= 0 && wanted[static_cast<std::size_t>(input)] != 0; }
};

void set_scales(GroupPlan& plan, std::span<const float> weights) {
  const JoinedGroup& group = plan.group;
  const SparseRows<std::uint32_t> rows{group.offsets, plan.sources, weights};
  if (plan.shrinkage < 0) {
    plan.scale = mean_scales(rows);
    return;
  }
  plan.mass = weight_sums(rows);
  if (group.stands_for.empty()) return;
  plan.scale.assign(group.stands_for.begin(),
                    group.stands_for.begin() + static_cast<std::ptrdiff_t>(rows.rows()));
  for (std::size_t r = 0; r < plan.mass.size(); ++r) plan.mass[r] *= plan.scale[r];
}

JoinedPart part_of(const Plan& plan, const GroupPlan& group) {
  const torch::Tensor& values = plan.inputs[group.group.states];
  return {.column = group.column,
          .dim = group.dim,
          .values = values.const_data_ptr<float>(),
          .stride = group.dim,
          .offsets = group.group.offsets.empty() ? nullptr : group.group.offsets.data(),
          .sources = group.sources.data(),
          .edges = group.sources.size(),
          .weights = plan.values(group.weights),
          .scale = group.scale.empty() ? nullptr : group.scale.data(),
          .shrinkage = plan.values(group.shrinkage),
          .mass = group.mass.empty() ? nullptr : group.mass.data()};
}

// Of rows that are named by ids one by one: a row's own state as a sum of one.
const std::vector<std::uint32_t>& counted_up_to(std::size_t rows, std::vector<std::uint32_t>& counted) {
  counted.resize(rows + 1);
  for (std::size_t r = 0; r <= rows; ++r) counted[r] = static_cast<std::uint32_t>(r);
  return counted;
}

torch::Tensor multiply_joined(const Plan& plan, ReceiverPlan& receiver) {
  std::vector<JoinedPart> parts;
  std::vector<std::uint32_t> counted;
  for (const GroupPlan& group : receiver.groups) {
    parts.push_back(part_of(plan, group));
    const StateRows& states = plan.states[group.group.states];
    if (!group.group.offsets.empty() || states.ids.empty()) continue;
    if (counted.empty()) counted_up_to(receiver.rows, counted);
    parts.back().offsets = counted.data();
    parts.back().sources = states.ids.data();
    parts.back().edges = receiver.rows;
  }
  std::size_t column = receiver.groups_width;
  parts.push_back({.column = column++, .dim = 1, .fill = 1});
  for (const GroupPlan& group : receiver.groups) {
    if (group.group.shows)
      parts.push_back({.column = column++, .dim = 1, .offsets = group.group.offsets.data(), .fill = 1});
  }
  const torch::Tensor& matrix = plan.inputs[static_cast<std::size_t>(receiver.matrix)];
  const auto n = static_cast<std::size_t>(matrix.size(1));
  receiver.joined =
      torch::empty({static_cast<std::int64_t>(receiver.rows), static_cast<std::int64_t>(receiver.stride)});
  const torch::Tensor out = torch::empty({static_cast<std::int64_t>(receiver.rows), matrix.size(1)});
  float* const joined = receiver.joined.mutable_data_ptr<float>();
  float* const values = out.mutable_data_ptr<float>();
  for_chunks(receiver.rows, kChunk, plan.pool, [&](std::size_t begin, std::size_t end) {
    join_rows(parts, begin, end, joined, receiver.stride);
    multiply_rows({joined, receiver.rows, receiver.width, receiver.stride},
                  {matrix.const_data_ptr<float>(), receiver.width, n, n}, begin, end, values, n);
    if (plan.relu) relu({values + begin * n, values + end * n});
  });
  return out;
}

// The gradient of what relu was given.
torch::Tensor before_relu(const Plan& plan, const ReceiverPlan& receiver, const torch::Tensor& given) {
  const torch::Tensor grad = given.contiguous();
  if (!plan.relu) return grad;
  torch::Tensor masked = torch::empty_like(grad);
  const float* const from = grad.const_data_ptr<float>();
  const float* const out = receiver.out.const_data_ptr<float>();
  float* const to = masked.mutable_data_ptr<float>();
  const auto n = static_cast<std::size_t>(grad.size(1));
  for_chunks(receiver.rows, kSenderChunk, plan.pool, [&](std::size_t begin, std::size_t end) {
    relu_gradient({from + begin * n, from + end * n}, {out + begin * n, out + end * n},
                  {to + begin * n, to + end * n});
  });
  return masked;
}

// Of one receiver's joined rows: the gradient with respect to the groups' weighted sums, [rows, stride].
class GroupGradients {
 public:
  GroupGradients(const Plan& plan, const ReceiverPlan& receiver, const torch::Tensor& grad,
                 std::vector<torch::Tensor>& grads)
      : plan_(plan), receiver_(receiver), grads_(grads) {
    const std::size_t rows = receiver.rows;
    const torch::Tensor& matrix = plan.inputs[static_cast<std::size_t>(receiver.matrix)];
    const auto n = static_cast<std::size_t>(matrix.size(1));
    const auto width = static_cast<std::int64_t>(receiver.groups_width);
    const torch::Tensor turned = matrix.narrow(0, 0, width).t().contiguous();
    sums_ = torch::empty({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(receiver.stride)});
    for (const GroupPlan& group : receiver.groups) {
      if (!plan.wants(group.weights)) continue;
      masses_.resize(rows);
      grads_[static_cast<std::size_t>(group.weights)] =
          torch::zeros_like(plan.inputs[static_cast<std::size_t>(group.weights)]);
    }
    shrinkages_.assign((rows + kChunk - 1) / kChunk * receiver.groups_width, 0.0F);
    const float* const of_out = grad.const_data_ptr<float>();
    float* const sums = sums_.mutable_data_ptr<float>();
    for_chunks(rows, kChunk, plan.pool, [&](std::size_t begin, std::size_t end) {
      multiply_rows({of_out, rows, n, n},
                    {turned.const_data_ptr<float>(), n, receiver.groups_width, receiver.groups_width}, begin,
                    end, sums, receiver.stride);
      for (const GroupPlan& group : receiver.groups) {
        if (!group.group.offsets.empty()) of_group(group, begin, end);
      }
    });
    for (const GroupPlan& group : receiver.groups) add_shrinkages(group);
  }

  const float* sums() const { return sums_.const_data_ptr<float>(); }

 private:
  void of_group(const GroupPlan& group, std::size_t begin, std::size_t end) {
    const JoinedPart part = part_of(plan_, group);
    const bool of_weights = plan_.wants(group.weights);
    float* const sums = sums_.mutable_data_ptr<float>() + group.column;
    unscale_gradient(part, begin, end, receiver_.joined.const_data_ptr<float>() + group.column,
                     receiver_.stride, sums, receiver_.stride,
                     group.shrinkage < 0
                         ? nullptr
                         : shrinkages_.data() + begin / kChunk * receiver_.groups_width + group.column,
                     of_weights ? masses_.data() : nullptr);
    if (!of_weights) return;
    float* const to = grads_[static_cast<std::size_t>(group.weights)].mutable_data_ptr<float>();
    for (std::size_t r = begin; r < end; ++r) {
      for (std::uint32_t e = part.offsets[r]; e < part.offsets[r + 1]; ++e) {
        const float* const sent = part.values + std::size_t{part.sources[e]} * part.stride;
        to[e] = dot(sums + r * receiver_.stride, sent, part.dim) + masses_[r];
      }
    }
  }

  // Chunk after chunk, whoever made them.
  void add_shrinkages(const GroupPlan& group) {
    if (!plan_.wants(group.shrinkage)) return;
    torch::Tensor total = torch::zeros({static_cast<std::int64_t>(group.dim)});
    float* const to = total.mutable_data_ptr<float>();
    for (std::size_t at = group.column; at < shrinkages_.size(); at += receiver_.groups_width)
      for (std::size_t d = 0; d < group.dim; ++d) to[d] += shrinkages_[at + d];
    grads_[static_cast<std::size_t>(group.shrinkage)] = total;
  }

  const Plan& plan_;
  const ReceiverPlan& receiver_;
  std::vector<torch::Tensor>& grads_;
  torch::Tensor sums_;
  std::vector<float> shrinkages_;  // [chunk, groups' columns]
  std::vector<float> masses_;      // [rows], of the group a chunk is at: gradients of the sums of weights
};

// A group that read the states whose gradient is summed.
struct Reading {
  const GroupPlan* group = nullptr;
  const float* sums = nullptr;  // the group's columns of GroupGradients
  std::size_t stride = 0, rows = 0;
  TransposedRows senders = {};
  std::vector<float> weights = {};
};

void turn(const Plan& plan, Reading& reading, std::size_t senders) {
  const GroupPlan& group = *reading.group;
  if (group.group.offsets.empty()) return;
  reading.senders = transpose(SparseRows<std::uint32_t>{group.group.offsets, group.sources, {}}, senders);
  if (group.weights < 0) return;
  const float* const weights = plan.values(group.weights);
  reading.weights.resize(reading.senders.edges.size());
  for (std::size_t p = 0; p < reading.weights.size(); ++p)
    reading.weights[p] = weights[reading.senders.edges[p]];
}

void add_reading(const Reading& reading, std::size_t begin, std::size_t end, float* grad) {
  const std::size_t dim = reading.group->dim;
  if (reading.group->group.offsets.empty()) {
    for (std::size_t r = begin; r < std::min(end, reading.rows); ++r)
      add_scaled(grad + r * dim, reading.sums + r * reading.stride, 1.0F, dim);
    return;
  }
  const TransposedRows& senders = reading.senders;
  if (senders.offsets[begin] == senders.offsets[end]) return;
  gather_rows(GatherJob<std::uint32_t>{.offsets = senders.offsets.data(),
                                       .columns = senders.rows.data(),
                                       .edges = senders.rows.size(),
                                       .weights = reading.weights.empty() ? nullptr : reading.weights.data(),
                                       .add = grad,
                                       .x = reading.sums,
                                       .dim = dim,
                                       .out = grad,
                                       .x_stride = reading.stride},
              begin, end);
}

// The gradient of states from all groups that read them.
torch::Tensor states_gradient(const Plan& plan, std::size_t states, std::vector<Reading>& readings) {
  const torch::Tensor grad = torch::empty_like(plan.inputs[states]);
  const auto rows = static_cast<std::size_t>(grad.size(0));
  const auto dim = static_cast<std::size_t>(grad.size(1));
  float* const values = grad.mutable_data_ptr<float>();
  for_chunks(readings.size(), 1, plan.pool,
             [&](std::size_t i, std::size_t) { turn(plan, readings[i], rows); });
  for_chunks(rows, kSenderChunk, plan.pool, [&](std::size_t begin, std::size_t end) {
    std::fill(values + begin * dim, values + end * dim, 0.0F);
    for (const Reading& reading : readings) add_reading(reading, begin, end, values);
  });
  return grad;
}

bool wants_sums(const Plan& plan, const ReceiverPlan& receiver) {
  return std::any_of(receiver.groups.begin(), receiver.groups.end(), [&](const GroupPlan& group) {
    return plan.wanted[group.group.states] != 0 || plan.wants(group.weights) || plan.wants(group.shrinkage);
  });
}

class JoinedLinear : public torch::autograd::Function<JoinedLinear> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, at::TensorList,
                                                const c10::intrusive_ptr<Plan>& plan) {
    torch::autograd::variable_list outs;
    for (ReceiverPlan& receiver : plan->receivers) {
      outs.push_back(multiply_joined(*plan, receiver));
      receiver.out = outs.back().detach();  // an alias without a way back to this operation
    }
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return outs;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list outs) {
    const auto capsule = context->saved_data["plan"].toCapsule();
    const Plan& plan = *static_cast<const Plan*>(capsule.get());
    std::vector<torch::Tensor> grads(plan.inputs.size() + 1);
    std::vector<std::vector<Reading>> readings(plan.states.size());
    std::vector<GroupGradients> kept;
    kept.reserve(plan.receivers.size());
    for (std::size_t i = 0; i < plan.receivers.size(); ++i) {
      const ReceiverPlan& receiver = plan.receivers[i];
      if (!outs[i].defined()) continue;
      const torch::Tensor grad = before_relu(plan, receiver, outs[i]);
      if (plan.wants(receiver.matrix)) of_matrix(plan, receiver, grad, grads);
      if (!wants_sums(plan, receiver)) continue;
      const GroupGradients& sums = kept.emplace_back(plan, receiver, grad, grads);
      for (const GroupPlan& group : receiver.groups) {
        if (plan.wanted[group.group.states] == 0) continue;
        readings[group.group.states].push_back({.group = &group,
                                                .sums = sums.sums() + group.column,
                                                .stride = receiver.stride,
                                                .rows = receiver.rows});
      }
    }
    for (std::size_t s = 0; s < readings.size(); ++s) {
      if (!readings[s].empty()) grads[s] = states_gradient(plan, s, readings[s]);
    }
    return grads;
  }

 private:
  static void of_matrix(const Plan& plan, const ReceiverPlan& receiver, const torch::Tensor& grad,
                        std::vector<torch::Tensor>& grads) {
    const auto at = static_cast<std::size_t>(receiver.matrix);
    grads[at] = torch::empty_like(plan.inputs[at]);
    const auto n = static_cast<std::size_t>(grad.size(1));
    multiply_transposed(
        {receiver.joined.const_data_ptr<float>(), receiver.rows, receiver.width, receiver.stride},
        {grad.const_data_ptr<float>(), receiver.rows, n, n}, mutable_floats(grads[at]), plan.pool);
  }
};

// Puts an operation together and checks what it is given.
class Planner {
 public:
  Planner(std::span<const StateRows> states, bool relu, ThreadPool* pool)
      : plan_(c10::make_intrusive<Plan>()) {
    plan_->relu = relu;
    plan_->pool = pool;
    for (const StateRows& rows : states) {
      plan_->states.push_back(rows);
      // A type without nodes has no states.
      const torch::Tensor values = rows.values.defined() ? rows.values : torch::empty({0, 0});
      plan_->states.back().values = values;
      WEFT_CHECK(rows.ids.empty() || !values.requires_grad());
      add(values, 2);
    }
  }

  void add(const JoinedReceiver& given) {
    ReceiverPlan receiver{.rows = given.rows};
    std::size_t shown = 0;
    for (const JoinedGroup& group : given.groups) {
      receiver.groups.push_back(group_plan(group, given.rows, receiver.groups_width));
      receiver.groups_width += receiver.groups.back().dim;
      if (group.shows) ++shown;
    }
    receiver.width = receiver.groups_width + 1 + shown;
    receiver.stride = (receiver.width + kLine - 1) / kLine * kLine;
    receiver.matrix = add(given.matrix, 2);
    if (static_cast<std::size_t>(given.matrix.size(0)) != receiver.width) {
      throw Error(fmt::format("a matrix of {} rows does not fit joined rows of {} columns",
                              given.matrix.size(0), receiver.width));
    }
    plan_->receivers.push_back(std::move(receiver));
  }

  std::vector<torch::Tensor> run() { return JoinedLinear::apply(at::TensorList(variables_), plan_); }

 private:
  int add(const torch::Tensor& tensor, std::int64_t dimensions) {
    WEFT_CHECK(tensor.dim() == dimensions && tensor.scalar_type() == torch::kFloat32 &&
               tensor.device().is_cpu());
    variables_.push_back(tensor);
    plan_->inputs.push_back(tensor.detach().contiguous());
    plan_->wanted.push_back(tensor.requires_grad() && at::GradMode::is_enabled() ? 1 : 0);
    return static_cast<int>(variables_.size()) - 1;
  }

  GroupPlan group_plan(const JoinedGroup& group, std::size_t rows, std::size_t column) {
    WEFT_CHECK(group.states < plan_->states.size());
    const StateRows& states = plan_->states[group.states];
    GroupPlan plan{.group = group, .column = column, .dim = static_cast<std::size_t>(states.values.size(1))};
    if (group.offsets.empty()) {
      WEFT_CHECK(rows <= states.size() && !group.weights.defined() && !group.shrinkage.defined() &&
                 !group.shows);
      return plan;
    }
    WEFT_CHECK(group.offsets.size() == rows + 1 &&
               (group.stands_for.empty() || group.stands_for.size() >= rows));
    check_block(group.offsets, group.sources, static_cast<std::int64_t>(states.size()));
    plan.sources = group.sources.first(group.offsets.back());
    if (!states.ids.empty()) {
      plan.mapped.reserve(plan.sources.size());
      for (const std::uint32_t source : plan.sources) plan.mapped.push_back(states.ids[source]);
      plan.sources = plan.mapped;
    }
    if (group.weights.defined()) {
      plan.weights = add(group.weights, 1);
      WEFT_CHECK(static_cast<std::size_t>(group.weights.numel()) == plan.sources.size());
    }
    if (group.shrinkage.defined()) {
      plan.shrinkage = add(group.shrinkage, 1);
      WEFT_CHECK(static_cast<std::size_t>(group.shrinkage.numel()) == plan.dim);
    }
    set_scales(plan, plan.weights < 0 ? std::span<const float>()
                                      : floats(plan_->inputs[static_cast<std::size_t>(plan.weights)]));
    return plan;
  }

  c10::intrusive_ptr<Plan> plan_;
  std::vector<torch::Tensor> variables_;
};

}  // namespace

std::vector<torch::Tensor> joined_linear(std::span<const StateRows> states,
                                         std::span<const JoinedReceiver> receivers, bool relu,
                                         ThreadPool* pool) {
  Planner planner(states, relu, pool);
  for (const JoinedReceiver& receiver : receivers) planner.add(receiver);
  return planner.run();
}

}  // namespace weft::gnn
