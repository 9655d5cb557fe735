#include "graph/explain_paths.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "base/error.h"
#include "graph/graph_view.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

constexpr TimeMs kStart = 1'600'000'000'000;

// One edge as seen from one end.
struct Hop {
  RelationId relation = 0;
  EdgeId edge = 0;
  NodeRef to = {};
  TimeMs time = kNoTime;
  EventId event = kNoEvent;
};

// Every path by trying everything, with the rules spelled out over maps.
class Oracle {
 public:
  Oracle(const Snapshot& snapshot, NodeRef from, NodeRef to, PathOptions options)
      : snapshot_(snapshot), from_(from), to_(to), options_(options) {
    const Schema& schema = snapshot.schema();
    std::set<EventId> later;
    for (EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
      const CsrView csr = snapshot.outgoing(type);
      for (std::size_t e = 0; e < csr.times.size(); ++e) {
        if (csr.times[e] >= options.before) later.insert(snapshot.edge_columns(type).events[e]);
      }
    }
    later.erase(kNoEvent);
    for (EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
      const EdgeType& edge_type = schema.edge_type(type);
      const CsrView csr = snapshot.outgoing(type);
      const auto rows = snapshot.edge_rows(type);
      for (EdgeId e = 0; e < rows.size(); ++e) {
        const NodeRef a{edge_type.from, rows[e]}, b{edge_type.to, csr.targets[e]};
        Hop hop{outgoing_relation(type), e, b, kNoTime, snapshot.edge_columns(type).events[e]};
        if (!csr.times.empty()) hop.time = csr.times[e];
        if (csr.times.empty() ? later.contains(hop.event) : hop.time >= options.before) continue;
        hops_[a].push_back(hop);
        hop.relation = incoming_relation(type);
        hop.to = a;
        if (!edge_type.symmetric) hops_[b].push_back(hop);
      }
    }
    if (options.only_indirect) hide_direct();
  }

  std::uint64_t degree(NodeRef node) {
    std::uint64_t sum = 0;
    for (const Hop& hop : hops_before_hiding(node)) sum += hop.time < options_.before ? 1 : 0;
    return sum;
  }

  // (length, relations used before, busyness) of the best path left; nothing if there is none.
  using Rank = std::tuple<std::size_t, bool, std::uint64_t>;
  std::optional<Rank> best() {
    std::optional<Rank> found;
    std::vector<RelationId> relations;
    std::set<NodeRef> on_path = {from_};
    const std::function<void(NodeRef, std::uint64_t)> go = [&](NodeRef at, std::uint64_t busyness) {
      if (at == to_) {
        const Rank rank{relations.size(), used_.contains(relations), busyness};
        if (!found || rank < *found) found = rank;
        return;
      }
      if (relations.size() == options_.max_hops) return;
      if (found && relations.size() >= std::get<0>(*found)) return;
      for (const Hop& hop : hops_[at]) {
        if (on_path.contains(hop.to) || !allowed(at, hop)) continue;
        on_path.insert(hop.to);
        relations.push_back(hop.relation);
        go(hop.to, busyness + (hop.to == to_ ? 0 : degree(hop.to)));
        relations.pop_back();
        on_path.erase(hop.to);
      }
    };
    go(from_, 0);
    return found;
  }

  // Checks a path edge by edge; then leaves out what it used.
  Rank take(const ExplanationPath& path) {
    NodeRef at = from_;
    std::vector<RelationId> relations;
    std::uint64_t busyness = 0;
    for (const PathStep& step : path.steps) {
      EXPECT_EQ(step.from, at);
      const auto& hops = hops_[at];
      const auto hop = std::find_if(hops.begin(), hops.end(), [&](const Hop& h) {
        return h.relation == step.relation && h.edge == step.edge && h.to == step.to && h.time == step.time;
      });
      EXPECT_NE(hop, hops.end());
      if (hop == hops.end()) return {};
      EXPECT_TRUE(allowed(at, *hop));
      for (const Hop& other : hops) {  // the latest of parallel ones
        if (other.relation == hop->relation && other.to == hop->to && allowed(at, other)) {
          EXPECT_GE(hop->time, other.time);
        }
      }
      const auto weights = snapshot_.edge_columns(edge_type_of(step.relation)).weights;
      EXPECT_EQ(step.weight, weights.empty() ? 1.0 : weights[step.edge]);
      relations.push_back(step.relation);
      if (step.to != to_) busyness += degree(step.to);
      at = step.to;
    }
    EXPECT_EQ(at, to_);
    EXPECT_EQ(path.busyness, busyness);
    const Rank rank{relations.size(), !used_.insert(relations).second, busyness};
    if (path.steps.size() == 1) hide_direct();
    for (const PathStep& step : path.steps) {
      if (step.to != to_) nodes_.insert(step.to);
      const EventId event = snapshot_.edge_columns(edge_type_of(step.relation)).events[step.edge];
      if (event != kNoEvent) events_.insert(event);
    }
    return rank;
  }

 private:
  const std::vector<Hop>& hops_before_hiding(NodeRef node) {
    const auto [at, added] = all_.try_emplace(node);
    if (added) {
      const Schema& schema = snapshot_.schema();
      for (const RelationId relation : schema.relations()) {
        if (schema.row_type(relation) != node.type) continue;
        const CsrView csr = snapshot_.relation(relation);
        for (std::uint64_t i = csr.offsets[node.id]; i < csr.offsets[node.id + 1]; ++i)
          at->second.push_back({relation, 0, {}, csr.times.empty() ? kNoTime : csr.times[i], kNoEvent});
      }
    }
    return at->second;
  }
  bool allowed(NodeRef at, const Hop& hop) const {
    if (hop.event != kNoEvent && events_.contains(hop.event)) return false;
    if (direct_hidden_ && ((at == from_ && hop.to == to_) || (at == to_ && hop.to == from_))) return false;
    if (hop.to == to_ || hop.to == from_) return true;
    if (nodes_.contains(hop.to)) return false;
    return options_.before == kEndOfTime || snapshot_.first_seen(hop.to.type)[hop.to.id] < options_.before;
  }
  void hide_direct() {
    direct_hidden_ = true;
    const Schema& schema = snapshot_.schema();
    for (EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
      const auto rows = snapshot_.edge_rows(type);
      for (EdgeId e = 0; e < rows.size(); ++e) {
        const NodeRef a{schema.edge_type(type).from, rows[e]};
        const NodeRef b{schema.edge_type(type).to, snapshot_.outgoing(type).targets[e]};
        const EventId event = snapshot_.edge_columns(type).events[e];
        if (event != kNoEvent && ((a == from_ && b == to_) || (a == to_ && b == from_)))
          events_.insert(event);
      }
    }
  }

  const Snapshot& snapshot_;
  NodeRef from_, to_;
  PathOptions options_;
  std::map<NodeRef, std::vector<Hop>> hops_, all_;
  std::set<NodeRef> nodes_;
  std::set<EventId> events_;
  std::set<std::vector<RelationId>> used_;
  bool direct_hidden_ = false;
};

TEST(ExplanationPaths, EqualTryingEverything) {
  std::size_t paths = 0, bounded = 0, longest = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    GraphTables tables = random_shop(seed, 8, 12, seed % 4 == 0 ? 6 : 14);
    Random random(seed);
    for (NodeTable& nodes : tables.nodes) {
      for (TimeMs& first : nodes.first_seen) {
        if (random.chance(0.7)) first = random.chance(0.5) ? kNoTime : kStart + random.between(0, 40) * 1000;
      }
    }
    write_snapshot(std::move(tables), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    for (int i = 0; i < 12; ++i) {
      const NodeRef user{0, static_cast<NodeId>(random.below(8))},
          item{1, static_cast<NodeId>(random.below(12))};
      PathOptions options{.count = 4,
                          .max_hops = static_cast<std::uint32_t>(1 + random.below(5)),
                          .only_indirect = random.chance(0.5)};
      if (random.chance(0.6)) options.before = kStart + random.between(5, 42) * 1000;
      SCOPED_TRACE(i);
      Oracle oracle(snapshot, user, item, options);
      const auto found = explanation_paths(snapshot, user, item, options);
      for (const ExplanationPath& path : found) {
        const auto best = oracle.best();
        ASSERT_TRUE(best.has_value());
        EXPECT_EQ(oracle.take(path), *best);
        longest = std::max(longest, path.steps.size());
      }
      if (found.size() < 4) {
        EXPECT_FALSE(oracle.best().has_value());
      }
      paths += found.size();
      bounded += options.before != kEndOfTime && !found.empty() ? 1 : 0;
    }
  }
  EXPECT_GT(paths, 300U);
  EXPECT_GT(bounded, 50U);
  EXPECT_GE(longest, 4U);
}

TEST(ExplanationPaths, SameAnswerEveryTime) {
  TestFolder folder;
  write_snapshot(random_shop(5, 200, 100, 2000), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const auto a = explanation_paths(snapshot, {0, 3}, {1, 7}, {.count = 10});
  const auto b = explanation_paths(snapshot, {0, 3}, {1, 7}, {.count = 10});
  ASSERT_EQ(a.size(), 10U);
  ASSERT_EQ(b.size(), 10U);
  std::set<NodeRef> inner;
  for (std::size_t p = 0; p < a.size(); ++p) {
    for (std::size_t s = 0; s < a[p].steps.size(); ++s) {
      EXPECT_EQ(a[p].steps[s].edge, b[p].steps[s].edge);
      if (s + 1 < a[p].steps.size()) {
        EXPECT_TRUE(inner.insert(a[p].steps[s].to).second);  // no node twice
      }
    }
    if (p > 0) {
      EXPECT_GE(a[p].steps.size(), a[p - 1].steps.size());
    }
  }
}

TEST(ExplanationPaths, RefusesWhatIsNoQuestion) {
  TestFolder folder;
  write_snapshot(plain_graph(3, {{0, 1}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_TRUE(explanation_paths(snapshot, {0, 0}, {0, 2}).empty());
  EXPECT_EQ(explanation_paths(snapshot, {0, 1}, {0, 0}).size(), 1U);
  EXPECT_TRUE(explanation_paths(snapshot, {0, 1}, {0, 0}, {.only_indirect = true}).empty());
  EXPECT_THROW(explanation_paths(snapshot, {0, 1}, {0, 1}), Error);
  EXPECT_THROW(explanation_paths(snapshot, {0, 0}, {0, 1}, {.max_hops = 0}), Error);
  EXPECT_THROW(explanation_paths(snapshot, {0, 0}, {0, 1}, {.max_hops = 9}), Error);
}

}  // namespace
}  // namespace weft::graph
