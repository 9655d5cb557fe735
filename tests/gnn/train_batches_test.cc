#include "gnn/train_batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

using graph::NodeId;
using graph::TimeMs;

constexpr TimeMs kHour = 3'600'000;

// Purchases with a review node of the same event each; pairs repeat.
graph::Snapshot write_shop(const std::filesystem::path& folder) {
  GraphBuilder builder;
  const auto user = builder.nodes("user", 30);
  const auto item = builder.nodes("item", 25);
  const auto review = builder.nodes("review", 400);
  const auto buys = builder.edges("buys", user, item, true, true);
  const auto wrote = builder.edges("wrote", user, review, true);
  const auto about = builder.edges("about", review, item, true);
  Dice dice(21);
  for (std::uint32_t n = 0; n < 400; ++n) {
    const NodeId u = dice.below(30), i = dice.below(25);
    const TimeMs time = kHour * (1 + n / 2);
    builder.edge(buys, u, i, time, 1 + n, 0.5F + static_cast<float>(n % 4));
    builder.edge(wrote, u, n, time, 1 + n);
    builder.edge(about, n, i, time, 1 + n);
  }
  return builder.write(folder);
}

struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot = write_shop(folder / "snapshot");
  graph::Split split;
  LinkTask task;
  explicit Bench(bool by_time)
      : split(by_time ? time_split(snapshot, "buys") : random_split(snapshot, "buys")),
        task(make_link_task(snapshot, split)) {}
};

// All edges of a batch as (edge type, edge id).
std::vector<std::pair<graph::EdgeTypeId, graph::EdgeId>> edges_of(const TrainBatch& batch) {
  std::vector<std::pair<graph::EdgeTypeId, graph::EdgeId>> edges;
  for (const auto& block : batch.sampled.graph.relations) {
    for (const graph::EdgeId edge : block.edges)
      edges.emplace_back(graph::edge_type_of(block.relation), edge);
  }
  return edges;
}

TEST(TrainBatches, WindowsSeeOnlyWhatIsEarlier) {
  const Bench bench(true);
  const TrainBatches batches(bench.snapshot, bench.split, bench.task, {}, {.batch_size = 40}, Masking::kOn);
  ASSERT_EQ(batches.batching(), Batching::kWindow);
  const graph::GraphView all = graph::view(bench.snapshot);
  NodeSampler::Scratch scratch;
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::uint32_t> seen;
    for (std::uint64_t i = 0; i < batches.steps_per_epoch(); ++i) {
      const std::uint64_t step = epoch * batches.steps_per_epoch() + i + 1;
      const std::vector<std::uint32_t> chosen = batches.events_of_step(step);
      ASSERT_FALSE(chosen.empty());
      EXPECT_EQ(chosen.back() - chosen.front() + 1, chosen.size()) << "contiguous in time";
      seen.insert(chosen.begin(), chosen.end());
      const TimeMs start = batches.events()[chosen.front()].time;
      const TrainBatch batch = batches.make(step, scratch);
      for (const auto& [type, edge] : edges_of(batch)) {
        EXPECT_LT(all.edge_times[type][edge], start);
        EXPECT_EQ(bench.split.parts[type][edge], graph::Part::kTrain);
      }
    }
    EXPECT_EQ(seen.size(), batches.events().size()) << "every event once an epoch";
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
  }
}

TEST(TrainBatches, SharedFrontierHidesTheEventsAndTheirPairs) {
  const Bench bench(false);
  const TrainBatches batches(bench.snapshot, bench.split, bench.task, {.fan_outs = {50, 50}},
                             {.batch_size = 30}, Masking::kOn);
  const TrainBatches open(bench.snapshot, bench.split, bench.task, {.fan_outs = {50, 50}}, {.batch_size = 30},
                          Masking::kOffForLeakTests);
  ASSERT_EQ(batches.batching(), Batching::kShared);
  const graph::GraphView all = graph::view(bench.snapshot);
  const std::vector<NodeId> buyers = bench.snapshot.edge_rows(0);
  NodeSampler::Scratch scratch;
  std::size_t found_open = 0;
  for (std::uint64_t step = 1; step <= batches.steps_per_epoch(); ++step) {
    std::set<graph::EventId> hidden;
    for (const std::uint32_t index : batches.events_of_step(step)) {
      for (graph::EdgeId e = 0; e < buyers.size(); ++e) {
        if (buyers[e] == batches.events()[index].user &&
            all.relations[0].targets[e] == batches.events()[index].item) {
          hidden.insert(all.events[0][e]);
        }
      }
    }
    for (const auto& [type, edge] : edges_of(batches.make(step, scratch))) {
      EXPECT_FALSE(hidden.contains(all.events[type][edge])) << "edge type " << type;
    }
    for (const auto& [type, edge] : edges_of(open.make(step, scratch))) {
      found_open += hidden.contains(all.events[type][edge]) ? 1 : 0;
    }
  }
  EXPECT_GT(found_open, 0u) << "without masking the same test finds them";
}

TEST(TrainBatches, DisjointTreesSeeOnlyWhatIsEarlierThanTheirEvent) {
  const Bench bench(true);
  const TrainBatches batches(bench.snapshot, bench.split, bench.task, {},
                             {.batch_size = 25, .batching = Batching::kDisjoint, .negatives = 3},
                             Masking::kOn);
  const graph::GraphView all = graph::view(bench.snapshot);
  const graph::Schema& schema = bench.snapshot.schema();
  NodeSampler::Scratch scratch;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    const std::vector<std::uint32_t> chosen = batches.events_of_step(step);
    const TrainBatch batch = batches.make(step, scratch);
    const sampling::Subgraph& graph = batch.sampled.graph;
    ASSERT_EQ(batch.users.size(), chosen.size());
    ASSERT_EQ(batch.negatives.size(), 3 * chosen.size());
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      const SupervisedEvent& event = batches.events()[chosen[row]];
      const auto user = static_cast<std::size_t>(batch.users[row]);
      EXPECT_EQ(graph.nodes[0][user], event.user);
      EXPECT_EQ(graph.nodes[1][static_cast<std::size_t>(batch.positives[row])], event.item);
      const std::uint32_t tree = graph.trees[0][user];
      EXPECT_EQ(graph.tree_before[tree], event.time);
      for (std::size_t k = 0; k < 3; ++k) {
        const std::int32_t negative = batch.negatives[3 * row + k];
        ASSERT_GE(negative, 0);
        EXPECT_EQ(graph.trees[1][static_cast<std::size_t>(negative)], tree);
        EXPECT_FALSE(
            bench.task.train.contains(event.user, graph.nodes[1][static_cast<std::size_t>(negative)]));
      }
    }
    for (const auto& block : graph.relations) {
      const auto rows = schema.row_type(block.relation);
      for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
        for (std::uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
          EXPECT_LT(all.edge_times[graph::edge_type_of(block.relation)][block.edges[i]],
                    graph.tree_before[graph.trees[rows][row]]);
        }
      }
    }
  }
}

TEST(TrainBatches, ColumnsMaskOtherKnownPositives) {
  const Bench bench(true);
  const TrainBatches batches(bench.snapshot, bench.split, bench.task, {}, {.batch_size = 40}, Masking::kOn);
  ASSERT_TRUE(batches.all_candidates());
  NodeSampler::Scratch scratch;
  const TrainBatch batch = batches.make(3, scratch);
  const std::vector<std::uint32_t> chosen = batches.events_of_step(3);
  const auto columns = static_cast<std::int64_t>(batch.columns.size());
  const auto item_at = [&](std::int64_t column) {
    return batch.sampled.graph
        .nodes[1][static_cast<std::size_t>(batch.columns[static_cast<std::size_t>(column)])];
  };
  std::set<std::int64_t> masked(batch.masked.begin(), batch.masked.end());
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    const SupervisedEvent& event = batches.events()[chosen[row]];
    EXPECT_EQ(item_at(batch.positive_columns[row]), event.item);
    for (std::int64_t column = 0; column < columns; ++column) {
      const bool other_positive =
          item_at(column) != event.item && bench.task.train.contains(event.user, item_at(column));
      EXPECT_EQ(masked.contains(static_cast<std::int64_t>(row) * columns + column), other_positive);
    }
  }
}

TEST(TrainBatches, OnlyItemsThatHaveAppearedAreCandidates) {
  TestFolder folder;
  GraphBuilder builder;
  const auto user = builder.nodes("user", 10);
  const auto item = builder.nodes("item", 20);
  const auto buys = builder.edges("buys", user, item, true);
  for (NodeId i = 0; i < 20; ++i) {
    if (i % 2 == 0) builder.first_seen(item, i, kHour * 10 * i);
  }
  Dice dice(2);
  for (std::uint32_t n = 0; n < 200; ++n) {
    NodeId i = dice.below(20);
    while (i > 0 && 10 * i > n) i = dice.below(20);
    builder.edge(buys, n % 10, i, kHour * (n + 1), n + 1);
  }
  const graph::Snapshot snapshot = builder.write(folder / "snapshot");
  const graph::Split split = time_split(snapshot, "buys");
  const LinkTask task = make_link_task(snapshot, split);
  const TrainBatches batches(snapshot, split, task, {}, {.batch_size = 12}, Masking::kOn);
  std::vector<TimeMs> first(20, graph::kEndOfTime);  // first train purchase
  for (const SupervisedEvent& event : batches.events())
    first[event.item] = std::min(first[event.item], event.time);
  NodeSampler::Scratch scratch;
  for (std::uint64_t step = 1; step <= batches.steps_per_epoch(); ++step) {
    const TrainBatch batch = batches.make(step, scratch);
    const TimeMs end = batches.events()[batches.events_of_step(step).back()].time;
    std::set<NodeId> columns;
    for (const std::int32_t column : batch.columns)
      columns.insert(batch.sampled.graph.nodes[1][static_cast<std::size_t>(column)]);
    for (NodeId i = 0; i < 20; ++i) {
      const TimeMs appears = i % 2 == 0 ? kHour * 10 * i : first[i];
      EXPECT_EQ(columns.contains(i), appears <= end) << "item " << i;
    }
  }
}

TEST(TrainBatches, ColdNodesLoseTheirEventsAndTheirVector) {
  const Bench bench(true);
  const ModelOptions model{.fan_outs = {50}, .id_dropout = 0, .cold_items = 0.5};
  const TrainBatches batches(bench.snapshot, bench.split, bench.task, model, {.batch_size = 60},
                             Masking::kOn);
  NodeSampler::Scratch scratch;
  const std::uint64_t steps = batches.steps_per_epoch();
  std::size_t cold = 0, warm = 0;
  for (std::uint64_t step = 1; step <= steps; ++step) {
    const TrainBatch batch = batches.make(step, scratch);
    const sampling::Subgraph& graph = batch.sampled.graph;
    for (const auto& block : graph.relations) {
      if (bench.snapshot.schema().row_type(block.relation) != 1) continue;
      for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
        const bool shown = batch.sampled.id_shown[1][row] != 0;
        const bool has_edges = block.offsets[row + 1] > block.offsets[row];
        EXPECT_EQ(shown, has_edges) << "every purchase has a review";
        (shown ? warm : cold) += 1;
      }
      for (const std::uint32_t source : block.sources) {
        EXPECT_LT(source, graph.nodes[bench.snapshot.schema().target_type(block.relation)].size());
      }
    }
  }
  EXPECT_GT(cold, 0u);
  EXPECT_GT(warm, 0u);
}

TEST(TrainBatches, RefusesWhatCannotBeDone) {
  TestFolder folder;
  GraphBuilder builder;
  const auto user = builder.nodes("user", 4);
  const auto item = builder.nodes("item", 4);
  const auto likes = builder.edges("likes", user, item, false);
  for (NodeId i = 0; i < 16; ++i) builder.edge(likes, i % 4, i / 4, 0, i + 1);
  const graph::Snapshot snapshot = builder.write(folder / "snapshot");
  const graph::Split split = random_split(snapshot, "likes");
  const LinkTask task = make_link_task(snapshot, split);
  EXPECT_THROW(TrainBatches(snapshot, split, task, {}, {.batching = Batching::kWindow}, Masking::kOn), Error);
  EXPECT_THROW(TrainBatches(snapshot, split, task, {.skip_relations = {"lkes"}}, {}, Masking::kOn), Error);
  EXPECT_NO_THROW(TrainBatches(snapshot, split, task, {.skip_relations = {"rev_likes"}}, {}, Masking::kOn));
}

}  // namespace
}  // namespace weft::gnn
