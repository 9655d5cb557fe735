#include "gnn/lightgcn/lightgcn_trainer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "gnn/evaluation/evaluator.h"
#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

// Users like items of their own quarter; a part of these pairs is held out.
struct Tastes {
  static constexpr std::size_t kUsers = 120, kItems = 80;
  Pairs train, held_out;
  Tastes() {
    std::mt19937 random(1);
    for (graph::NodeId u = 0; u < kUsers; ++u) {
      for (graph::NodeId i = 0; i < kItems; ++i) {
        const double draw = std::uniform_real_distribution<double>()(random);
        if (u % 4 != i % 4) continue;
        if (draw < 0.4)
          train.insert({u, i});
        else if (draw < 0.6)
          held_out.insert({u, i});
      }
    }
  }
};

TEST(LightGcnTrainer, LearnsTastes) {
  const Tastes tastes;
  const auto pairs = index_of(tastes.train, Tastes::kUsers);
  const auto targets = index_of(tastes.held_out, Tastes::kUsers);
  ThreadPool pool(2);
  LightGcn model(pairs, Tastes::kUsers, Tastes::kItems, {.dim = 16, .adam = {.learning_rate = 0.01}}, pool);
  const auto recall = [&] {
    return evaluate(model.scorer(), {.targets = &targets, .mask = &pairs}, {.ks = {10}}, pool).at(10).recall;
  };
  const double before = recall();
  std::vector<std::int64_t> seen;
  const LightGcnResult result = train_lightgcn(model, pairs, {.epochs = 15, .batch = 64}, no_progress(),
                                               [&](const LightGcnEpoch& epoch, const LightGcn&) {
                                                 seen.push_back(epoch.epoch);
                                                 return true;
                                               });
  EXPECT_EQ(seen.size(), 15U);
  EXPECT_EQ(result.losses.size(), 15 * ((pairs.pairs() + 63) / 64));
  EXPECT_LT(result.epochs.back().mean_loss, 0.5 * result.epochs.front().mean_loss);
  EXPECT_LT(before, 0.7);
  EXPECT_GT(recall(), 0.75);  // 10 of the 12 or so unseen items of the quarter fit the list
}

TEST(LightGcnTrainer, ResumedEqualsUninterrupted) {
  const Tastes tastes;
  const auto pairs = index_of(tastes.train, Tastes::kUsers);
  ThreadPool pool(2);
  const LightGcnTraining training{.epochs = 4, .batch = 50};
  LightGcn whole(pairs, Tastes::kUsers, Tastes::kItems, {.dim = 8}, pool);
  const auto losses = train_lightgcn(whole, pairs, training).losses;
  LightGcn first(pairs, Tastes::kUsers, Tastes::kItems, {.dim = 8}, pool);
  train_lightgcn(first, pairs, training, no_progress(),
                 [](const LightGcnEpoch& e, const LightGcn&) { return e.epoch < 2; });
  LightGcn second(pairs, Tastes::kUsers, Tastes::kItems, {.dim = 8, .init_deviation = 3}, pool);
  second.set_state(first.state());
  const auto rest = train_lightgcn(second, pairs, training).losses;
  EXPECT_EQ(rest, std::vector<double>(losses.begin() + static_cast<std::ptrdiff_t>(losses.size() / 2),
                                      losses.end()));
  EXPECT_EQ(second.state().parameters, whole.state().parameters);
}

TEST(LightGcnTrainer, UsersWhoHaveEverythingAreSkippedAndNothingIsAnError) {
  ThreadPool pool(1);
  const Pairs all = {{0, 0}, {0, 1}};
  const auto pairs = index_of(all, 1);
  LightGcn model(pairs, 1, 2, {.dim = 4}, pool);
  EXPECT_EQ(train_lightgcn(model, pairs, {.epochs = 2}).losses, (std::vector<double>{0, 0}));
  const auto none = index_of({}, 1);
  EXPECT_THROW(train_lightgcn(model, none, {}), Error);
}

}  // namespace
}  // namespace weft::gnn
