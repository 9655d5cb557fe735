#include "sampling/neighbor_sampler.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "sampling/expansion.h"
#include "sampling/live_expansion.h"
#include "sampling/picks.h"
#include "sampling/weighted_picks.h"

namespace weft::sampling {

std::vector<std::vector<std::uint32_t>> uniform_fan_outs(const graph::Schema& schema,
                                                         const std::vector<std::uint32_t>& per_hop) {
  std::vector<std::vector<std::uint32_t>> fan_outs;
  for (const std::uint32_t fan_out : per_hop) {
    std::vector<std::uint32_t>& hop = fan_outs.emplace_back(2 * schema.edge_types().size(), 0);
    for (const RelationId relation : schema.relations()) hop[relation] = fan_out;
  }
  return fan_outs;
}

struct NeighborSampler::Scratch::State : ExpansionState {};

NeighborSampler::Scratch::Scratch() : state_(std::make_unique<State>()) {}
NeighborSampler::Scratch::~Scratch() = default;
NeighborSampler::Scratch::Scratch(Scratch&&) noexcept = default;
NeighborSampler::Scratch& NeighborSampler::Scratch::operator=(Scratch&&) noexcept = default;

namespace {

// Where there are no weights, all are alike.
PickLaw row_law(PickLaw law, bool weighted) {
  return law == PickLaw::kWeighted && !weighted ? PickLaw::kUniform : law;
}

void check_law(const SamplerOptions& options) {
  const bool replaces = options.replacement == Replacement::kWith;
  if (replaces && (options.law == PickLaw::kMostRecent || options.law == PickLaw::kLabor)) {
    throw Error("this law has no form with replacement",
                {.field = "replacement", .expected = "uniform or weighted picks where there is replacement"},
                ErrorKind::kUsage);
  }
  if (!replaces && options.law != PickLaw::kWeighted) return;
  for (const auto& hop : options.fan_outs) {
    for (const std::uint32_t fan_out : hop) {
      if (fan_out <= kLargestWeightedFanOut || fan_out == kAllNeighbours) continue;
      throw Error("a fan-out is too large for this law",
                  {.field = "fan_outs",
                   .value = std::to_string(fan_out),
                   .expected = "at most 2^24, or all neighbours"},
                  ErrorKind::kUsage);
    }
  }
}

}  // namespace

NeighborSampler::NeighborSampler(graph::GraphView graph, SamplerOptions options)
    : graph_(std::move(graph)), options_(std::move(options)) {
  follow([&](std::size_t w) { return make_walker(graph_, options_.walks, w, options_.seed); });
}

NeighborSampler::NeighborSampler(graph::LiveGraphView graph, SamplerOptions options)
    : graph_(graph.base), live_(live_relations(graph)), options_(std::move(options)) {
  follow([&](std::size_t w) { return make_walker(graph, options_.walks, w, options_.seed); });
}

void NeighborSampler::follow(const std::function<RandomWalker(std::size_t)>& make) {
  const graph::Schema& schema = *graph_.schema;
  const std::size_t relations = 2 * schema.edge_types().size();
  WEFT_CHECK(graph_.relations.size() == relations && graph_.events.size() * 2 == relations);
  if (options_.fan_outs.size() > 255) {
    throw Error(
        "too many hops",
        {.field = "fan_outs", .value = std::to_string(options_.fan_outs.size()), .expected = "at most 255"},
        ErrorKind::kUsage);
  }
  for (const auto& hop : options_.fan_outs) {
    if (hop.size() != relations) {
      throw Error("a hop's fan-outs do not fit the graph",
                  {.field = "fan_outs",
                   .value = fmt::format("{} values", hop.size()),
                   .expected = fmt::format("{}, one for each relation (two for each edge type)", relations)},
                  ErrorKind::kUsage);
    }
  }
  check_law(options_);
  for (const RelationId relation : schema.relations()) {
    const bool followed = std::any_of(options_.fan_outs.begin(), options_.fan_outs.end(),
                                      [&](const auto& hop) { return hop[relation] != 0; });
    if (followed) followed_.push_back(relation);
  }
  follow_walks(make);
  for (const graph::NodeId count : graph_.node_counts) hashed_.push_back(count > options_.relabel_bytes / 8);
}

void NeighborSampler::follow_walks(const std::function<RandomWalker(std::size_t)>& make) {
  for (std::size_t w = 0; w < options_.walks.size(); ++w) {
    const std::vector<std::uint32_t>& fan_outs = options_.walks[w].fan_outs;
    if (fan_outs.size() != options_.fan_outs.size()) {
      throw Error("the fan-outs of walks do not fit the hops",
                  {.field = "walks.fan_outs",
                   .value = fmt::format("{} values", fan_outs.size()),
                   .expected = fmt::format("{}, one for each hop", options_.fan_outs.size())},
                  ErrorKind::kUsage);
    }
    RandomWalker walker = make(w);
    if (std::all_of(fan_outs.begin(), fan_outs.end(), [](std::uint32_t k) { return k == 0; })) continue;
    walks_.push_back(w);
    walkers_.push_back(std::move(walker));
    followed_.push_back(walk_relation_id(*graph_.schema, w));
  }
}

// Row after row: a row's walks are enough for their cache misses to overlap.
void NeighborSampler::expand_walks(std::size_t number, std::size_t hop, std::uint32_t step,
                                   ExpansionState& state, Subgraph& out) const {
  const WalkRelation& walks = options_.walks[walks_[number]];
  const NodeTypeId type = walkers_[number].type_at(0);
  RelationBlock& block = out.relations[followed_.size() - walks_.size() + number];
  const std::size_t count = std::min(walks.fan_outs[hop], walks.walks * walks.rounds);
  const std::vector<std::uint32_t>& ends = out.hop_ends[type];
  std::uint32_t& placed = state.node_counts[type];
  const auto place = [&](auto& relabel, std::uint32_t tree, std::span<const Visited> visited) {
    relabel.reserve(std::size_t{placed} + visited.size());
    make_room(out.nodes[type], std::size_t{placed} + visited.size() + 1);
    if (state.trees) make_room(out.trees[type], std::size_t{placed} + visited.size() + 1);
    auto placer = relabel.placer();
    for (const Visited& one : visited) {
      out.nodes[type][placed] = one.node;
      if (state.trees) out.trees[type][placed] = tree;
      block.sources.push_back(placer.place(tree, one.node, placed));
      block.visits.push_back(one.visits);
    }
  };
  for (std::uint32_t row = hop == 0 ? 0 : ends[hop - 1]; row < ends[hop]; ++row) {
    const std::uint32_t tree = state.trees ? out.trees[type][row] : 0;
    if (count > 0) {
      const WalkStart start{.node = out.nodes[type][row],
                            .before = state.tree_before[tree],
                            .excluded = &state.excluded,
                            .tree = tree,
                            .relation = block.relation,
                            .hop = static_cast<std::uint32_t>(hop),
                            .root = state.tree_roots[tree]};
      const auto visited = state.visits.most_visited(walkers_[number], walks, start, step, count);
      if (state.hashed[type] != 0) {
        place(state.tables[type], tree, visited);
      } else {
        place(state.stamps[type], tree, visited);
      }
    }
    block.offsets.push_back(static_cast<std::uint32_t>(block.sources.size()));
  }
}

void NeighborSampler::sample(const SeedBatch& seeds, std::uint32_t step, Scratch& scratch,
                             Subgraph& out) const {
  ExpansionState& state = *scratch.state_;
  const graph::Schema& schema = *graph_.schema;
  const std::size_t types = schema.node_types().size();
  state.start(graph_, hashed_, seeds, followed_, out, walks_.size());
  place_seeds(graph_, seeds, state, out);
  for (std::size_t hop = 0; hop < options_.fan_outs.size(); ++hop) {
    for (std::size_t i = 0; i < followed_.size() - walks_.size(); ++i) {
      const NodeTypeId row_type = schema.row_type(followed_[i]);
      const std::vector<std::uint32_t>& ends = out.hop_ends[row_type];
      const std::uint32_t fan_out = options_.fan_outs[hop][followed_[i]];
      const RelationHop job{
          .csr = graph_.relation(followed_[i]),
          .events = graph_.events[graph::edge_type_of(followed_[i])],
          .block = i,
          .row_type = row_type,
          .target_type = schema.target_type(followed_[i]),
          .first_row = hop == 0 ? 0 : ends[hop - 1],
          .end_row = ends[hop],
          .fan_out = fan_out,
          .law = row_law(options_.law, !live_.empty() ? live_[followed_[i]].weighted
                                                      : !graph_.relation(followed_[i]).weight_sums.empty()),
          .replacement = fan_out == kAllNeighbours ? Replacement::kWithout : options_.replacement,
          .key = pick_key(options_.seed, step),
          .relation = followed_[i],
          .hop = static_cast<std::uint32_t>(hop)};
      if (!live_.empty()) {
        expand_live(job, live_[followed_[i]], state, out);
      } else {
        expand(job, state, out);
      }
    }
    for (std::size_t number = 0; number < walks_.size(); ++number)
      expand_walks(number, hop, step, state, out);
    for (std::size_t type = 0; type < types; ++type) out.hop_ends[type].push_back(state.node_counts[type]);
  }
  state.finish(out);
}

}  // namespace weft::sampling
