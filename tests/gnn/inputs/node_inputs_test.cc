#include "gnn/inputs/node_inputs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot;
  FeatureInputs features;
  TypeInputSpec spec;
  ModelOptions options{.hidden = 5, .modality_dropout = 0};
  Bench() : snapshot(make()) {
    encoders::Encoded encoded{
        .rows = 4, .dim = 2, .values = {3, 4, 0, 0, 1, 0, 9, 9}, .present = {1, 0, 1, 1}};
    encoders::write_feature_set(folder / "title",
                                {.store_uuid = "tiny",
                                 .sequence = 1,
                                 .node_type = "item",
                                 .field = "title",
                                 .encoder_fingerprint = "e1",
                                 .dim = 2},
                                encoded);
    features.push_back(
        {0, "title", std::make_shared<encoders::FeatureSet>(encoders::FeatureSet::open(folder / "title"))});
    spec = {.numbers = {{"price", {.centre = 10, .width = 5}}},
            .categories = {{"tags", {"a", "b"}}},
            .vectors = {{"title", 2, 0.5, "e1"}},
            .id_rows = 3};
  }
  graph::Snapshot make() {
    GraphBuilder builder;
    const auto item = builder.nodes("item", 4,
                                    {{.name = "price", .kind = graph::FieldKind::kNumber},
                                     {.name = "tags", .kind = graph::FieldKind::kCategory},
                                     {.name = "title", .kind = graph::FieldKind::kText}});
    builder.value(item, 0, 0, 15.0);
    builder.value(item, 0, 1, 1e9);
    builder.value(item, 1, 0, std::vector<std::string>{"b", "a", "new"});
    builder.value(item, 1, 2, std::vector<std::string>{"new"});
    builder.edges("like", item, item, false);
    return builder.write(folder / "snapshot");
  }
};

TEST(NodeInputs, TablesAreReadAsTheSpecSays) {
  const Bench bench;
  const TypeTables tables = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  EXPECT_TRUE(tables.numbers.equal(torch::tensor({{1.0F}, {8.0F}, {0.0F}, {0.0F}})))
      << "standardised, cut at 8, 0 where missing";
  EXPECT_TRUE(tables.number_missing.equal(torch::tensor({{0.0F}, {0.0F}, {1.0F}, {1.0F}})));
  EXPECT_EQ(tables.categories[0].offsets, (std::vector<std::uint32_t>{0, 2, 2, 2, 2}))
      << "values that training did not see are missing";
  EXPECT_TRUE(tables.vectors[0].values[0].equal(torch::tensor({3.0F, 4.0F})));
  InputSpec spec;
  spec.types.push_back(bench.spec);
  const auto lines = describe_inputs(spec, {tables}, bench.snapshot.schema());
  EXPECT_EQ(lines[0], "item.price: number, 50.0 % present");
  EXPECT_EQ(lines[2], "item.title: vectors of 2, 75.0 % present");
  TypeInputSpec other = bench.spec;
  other.vectors[0].fingerprint = "e2";
  EXPECT_THROW(read_tables(other, bench.snapshot, 0, bench.features), Error);
  EXPECT_THROW(read_tables(bench.spec, bench.snapshot, 0, {}), Error);
}

TEST(NodeInputs, NumbersAreCleanedByTheSpecsConstants) {
  Bench bench;
  bench.spec.numbers[0].constants.inside = {{0, 20}};
  bench.spec.numbers[0].constants.fill = 5;
  const TypeTables clipped = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  EXPECT_TRUE(clipped.numbers.equal(torch::tensor({{1.0F}, {2.0F}, {-1.0F}, {-1.0F}})));
  EXPECT_EQ(clipped.number_missing.sum().item<float>(), 0) << "5 stands for what is missing";
  bench.spec.numbers[0].constants.clip = false;
  bench.spec.numbers[0].constants.fill = {};
  bench.spec.numbers[0].outliers = 3;
  const TypeTables missing = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  EXPECT_TRUE(missing.numbers.equal(torch::tensor({{1.0F}, {0.0F}, {0.0F}, {0.0F}})));
  EXPECT_TRUE(missing.number_missing.equal(torch::tensor({{0.0F}, {1.0F}, {1.0F}, {1.0F}})));
  InputSpec spec;
  spec.types.push_back(bench.spec);
  EXPECT_EQ(describe_inputs(spec, {missing}, bench.snapshot.schema())[0],
            "item.price: number, 25.0 % present, 3 outliers in training taken for missing");
}

TEST(NodeInputs, MissingInputsAndHiddenVectorsDoNotMatter) {
  const Bench bench;
  const TypeTables tables = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  NodeInputs inputs("item", bench.spec, 2, bench.options);
  const std::vector<graph::NodeId> ids{0, 1, 2, 3};
  const std::vector<float> structure{0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F};
  const std::vector<std::uint8_t> shown{1, 0, 1, 1};
  ForwardContext context = ForwardContext::inference();
  const auto run = [&] {
    return inputs->forward(tables, {.ids = ids, .structure = structure, .id_shown = shown}, context).detach();
  };
  const torch::Tensor untrained = run();
  {
    const at::NoGradGuard no_grad;
    inputs->id_table().fill_(1000);
    EXPECT_TRUE(untrained.equal(run())) << "first values that no step has touched say nothing";
    inputs->id_table().fill_(0.5);
    inputs->named_buffers()["id_trained"].fill_(1);
  }
  const torch::Tensor before = run();
  {
    const at::NoGradGuard no_grad;
    inputs->id_table()[1].fill_(1000);  // hidden
  }
  EXPECT_TRUE(before.equal(run()));
  {
    const at::NoGradGuard no_grad;
    inputs->id_table()[2].fill_(1000);
  }
  const torch::Tensor after = run();
  EXPECT_TRUE(before[0].equal(after[0]));
  EXPECT_FALSE(before[2].equal(after[2]));
  EXPECT_TRUE(before[3].equal(after[3])) << "a node that came after training has no row";
}

// Vectors alone, which every node has: their rows, matrix and offset are the states.
TEST(NodeInputs, VectorsAloneAreLinearStates) {
  Bench bench;
  const std::vector<graph::NodeId> ids{3, 0, 2};
  ForwardContext context = ForwardContext::inference();
  const auto make = [&](const char* folder, std::vector<std::uint8_t> present, TypeInputSpec spec,
                        std::size_t structure) {
    encoders::write_feature_set(
        bench.folder / folder,
        {.store_uuid = "tiny",
         .sequence = 1,
         .node_type = "item",
         .field = "title",
         .encoder_fingerprint = "e1",
         .dim = 2},
        {.rows = 4, .dim = 2, .values = {3, 4, 5, 6, 1, 0, 9, 9}, .present = present});
    const FeatureInputs features{
        {0, "title",
         std::make_shared<encoders::FeatureSet>(encoders::FeatureSet::open(bench.folder / folder))}};
    const TypeTables tables = read_tables(spec, bench.snapshot, 0, features);
    NodeInputs inputs("item", spec, structure, bench.options);
    const auto states = inputs->linear_states(tables, ids);
    if (!states) return false;
    std::vector<std::int64_t> rows(states->rows.ids.begin(), states->rows.ids.end());
    const torch::Tensor made = torch::addmm(
        states->offset, states->rows.values.index_select(0, torch::tensor(rows)), states->matrix);
    EXPECT_TRUE(torch::allclose(made, inputs->forward(tables, {.ids = ids}, context)));
    return true;
  };
  const TypeInputSpec alone{.vectors = {{"title", 2, 0.5, "e1"}}};
  EXPECT_TRUE(make("all", {1, 1, 1, 1}, alone, 0));
  EXPECT_FALSE(make("some", {1, 0, 1, 1}, alone, 0)) << "a node without a vector has another state";
  EXPECT_FALSE(make("beside", {1, 1, 1, 1}, alone, 2)) << "structural inputs as well";
  EXPECT_FALSE(make("more", {1, 1, 1, 1}, bench.spec, 0)) << "other inputs as well";
  bench.options.hidden = 1;
  EXPECT_FALSE(make("wide", {1, 1, 1, 1}, alone, 0)) << "wider than the states: more work than before";
}

// One product for all dense inputs is the sum of a product each.
TEST(NodeInputs, SumEqualsTheInputsOneByOne) {
  Bench bench;
  bench.options.fusion = FusionKind::kSum;
  const TypeTables tables = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  NodeInputs inputs("item", bench.spec, 2, bench.options);
  inputs->named_buffers()["id_trained"].fill_(1);
  const std::vector<graph::NodeId> ids{3, 0, 1, 2, 0};
  const std::vector<float> structure{0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F, 0.9F, 1.0F};
  const std::vector<std::uint8_t> shown{1, 1, 0, 1, 0};
  ForwardContext context = ForwardContext::inference();
  const torch::Tensor out =
      inputs->forward(tables, {.ids = ids, .structure = structure, .id_shown = shown}, context);
  const auto parameters = inputs->named_parameters();
  const auto linear = [&](const std::string& name, const torch::Tensor& x) {
    return torch::mv(parameters[name + ".weight"], x) + parameters[name + ".bias"];
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<std::int64_t>(ids[i]);
    torch::Tensor sum = linear("structure", torch::tensor({structure[2 * i], structure[2 * i + 1]}));
    if (tables.number_missing[id][0].item<float>() == 0)
      sum = sum + linear("numbers", torch::stack({tables.numbers[id][0], tables.number_missing[id][0]}));
    if (id == 0) sum = sum + parameters["category_0_tags"].mean(0);  // "a" and "b"
    if (id != 1) sum = sum + linear("vectors_0_title", tables.vectors[0].values[id] * 0.5);
    if (shown[i] != 0 && id < 3) sum = sum + inputs->id_table()[id];
    EXPECT_TRUE(torch::allclose(out[static_cast<std::int64_t>(i)], sum / std::sqrt(5.0), 1e-4, 1e-5)) << i;
  }
  out.sum().backward();
  EXPECT_GT(parameters["vectors_0_title.weight"].grad().abs().sum().item<float>(), 0.0F);
}

TEST(NodeInputs, TrainingReportsTheRowsItUsed) {
  const Bench bench;
  const TypeTables tables = read_tables(bench.spec, bench.snapshot, 0, bench.features);
  NodeInputs inputs("item", bench.spec, 0, bench.options);
  const std::vector<graph::NodeId> ids{2, 1, 0, 2};
  const std::vector<std::uint8_t> shown{1, 0, 1, 1};
  ForwardContext context = ForwardContext::training(1);
  inputs->forward(tables, {.ids = ids, .id_shown = shown}, context).sum().backward();
  ASSERT_EQ(context.table_uses.size(), 1u);
  EXPECT_EQ(context.table_uses[0].table, "item");
  EXPECT_TRUE(context.table_uses[0].ids.equal(torch::tensor({2, 0, 2}, torch::kLong)));
  EXPECT_TRUE(context.table_uses[0].rows.grad().abs().sum(1).gt(0).all().item<bool>());
}

TEST(NodeInputs, TypeWithoutAnyInputGetsItsLearnedVector) {
  NodeInputs inputs("thing", TypeInputSpec{}, 0, ModelOptions{.hidden = 3});
  const std::vector<graph::NodeId> ids{0, 1};
  const std::vector<std::uint8_t> shown{0, 0};
  ForwardContext context = ForwardContext::training(1);
  const torch::Tensor states = inputs->forward({}, {.ids = ids, .id_shown = shown}, context);
  EXPECT_TRUE(states[0].equal(states[1]));
  states.sum().backward();
  EXPECT_EQ(inputs->named_parameters()["fusion.absent"].grad()[0].item<float>(), 2.0F);
}

TEST(NodeInputs, NamesWithDotsBecomeModuleNames) {
  EXPECT_EQ(module_name("vectors", 2, "a.b"), "vectors_2_a_b");
}

}  // namespace
}  // namespace weft::gnn
