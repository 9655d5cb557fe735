#include "gnn/ops/attention.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/error.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

// With Torch's own operations, whose autograd is trusted: softmax of each row, and the sum of the messages.
torch::Tensor by_torch(const torch::Tensor& x, const torch::Tensor& scores, const Block& block) {
  const std::int64_t heads = scores.size(1);
  std::vector<torch::Tensor> rows;
  for (std::size_t r = 0; r + 1 < block.offsets.size(); ++r) {
    const std::int64_t first = block.offsets[r];
    const std::int64_t last = block.offsets[r + 1];
    torch::Tensor sum = torch::zeros({heads, x.size(1) / heads});
    if (last > first) {
      const torch::Tensor coefficients = torch::softmax(scores.slice(0, first, last), 0);
      for (std::int64_t e = first; e < last; ++e) {
        sum = sum + coefficients[e - first].unsqueeze(1) *
                        x[block.sources[static_cast<std::size_t>(e)]].view({heads, -1});
      }
    }
    rows.push_back(sum.view({-1}));
  }
  return torch::stack(rows);
}

TEST(Attention, ValuesAndGradientsEqualTorch) {
  for (const std::int64_t heads : {1, 2, 4}) {
    SCOPED_TRACE(heads);
    torch::manual_seed(heads);
    const Block block = random_block(3, 20, 11);
    const auto edges = static_cast<std::int64_t>(block.sources.size());
    torch::Tensor x = torch::randn({20, 11}).t().requires_grad_();  // not contiguous
    torch::Tensor scores = torch::randn({edges, heads}).requires_grad_();
    const torch::Tensor grad = torch::randn({20, 20});
    const torch::Tensor expected = by_torch(x, scores, block);
    const auto expected_grads = torch::autograd::grad({expected}, {x, scores}, {grad});
    const torch::Tensor coefficients = segment_softmax(scores, block.offsets);
    const torch::Tensor got = attention_sum(x, coefficients, block.offsets, block.sources);
    const auto grads = torch::autograd::grad({got}, {x, scores}, {grad});
    EXPECT_TRUE(torch::allclose(got, expected, 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(grads[0], expected_grads[0], 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(grads[1], expected_grads[1], 1e-4, 1e-5));
  }
}

TEST(Attention, PrefixOfABlockThreadsAndReuse) {
  ThreadPool pool(3);
  Block block = random_block(7, 4000, 300);
  torch::manual_seed(5);
  const torch::Tensor x = torch::randn({300, 64}).requires_grad_();
  const torch::Tensor scores =
      torch::randn({static_cast<std::int64_t>(block.sources.size()), 4}).requires_grad_();
  const auto pass = [&](ThreadPool* with) {
    const auto offsets = std::span<const std::uint32_t>(block.offsets).first(3001);
    const torch::Tensor coefficients = segment_softmax(scores, offsets, with);
    return attention_sum(x, coefficients, offsets, block.sources, with);
  };
  const torch::Tensor one = pass(nullptr);
  const torch::Tensor many = pass(&pool);
  EXPECT_TRUE(torch::equal(one, many));
  const std::uint32_t used = block.offsets[3000];
  std::fill(block.sources.begin(), block.sources.end(), 0U);  // backward has its own copy
  std::fill(block.offsets.begin(), block.offsets.end(), 0U);
  const torch::Tensor grad = torch::randn_like(one);
  const auto grads_one = torch::autograd::grad({one}, {x, scores}, {grad});
  const auto grads_many = torch::autograd::grad({many}, {x, scores}, {grad});
  EXPECT_TRUE(torch::equal(grads_one[0], grads_many[0]));
  EXPECT_TRUE(torch::equal(grads_one[1], grads_many[1]));
  EXPECT_EQ(grads_one[1].slice(0, used).abs().sum().item<float>(), 0);
}

TEST(Attention, EmptyBlockAndMisuse) {
  const torch::Tensor x = torch::randn({3, 4});
  const std::vector<std::uint32_t> none = {0}, offsets = {0, 2}, sources = {0, 2}, bad = {0, 3};
  EXPECT_EQ(attention_sum(x, torch::zeros({0, 2}), none, {}).size(0), 0);
  EXPECT_EQ(segment_softmax(torch::zeros({0, 2}), none).size(0), 0);
  EXPECT_THROW(segment_softmax(torch::zeros({1, 2}), offsets), Error);
  EXPECT_THROW(attention_sum(x, torch::zeros({2, 2}), offsets, bad), Error);
  EXPECT_THROW(attention_sum(x, torch::zeros({1, 2}), offsets, sources), Error);
  EXPECT_THROW(attention_sum(x, torch::zeros({2, 3}), offsets, sources), Error);
}

}  // namespace
}  // namespace weft::gnn
