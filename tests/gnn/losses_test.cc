#include "gnn/losses.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weft::gnn {
namespace {

// d loss / d x by central differences in double precision, against autograd.
template <typename Loss>
void expect_gradient(torch::Tensor x, Loss loss) {
  x = x.to(torch::kDouble).requires_grad_();
  loss(x).backward();
  const torch::Tensor gradient = x.grad().contiguous().view({-1});
  const torch::Tensor flat = x.detach().clone().view({-1});
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const auto at = [&](double step) {
      torch::Tensor moved = flat.clone();
      moved[i] += step;
      return loss(moved.view(x.sizes())).template item<double>();
    };
    EXPECT_NEAR(gradient[i].item<double>(), (at(1e-5) - at(-1e-5)) / 2e-5, 1e-7) << "entry " << i;
  }
}

TEST(CandidateSoftmax, EqualsTheFormula) {
  const torch::Tensor scores = torch::tensor({{1.0, 2.0, 3.0}, {0.5, -1.0, 4.0}}, torch::kDouble);
  const torch::Tensor positive = torch::tensor({1, 0}, torch::kInt);
  const torch::Tensor masked = torch::tensor({2}, torch::kLong);  // event 0, column 2
  const torch::Tensor log_q = torch::tensor({0.0, -1.0, 0.5}, torch::kDouble);
  const double first = -std::log(std::exp(3.0) / (std::exp(1.0) + std::exp(3.0)));
  const double second = -std::log(std::exp(0.5) / (std::exp(0.5) + std::exp(0.0) + std::exp(3.5)));
  EXPECT_NEAR(candidate_softmax_loss(scores, positive, masked, log_q).item<double>(), (first + second) / 2,
              1e-12);
  expect_gradient(scores,
                  [&](const torch::Tensor& x) { return candidate_softmax_loss(x, positive, masked, log_q); });
}

TEST(SampledSoftmax, EqualsTheFormula) {
  const torch::Tensor scores = torch::tensor({{1.0, 0.3, -0.2}, {0.1, 0.9, 7.0}}, torch::kDouble);
  const torch::Tensor valid = torch::tensor({1, 1, 1, 0}, torch::kInt).to(torch::kBool).view({2, 2});
  const torch::Tensor log_q = torch::tensor({{-1.0, -2.0, -3.0}, {0.0, 0.0, 0.0}}, torch::kDouble);
  const auto loss = [&](const torch::Tensor& x) {
    return sampled_softmax_loss(x.select(1, 0), x.narrow(1, 1, 2), valid, log_q);
  };
  const double first = -std::log(std::exp(2.0) / (std::exp(2.0) + std::exp(2.3) + std::exp(2.8)));
  const double second = -std::log(std::exp(0.1) / (std::exp(0.1) + std::exp(0.9)));
  EXPECT_NEAR(loss(scores).item<double>(), (first + second) / 2, 1e-12);
  expect_gradient(scores, loss);
}

TEST(Bpr, EqualsTheFormulaOverValidPairs) {
  const torch::Tensor scores = torch::tensor({{1.0, 0.3, -0.2}, {0.1, 0.9, 7.0}}, torch::kDouble);
  const torch::Tensor valid = torch::tensor({1, 1, 1, 0}, torch::kInt).to(torch::kBool).view({2, 2});
  const auto loss = [&](const torch::Tensor& x) {
    return bpr_loss(x.select(1, 0), x.narrow(1, 1, 2), valid);
  };
  const auto pair = [](double difference) { return std::log1p(std::exp(-difference)); };
  EXPECT_NEAR(loss(scores).item<double>(), (pair(0.7) + pair(1.2) + pair(-0.8)) / 3, 1e-12);
  expect_gradient(scores, loss);
}

TEST(Losses, EventsWithoutValidNegativesGiveNoNaN) {
  const torch::Tensor positive = torch::zeros({2}).requires_grad_();
  const torch::Tensor negative = torch::zeros({2, 2});
  const torch::Tensor none = torch::zeros({2, 2}, torch::kBool);
  EXPECT_EQ(bpr_loss(positive, negative, none).item<float>(), 0.0F);
  sampled_softmax_loss(positive, negative, none, {}).backward();
  EXPECT_TRUE(positive.grad().isfinite().all().item<bool>());
}

}  // namespace
}  // namespace weft::gnn
