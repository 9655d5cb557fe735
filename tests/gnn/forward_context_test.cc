#include "gnn/forward_context.h"

#include <gtest/gtest.h>

namespace weft::gnn {
namespace {

TEST(ForwardContext, DropoutKeepsTheMeanAndDependsOnTheKeyAlone) {
  const torch::Tensor x = torch::ones({200, 500});
  ForwardContext a = ForwardContext::training(3), b = ForwardContext::training(3),
                 c = ForwardContext::training(4);
  const torch::Tensor once = a.dropout(x, 0.25);
  // 100,000 draws: four standard errors of the mean are 0.0073.
  EXPECT_NEAR(once.mean().item<double>(), 1.0, 0.0074);
  EXPECT_TRUE(((once == 0) | (once == 1 / 0.75F)).all().item<bool>());
  EXPECT_FALSE(once.equal(a.dropout(x, 0.25))) << "each use draws anew";
  EXPECT_TRUE(once.equal(b.dropout(x, 0.25)));
  EXPECT_FALSE(once.equal(c.dropout(x, 0.25)));
}

TEST(ForwardContext, InferenceChangesNothing) {
  ForwardContext context = ForwardContext::inference();
  const torch::Tensor x = torch::randn({3, 3});
  EXPECT_FALSE(context.is_training());
  EXPECT_TRUE(context.dropout(x, 0.9).equal(x));
}

}  // namespace
}  // namespace weft::gnn
