#include "gnn/ops/pooled_edges.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/error.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

constexpr std::int64_t kClasses = 4;

// Two relations with classes, one without.
struct Relations {
  static constexpr std::size_t kRows = 30;
  std::vector<Block> blocks;
  std::vector<std::vector<std::int32_t>> classes{3};
  std::vector<float> weights, stands_for;
  std::vector<PooledPart> parts;
  torch::Tensor shares, of_class;

  Relations() {
    torch::manual_seed(1);
    for (std::uint32_t p = 0; p < 3; ++p) blocks.push_back(random_block(p + 1, kRows, 50));
    for (const std::size_t p : {0, 2})
      for (std::size_t e = 0; e < blocks[p].sources.size(); ++e)
        classes[p].push_back(static_cast<std::int32_t>((e * 7 + p) % kClasses));
    for (std::size_t e = 0; e < blocks[1].sources.size(); ++e)
      weights.push_back(0.5F + static_cast<float>(e % 3));
    for (std::size_t r = 0; r < kRows; ++r) stands_for.push_back(1.0F + static_cast<float>(r % 2));
    for (std::size_t p = 0; p < 3; ++p)
      parts.push_back({.offsets = blocks[p].offsets, .sources = blocks[p].sources, .classes = classes[p]});
    parts[1].weights = weights;
    parts[2].stands_for = stands_for;
    shares = (torch::rand({3}) + 0.5).requires_grad_();
    of_class = (torch::rand({2, kClasses}) + 0.5).requires_grad_();
  }

  // The weights with Torch's own operations, whose autograd is trusted.
  torch::Tensor by_torch() const {
    std::vector<torch::Tensor> made;
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t p = 0; p < 3; ++p) {
        for (std::size_t e = blocks[p].offsets[r]; e < blocks[p].offsets[r + 1]; ++e) {
          torch::Tensor weight = shares[static_cast<std::int64_t>(p)];
          if (p != 1) weight = weight * of_class[p == 0 ? 0 : 1][classes[p][e]];
          if (p == 1) weight = weight * weights[e];
          if (p == 2) weight = weight * stands_for[r];
          made.push_back(weight);
        }
      }
    }
    return torch::stack(made);
  }
};

TEST(PooledEdges, WeightsAndGradientsEqualTorch) {
  const Relations given;
  const torch::Tensor expected = given.by_torch();
  const PooledEdges got = pool_edges(given.parts, given.shares, given.of_class, nullptr);
  ASSERT_EQ(got.weights.numel(), expected.numel());
  ASSERT_EQ(got.rows->sources.size(), static_cast<std::size_t>(expected.numel()));
  EXPECT_TRUE(torch::allclose(got.weights, expected, 1e-5, 1e-6));
  const torch::Tensor grad = torch::randn_like(expected);
  const auto wanted = torch::autograd::grad({expected}, {given.shares, given.of_class}, {grad});
  const auto gradients = torch::autograd::grad({got.weights}, {given.shares, given.of_class}, {grad});
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_TRUE(torch::allclose(gradients[i], wanted[i], 1e-4, 1e-4)) << "input " << i;
}

// By differences, which no autograd helps with.
TEST(PooledEdges, GradientsEqualDifferences) {
  const Relations given;
  const torch::Tensor grad = torch::randn({given.by_torch().numel()});
  const auto value = [&] {
    const at::NoGradGuard no_grad;
    const torch::Tensor weights = pool_edges(given.parts, given.shares, given.of_class, nullptr).weights;
    return (weights * grad).sum(torch::kFloat64).item<double>();
  };
  const auto gradients =
      torch::autograd::grad({pool_edges(given.parts, given.shares, given.of_class, nullptr).weights},
                            {given.shares, given.of_class}, {grad});
  std::size_t input = 0;
  for (const torch::Tensor& leaf : {given.shares, given.of_class}) {
    float* const values = leaf.data_ptr<float>();
    for (std::int64_t i = 0; i < leaf.numel(); ++i) {
      constexpr float kStep = 0.0625F;  // the weights are linear in each: no step is too large
      const float before = values[i];
      values[i] = before + kStep;
      const double above = value();
      values[i] = before - kStep;
      const double below = value();
      values[i] = before;
      EXPECT_NEAR(gradients[input].flatten()[i].item<double>(), (above - below) / (2 * kStep), 1e-3);
    }
    ++input;
  }
}

TEST(PooledEdges, WithoutClassesOrEdges) {
  const Relations given;
  const torch::Tensor share = torch::full({1}, 0.5F).requires_grad_();
  const PooledEdges plain = pool_edges(std::span(given.parts).subspan(1, 1), share, {}, nullptr);
  EXPECT_EQ(plain.rows->sources, given.blocks[1].sources);
  EXPECT_EQ(plain.rows->offsets, given.blocks[1].offsets);
  const std::vector<std::uint32_t> none(4, 0);
  const std::vector<PooledPart> empty{{.offsets = none}};
  const PooledEdges nothing = pool_edges(empty, share, {}, nullptr);
  EXPECT_EQ(nothing.weights.numel(), 0);
  EXPECT_EQ(torch::autograd::grad({nothing.weights.sum()}, {share})[0].item<float>(), 0.0F);
}

TEST(PooledEdges, RefusesWhatDoesNotFit) {
  const Relations given;
  EXPECT_THROW(pool_edges(given.parts, given.shares.narrow(0, 0, 2), given.of_class, nullptr), Error);
  EXPECT_THROW(pool_edges(given.parts, given.shares, given.of_class.narrow(0, 0, 1), nullptr), Error);
  EXPECT_THROW(pool_edges(given.parts, given.shares, given.of_class.narrow(1, 0, 2), nullptr), Error);
}

}  // namespace
}  // namespace weft::gnn
