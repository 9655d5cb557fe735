#include "gnn/fusion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weft::gnn {
namespace {

torch::Tensor flags(std::initializer_list<std::initializer_list<int>> rows) {
  std::vector<std::int64_t> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  return torch::tensor(values, torch::kLong)
      .view({static_cast<std::int64_t>(rows.size()), -1})
      .to(torch::kBool);
}

std::vector<torch::Tensor> two_inputs() {
  return {torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}}),
          torch::tensor({{10.0F, 0.0F}, {0.0F, 10.0F}, {1.0F, 1.0F}})};
}

TEST(Fusion, GatesAreASoftmaxOverWhatIsPresent) {
  Fusion fusion(2, 2, FusionKind::kGated, 0.0);
  {
    const at::NoGradGuard no_grad;
    fusion->named_parameters()["gate_vectors"].copy_(torch::tensor({{0.5F, -1.0F}, {2.0F, 0.25F}}));
    fusion->named_parameters()["gate_offsets"].copy_(torch::tensor({0.1F, -0.2F}));
    fusion->named_parameters()["absent"].copy_(torch::tensor({7.0F, 8.0F}));
  }
  ForwardContext context = ForwardContext::inference();
  const auto inputs = two_inputs();
  const torch::Tensor out = fusion(inputs, flags({{1, 1}, {1, 0}, {0, 0}}), context);
  const double gate0 = 0.5 * std::tanh(1.0) - std::tanh(2.0) + 0.1;
  const double gate1 = 2.0 * std::tanh(10.0) + 0.25 * std::tanh(0.0) - 0.2;
  const double share = std::exp(gate0) / (std::exp(gate0) + std::exp(gate1));
  EXPECT_NEAR(out[0][0].item<float>(), share * 1 + (1 - share) * 10, 1e-5);
  EXPECT_NEAR(out[0][1].item<float>(), share * 2, 1e-5);
  EXPECT_TRUE(out[1].equal(inputs[0][1])) << "the only input counts whole";
  EXPECT_TRUE(out[2].equal(torch::tensor({7.0F, 8.0F}))) << "none: the learned vector";
}

TEST(Fusion, MissingInputsDoNotMatterWhateverTheirValues) {
  for (const FusionKind kind : {FusionKind::kGated, FusionKind::kSum}) {
    Fusion fusion(2, 2, kind, 0.0);
    ForwardContext context = ForwardContext::inference();
    auto inputs = two_inputs();
    const torch::Tensor present = flags({{1, 0}, {0, 1}, {1, 0}});
    const torch::Tensor before = fusion(inputs, present, context);
    inputs[1] = inputs[1] + present.select(1, 1).logical_not().to(torch::kFloat).unsqueeze(1) * 1000;
    EXPECT_TRUE(before.equal(fusion(inputs, present, context)));
  }
}

TEST(Fusion, SumsAreAsLargeWithDropoutAsWithout) {
  Fusion fusion(3, 2, FusionKind::kSum, 0.3);
  const std::int64_t rows = 20000;
  const torch::Tensor present = torch::ones({rows, 3}, torch::kBool);
  const std::vector<torch::Tensor> inputs(3, torch::ones({rows, 2}));
  ForwardContext inference = ForwardContext::inference(), training = ForwardContext::training(5, nullptr);
  const double whole = fusion(inputs, present, inference).mean().item<double>();
  // The one that is kept where all would go counts a little extra: .027 of the rows.
  EXPECT_NEAR(fusion(inputs, present, training).mean().item<double>(), whole, 0.03 * whole);
}

TEST(Fusion, ModalityDropoutNeverTakesAll) {
  Fusion fusion(3, 2, FusionKind::kGated, 0.7);
  const std::int64_t rows = 4000;
  torch::Tensor present = torch::ones({rows, 3}, torch::kBool);
  present.narrow(0, 0, 100).fill_(false);
  present.narrow(0, 100, 100).narrow(1, 0, 2).fill_(false);  // the third alone
  ForwardContext context = ForwardContext::training(5);
  const torch::Tensor kept = fusion->keep_some(present, context);
  EXPECT_FALSE((kept & ~present).any().item<bool>());
  EXPECT_TRUE((kept.any(1) == present.any(1)).all().item<bool>());
  // Of three, each stays with 0.3, or as the last with 0.7^3 / 3. Four standard errors of 3800 rows: 0.032.
  const double share = kept.narrow(0, 200, rows - 200).to(torch::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.3 + 0.343 / 3, 0.032);
  ForwardContext same = ForwardContext::training(5);
  EXPECT_TRUE(kept.equal(fusion->keep_some(present, same))) << "the key alone decides";
  ForwardContext inference = ForwardContext::inference();
  EXPECT_TRUE(present.equal(fusion->keep_some(present, inference)));
}

TEST(Fusion, NoNaNGradientsWhereNothingIsPresent) {
  Fusion fusion(2, 2, FusionKind::kGated, 0.0);
  ForwardContext context = ForwardContext::inference();
  auto inputs = two_inputs();
  for (torch::Tensor& input : inputs) input.requires_grad_();
  fusion(inputs, torch::zeros({3, 2}, torch::kBool), context).sum().backward();
  for (const torch::Tensor& parameter : fusion->parameters())
    EXPECT_TRUE(parameter.grad().isfinite().all().item<bool>());
  EXPECT_EQ(inputs[0].grad().abs().sum().item<float>(), 0.0F);
}

}  // namespace
}  // namespace weft::gnn
