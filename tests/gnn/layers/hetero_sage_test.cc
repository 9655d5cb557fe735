#include "gnn/layers/hetero_sage.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <tuple>

#include "gnn/inputs/structure.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

constexpr std::int64_t kHidden = 3;

graph::Schema shop_schema() {
  graph::Schema schema;
  const auto user = schema.add_node_type({.name = "user"});
  const auto item = schema.add_node_type({.name = "item"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  schema.add_edge_type({.name = "likes", .from = user, .to = item, .timed = false});
  return schema;
}

TEST(HeteroSage, EqualsTheFormulaNodeByNode) {
  const graph::Schema schema = shop_schema();
  const ModelOptions options{
      .hidden = kHidden, .dropout = 0, .layer_norm = true, .shrinkage = true, .edge_weights = true};
  HeteroSage layer(schema, schema.relations(), std::vector<graph::NodeTypeId>{0}, options,
                   /*last=*/false);
  {
    const at::NoGradGuard no_grad;
    for (auto& item : layer->named_parameters()) {
      if (item.key().starts_with("ages_")) item.value().copy_(torch::linspace(-1, 2, kAgeClasses));
      if (item.key().starts_with("norm_offset")) item.value().fill_(0.25);
    }
  }
  const torch::Tensor self = torch::randn({2, kHidden}), items = torch::randn({4, kHidden});
  // User 0 buys items 1, 3, 3; user 1 likes item 2 and buys nothing.
  const std::vector<std::uint32_t> bought{0, 3, 3}, bought_items{1, 3, 3}, liked{0, 0, 1}, liked_items{2};
  const std::vector<std::int32_t> ages{0, 5, 15};
  const std::vector<float> weights{1, 0.5F, 2};
  ForwardContext context = ForwardContext::inference();
  const torch::Tensor out =
      layer->forward(0, self,
                     {{.relation = 0,
                       .senders = items,
                       .offsets = bought,
                       .sources = bought_items,
                       .ages = ages,
                       .weights = weights},
                      {.relation = 2, .senders = items, .offsets = liked, .sources = liked_items}},
                     context);
  const auto parameters = layer->named_parameters();
  const torch::Tensor matrix = parameters["linear_0_user.weight"], offset = parameters["linear_0_user.bias"];
  const auto age_weight = [&](int age) { return std::log1p(std::exp(-1 + 3.0 * age / (kAgeClasses - 1))); };
  const double w0 = age_weight(0), w1 = age_weight(5) * 0.5, w2 = age_weight(15) * 2;
  const torch::Tensor mean =
      (items[1] * w0 + items[3] * (w1 + w2)) / (w0 + w1 + w2 + 1);  // 1: where the learned constant starts
  const torch::Tensor zero = torch::zeros({kHidden});
  const std::vector<torch::Tensor> gathered{torch::cat({self[0], mean, zero}),
                                            torch::cat({self[1], zero, items[2] / 2})};
  for (std::int64_t row = 0; row < 2; ++row) {
    torch::Tensor state =
        torch::relu(torch::mv(matrix, gathered[static_cast<std::size_t>(row)]) + offset) + self[row];
    state = (state - state.mean()) / (state.var(/*unbiased=*/false) + 1e-5).sqrt() + 0.25;
    EXPECT_TRUE(torch::allclose(out[row], state, 1e-4, 1e-5)) << out[row] << state;
  }
}

// One user who bought items 0 and 1 (of more) and likes item 2.
struct TwoRelations {
  graph::Schema schema = shop_schema();
  torch::Tensor self = torch::zeros({1, kHidden}), items = torch::randn({4, kHidden});
  std::vector<std::uint32_t> bought{0, 2}, bought_items{0, 1}, liked{0, 1}, liked_items{2};
  std::vector<float> stands_for{5};

  // The layer's output for linear = identity on the last part: what was aggregated.
  torch::Tensor aggregated(HeteroSage& layer, std::int64_t parts) const {
    const at::NoGradGuard no_grad;
    auto parameters = layer->named_parameters();
    parameters["linear_0_user.weight"].copy_(
        torch::cat({torch::zeros({kHidden, (parts - 1) * kHidden}), torch::eye(kHidden)}, 1));
    parameters["linear_0_user.bias"].zero_();
    ForwardContext context = ForwardContext::inference();
    return layer->forward(0, self,
                          {{.relation = 0,
                            .senders = items,
                            .offsets = bought,
                            .sources = bought_items,
                            .stands_for = stands_for},
                           {.relation = 2, .senders = items, .offsets = liked, .sources = liked_items}},
                          context)[0];
  }
};

TEST(HeteroSage, PooledRelationsAreOneMeanAndPicksStandForWhatWasNotPicked) {
  const TwoRelations bench;
  HeteroSage layer(bench.schema, bench.schema.relations(), std::vector<graph::NodeTypeId>{0},
                   ModelOptions{.hidden = kHidden,
                                .dropout = 0,
                                .residual = false,
                                .layer_norm = false,
                                .pool_relations = true,
                                .shrinkage = true},
                   true);
  {
    const at::NoGradGuard no_grad;
    for (auto& item : layer->named_parameters()) {
      if (item.key().starts_with("share_2")) item.value().fill_(2.0);
      if (item.key().starts_with("shrinkage")) item.value().copy_(torch::tensor({-1.0F, 0.0F, 3.0F}));
    }
  }
  const torch::Tensor out = bench.aggregated(layer, 2);
  const double liked = std::log1p(std::exp(2.0));  // weight of `likes`; of `buys` 1
  const torch::Tensor sum = (bench.items[0] + bench.items[1]) * 5 + bench.items[2] * liked;
  const torch::Tensor mass = torch::softplus(torch::tensor({-1.0F, 0.0F, 3.0F})) + (2 * 5 + liked);
  EXPECT_TRUE(torch::allclose(out, sum / mass, 1e-4, 1e-5)) << out << sum / mass;
}

TEST(HeteroSage, WithoutPoolingAPartARelation) {
  const TwoRelations bench;
  HeteroSage layer(
      bench.schema, bench.schema.relations(), std::vector<graph::NodeTypeId>{0},
      ModelOptions{
          .hidden = kHidden, .dropout = 0, .residual = false, .layer_norm = false, .shrinkage = false},
      true);
  EXPECT_TRUE(torch::allclose(bench.aggregated(layer, 3), bench.items[2], 1e-4, 1e-5));
}

TEST(HeteroSage, AgeWeightsStartEqualAndLearn) {
  const graph::Schema schema = shop_schema();
  HeteroSage layer(schema, schema.relations(), std::vector<graph::NodeTypeId>{0},
                   ModelOptions{.hidden = kHidden, .dropout = 0, .shrinkage = false}, true);
  EXPECT_TRUE(torch::allclose(layer->age_weights(0), torch::ones({kAgeClasses})));
  const torch::Tensor items = torch::randn({2, kHidden});
  const std::vector<std::uint32_t> offsets{0, 2}, sources{0, 1};
  const std::vector<std::int32_t> ages{1, 9};
  ForwardContext context = ForwardContext::inference();
  layer
      ->forward(0, torch::zeros({1, kHidden}),
                {{.relation = 0, .senders = items, .offsets = offsets, .sources = sources, .ages = ages}},
                context)
      .select(1, 0)
      .sum()
      .backward();
  for (const auto& item : layer->named_parameters()) {
    if (!item.key().starts_with("ages_0")) continue;
    EXPECT_NE(item.value().grad()[1].item<float>(), 0.0F);
    EXPECT_NEAR(item.value().grad()[1].item<float>(), -item.value().grad()[9].item<float>(), 1e-5);
    EXPECT_EQ(item.value().grad()[3].item<float>(), 0.0F);
  }
}

// Random messages over every relation of the shop, one of them empty, in both ways that a layer takes them.
struct BothWays {
  static constexpr std::int64_t kWidth = 9;
  graph::Schema schema = shop_schema();
  ModelOptions options;
  std::vector<std::size_t> nodes, rows;
  std::vector<Block> blocks;
  std::vector<std::vector<std::int32_t>> ages;
  std::vector<std::vector<float>> weights, stands_for;
  std::vector<torch::Tensor> states;
  HeteroSage layer{nullptr};

  BothWays(std::uint32_t seed, const ModelOptions& given, bool last, std::vector<std::size_t> nodes_given,
           std::vector<std::size_t> rows_given)
      : options(given), nodes(std::move(nodes_given)), rows(std::move(rows_given)) {
    torch::manual_seed(seed);
    options.hidden = kWidth;
    layer = HeteroSage(schema, schema.relations(), std::vector<graph::NodeTypeId>{0, 1}, options, last);
    const at::NoGradGuard no_grad;
    for (auto& item : layer->named_parameters()) item.value().add_(torch::randn_like(item.value()) * 0.2);
    for (const std::size_t count : nodes)
      states.push_back(torch::randn({static_cast<std::int64_t>(count), kWidth}));
    for (const graph::RelationId relation : schema.relations()) {
      const std::size_t receivers = rows[schema.row_type(relation)];
      Block block = random_block(seed + relation, receivers, nodes[schema.target_type(relation)]);
      if (relation == 3) block = {.offsets = std::vector<std::uint32_t>(receivers + 1, 0)};
      ages.emplace_back(), weights.emplace_back(), stands_for.emplace_back();
      for (std::size_t e = 0; e < block.sources.size(); ++e) {
        ages.back().push_back(static_cast<std::int32_t>(e % kAgeClasses));
        weights.back().push_back(0.5F + static_cast<float>(e % 4));
      }
      for (std::size_t r = 0; r < receivers; ++r)
        stands_for.back().push_back(1.0F + static_cast<float>(r % 2));
      blocks.push_back(std::move(block));
    }
  }

  std::vector<Reception> receptions(const std::vector<torch::Tensor>& senders) const {
    std::vector<Reception> all;
    for (const graph::NodeTypeId type : {0, 1}) {
      Reception one{.type = type, .rows = rows[type]};
      for (const graph::RelationId relation : schema.relations()) {
        const bool timed = schema.edge_type(graph::edge_type_of(relation)).timed;
        if (schema.row_type(relation) != type) continue;
        one.messages.push_back(
            {.relation = relation,
             .senders = senders.empty() ? torch::Tensor() : senders[schema.target_type(relation)],
             .offsets = blocks[relation].offsets,
             .sources = blocks[relation].sources,
             .ages = timed ? ages[relation] : std::span<const std::int32_t>(),
             .weights = relation == 0 ? weights[relation] : std::span<const float>(),
             .stands_for = relation == 1 ? stands_for[relation] : std::span<const float>()});
      }
      all.push_back(std::move(one));
    }
    return all;
  }

  // Outputs, then the gradients of `leaves` and of the layer's parameters for a random sum of the outputs.
  template <typename Forward>
  std::vector<torch::Tensor> run(const Forward& forward, const std::vector<torch::Tensor>& leaves) {
    std::vector<torch::Tensor> results = forward();
    torch::Tensor sum = torch::zeros({});
    torch::manual_seed(7);
    for (const torch::Tensor& out : results) sum = sum + (out * torch::randn_like(out)).sum();
    std::vector<torch::Tensor> inputs = leaves;
    for (const torch::Tensor& parameter : layer->parameters()) inputs.push_back(parameter);
    const auto grads = torch::autograd::grad({sum}, inputs, {}, false, false, /*allow_unused=*/true);
    for (std::size_t i = 0; i < grads.size(); ++i)
      results.push_back(grads[i].defined() ? grads[i] : torch::zeros_like(inputs[i]));
    return results;
  }
  std::vector<torch::Tensor> type_by_type(const std::vector<torch::Tensor>& senders,
                                          const std::vector<torch::Tensor>& leaves) {
    return run(
        [&] {
          ForwardContext context = ForwardContext::training(3);
          std::vector<torch::Tensor> outs;
          for (const Reception& one : receptions(senders)) {
            const auto count = static_cast<std::int64_t>(one.rows);
            outs.push_back(layer(one.type, senders[one.type].narrow(0, 0, count), one.messages, context));
          }
          return outs;
        },
        leaves);
  }
  std::vector<torch::Tensor> at_once(const std::vector<LayerStates>& given,
                                     const std::vector<torch::Tensor>& leaves, ThreadPool* pool) {
    return run(
        [&] {
          ForwardContext context = ForwardContext::training(3, pool);
          return layer->receive(given, receptions({}), context);
        },
        leaves);
  }
};

void expect_near(const std::vector<torch::Tensor>& got, const std::vector<torch::Tensor>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(torch::allclose(got[i], expected[i], 1e-3, 1e-3)) << "result " << i;
}

// All types at once give what one type after the other does, and the same bits on two threads.
void expect_both_ways(BothWays& bench) {
  std::vector<LayerStates> given;
  for (torch::Tensor& values : bench.states) given.push_back({.rows = {values.requires_grad_()}});
  const auto got = bench.at_once(given, bench.states, nullptr);
  expect_near(got, bench.type_by_type(bench.states, bench.states));
  ThreadPool pool(2);
  const auto threaded = bench.at_once(given, bench.states, &pool);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(got[i].equal(threaded[i])) << i;
}

TEST(HeteroSage, PooledRelationsAtOnceEqualTypeByType) {
  std::uint32_t seed = 100;
  for (const auto& [nodes, rows] : std::vector<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>>{
           {{150, 120}, {110, 100}}, {{1, 1}, {1, 1}}, {{40, 3}, {7, 3}}}) {
    // ages, shrinkage, edge weights
    for (const auto& [ages, shrinkage, weights] :
         {std::tuple{false, false, false}, {true, false, false}, {false, true, true}, {true, true, true}}) {
      SCOPED_TRACE(testing::Message() << "case " << ++seed);
      BothWays bench(seed,
                     {.dropout = ages ? 0.2 : 0,
                      .residual = ages,
                      .layer_norm = ages,
                      .pool_relations = true,
                      .age_weights = ages,
                      .shrinkage = shrinkage,
                      .edge_weights = weights},
                     false, nodes, rows);
      expect_both_ways(bench);
    }
  }
}

TEST(HeteroSage, AllTypesAtOnceEqualTypeByType) {
  std::uint32_t seed = 0;
  for (const auto& [nodes, rows] : std::vector<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>>{
           {{150, 120}, {110, 100}}, {{1, 1}, {1, 1}}, {{40, 3}, {7, 3}}}) {
    for (const bool all_options : {false, true}) {
      for (const bool last : {false, true}) {
        SCOPED_TRACE(testing::Message() << "case " << ++seed);
        BothWays bench(seed,
                       {.dropout = all_options ? 0.2 : 0,
                        .activation = all_options && seed % 4 == 1 ? Activation::kGelu : Activation::kRelu,
                        .residual = all_options,
                        .layer_norm = all_options,
                        .age_weights = all_options,
                        .shrinkage = all_options,
                        .edge_weights = all_options},
                       last, nodes, rows);
        expect_both_ways(bench);
      }
    }
  }
}

TEST(HeteroSage, StatesWithAMatrixAreMultipliedIn) {
  for (const bool residual : {false, true}) {
    const ModelOptions options{
        .dropout = 0, .residual = residual, .layer_norm = false, .age_weights = false, .shrinkage = false};
    ASSERT_TRUE(HeteroSageImpl::takes_matrices(options));
    BothWays bench(11, options, false, {90, 70}, {60, 50});
    // Users' states are rows of a table times a matrix; items' are themselves.
    const torch::Tensor table = torch::randn({120, 5});
    std::vector<std::uint32_t> ids(90);
    std::vector<std::int64_t> rows(90);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::uint32_t>(rows[i] = i * 11 % 120);
    const torch::Tensor matrix = torch::randn({5, BothWays::kWidth}).requires_grad_();
    const torch::Tensor offset = torch::randn({BothWays::kWidth}).requires_grad_();
    const torch::Tensor items = bench.states[1].requires_grad_();
    const std::vector<torch::Tensor> leaves{matrix, offset, items};
    const torch::Tensor users = torch::addmm(offset, table.index_select(0, torch::tensor(rows)), matrix);
    const auto expected = bench.type_by_type({users, items}, leaves);
    const auto got = bench.at_once({{{table, ids}, matrix, offset}, {{items}}}, leaves, nullptr);
    expect_near(got, expected);
  }
}

}  // namespace
}  // namespace weft::gnn
