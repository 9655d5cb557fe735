// Relations that walks make, end to end: what they find, and what they must not.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "gnn/trainer.h"
#include "tests/gnn/planted_shop.h"

namespace weft::gnn {
namespace {

constexpr graph::TimeMs kHour = 3'600'000;

double recall_of(const graph::Snapshot& snapshot, const graph::Split& split, const std::string& model,
                 const std::string& training, std::size_t k, const std::filesystem::path& folder,
                 Masking masking = Masking::kOn) {
  at::set_num_threads(1);
  const TomlFile toml = config(model, training);
  train({.snapshot = &snapshot, .split = &split, .config = &toml, .folder = folder, .masking = masking});
  return test_recall(TrainedModel::load(folder, snapshot, split, {}, masking), snapshot, split, k);
}

// Users buy items of their own group. Of three items in four nothing is known: no colour, no free vector, no
// buyers of theirs as messages. That they are bought by the same people as items with a colour is two steps
// away.
graph::Snapshot half_told_shop(const std::filesystem::path& folder) {
  constexpr std::uint32_t kUsers = 120, kItems = 80, kGroups = 4, kPurchases = 9;
  GraphBuilder builder;
  const auto user = builder.nodes("user", kUsers);
  const auto item = builder.nodes("item", kItems, {{.name = "color", .kind = graph::FieldKind::kCategory}});
  const auto buys = builder.edges("buys", user, item, true);
  for (std::uint32_t i = 0; i < kItems; ++i) {
    if (i / kGroups % 4 == 0)
      builder.value(item, 0, i, std::vector<std::string>{"color" + std::to_string(i % kGroups)});
  }
  Dice dice(8);
  graph::EventId event = 0;
  for (std::uint32_t round = 0; round < kPurchases; ++round) {
    for (std::uint32_t u = 0; u < kUsers; ++u) {
      const std::uint32_t i = dice.below(kItems / kGroups) * kGroups + u % kGroups;
      builder.edge(buys, u, i, kHour * (1 + round * kUsers + u), ++event);
    }
  }
  return builder.write(folder);
}

TEST(Walks, CommonInterestIsFoundTwoStepsAway) {
  TestFolder folder;
  const graph::Snapshot snapshot = half_told_shop(folder / "snapshot");
  const graph::Split split = time_split(snapshot, "buys");
  const std::string model =
      "hidden = 16\ndim = 16\nfan_outs = [8, 8]\nskip_relations = [\"rev_buys\"]\nid_embeddings = []\n"
      "event_counts = false\nrecency = false\nnode_age = false\nitem_bias = false\ncold_items = 0.0\n";
  const std::string training = "epochs = 12\nbatch_size = 64\nlearning_rate = 0.01\npatience = 0\n";
  const double without = recall_of(snapshot, split, model, training, 10, folder / "without");
  for (const char* kind : {"graphsage", "gat"}) {
    const double with =
        recall_of(snapshot, split,
                  std::string("kind = \"") + kind + "\"\n" + model +
                      "[model.walks.also_bought]\npath = [\"rev_buys\", \"buys\"]\nneighbours = 8\n",
                  training, 10, folder / kind);
    EXPECT_GT(with, 1.4 * without) << kind;
    EXPECT_GT(with, 0.55) << kind << ": ten of twenty in the group, fewer those bought";
  }
}

// Random purchases, and a network that hears nothing but who bought the same. Each item has a first buyer who
// carries its name, so that the purchase which is asked for leads to the answer: seen with masking off, never
// with masking on.
TEST(PlantedLeak, WalksAlongTheSupervisedEdge) {
  constexpr std::uint32_t kUsers = 150, kItems = 100, kRounds = 6;
  TestFolder folder;
  GraphBuilder builder;
  const auto user =
      builder.nodes("user", kUsers + kItems, {{.name = "code", .kind = graph::FieldKind::kCategory}});
  const auto item = builder.nodes("item", kItems);
  const auto buys = builder.edges("buys", user, item, true);
  Dice dice(11);
  graph::EventId event = 0;
  for (std::uint32_t i = 0; i < kItems; ++i) {
    builder.value(user, 0, kUsers + i, std::vector<std::string>{"first of " + std::to_string(i)});
    builder.edge(buys, kUsers + i, i, kHour + i, ++event);
  }
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t u = 0; u < kUsers; ++u)
      builder.edge(buys, u, dice.below(kItems), kHour * (2 + round * kUsers + u), ++event);
  }
  const graph::Snapshot snapshot = builder.write(folder / "snapshot");
  const std::string model =
      "hidden = 24\ndim = 24\nfan_outs = [8]\nskip_relations = [\"buys\"]\nid_embeddings = [\"item\"]\n"
      "id_dropout = 0.0\ncold_items = 0.0\nmodality_dropout = 0.0\ndropout = 0.0\nevent_counts = false\n"
      "recency = false\nnode_age = false\nitem_bias = false\n"
      "[model.walks.co_buyers]\npath = [\"buys\", \"rev_buys\"]\nper_node = 200\nrounds = 1\n"
      "neighbours = 60\n";
  constexpr std::size_t kTop = 5;
  const double chance = static_cast<double>(kTop) / 95;
  for (const auto& [by_time, batching] :
       std::vector<std::pair<bool, std::string>>{{true, "window"}, {true, "disjoint"}, {false, "shared"}}) {
    SCOPED_TRACE(batching);
    const graph::Split split = by_time ? time_split(snapshot, "buys") : random_split(snapshot, "buys");
    const std::string training =
        "epochs = 25\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\nnegatives = 16\nbatching = \"" +
        batching + "\"\n";
    EXPECT_LT(recall_of(snapshot, split, model, training, kTop, folder / "masked"), 2 * chance);
    EXPECT_GT(recall_of(snapshot, split, model, training, kTop, folder / "open", Masking::kOffForLeakTests),
              4 * chance);
  }
}

}  // namespace
}  // namespace weft::gnn
