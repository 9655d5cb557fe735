#include "gnn/skipgram/skipgram_trainer.h"

#include <gtest/gtest.h>

#include "gnn/evaluation/embedding_scorer.h"
#include "gnn/evaluation/evaluator.h"
#include "graph/graph_view.h"
#include "tests/gnn/evaluation/random_pairs.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

constexpr std::uint32_t kUsers = 120, kItems = 80;

// Users buy items of their own quarter, and follow users of it; some of what they would buy is held out.
struct Communities {
  Pairs train, held_out;
  TestFolder folder;
  graph::Snapshot snapshot = write();

  graph::Snapshot write() {
    GraphBuilder builder;
    const auto users = builder.nodes("user", kUsers), items = builder.nodes("item", kItems);
    const auto buys = builder.edges("buys", users, items, false);
    const auto follows = builder.edges("follows", users, users, false);
    Dice dice(5);
    graph::EventId event = 1;
    for (std::uint32_t u = 0; u < kUsers; ++u) {
      for (std::uint32_t i = 0; i < kItems; ++i) {
        if (u % 4 != i % 4) continue;
        const std::uint32_t draw = dice.below(10);
        if (draw < 4) {
          train.insert({u, i});
          builder.edge(buys, u, i, graph::kNoTime, event++);
        } else if (draw < 6) {
          held_out.insert({u, i});
        }
      }
      for (std::uint32_t n = 0; n < 3; ++n)
        builder.edge(follows, u, u % 4 + 4 * dice.below(kUsers / 4), graph::kNoTime, event++);
    }
    return builder.write(folder / "graph");
  }

  double recall(const SkipGram& model, ThreadPool& pool) const {
    const auto pairs = index_of(train, kUsers), targets = index_of(held_out, kUsers);
    const std::vector<float>& all = model.state().parameters;
    const auto cut = all.begin() + static_cast<std::ptrdiff_t>(kUsers * model.options().dim);
    const EmbeddingScorer scorer({all.begin(), cut}, {cut, all.end()}, model.options().dim);
    return evaluate(scorer, {.targets = &targets, .mask = &pairs}, {.ks = {10}}, pool).at(10).recall;
  }
};

const std::vector<WalkSet> kBuying = {{.path = {0, 1}, .length = 6, .walks = 2}};

TEST(SkipGramTrainer, LearnsPlantedCommunities) {
  const Communities shop;
  ThreadPool pool(2);
  // Along purchases alone, and with node2vec walks among those who follow each other beside.
  std::vector<WalkSet> both = kBuying;
  both.push_back({.path = {2}, .length = 6, .p = 0.5, .q = 2});
  for (const std::vector<WalkSet>& sets : {kBuying, both}) {
    WalkBatches batches(graph::view(shop.snapshot), sets, {.window = 2, .batch = 16}, pool);
    ASSERT_EQ(batches.places(), kUsers + kItems);
    SkipGram model(batches.places(), {.dim = 16, .adam = {.learning_rate = 0.03}}, pool);
    const double before = shop.recall(model, pool);
    std::vector<std::int64_t> seen;
    const auto epochs = train_skipgram(model, batches, 12, no_progress(), [&](const SkipGramEpoch& epoch) {
      seen.push_back(epoch.epoch);
      return true;
    });
    EXPECT_EQ(seen.size(), 12U);
    EXPECT_EQ(seen.back(), 12);
    EXPECT_EQ(model.state().step, 12 * batches.batches());
    EXPECT_LT(epochs.back().mean_loss, 0.8 * epochs.front().mean_loss);
    EXPECT_LT(before, 0.4);
    EXPECT_GT(shop.recall(model, pool), 0.75);  // 10 of the 12 or so unseen items of the quarter fit the list
  }
}

TEST(SkipGramTrainer, ResumedEqualsUninterruptedOnAnyNumberOfThreads) {
  const Communities shop;
  ThreadPool one(1), two(2);
  const auto trained = [&](ThreadPool& pool, std::int64_t stop_after) {
    WalkBatches batches(graph::view(shop.snapshot), kBuying, {.batch = 50}, pool);
    SkipGram first(batches.places(), {.dim = 8}, pool);
    train_skipgram(first, batches, 4, no_progress(),
                   [&](const SkipGramEpoch& epoch) { return epoch.epoch != stop_after; });
    WalkBatches again(graph::view(shop.snapshot), kBuying, {.batch = 50}, pool);
    SkipGram second(batches.places(), {.dim = 8, .init_deviation = 3}, pool);
    second.set_state(first.state());
    train_skipgram(second, again, 4);
    return second.state().parameters;
  };
  const std::vector<float> whole = trained(two, 99);
  EXPECT_EQ(trained(two, 2), whole);
  EXPECT_EQ(trained(one, 3), whole);
}

}  // namespace
}  // namespace weft::gnn
