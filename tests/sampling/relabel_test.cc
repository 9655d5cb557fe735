#include "sampling/relabel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <type_traits>
#include <utility>

namespace weft::sampling {
namespace {

// Batches of many and few nodes in up to `trees` trees, of which tree 0 has most nodes.
template <typename Relabel, typename Start>
void expect_order_of_first_appearance(Relabel& relabel, std::uint32_t trees, std::uint32_t seed,
                                      const Start& start) {
  std::mt19937 random(seed);
  for (int batch = 0; batch < 60; ++batch) {
    const std::size_t nodes = 1 + random() % (batch % 10 == 0 ? 3000 : 300);
    const std::uint32_t of_batch = 1 + random() % trees;
    start(of_batch);
    std::map<std::pair<std::uint32_t, graph::NodeId>, std::uint32_t> expected;
    for (int part = 0; part < 10; ++part) {
      const std::size_t count = random() % (batch % 10 == 0 ? 2000 : 200);
      relabel.reserve(expected.size() + count);
      auto placer = relabel.placer();
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t tree = random() % 3 == 0 ? random() % of_batch : 0;
        const auto node = static_cast<graph::NodeId>(random() % nodes);
        auto next = static_cast<std::uint32_t>(expected.size());
        const std::uint32_t wanted = expected.emplace(std::pair(tree, node), next).first->second;
        if constexpr (!std::is_same_v<Relabel, HashRelabel>) relabel.prefetch(tree, node);
        ASSERT_EQ(placer.place(tree, node, next), wanted);
        ASSERT_EQ(next, expected.size());
      }
    }
  }
}

TEST(StampRelabel, NumbersByFirstAppearance) {
  StampRelabel relabel;
  expect_order_of_first_appearance(relabel, 1, 1, [&](std::uint32_t) { relabel.start(3000); });
}

TEST(HashRelabel, NumbersByFirstAppearance) {
  HashRelabel relabel;
  const auto start = [&](std::uint32_t) { relabel.start(); };
  expect_order_of_first_appearance(relabel, 1, 2, start);
  expect_order_of_first_appearance(relabel, 50, 3, start);
}

TEST(TreeRelabel, NumbersByFirstAppearance) {
  for (const std::uint32_t trees : {1u, 7u, 50u, 1000u}) {
    TreeRelabel relabel;
    const auto start = [&](std::uint32_t of_batch) { relabel.start(of_batch); };
    expect_order_of_first_appearance(relabel, trees, 4 + trees, start);
  }
}

// Nothing of an earlier batch is seen after so many batches that their numbers come round again.
TEST(TreeRelabel, ForgetsEarlierBatches) {
  TreeRelabel relabel;
  for (int batch = 0; batch < 5000; ++batch) {
    relabel.start(1 + batch % 3);
    relabel.reserve(batch < 2 ? 300000 : 1);  // few bits are left for the batch's number
    std::uint32_t next = 0;
    EXPECT_EQ(relabel.placer().place(batch % 3, 17, next), 0u);
    EXPECT_EQ(next, 1u);
    EXPECT_EQ(relabel.placer().place(batch % 3, 17, next), 0u);
    EXPECT_EQ(next, 1u);
  }
}

TEST(StampRelabel, TakesAGraphOfAnotherSize) {
  StampRelabel relabel;
  relabel.start(10);
  std::uint32_t next = 0;
  EXPECT_EQ(relabel.placer().place(0, 9, next), 0u);
  relabel.start(2000);
  next = 0;
  EXPECT_EQ(relabel.placer().place(0, 1999, next), 0u);
  EXPECT_EQ(relabel.placer().place(0, 9, next), 1u);
  EXPECT_EQ(relabel.placer().place(0, 1999, next), 0u);
  EXPECT_EQ(next, 2u);
}

}  // namespace
}  // namespace weft::sampling
