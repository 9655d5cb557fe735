#include "gnn/inputs/structure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

using graph::kEndOfTime;
using graph::NodeId;
using graph::TimeMs;

constexpr TimeMs kHour = 3'600'000;
constexpr TimeMs kDay = 24 * kHour;

TEST(AgeClass, DoublesFromAnHour) {
  EXPECT_EQ(age_class(-5), 0);
  EXPECT_EQ(age_class(kHour - 1), 0);
  EXPECT_EQ(age_class(kHour), 1);
  EXPECT_EQ(age_class(3 * kHour - 1), 1);
  EXPECT_EQ(age_class(3 * kHour), 2);
  EXPECT_EQ(age_class(100'000 * kDay), kAgeClasses - 1);
  EXPECT_EQ(age_class(std::numeric_limits<TimeMs>::max()), kAgeClasses - 1);
  EXPECT_FLOAT_EQ(age_scale(0), 0.0F);
  EXPECT_FLOAT_EQ(age_scale(65535 * kHour), 1.0F);
}

struct Purchase {
  NodeId user, item;
  TimeMs time;
  graph::EventId event;
};

struct Shop {
  TestFolder folder;
  std::vector<Purchase> purchases;
  std::vector<Purchase> brands;  // user is the item, item the brand
  graph::Snapshot snapshot;
  Shop() : snapshot(make()) {}

  graph::Snapshot make() {
    GraphBuilder builder;
    const auto user = builder.nodes("user", 12);
    const auto item = builder.nodes("item", 9);
    const auto brand = builder.nodes("brand", 3);
    const auto buys = builder.edges("buys", user, item, true);
    const auto has_brand = builder.edges("has_brand", item, brand, false);
    Dice dice(7);
    for (graph::EventId event = 1; event <= 80; ++event) {
      purchases.push_back(
          {dice.below(12), dice.below(9), static_cast<TimeMs>(1 + dice.below(100)) * kDay, event});
      const Purchase& p = purchases.back();
      builder.edge(buys, p.user, p.item, p.time, p.event);
    }
    for (NodeId i = 0; i < 9; ++i) {
      brands.push_back({i, i % 3, 0, 1000 + i});
      builder.edge(has_brand, i, i % 3, 0, 1000 + i);
    }
    return builder.write(folder / "snapshot");
  }
};

TEST(Structure, EqualsCountingOneByOne) {
  const Shop shop;
  const StructureOptions options{.counts = true, .recent_days = 20, .recency = true};
  const Structure structure(graph::view(shop.snapshot), shop.snapshot.schema().relations(), 0, options, true);
  ASSERT_EQ(structure.width(0), 3u);  // buys: count, recent, recency
  ASSERT_EQ(structure.width(1), 4u);  // rev_buys as above, has_brand: count
  TimeMs now = 0;
  for (const Purchase& p : shop.purchases) now = std::max(now, p.time + 1);
  EXPECT_EQ(structure.now(), now);

  std::vector<graph::EventId> hidden_ids;
  for (graph::EventId event = 3; event <= 80; event += 7) hidden_ids.push_back(event);
  for (const bool hides : {false, true}) {
    const HiddenRows hidden =
        structure.hidden_rows(hides ? std::span(hidden_ids) : std::span<graph::EventId>{});
    for (const TimeMs before : {TimeMs{30 * kDay}, TimeMs{77 * kDay}, kEndOfTime}) {
      std::vector<NodeId> nodes(9);
      for (NodeId i = 0; i < 9; ++i) nodes[i] = i;
      const std::vector<TimeMs> bounds(9, before);
      std::vector<float> values(9 * 4);
      std::vector<std::uint8_t> has_events(9);
      structure.describe(1, nodes, bounds, {}, hidden, values, has_events);
      double all = 0, all_recent = 0;
      const TimeMs end = before == kEndOfTime ? now : before;
      const auto recent = [&](const Purchase& p) { return p.time >= end - 20 * kDay; };
      for (const Purchase& p : shop.purchases) {
        if (p.time >= before) continue;
        all += 1;
        all_recent += recent(p) ? 1 : 0;
      }
      for (NodeId i = 0; i < 9; ++i) {
        double count = 0, late = 0;
        TimeMs last = graph::kNoTime;
        for (const Purchase& p : shop.purchases) {
          if (p.item != i || p.time >= before) continue;
          if (hides && std::binary_search(hidden_ids.begin(), hidden_ids.end(), p.event)) continue;
          count += 1;
          late += recent(p) ? 1 : 0;
          last = std::max(last, p.time);
        }
        EXPECT_NEAR(values[i * 4 + 0], std::log1p(count) - std::log1p(all / 9), 1e-5);
        EXPECT_NEAR(values[i * 4 + 1], std::log1p(late) - std::log1p(all_recent / 9), 1e-5);
        EXPECT_FLOAT_EQ(values[i * 4 + 2], count == 0 ? 1.0F : age_scale(end - last));
        EXPECT_NEAR(values[i * 4 + 3], std::log1p(1) - std::log1p(1.0), 1e-5);
        EXPECT_EQ(has_events[i], count > 0 ? 1 : 0);
      }
    }
  }
}

TEST(Structure, ColdNodesLookAsIfWithoutEvents) {
  const Shop shop;
  const Structure structure(graph::view(shop.snapshot), shop.snapshot.schema().relations(), 0, {}, false);
  const std::vector<NodeId> nodes{4, 4};
  const std::vector<TimeMs> before(2, kEndOfTime);
  const std::vector<std::uint8_t> cold{0, 1};
  std::vector<float> values(2 * structure.width(1));
  std::vector<std::uint8_t> has_events(2);
  structure.describe(1, nodes, before, cold, {}, values, has_events);
  EXPECT_EQ(has_events[0], 1);
  EXPECT_EQ(has_events[1], 0);
  EXPECT_GT(values[0], values[4]);
  EXPECT_EQ(values[4 + 2], 1.0F);
  EXPECT_EQ(values[3], values[4 + 3]) << "a brand is no event";
}

TEST(Structure, ATypeWithoutEventRelationsAlwaysShows) {
  const Shop shop;
  const Structure structure(graph::view(shop.snapshot), shop.snapshot.schema().relations(), 0, {}, false);
  const std::vector<NodeId> nodes{0, 2};
  const std::vector<TimeMs> before(2, TimeMs{1});
  std::vector<float> values(2 * structure.width(2));
  std::vector<std::uint8_t> has_events(2);
  structure.describe(2, nodes, before, {}, {}, values, has_events);
  EXPECT_EQ(has_events, (std::vector<std::uint8_t>{1, 1})) << "brands";
}

TEST(Structure, AgeIsCountedFromTheFirstAppearance) {
  const Shop shop;
  const std::vector<TimeMs> none;
  std::vector<TimeMs> appeared(9, graph::kNoTime);
  appeared[3] = 10 * kDay;
  const Structure structure(graph::view(shop.snapshot), shop.snapshot.schema().relations(), 0,
                            {.counts = false, .recent_days = 0, .recency = false}, false,
                            {none, appeared, none});
  TimeMs first = kEndOfTime;
  for (const Purchase& p : shop.purchases) first = p.item == 4 ? std::min(first, p.time) : first;
  ASSERT_LT(first, 60 * kDay);
  ASSERT_EQ(structure.width(0), 0u);
  ASSERT_EQ(structure.width(1), 1u);
  const std::vector<NodeId> nodes{3, 3, 4};
  const std::vector<TimeMs> before{60 * kDay, 5 * kDay, 60 * kDay};
  std::vector<float> values(3);
  std::vector<std::uint8_t> has_events(3);
  structure.describe(1, nodes, before, {}, {}, values, has_events);
  EXPECT_FLOAT_EQ(values[0], age_scale(50 * kDay));
  EXPECT_EQ(values[1], 1.0F) << "what comes after the bound is unknown";
  EXPECT_FLOAT_EQ(values[2], age_scale(60 * kDay - first)) << "no table has a time: the first event counts";
}

// Where the split does not cut time, the bound hides nothing: an age must not tell of a held-out or hidden
// event.
TEST(Structure, AgesComeFromEventsThatAreSeen) {
  const Shop shop;
  std::vector<Purchase> of_item;
  for (const Purchase& p : shop.purchases) {
    if (p.item == 4) of_item.push_back(p);
  }
  std::sort(of_item.begin(), of_item.end(),
            [](const Purchase& a, const Purchase& b) { return a.time < b.time; });
  ASSERT_LT(of_item[0].time, of_item[1].time);
  ASSERT_LT(of_item[1].time, of_item[2].time);
  const std::vector<TimeMs> none;
  const std::vector<TimeMs> nothing_listed(9, graph::kNoTime);
  const std::vector<std::vector<TimeMs>> listed{none, nothing_listed, none};
  const StructureOptions only_age{.counts = false, .recent_days = 0, .recency = false};

  std::vector<std::vector<std::uint8_t>> keep{std::vector<std::uint8_t>(shop.purchases.size(), 1),
                                              std::vector<std::uint8_t>(shop.brands.size(), 1)};
  const auto events = graph::view(shop.snapshot).events[0];
  for (std::size_t edge = 0; edge < events.size(); ++edge) keep[0][edge] = events[edge] != of_item[0].event;
  const graph::FilteredGraph train(shop.snapshot, keep);
  const Structure structure(train.view(), shop.snapshot.schema().relations(), 0, only_age, true, listed);

  const auto age_of = [&](const Structure& s, std::vector<graph::EventId> hidden, std::uint8_t is_cold) {
    const std::vector<NodeId> nodes{4};
    const std::vector<TimeMs> before{kEndOfTime};
    const std::vector<std::uint8_t> cold{is_cold};
    std::vector<float> values(1);
    std::vector<std::uint8_t> has_events(1);
    s.describe(1, nodes, before, cold, s.hidden_rows(hidden), values, has_events);
    return values[0];
  };
  const auto age_at = [&](TimeMs time) { return age_scale(structure.moment(kEndOfTime) - time); };
  EXPECT_FLOAT_EQ(age_of(structure, {}, 0), age_at(of_item[1].time)) << "the first purchase is held out";
  EXPECT_FLOAT_EQ(age_of(structure, {of_item[1].event}, 0), age_at(of_item[2].time)) << "the second hidden";
  EXPECT_EQ(age_of(structure, {}, 1), 1.0F) << "cold: as without events";
  std::vector<graph::EventId> all;
  for (const Purchase& p : of_item) all.push_back(p.event);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(age_of(structure, all, 0), 1.0F);

  std::vector<TimeMs> in_table = nothing_listed;
  in_table[4] = kDay / 2;
  const Structure with_table(train.view(), shop.snapshot.schema().relations(), 0, only_age, true,
                             {none, in_table, none});
  EXPECT_FLOAT_EQ(age_of(with_table, all, 1), age_at(kDay / 2)) << "a table's time is no event";
}

TEST(Structure, ListedTimesAreThoseBeforeAllEvents) {
  TestFolder folder;
  GraphBuilder builder;
  const auto user = builder.nodes("user", 2);
  const auto item = builder.nodes("item", 3);
  const auto buys = builder.edges("buys", user, item, true);
  builder.edge(buys, 0, 0, 5 * kDay, 1);
  builder.edge(buys, 1, 1, 7 * kDay, 2);
  builder.first_seen(item, 0, 5 * kDay);
  builder.first_seen(item, 1, 2 * kDay);
  builder.first_seen(item, 2, 3 * kDay);
  const graph::Snapshot snapshot = builder.write(folder / "snapshot");
  EXPECT_EQ(listed_times(snapshot),
            (std::vector<std::vector<TimeMs>>{{}, {graph::kNoTime, 2 * kDay, 3 * kDay}}))
      << "the users' times are not known at all; item 0 came with its purchase";
}

TEST(Structure, OptionsSetTheWidth) {
  const Shop shop;
  const auto width = [&](StructureOptions options) {
    return Structure(graph::view(shop.snapshot), shop.snapshot.schema().relations(), 0, options, false)
        .width(1);
  };
  EXPECT_EQ(width({.counts = false, .recent_days = 10, .recency = false}), 0u);
  EXPECT_EQ(width({.counts = false, .recent_days = 10, .recency = true}), 1u);
  EXPECT_EQ(width({.counts = true, .recent_days = 0, .recency = false}), 2u);
}

}  // namespace
}  // namespace weft::gnn
