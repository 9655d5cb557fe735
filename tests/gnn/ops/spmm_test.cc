#include "gnn/ops/spmm.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/error.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

// The same with Torch's own operations, whose autograd is trusted.
torch::Tensor by_torch(const torch::Tensor& x, const Block& block, const torch::Tensor& weights, bool mean) {
  std::vector<torch::Tensor> rows;
  for (std::size_t r = 0; r + 1 < block.offsets.size(); ++r) {
    torch::Tensor sum = torch::zeros({x.size(1)});
    torch::Tensor total = torch::zeros({});
    for (std::size_t e = block.offsets[r]; e < block.offsets[r + 1]; ++e) {
      const torch::Tensor w = weights.defined() ? weights[static_cast<std::int64_t>(e)] : torch::ones({});
      sum = sum + w * x[block.sources[e]];
      total = total + w;
    }
    rows.push_back(mean && block.offsets[r + 1] > block.offsets[r] ? sum / total : sum);
  }
  return torch::stack(rows);
}

TEST(SegmentReduce, ValuesAndGradientsEqualTorch) {
  for (const bool mean : {true, false}) {
    for (const bool weighted : {true, false}) {
      SCOPED_TRACE(testing::Message() << "mean " << mean << " weighted " << weighted);
      torch::manual_seed(4);
      const Block block = random_block(3, 20, 11);
      const auto edges = static_cast<std::int64_t>(block.sources.size());
      // Not contiguous: the gradient must still land in the given tensor.
      torch::Tensor x = torch::randn({18, 11}).t().requires_grad_();
      torch::Tensor weights = weighted ? (torch::rand({edges}) + 0.2).requires_grad_() : torch::Tensor();
      const torch::Tensor grad = torch::randn({20, 18});
      const auto inputs =
          weighted ? torch::autograd::variable_list{x, weights} : torch::autograd::variable_list{x};
      const torch::Tensor expected = by_torch(x, block, weights, mean);
      const auto expected_grads = torch::autograd::grad({expected}, inputs, {grad});
      const torch::Tensor got = mean ? segment_weighted_mean(x, block.offsets, block.sources, weights)
                                     : segment_weighted_sum(x, block.offsets, block.sources, weights);
      const auto grads = torch::autograd::grad({got}, inputs, {grad});
      EXPECT_TRUE(torch::allclose(got, expected, 1e-5, 1e-6));
      for (std::size_t i = 0; i < grads.size(); ++i)
        EXPECT_TRUE(torch::allclose(grads[i], expected_grads[i], 1e-4, 1e-5));
    }
  }
}

TEST(SegmentReduce, MaxEqualsTorch) {
  ThreadPool pool(2);
  for (const bool weighted : {true, false}) {
    torch::manual_seed(6);
    const Block block = random_block(8, 25, 9);
    const auto edges = static_cast<std::int64_t>(block.sources.size());
    torch::Tensor x = torch::randn({21, 9}).t().requires_grad_();
    torch::Tensor weights = weighted ? torch::randn({edges}).requires_grad_() : torch::Tensor();
    std::vector<torch::Tensor> rows;
    for (std::size_t r = 0; r + 1 < block.offsets.size(); ++r) {
      std::vector<torch::Tensor> messages;
      for (std::size_t e = block.offsets[r]; e < block.offsets[r + 1]; ++e) {
        const torch::Tensor sent = x[block.sources[e]];
        messages.push_back(weighted ? sent * weights[static_cast<std::int64_t>(e)] : sent);
      }
      rows.push_back(messages.empty() ? torch::zeros({21}) : std::get<0>(torch::stack(messages).max(0)));
    }
    const torch::Tensor expected = torch::stack(rows);
    const torch::Tensor got = segment_weighted_max(x, block.offsets, block.sources, weights, &pool);
    EXPECT_TRUE(torch::equal(got, expected));
    const torch::Tensor grad = torch::randn({25, 21});
    const auto inputs =
        weighted ? torch::autograd::variable_list{x, weights} : torch::autograd::variable_list{x};
    const auto expected_grads = torch::autograd::grad({expected}, inputs, {grad});
    const auto grads = torch::autograd::grad({got}, inputs, {grad});
    for (std::size_t i = 0; i < grads.size(); ++i)
      EXPECT_TRUE(torch::allclose(grads[i], expected_grads[i], 1e-4, 1e-5));
  }
}

TEST(SegmentReduce, BFloat16IsStorageAlone) {
  torch::manual_seed(7);
  const Block block = random_block(9, 30, 12);
  const torch::Tensor stored = torch::randn({12, 40}).to(torch::kBFloat16).requires_grad_();
  const torch::Tensor wide = stored.detach().to(torch::kFloat32).requires_grad_();
  const torch::Tensor out = segment_weighted_mean(stored, block.offsets, block.sources);
  const torch::Tensor expected = segment_weighted_mean(wide, block.offsets, block.sources);
  EXPECT_TRUE(torch::equal(out, expected));
  const torch::Tensor grad = torch::randn({30, 40});
  const torch::Tensor grad_stored = torch::autograd::grad({out}, {stored}, {grad})[0];
  EXPECT_EQ(grad_stored.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(
      torch::equal(grad_stored, torch::autograd::grad({expected}, {wide}, {grad})[0].to(torch::kBFloat16)));
}

TEST(SegmentReduce, BlockMayBeReusedBeforeBackward) {
  Block block = random_block(5, 30, 9);
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({9, 8}).requires_grad_();
  const torch::Tensor kept =
      torch::autograd::grad({segment_weighted_mean(x, block.offsets, block.sources).sum()}, {x})[0];
  const torch::Tensor loss = segment_weighted_mean(x, block.offsets, block.sources).sum();
  std::fill(block.sources.begin(), block.sources.end(), 0U);
  std::fill(block.offsets.begin(), block.offsets.end(), 0U);
  EXPECT_TRUE(torch::equal(torch::autograd::grad({loss}, {x})[0], kept));
}

TEST(SegmentReduce, PrefixOfABlock) {
  const Block block = random_block(6, 25, 10);
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({10, 33}).requires_grad_();
  torch::Tensor weights = torch::rand({static_cast<std::int64_t>(block.sources.size())}).requires_grad_();
  const std::span<const std::uint32_t> offsets(block.offsets);
  const torch::Tensor all = segment_weighted_mean(x, offsets, block.sources, weights);
  const torch::Tensor part = segment_weighted_mean(x, offsets.first(8), block.sources, weights);
  EXPECT_TRUE(torch::equal(part, all.slice(0, 0, 7)));
  const torch::Tensor grad = torch::autograd::grad({part.sum()}, {weights})[0];
  EXPECT_EQ(grad.slice(0, block.offsets[7]).abs().sum().item<float>(), 0);
}

TEST(SegmentReduce, ThreadsGiveTheSameBits) {
  ThreadPool pool(3);
  const Block block = random_block(7, 9000, 700);
  torch::manual_seed(3);
  const torch::Tensor x = torch::randn({700, 64}).requires_grad_();
  const torch::Tensor one = segment_weighted_mean(x, block.offsets, block.sources);
  const torch::Tensor many = segment_weighted_mean(x, block.offsets, block.sources, {}, &pool);
  EXPECT_TRUE(torch::equal(one, many));
  const torch::Tensor grad = torch::randn_like(one);
  EXPECT_TRUE(torch::equal(torch::autograd::grad({one}, {x}, {grad})[0],
                           torch::autograd::grad({many}, {x}, {grad})[0]));
}

TEST(SegmentReduce, EmptyBlockAndBadSources) {
  const torch::Tensor x = torch::randn({3, 4}).requires_grad_();
  const std::vector<std::uint32_t> none = {0};
  EXPECT_EQ(segment_weighted_mean(x, none, {}).size(0), 0);
  const std::vector<std::uint32_t> offsets = {0, 1};
  const std::vector<std::uint32_t> bad = {3};
  EXPECT_THROW(segment_weighted_mean(x, offsets, bad), Error);
  EXPECT_THROW(segment_weighted_mean(x, offsets, {}), Error);
}

}  // namespace
}  // namespace weft::gnn
