#include "sampling/visited_neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace weft::sampling {
namespace {

constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 24;

template <typename Graph>
RandomWalker walker_on(const Graph& graph, const graph::Schema& schema,
                       const std::vector<WalkRelation>& walks, std::size_t walk, std::uint64_t seed) {
  const WalkRelation& relation = walks[walk];
  walk_relation_id(schema, walk);
  if (relation.walks == 0 || relation.rounds == 0) {
    throw Error("a relation of walks has none", {.field = "walks, rounds", .expected = "at least 1 of each"},
                ErrorKind::kUsage);
  }
  RandomWalker walker(
      graph, {.seed = seed, .path = relation.path, .weighted = relation.weighted, .stop = relation.stop});
  if (relation.length() >= (kMostSteps + relation.walks - 1) / relation.walks) {
    throw Error("the walks from one node are too many, or too long",
                {.field = "walks, rounds",
                 .value = fmt::format("{} walks of {} steps", relation.walks, relation.length()),
                 .expected = "below 2^24 steps in all"},
                ErrorKind::kUsage);
  }
  return walker;
}

}  // namespace

graph::RelationId walk_relation_id(const graph::Schema& schema, std::size_t walk) {
  const std::size_t type = schema.edge_types().size() + walk;
  if (type > std::numeric_limits<graph::RelationId>::max() / 2) {
    throw Error("more relations than a sampler can number", {.field = "walks", .expected = "below 2^16"},
                ErrorKind::kUsage);
  }
  return graph::outgoing_relation(static_cast<graph::EdgeTypeId>(type));
}

RandomWalker make_walker(const graph::GraphView& graph, const std::vector<WalkRelation>& walks,
                         std::size_t walk, std::uint64_t seed) {
  return walker_on(graph, *graph.schema, walks, walk, seed);
}

RandomWalker make_walker(const graph::LiveGraphView& graph, const std::vector<WalkRelation>& walks,
                         std::size_t walk, std::uint64_t seed) {
  return walker_on(graph, *graph.base.schema, walks, walk, seed);
}

std::span<const Visited> VisitCounts::most_visited(const RandomWalker& walker, const WalkRelation& walks,
                                                   const WalkStart& start, std::uint32_t step,
                                                   std::size_t count) {
  nodes_.resize(walks.walks * (walks.length() + 1));
  walker.walk(start, step, walks.walks, walks.length(), nodes_);
  ends_.clear();
  for (std::size_t round = 1; round <= walks.rounds; ++round) {
    const graph::NodeId* const ended = nodes_.data() + round * walks.path.size() * walks.walks;
    for (std::size_t number = 0; number < walks.walks; ++number) {
      if (ended[number] != graph::kNoNode && ended[number] != start.node) ends_.push_back(ended[number]);
    }
  }
  std::sort(ends_.begin(), ends_.end());
  visited_.clear();
  for (std::size_t a = 0, b = 0; a < ends_.size(); a = b) {
    while (b < ends_.size() && ends_[b] == ends_[a]) ++b;
    visited_.push_back({ends_[a], static_cast<std::uint32_t>(b - a)});
  }
  const std::size_t kept = std::min(count, visited_.size());
  std::partial_sort(visited_.begin(), visited_.begin() + static_cast<std::ptrdiff_t>(kept), visited_.end(),
                    [](const Visited& a, const Visited& b) {
                      return a.visits != b.visits ? a.visits > b.visits : a.node < b.node;
                    });
  return std::span<const Visited>(visited_).first(kept);
}

}  // namespace weft::sampling
