#include "gnn/ops/joined_linear.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <numeric>

#include "base/error.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

// The same with Torch's own operations, whose autograd is trusted.
torch::Tensor group_by_torch(const JoinedGroup& group, const torch::Tensor& states, std::size_t rows) {
  if (group.offsets.empty()) return states.narrow(0, 0, static_cast<std::int64_t>(rows));
  std::vector<torch::Tensor> made;
  for (std::size_t r = 0; r < rows; ++r) {
    torch::Tensor sum = torch::zeros({states.size(1)}), mass = torch::zeros({});
    for (std::size_t e = group.offsets[r]; e < group.offsets[r + 1]; ++e) {
      const torch::Tensor w =
          group.weights.defined() ? group.weights[static_cast<std::int64_t>(e)] : torch::ones({});
      sum = sum + w * states[group.sources[e]];
      mass = mass + w;
    }
    const float times = group.stands_for.empty() ? 1.0F : group.stands_for[r];
    if (group.shrinkage.defined())
      made.push_back(sum * times / (mass * times + group.shrinkage));
    else
      made.push_back(group.offsets[r] == group.offsets[r + 1] ? sum : sum / mass);
  }
  return made.empty() ? torch::zeros({0, states.size(1)}) : torch::stack(made);
}

std::vector<torch::Tensor> by_torch(std::span<const StateRows> states,
                                    std::span<const JoinedReceiver> receivers, bool relu) {
  std::vector<torch::Tensor> seen;
  for (const StateRows& rows : states) {
    std::vector<std::int64_t> ids(rows.ids.begin(), rows.ids.end());
    seen.push_back(ids.empty() ? rows.values : rows.values.index_select(0, torch::tensor(ids)));
  }
  std::vector<torch::Tensor> outs;
  for (const JoinedReceiver& receiver : receivers) {
    const auto rows = static_cast<std::int64_t>(receiver.rows);
    std::vector<torch::Tensor> parts, shown{torch::ones({rows, 1})};
    for (const JoinedGroup& group : receiver.groups) {
      parts.push_back(group_by_torch(group, seen[group.states], receiver.rows));
      if (!group.shows) continue;
      shown.push_back(torch::zeros({rows, 1}));
      for (std::int64_t r = 0; r < rows; ++r) {
        const auto at = static_cast<std::size_t>(r);
        if (group.offsets[at + 1] > group.offsets[at]) shown.back()[r][0] = 1.0F;
      }
    }
    parts.insert(parts.end(), shown.begin(), shown.end());
    const torch::Tensor out = torch::mm(torch::cat(parts, 1), receiver.matrix);
    outs.push_back(relu ? torch::relu(out) : out);
  }
  return outs;
}

// Two node types, of which the first receives from both in every way there is, the second from the first.
struct Layer {
  std::vector<Block> blocks;
  std::vector<float> stands_for;
  std::vector<StateRows> states;
  std::vector<JoinedReceiver> receivers;
  std::vector<torch::Tensor> leaves;

  torch::Tensor leaf(const torch::Tensor& values) {
    leaves.push_back(values.contiguous().requires_grad_());
    return leaves.back();
  }

  Layer(std::uint32_t seed, std::size_t rows, std::size_t others) {
    torch::manual_seed(seed);
    const std::array<std::size_t, 2> sizes{rows + 3, others + 2};
    const std::array<std::int64_t, 2> widths{19, 8};
    for (std::size_t t = 0; t < 2; ++t)
      states.push_back({leaf(torch::randn({static_cast<std::int64_t>(sizes[t]), widths[t]}))});
    blocks = {random_block(seed, rows, sizes[1]), random_block(seed + 1, rows, sizes[0]),
              random_block(seed + 2, rows, sizes[1]), random_block(seed + 3, others, sizes[0]),
              Block{.offsets = std::vector<std::uint32_t>(rows + 1, 0)}};
    for (std::size_t r = 0; r < rows; ++r) stands_for.push_back(1.0F + static_cast<float>(r % 3));
    const auto of = [](std::size_t state, const Block& block) {
      return JoinedGroup{.states = state, .offsets = block.offsets, .sources = block.sources};
    };
    const auto weights = [&](const Block& block) {
      return leaf(torch::rand({static_cast<std::int64_t>(block.sources.size())}) + 0.2);
    };
    JoinedGroup plain = of(1, blocks[0]), weighted = of(0, blocks[1]), shrunk = of(1, blocks[2]),
                none = of(0, blocks[4]);
    plain.shows = true;
    weighted.weights = weights(blocks[1]);
    shrunk.weights = weights(blocks[2]);
    shrunk.shrinkage = leaf(torch::rand({widths[1]}) + 0.5);
    shrunk.stands_for = stands_for;
    none.shows = true;
    receivers.push_back({rows,
                         {JoinedGroup{}, plain, weighted, shrunk, none},
                         leaf(torch::randn({19 + 8 + 19 + 8 + 19 + 3, 7}))});
    receivers.push_back(
        {others, {JoinedGroup{.states = 1}, of(0, blocks[3])}, leaf(torch::randn({8 + 19 + 1, 7}))});
  }
};

TEST(JoinedLinear, ValuesAndGradientsEqualTorch) {
  for (const bool relu : {false, true}) {
    for (const auto& [rows, others] :
         {std::pair<std::size_t, std::size_t>{230, 40}, {1, 1}, {3, 0}, {0, 5}}) {
      SCOPED_TRACE(testing::Message() << "relu " << relu << " rows " << rows << " and " << others);
      Layer layer(static_cast<std::uint32_t>(rows), rows, others);
      const auto expected = by_torch(layer.states, layer.receivers, relu);
      const auto got = joined_linear(layer.states, layer.receivers, relu, nullptr);
      std::vector<torch::Tensor> grads;
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].sizes(), expected[i].sizes());
        EXPECT_TRUE(torch::allclose(got[i], expected[i], 1e-4, 1e-4));
        grads.push_back(torch::randn_like(got[i]));
      }
      const auto wanted =
          torch::autograd::grad(expected, layer.leaves, grads, false, false, /*allow_unused=*/true);
      const auto given = torch::autograd::grad(got, layer.leaves, grads, false, false, true);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const torch::Tensor zero = torch::zeros_like(layer.leaves[i]);
        EXPECT_TRUE(torch::allclose(given[i].defined() ? given[i] : zero,
                                    wanted[i].defined() ? wanted[i] : zero, 1e-3, 1e-3))
            << "input " << i;
      }
    }
  }
}

TEST(JoinedLinear, RowsByIdEqualRowsPickedBefore) {
  Layer layer(5, 130, 20);
  const torch::Tensor table = torch::randn({50, 8});
  std::vector<std::uint32_t> ids(layer.states[1].size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::uint32_t>(i * 7 % 50);
  layer.states[1] = {table, ids};
  const auto expected = by_torch(layer.states, layer.receivers, true);
  const auto got = joined_linear(layer.states, layer.receivers, true, nullptr);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(torch::allclose(got[i], expected[i], 1e-4, 1e-4));
  const torch::Tensor matrix = layer.receivers[0].matrix;
  EXPECT_TRUE(torch::allclose(torch::autograd::grad({got[0].sum()}, {matrix})[0],
                              torch::autograd::grad({expected[0].sum()}, {matrix})[0], 1e-3, 1e-3));
}

TEST(JoinedLinear, ThreadsDoNotChangeABit) {
  std::vector<std::vector<torch::Tensor>> results;
  for (const std::size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    Layer layer(9, 2500, 700);
    auto outs = joined_linear(layer.states, layer.receivers, true, &pool);
    const auto grads = torch::autograd::grad({outs[0].square().sum() + outs[1].square().sum()}, layer.leaves);
    outs.insert(outs.end(), grads.begin(), grads.end());
    results.push_back(outs);
  }
  for (std::size_t t = 1; t < results.size(); ++t) {
    for (std::size_t i = 0; i < results[0].size(); ++i) EXPECT_TRUE(results[0][i].equal(results[t][i])) << i;
  }
}

TEST(JoinedLinear, WithoutGradientsNothingIsKept) {
  const Layer layer(3, 20, 10);
  const at::NoGradGuard no_grad;
  for (const torch::Tensor& out : joined_linear(layer.states, layer.receivers, false, nullptr)) {
    EXPECT_FALSE(out.requires_grad());
  }
}

TEST(JoinedLinear, RefusesWhatDoesNotFit) {
  Layer layer(3, 20, 10);
  auto receivers = layer.receivers;
  receivers[0].matrix = torch::zeros({4, 7});
  EXPECT_THROW(joined_linear(layer.states, receivers, false, nullptr), Error);
  std::vector<std::uint32_t> beyond(layer.blocks[3].sources.size(), 1000);
  receivers = layer.receivers;
  receivers[1].groups[1].sources = beyond;
  EXPECT_THROW(joined_linear(layer.states, receivers, false, nullptr), Error);
}

}  // namespace
}  // namespace weft::gnn
