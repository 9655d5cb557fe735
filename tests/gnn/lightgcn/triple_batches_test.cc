#include "gnn/lightgcn/triple_batches.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kUsers = 30, kItems = 25;

std::vector<std::vector<Triple>> epoch_of(const graph::PositiveIndex& index, std::uint64_t epoch,
                                          std::uint64_t seed) {
  TripleBatches batches(index, kItems, 16, seed);
  batches.begin_epoch(epoch);
  std::vector<std::vector<Triple>> all;
  for (std::uint64_t b = 0; b < batches.batches(); ++b) all.push_back(batches.triples(b));
  return all;
}

bool same(const std::vector<std::vector<Triple>>& a, const std::vector<std::vector<Triple>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Triple& s, const Triple& t) {
      return s.user == t.user && s.positive == t.positive && s.negative == t.negative;
    });
  });
}

TEST(TripleBatches, EveryPairOnceAnEpochWithAnUnknownNegative) {
  std::mt19937 random(2);
  const Pairs pairs = random_pairs(random, kUsers, kItems, 0.4);
  const auto index = index_of(pairs, kUsers);
  std::map<graph::NodeId, std::map<graph::NodeId, int>> drawn;
  for (std::uint64_t epoch = 0; epoch < 200; ++epoch) {
    const auto batches = epoch_of(index, epoch, 5);
    Pairs seen;
    std::size_t count = 0;
    for (const auto& batch : batches) {
      EXPECT_LE(batch.size(), 16U);
      for (const Triple& t : batch) {
        ++count;
        seen.insert({t.user, t.positive});
        EXPECT_FALSE(pairs.contains({t.user, t.negative}));
        EXPECT_LT(t.negative, kItems);
        ++drawn[t.user][t.negative];
      }
    }
    EXPECT_EQ(count, pairs.size());
    EXPECT_EQ(seen, pairs);
  }
  for (const auto& [user, items] : drawn) EXPECT_EQ(items.size(), kItems - index.targets(user).size());
}

TEST(TripleBatches, OrderDependsOnSeedAndEpochAlone) {
  std::mt19937 random(3);
  const auto index = index_of(random_pairs(random, kUsers, kItems, 0.3), kUsers);
  const auto first = epoch_of(index, 1, 5);
  EXPECT_TRUE(same(first, epoch_of(index, 1, 5)));
  EXPECT_FALSE(same(first, epoch_of(index, 2, 5)));
  EXPECT_FALSE(same(first, epoch_of(index, 1, 6)));
}

TEST(TripleBatches, NoPairIsAnError) {
  const auto none = index_of({}, kUsers);
  EXPECT_THROW(TripleBatches(none, kItems, 16, 1), Error);
}

}  // namespace
}  // namespace weft::gnn
