// Planted leaks, end to end: graphs of random purchases, in which one thing alone gives the answer away. With
// masking on the model stays at chance; with masking off it finds the answer, so that these tests would
// notice if masking broke.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "gnn/trainer.h"
#include "tests/gnn/planted_shop.h"

namespace weft::gnn {
namespace {

constexpr std::uint32_t kUsers = 150, kItems = 100, kRounds = 6;
constexpr std::size_t kTop = 5;
// Train purchases leave the ranking, so that the lists are of 95 items or so.
constexpr double kChance = static_cast<double>(kTop) / 95;
constexpr graph::TimeMs kHour = 3'600'000;

enum class Leak { kForward, kReverse, kReview, kFuture };

// Random purchases; a review node for each of the same event (kReview), or a shipment edge three days later
// (kFuture).
graph::Snapshot random_shop(const std::filesystem::path& folder, Leak leak) {
  GraphBuilder builder;
  const auto user = builder.nodes("user", kUsers);
  const auto item = builder.nodes("item", kItems);
  const auto review = builder.nodes("review", leak == Leak::kReview ? kUsers * kRounds : 1);
  const auto buys = builder.edges("buys", user, item, true);
  const auto wrote = builder.edges("wrote", user, review, true);
  const auto about = builder.edges("about", review, item, true);
  const auto ships = builder.edges("ships", user, item, true);
  Dice dice(11);
  graph::EventId event = 1;
  std::uint32_t number = 0;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t u = 0; u < kUsers; ++u, ++event, ++number) {
      const std::uint32_t i = dice.below(kItems);
      const graph::TimeMs time = kHour * (1 + round * kUsers + u);
      builder.edge(buys, u, i, time, event);
      if (leak == Leak::kReview) {
        builder.edge(wrote, u, number, time, event);
        builder.edge(about, number, i, time, event);
      }
      if (leak == Leak::kFuture) builder.edge(ships, u, i, time + 72 * kHour, 1'000'000 + event);
    }
  }
  return builder.write(folder);
}

// What the network may use: only what the leak goes through. Structural inputs are off, as they say nothing
// of pairs.
std::string model_text(Leak leak) {
  std::string text =
      "hidden = 24\ndim = 24\nid_dropout = 0.0\ncold_items = 0.0\nmodality_dropout = 0.0\ndropout = 0.0\n"
      "event_counts = false\nrecency = false\nitem_bias = false\nage_weights = false\nfan_outs = ";
  text += leak == Leak::kReview ? "[24, 8]\n" : "[24]\n";
  // The forward edge shows in the user's neighbours by the items' vectors, the reverse in the item's by the
  // users'.
  text += std::string("id_embeddings = [\"") + (leak == Leak::kReverse ? "user" : "item") + "\"]\n";
  if (leak == Leak::kReview) text += "skip_relations = [\"buys\", \"ships\"]\n";
  if (leak == Leak::kFuture) text += "skip_relations = [\"buys\", \"wrote\", \"about\"]\n";
  return text;
}

double recall(const graph::Snapshot& snapshot, const graph::Split& split, Leak leak,
              const std::string& batching, Masking masking, const std::filesystem::path& folder) {
  const TomlFile toml = config(model_text(leak),
                               "epochs = 25\nbatch_size = 64\nlearning_rate = 0.02\npatience = "
                               "0\nweight_decay = 0.01\nnegatives = 16\nbatching = \"" +
                                   batching + "\"\n");
  train({.snapshot = &snapshot, .split = &split, .config = &toml, .folder = folder, .masking = masking});
  return test_recall(TrainedModel::load(folder, snapshot, split, {}, masking), snapshot, split, kTop);
}

void expect_hidden(Leak leak, bool by_time, const std::string& batching) {
  at::set_num_threads(1);
  TestFolder folder;
  const graph::Snapshot snapshot = random_shop(folder / "snapshot", leak);
  const graph::Split split = by_time ? time_split(snapshot, "buys") : random_split(snapshot, "buys");
  EXPECT_LT(recall(snapshot, split, leak, batching, Masking::kOn, folder / "masked"), 2 * kChance);
  EXPECT_GT(recall(snapshot, split, leak, batching, Masking::kOffForLeakTests, folder / "open"), 4 * kChance);
}

TEST(PlantedLeak, SupervisedEdgeInTime) {
  expect_hidden(Leak::kForward, true, "window");
}
TEST(PlantedLeak, SupervisedEdgeInRandomSplit) {
  expect_hidden(Leak::kForward, false, "shared");
}
TEST(PlantedLeak, ReverseEdgeInTime) {
  expect_hidden(Leak::kReverse, true, "window");
}
TEST(PlantedLeak, ReverseEdgeInRandomSplit) {
  expect_hidden(Leak::kReverse, false, "shared");
}
TEST(PlantedLeak, ReviewOfThePurchaseInTime) {
  expect_hidden(Leak::kReview, true, "window");
}
TEST(PlantedLeak, ReviewOfThePurchaseInDisjointTrees) {
  expect_hidden(Leak::kReview, true, "disjoint");
}
TEST(PlantedLeak, ReviewOfThePurchaseInRandomSplit) {
  expect_hidden(Leak::kReview, false, "shared");
}
TEST(PlantedLeak, FutureEdgeInWindows) {
  expect_hidden(Leak::kFuture, true, "window");
}
TEST(PlantedLeak, FutureEdgeInDisjointTrees) {
  expect_hidden(Leak::kFuture, true, "disjoint");
}

}  // namespace
}  // namespace weft::gnn
