#include "gnn/layers/hetero_sage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gnn/inputs/structure.h"

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

}  // namespace
}  // namespace weft::gnn
