#include "gnn/evaluation/link_task.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/error.h"
#include "graph/snapshot_writer.h"
#include "tests/support/temp_folder.h"

namespace weft::gnn {
namespace {

using graph::NodeId;
using graph::Part;

// 12 users, 15 items, 150 "buys" with repeats, times 0..149 s; items are first seen at their first event,
// item 14 has none.
graph::Snapshot write_shop(const std::filesystem::path& folder) {
  graph::GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item = tables.schema.add_node_type({.name = "item"});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  tables.info.store_uuid = "test";
  tables.info.source_files = {"log.csv"};
  tables.nodes.resize(2);
  for (int i = 0; i < 12; ++i) tables.nodes[0].external_ids.push_back("u" + std::to_string(i));
  for (int i = 0; i < 15; ++i) tables.nodes[1].external_ids.push_back("i" + std::to_string(i));
  tables.nodes[0].first_seen.assign(12, graph::kNoTime);
  tables.nodes[1].first_seen.assign(15, graph::kNoTime);
  tables.nodes[0].events.assign(12, graph::kNoEvent);
  tables.nodes[1].events.assign(15, graph::kNoEvent);
  tables.edges.resize(1);
  std::mt19937 random(3);
  for (int e = 0; e < 150; ++e) {
    const NodeId from = random() % 11;                      // user 11 buys nothing
    const NodeId to = random() % std::min(14, 3 + e / 10);  // later items appear late
    auto& list = tables.edges[0];
    list.from.push_back(from);
    list.to.push_back(to);
    list.times.push_back(e * 1000);
    list.events.push_back(static_cast<graph::EventId>(e) * 7919 + 1);
    list.sources.push_back(0);
    auto& seen = tables.nodes[1].first_seen[to];
    if (seen == graph::kNoTime) seen = e * 1000;
  }
  graph::write_snapshot(std::move(tables), folder);
  return graph::Snapshot::open(folder);
}

std::set<std::pair<NodeId, NodeId>> pairs_of(const graph::PositiveIndex& index) {
  std::set<std::pair<NodeId, NodeId>> pairs;
  for (NodeId row = 0; row < index.rows(); ++row) {
    for (const NodeId target : index.targets(row)) pairs.insert({row, target});
  }
  return pairs;
}

class LinkTaskTest : public testing::TestWithParam<graph::SplitKind> {};

TEST_P(LinkTaskTest, EqualsPlainSets) {
  const test::TempFolder folder;
  const graph::Snapshot snapshot = write_shop(folder / "snapshot");
  const graph::Split split =
      graph::make_split(snapshot, 0, {.kind = GetParam(), .valid = 0.2, .test = 0.2, .seed = 5});
  const LinkTask task = make_link_task(snapshot, split);
  EXPECT_EQ(task.users, 12U);
  EXPECT_EQ(task.items, 15U);
  std::set<std::pair<NodeId, NodeId>> by_part[3];
  std::vector<std::uint64_t> item_counts(15, 0);
  std::vector<std::uint64_t> user_counts(12, 0);
  const auto edges = snapshot.outgoing(0);
  const auto rows = snapshot.edge_rows(0);
  for (std::size_t e = 0; e < edges.edges(); ++e) {
    const Part part = split.parts[0][e];
    by_part[static_cast<int>(part)].insert({rows[e], edges.targets[e]});
    if (part == Part::kTrain) {
      ++item_counts[edges.targets[e]];
      ++user_counts[rows[e]];
    }
  }
  EXPECT_EQ(pairs_of(task.train), by_part[0]);
  std::set<std::pair<NodeId, NodeId>> train_valid = by_part[0];
  train_valid.insert(by_part[1].begin(), by_part[1].end());
  EXPECT_EQ(pairs_of(task.train_valid), train_valid);
  std::set<std::pair<NodeId, NodeId>> valid, test, all = train_valid;
  for (const auto& pair : by_part[1]) {
    if (!by_part[0].contains(pair)) valid.insert(pair);
  }
  for (const auto& pair : by_part[2]) {
    if (!train_valid.contains(pair)) test.insert(pair);
    all.insert(pair);
  }
  EXPECT_EQ(pairs_of(task.targets(Part::kValid)), valid);
  EXPECT_EQ(pairs_of(task.targets(Part::kTest)), test);
  EXPECT_EQ(pairs_of(task.all), all);
  EXPECT_EQ(&task.mask(Part::kValid), &task.train);
  EXPECT_EQ(&task.mask(Part::kTest), &task.train_valid);
  EXPECT_EQ(task.item_counts, item_counts);
  EXPECT_EQ(task.user_counts, user_counts);
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(task.item_warm[i] != 0, item_counts[i] > 0);
  for (std::size_t u = 0; u < 12; ++u) EXPECT_EQ(task.user_warm[u] != 0, user_counts[u] > 0);
  EXPECT_EQ(task.user_warm[11], 0);
}

INSTANTIATE_TEST_SUITE_P(Splits, LinkTaskTest,
                         testing::Values(graph::SplitKind::kTime, graph::SplitKind::kRandom));

TEST(LinkTask, FirstSeenCandidatesLeaveOutItemsOfTheTestPeriod) {
  const test::TempFolder folder;
  const graph::Snapshot snapshot = write_shop(folder / "snapshot");
  const graph::Split split =
      graph::make_split(snapshot, 0, {.kind = graph::SplitKind::kTime, .valid = 0.2, .test = 0.3});
  const LinkTask task = make_link_task(snapshot, split);
  const auto all = candidates(snapshot, split, task, Part::kValid, CandidateRule::kAll);
  EXPECT_EQ(std::count(all.begin(), all.end(), 1), 15);
  const auto valid = candidates(snapshot, split, task, Part::kValid, CandidateRule::kFirstSeen);
  std::size_t late = 0;
  for (NodeId i = 0; i < 15; ++i) {
    const auto seen = snapshot.first_seen(1)[i];
    const bool is_late = seen != graph::kNoTime && seen >= split.test_start;
    late += is_late ? 1 : 0;
    EXPECT_EQ(valid[i] == 0, is_late) << i;
  }
  EXPECT_GT(late, 0U);
  EXPECT_EQ(valid[14], 1);  // never seen in an event: nothing says that it was not there
  const auto test_items = candidates(snapshot, split, task, Part::kTest, CandidateRule::kFirstSeen);
  EXPECT_EQ(std::count(test_items.begin(), test_items.end(), 1), 15);
}

TEST(LinkTask, ForgottenItemsAreNoCandidates) {
  const test::TempFolder folder;
  graph::GraphTables tables;
  tables.schema.add_node_type({.name = "user"});
  tables.schema.add_node_type({.name = "item"});
  tables.schema.add_edge_type({.name = "buys", .from = 0, .to = 1});
  tables.nodes = {{.external_ids = {"u"}}, {.external_ids = {"a", "", "b", ""}}};
  tables.edges.resize(1);
  for (graph::EventId event = 1; event <= 60; ++event) {
    tables.edges[0].from.push_back(0);
    tables.edges[0].to.push_back(event % 2 == 0 ? 0 : 2);
    tables.edges[0].events.push_back(event * 0x9E3779B97F4A7C15ull);
  }
  graph::write_snapshot(tables, folder / "s");
  const graph::Snapshot snapshot = graph::Snapshot::open(folder / "s");
  const graph::Split split = graph::make_split(snapshot, 0, {.kind = graph::SplitKind::kRandom});
  const LinkTask task = make_link_task(snapshot, split);
  for (const CandidateRule rule : {CandidateRule::kAll, CandidateRule::kFirstSeen})
    EXPECT_EQ(candidates(snapshot, split, task, Part::kTest, rule), (std::vector<std::uint8_t>{1, 0, 1, 0}));
}

TEST(LinkTask, RefusesTheSplitOfAnotherSnapshot) {
  const test::TempFolder folder;
  const graph::Snapshot snapshot = write_shop(folder / "snapshot");
  graph::Split split =
      graph::make_split(snapshot, 0, {.kind = graph::SplitKind::kRandom, .valid = 0.2, .test = 0.2});
  split.parts[0].pop_back();
  EXPECT_THROW(make_link_task(snapshot, split), Error);
}

}  // namespace
}  // namespace weft::gnn
