#include "gnn/inputs/input_spec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

struct Shop {
  TestFolder folder;
  graph::Snapshot snapshot;
  FeatureInputs features;
  Shop() : snapshot(make()) {
    encoders::Encoded encoded{.rows = 4, .dim = 2};
    encoded.values = {3, 4, 0, 0, 1, 0, 100, 100};
    encoded.present = {1, 0, 1, 1};
    const encoders::FeatureSetInfo info{.store_uuid = "tiny",
                                        .sequence = 1,
                                        .node_type = "item",
                                        .field = "title",
                                        .encoder_fingerprint = "e1",
                                        .dim = 2};
    encoders::write_feature_set(folder / "title", info, encoded);
    features.push_back(
        {1, "title", std::make_shared<encoders::FeatureSet>(encoders::FeatureSet::open(folder / "title"))});
  }
  // Item 3 appears only after the train part; user 0 has a train edge, user 1 a later one.
  graph::Snapshot make() {
    GraphBuilder builder;
    const auto user = builder.nodes("user", 3, {{.name = "age", .kind = graph::FieldKind::kNumber}});
    const auto item = builder.nodes("item", 4,
                                    {{.name = "price", .kind = graph::FieldKind::kNumber},
                                     {.name = "brand", .kind = graph::FieldKind::kCategory},
                                     {.name = "title", .kind = graph::FieldKind::kText}});
    const auto buys = builder.edges("buys", user, item, true);
    const double prices[] = {1, 3, 5, 1000};
    const char* brands[] = {"b", "a", "b", "late"};
    for (graph::NodeId i = 0; i < 4; ++i) {
      builder.first_seen(item, i, i < 3 ? 10 : 90);
      if (i != 1) builder.value(item, 0, i, prices[i]);
      builder.value(item, 1, i, std::vector<std::string>{brands[i]});
    }
    for (graph::NodeId u = 0; u < 3; ++u) builder.value(user, 0, u, 20.0 + u);
    for (graph::EventId e = 1; e <= 8; ++e)
      builder.edge(buys, 0, static_cast<graph::NodeId>(e % 3), static_cast<graph::TimeMs>(10 * e), e);
    builder.edge(buys, 1, 3, 90, 9);
    builder.edge(buys, 1, 0, 100, 10);
    return builder.write(folder / "snapshot");
  }
};

TEST(InputSpec, ConstantsComeFromNodesThatTrainingSees) {
  const Shop shop;
  const graph::Split split = time_split(shop.snapshot, "buys", 0.1, 0.1);
  ASSERT_EQ(split.valid_start, 90);
  const graph::FilteredGraph train(shop.snapshot, split.keep_up_to(graph::Part::kTrain));
  const auto visible = visible_nodes(shop.snapshot, train.view(), split.valid_start);
  EXPECT_EQ(visible[0], (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_EQ(visible[1], (std::vector<std::uint8_t>{1, 1, 1, 0}));
  const InputSpec spec = fit_inputs(shop.snapshot, visible, shop.features, {}, {1, 0});
  const TypeInputSpec& item = spec.types[1];
  ASSERT_EQ(item.numbers.size(), 1u);
  EXPECT_DOUBLE_EQ(item.numbers[0].constants.centre, 3.0);  // of 1 and 5: one is missing, one is late
  EXPECT_DOUBLE_EQ(item.numbers[0].constants.width, 2.0);
  ASSERT_EQ(item.categories.size(), 1u);
  EXPECT_EQ(item.categories[0].values, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(item.vectors.size(), 1u);
  EXPECT_DOUBLE_EQ(item.vectors[0].scale, 1 / std::sqrt((9 + 16 + 1) / 4.0));
  EXPECT_EQ(item.id_rows, 0u);
  EXPECT_EQ(spec.types[0].id_rows, 3u);
  EXPECT_EQ(spec.types[0].numbers[0].constants.width, 1.0) << "one value has no deviation";

  const InputSpec again = input_spec_from_json(to_json(spec), "m");
  EXPECT_EQ(to_json(again), to_json(spec));
  EXPECT_THROW(input_spec_from_json(nlohmann::json::parse(R"([{"numbers": 3}])"), "m"), Error);
}

// Item 3's price of 1000 is not seen by training: it is an outlier later, by the constants of training.
TEST(InputSpec, NumbersAreCleanedByConstantsOfTraining) {
  const Shop shop;
  const std::vector<std::vector<std::uint8_t>> visible{{1, 1, 1}, {1, 1, 1, 0}};
  const NumberFieldRules rules{
      {"item.price",
       {.outliers = graph::OutlierRule::kIqr, .limit = 1.5, .missing = graph::MissingRule::kMedian}}};
  const InputSpec spec = fit_inputs(shop.snapshot, visible, shop.features, {}, {0, 0}, rules);
  const NumberInput& price = spec.types[1].numbers[0];
  EXPECT_EQ(price.constants.inside, (std::vector<graph::NumberInterval>{{-1, 7}}));
  EXPECT_EQ(price.outliers, 0U);
  const InputSpec again = input_spec_from_json(to_json(spec), "m");
  EXPECT_EQ(again.types[1].numbers[0].constants, price.constants);
  EXPECT_EQ(again.types[1].numbers[0].constants.clean(1000), 7) << "clipped";
  EXPECT_EQ(price.constants.fill, 3) << "the median of 1 and 5";
  EXPECT_THROW(fit_inputs(shop.snapshot, visible, shop.features, {}, {0, 0}, {{"item.brand", {}}}), Error)
      << "no number";
}

TEST(InputSpec, SkippedFieldsAreLeftOutAndUnknownOnesAreErrors) {
  const Shop shop;
  const std::vector<std::vector<std::uint8_t>> visible{{1, 1, 1}, {1, 1, 1, 1}};
  const InputSpec spec =
      fit_inputs(shop.snapshot, visible, shop.features, {"item.title", "item.price"}, {0, 0});
  EXPECT_TRUE(spec.types[1].numbers.empty());
  EXPECT_TRUE(spec.types[1].vectors.empty());
  EXPECT_EQ(spec.types[1].categories.size(), 1u);
  try {
    fit_inputs(shop.snapshot, visible, shop.features, {"item.tilte"}, {0, 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("item.title"), std::string::npos);
  }
}

TEST(InputSpec, VectorsOfAnotherStateAreErrors) {
  Shop shop;
  encoders::Encoded encoded{.rows = 4, .dim = 2};
  encoded.values.resize(8);
  encoded.present.resize(4);
  encoders::FeatureSetInfo info{.store_uuid = "tiny",
                                .sequence = 2,
                                .node_type = "item",
                                .field = "title",
                                .encoder_fingerprint = "e1",
                                .dim = 2};
  encoders::write_feature_set(shop.folder / "later", info, encoded);
  shop.features[0].set =
      std::make_shared<encoders::FeatureSet>(encoders::FeatureSet::open(shop.folder / "later"));
  EXPECT_THROW(fit_inputs(shop.snapshot, {{1, 1, 1}, {1, 1, 1, 1}}, shop.features, {}, {0, 0}), Error);
  EXPECT_THROW(find_feature({}, shop.snapshot, 1, "title"), Error);
}

}  // namespace
}  // namespace weft::gnn
