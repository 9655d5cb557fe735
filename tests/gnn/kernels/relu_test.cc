#include "gnn/kernels/relu.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace weft::gnn {
namespace {

TEST(Relu, ValuesAndGradientsAreThoseOfThePositiveNumbers) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> numbers(-1, 1);
  for (const std::size_t count : {0, 1, 7, 16, 33, 1000}) {
    std::vector<float> given(count), grad(count), out(count, 9);
    for (float& value : given) value = numbers(random);
    for (float& value : grad) value = numbers(random);
    if (count > 5) given[5] = 0;
    std::vector<float> made = given;
    relu(made);
    relu_gradient(grad, made, out);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(made[i], given[i] > 0 ? given[i] : 0.0F);
      EXPECT_EQ(out[i], given[i] > 0 ? grad[i] : 0.0F);
    }
  }
}

}  // namespace
}  // namespace weft::gnn
