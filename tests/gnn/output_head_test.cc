#include "gnn/output_head.h"

#include <gtest/gtest.h>

namespace weft::gnn {
namespace {

TEST(OutputHead, PerceptronStartsAsTheLinearMapAndLearns) {
  OutputHead head(ModelOptions{.hidden = 4, .dim = 3, .head = HeadKind::kMlp});
  const torch::Tensor states = torch::randn({5, 4});
  const auto parameters = head->named_parameters();
  const torch::Tensor linear =
      torch::addmm(parameters["linear.bias"], states, parameters["linear.weight"].t());
  EXPECT_TRUE(torch::allclose(head(states), linear, 1e-5, 1e-6));
  head(states).square().sum().backward();
  EXPECT_GT(parameters["outer.weight"].grad().abs().sum().item<float>(), 0.0F);
}

TEST(OutputHead, LinearHasNoPerceptron) {
  OutputHead head(ModelOptions{.hidden = 4, .dim = 3, .head = HeadKind::kLinear});
  EXPECT_EQ(head->parameters().size(), 2u);
}

}  // namespace
}  // namespace weft::gnn
