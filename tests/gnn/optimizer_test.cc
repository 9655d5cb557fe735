#include "gnn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace weft::gnn {
namespace {

// Adam of one number, written out.
struct Reference {
  double value, first = 0, second = 0;
  void step(double gradient, double rate, double decay, bool decoupled, int t) {
    if (decoupled) value *= 1 - rate * decay;
    if (!decoupled) gradient += decay * value;
    first = 0.9 * first + 0.1 * gradient;
    second = 0.999 * second + 0.001 * gradient * gradient;
    value -= rate * (first / (1 - std::pow(0.9, t))) / (std::sqrt(second / (1 - std::pow(0.999, t))) + 1e-8);
  }
};

TEST(Optimizer, DenseStepsFollowTheFormulas) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kAdamW}) {
    torch::Tensor matrix = torch::tensor({{0.5F, -1.0F}}).requires_grad_();
    torch::Tensor offset = torch::tensor({2.0F}).requires_grad_();
    Optimizer optimizer({{"matrix", matrix}, {"offset", offset}}, {},
                        {.optimizer = kind, .weight_decay = 0.1, .clip_norm = 0});
    Reference a{0.5}, b{-1.0}, c{2.0};
    for (int t = 1; t <= 5; ++t) {
      (matrix.square().sum() * 0.5 + offset.sum() * 3).backward();
      optimizer.step(0.05, {});
      a.step(a.value, 0.05, 0.1, kind == OptimizerKind::kAdamW, t);
      b.step(b.value, 0.05, 0.1, kind == OptimizerKind::kAdamW, t);
      c.step(3, 0.05, 0, true, t);  // offsets are not decayed
      EXPECT_NEAR(matrix[0][0].item<float>(), a.value, 1e-5);
      EXPECT_NEAR(matrix[0][1].item<float>(), b.value, 1e-5);
      EXPECT_NEAR(offset[0].item<float>(), c.value, 1e-5);
    }
  }
}

TEST(Optimizer, TableRowsMoveOnlyWhenUsed) {
  torch::Tensor table = torch::ones({4, 2});
  Optimizer optimizer({}, {{"user", table}}, {.weight_decay = 0, .clip_norm = 0});
  Reference used{1.0};
  for (int t = 1; t <= 3; ++t) {
    // Row 2 twice: its gradients add up.
    TableUse use{"user", torch::tensor({2, 0, 2}, torch::kLong), {}};
    use.rows = table.index_select(0, use.ids).detach().requires_grad_();
    (use.rows * torch::tensor({{1.0F}, {5.0F}, {2.0F}})).sum().backward();
    optimizer.step(0.1, std::vector{use});
    used.step(3, 0.1, 0, true, t);
    EXPECT_NEAR(table[2][1].item<float>(), used.value, 1e-5);
  }
  EXPECT_EQ(table[1][0].item<float>(), 1.0F);
  EXPECT_EQ(table[3][1].item<float>(), 1.0F);
  EXPECT_LT(table[0][0].item<float>(), 1.0F);
}

TEST(Optimizer, ClipsTheGlobalNorm) {
  torch::Tensor weight = torch::zeros({1, 2}).requires_grad_();
  torch::Tensor table = torch::zeros({2, 1});
  Optimizer clipped({{"w", weight}}, {{"user", table}}, {.clip_norm = 1});
  TableUse use{"user", torch::tensor({1}, torch::kLong),
               table.index_select(0, torch::tensor({1}, torch::kLong)).requires_grad_()};
  ((weight * torch::tensor({{3.0F, 4.0F}})).sum() + use.rows.sum() * 12).backward();
  EXPECT_NEAR(clipped.step(0.1, std::vector{use}), 13.0, 1e-4);
  for (const auto& [name, tensor] : clipped.state()) {
    if (name == "first.w") {
      EXPECT_NEAR(tensor[0][1].item<float>(), 0.1 * 4.0 / 13.0, 1e-6);
    }
    if (name == "first.table.user") {
      EXPECT_NEAR(tensor[1][0].item<float>(), 0.1 * 12.0 / 13.0, 1e-6);
    }
  }
}

TEST(Optimizer, RestoredStateGoesOnTheSame) {
  const auto loss = [](const torch::Tensor& w) { return (w * w * w).sum(); };
  torch::Tensor one = torch::tensor({{0.3F, 0.7F}}).requires_grad_();
  Optimizer first({{"w", one}}, {}, {});
  for (int t = 0; t < 3; ++t) loss(one).backward(), first.step(0.01, {});
  torch::Tensor two = one.detach().clone().requires_grad_();
  Optimizer second({{"w", two}}, {}, {});
  std::map<std::string, torch::Tensor> state;
  for (const auto& [name, tensor] : first.state()) state[name] = tensor.clone();
  second.restore(state, first.steps());
  loss(one).backward(), first.step(0.01, {});
  loss(two).backward(), second.step(0.01, {});
  EXPECT_TRUE(one.equal(two));
  state.erase("second.w");
  EXPECT_THROW(second.restore(state, 4), Error);
}

TEST(Optimizer, InfiniteGradientIsAnError) {
  torch::Tensor weight = torch::zeros({1, 2}).requires_grad_();
  Optimizer optimizer({{"w", weight}}, {}, {});
  (weight.sum() * std::numeric_limits<float>::infinity()).backward();
  EXPECT_THROW(optimizer.step(0.1, {}), Error);
}

TEST(ScheduledRate, WarmsUpAndFalls) {
  const TrainOptions cosine{.learning_rate = 1.0, .schedule = ScheduleKind::kCosine, .warmup = 0.1};
  EXPECT_DOUBLE_EQ(scheduled_rate(cosine, 5, 100), 0.5);
  EXPECT_DOUBLE_EQ(scheduled_rate(cosine, 10, 100), 1.0);
  EXPECT_NEAR(scheduled_rate(cosine, 55, 100), 0.5, 1e-12);
  EXPECT_NEAR(scheduled_rate(cosine, 100, 100), 0.0, 1e-12);
  const TrainOptions constant{.learning_rate = 1.0, .schedule = ScheduleKind::kConstant, .warmup = 0};
  EXPECT_DOUBLE_EQ(scheduled_rate(constant, 1, 100), 1.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(constant, 100, 100), 1.0);
}

}  // namespace
}  // namespace weft::gnn
