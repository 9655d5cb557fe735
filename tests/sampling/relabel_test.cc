#include "sampling/relabel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace weft::sampling {
namespace {

template <typename Relabel>
void expect_order_of_first_appearance(Relabel& relabel, bool trees, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (int batch = 0; batch < 20; ++batch) {
    const std::size_t nodes = 1 + random() % 300;
    relabel.start(300);
    std::map<std::pair<std::uint32_t, graph::NodeId>, std::uint32_t> expected;
    for (int part = 0; part < 10; ++part) {
      const std::size_t count = random() % 200;
      relabel.reserve(expected.size() + count);
      auto placer = relabel.placer();
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t tree = trees ? random() % 50 : 0;
        const auto node = static_cast<graph::NodeId>(random() % nodes);
        auto next = static_cast<std::uint32_t>(expected.size());
        const std::uint32_t wanted = expected.emplace(std::pair(tree, node), next).first->second;
        relabel.prefetch(tree, node);
        ASSERT_EQ(placer.place(tree, node, next), wanted);
        ASSERT_EQ(next, expected.size());
      }
    }
  }
}

TEST(StampRelabel, NumbersByFirstAppearance) {
  StampRelabel relabel;
  expect_order_of_first_appearance(relabel, false, 1);
}

TEST(HashRelabel, NumbersByFirstAppearance) {
  HashRelabel relabel;
  expect_order_of_first_appearance(relabel, false, 2);
  expect_order_of_first_appearance(relabel, true, 3);
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
