#include "gnn/trained_model.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "gnn/checkpoint.h"
#include "gnn/embedder.h"
#include "tests/gnn/planted_shop.h"

namespace weft::gnn {
namespace {

struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot;
  graph::Split split;
  TomlFile toml = config("hidden = 8\ndim = 6\nfan_outs = [4, 3]\n", "epochs = 2\nbatch_size = 64\n");
  explicit Bench(PlantedShop shop = {.item_color = true})
      : snapshot(shop.write(folder / "snapshot")), split(time_split(snapshot, "buys")) {
    at::set_num_threads(1);
    train({.snapshot = &snapshot, .split = &split, .config = &toml, .folder = folder / "model"});
  }
  TrainedModel load() const { return TrainedModel::load(folder / "model", snapshot, split, {}); }
};

// What was trained on must not be asked for: by another split, or by one whose cut moved back.
TEST(TrainedModel, EvaluationRefusesASplitThatWasNotTrainedWith) {
  const Bench bench;
  const TrainedSplit trained = read_model_info(bench.folder / "model").trained_split;
  const auto kind_of_refusal = [&](const TrainedSplit& split, graph::Part part) {
    try {
      check_evaluation_split(split, bench.split, part, "model");
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage ? 2 : 1;
    }
    return 0;
  };
  EXPECT_EQ(kind_of_refusal(trained, graph::Part::kValid), 0);
  EXPECT_EQ(kind_of_refusal(trained, graph::Part::kTest), 0);
  TrainedSplit other = trained;
  other.spec.kind = graph::SplitKind::kRandom;
  EXPECT_EQ(kind_of_refusal(other, graph::Part::kTest), 2);
  other = trained;
  other.spec.test *= 2;
  EXPECT_EQ(kind_of_refusal(other, graph::Part::kTest), 2);
  TrainedSplit earlier = trained;  // the data grew: today's cuts are later
  earlier.valid_start -= 1000;
  earlier.test_start -= 1000;
  EXPECT_EQ(kind_of_refusal(earlier, graph::Part::kTest), 0);
  TrainedSplit later = trained;
  later.valid_start = bench.split.test_start + 1;
  later.test_start = bench.split.test_start + 1000;
  EXPECT_EQ(kind_of_refusal(later, graph::Part::kTest), 1);
  later.valid_start = bench.split.valid_start + 1;
  EXPECT_EQ(kind_of_refusal(later, graph::Part::kTest), 0);
  EXPECT_EQ(kind_of_refusal(later, graph::Part::kValid), 1);
}

TEST(TrainedModel, ScoresAreScalarProductsPlusBias) {
  const Bench bench;
  const TrainedModel model = bench.load();
  const EmbedView seen = evaluation_view(bench.split, graph::Part::kTest);
  const auto vectors = model.embed({0, 1}, seen);
  const ModelScorer scorer = model.scorer(seen);
  ASSERT_EQ(vectors[0].rows, 48u);
  ASSERT_EQ(vectors[1].rows, 40u);
  ASSERT_EQ(vectors[1].dim, 6u);
  const std::vector<graph::NodeId> users{3, 47};
  std::vector<float> scores(2 * 40);
  scorer.score(users, scores);
  for (std::size_t u = 0; u < 2; ++u) {
    for (std::size_t i = 0; i < 40; ++i) {
      double expected = vectors[1].bias[i];
      for (std::size_t d = 0; d < 6; ++d)
        expected += static_cast<double>(vectors[0].row(users[u])[d]) * vectors[1].row(i)[d];
      EXPECT_NEAR(scores[u * 40 + i], expected, 1e-4);
    }
  }
}

TEST(TrainedModel, EmbeddingsDoNotDependOnHowTheWorkIsCut) {
  const Bench bench;
  const Checkpoint checkpoint = load_checkpoint(bench.folder / "model" / kBestFile);
  const ModelOptions options = read_model_options(bench.toml.root());
  const auto relations = followed_relations(bench.snapshot.schema(), {});
  const graph::GraphView view = graph::view(bench.snapshot);
  const Structure structure(view, relations, 0, {}, false);
  LinkModel model(bench.snapshot.schema(), 0, relations, checkpoint.inputs, structure, options, 1);
  restore_model(*model, checkpoint, "m");
  std::vector<TypeTables> tables;
  for (std::size_t t = 0; t < 2; ++t) {
    tables.push_back(
        read_tables(checkpoint.inputs.types[t], bench.snapshot, static_cast<graph::NodeTypeId>(t), {}));
  }
  std::vector<LinkVectors> found;
  for (const std::size_t batch : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    const Embedder embedder({.snapshot = &bench.snapshot,
                             .graph = view,
                             .before = bench.split.test_start,
                             .seed = 1,
                             .batch = batch},
                            options);
    found.push_back(embedder.embed(model, tables, nullptr));
  }
  for (std::size_t i = 1; i < found.size(); ++i) {
    for (std::size_t v = 0; v < found[0].from.values.size(); ++v)
      EXPECT_NEAR(found[i].from.values[v], found[0].from.values[v], 1e-5);
    for (std::size_t v = 0; v < found[0].to.values.size(); ++v)
      EXPECT_NEAR(found[i].to.values[v], found[0].to.values[v], 1e-5);
    for (std::size_t v = 0; v < found[0].to.bias.size(); ++v)
      EXPECT_NEAR(found[i].to.bias[v], found[0].to.bias[v], 1e-5);
  }
}

TEST(TrainedModel, LaterEventsDoNotChangeAnEarlierView) {
  const Bench bench;
  const TrainedModel model = bench.load();
  // Bounded by the test's start, seeing "all" events shows no more than train and validation.
  const EmbedView bounded{.last = graph::Part::kTest, .before = bench.split.test_start};
  const auto a = model.embed({0, 1}, bounded);
  const auto b = model.embed({0, 1}, evaluation_view(bench.split, graph::Part::kTest));
  EXPECT_EQ(a[0].values, b[0].values);
  EXPECT_EQ(a[1].values, b[1].values);
  EXPECT_NE(model.embed({0, 1}, {})[0].values, a[0].values) << "without a bound the later ones count";
}

TEST(TrainedModel, NodesThatCameAfterTrainingAreEmbedded) {
  const PlantedShop shop{.item_color = true};
  const Bench bench(shop);
  // The same store later: three more items and some more purchases.
  PlantedShop later = shop;
  later.items += 3;
  const graph::Snapshot snapshot = later.write(bench.folder / "later");
  const graph::Split split = time_split(snapshot, "buys");
  const TrainedModel model = TrainedModel::load(bench.folder / "model", snapshot, split, {});
  const auto vectors = model.embed({1}, {});
  ASSERT_EQ(vectors[0].rows, 43u);
  for (const float value : vectors[0].values) EXPECT_TRUE(std::isfinite(value));
}

TEST(TrainedModel, WhatDoesNotFitIsAnError) {
  const Bench bench;
  const TrainedModel model = bench.load();
  EXPECT_EQ(model.info().store_uuid, "tiny");
  EXPECT_EQ(model.info().epoch, read_model_info(bench.folder / "model").epoch);
  EXPECT_THROW(TrainedModel::load(bench.folder / "absent", bench.snapshot, bench.split, {}), Error);
  const graph::Snapshot other = PlantedShop{.item_color = false}.write(bench.folder / "other");
  const graph::Split split = time_split(other, "buys");
  EXPECT_THROW(TrainedModel::load(bench.folder / "model", other, split, {}), Error) << "another schema";
  EXPECT_THROW(read_model_info(bench.folder / "absent"), Error);
}

}  // namespace
}  // namespace weft::gnn
