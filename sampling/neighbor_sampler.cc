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

struct NeighborSampler::Live {
  std::vector<LiveRelation> relations = {};  // [relation id]
};

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
  for (const graph::NodeId count : graph_.node_counts) hashed_.push_back(count > options_.relabel_bytes / 8);
}

NeighborSampler::NeighborSampler(graph::LiveGraphView graph, SamplerOptions options)
    : NeighborSampler(std::move(graph.base), std::move(options)) {
  auto live = std::make_shared<Live>();
  for (std::size_t r = 0; r < graph.relations.size(); ++r) {
    const graph::EdgeTypeId type = graph::edge_type_of(static_cast<RelationId>(r));
    const graph::EdgeType& edge_type = graph_.schema->edge_type(type);
    live->relations.push_back({.rows = graph.relations[r],
                               .new_events = graph.new_events.at(type),
                               .timed = edge_type.timed,
                               .weighted = edge_type.weighted});
  }
  live_ = std::move(live);
}

void NeighborSampler::sample(const SeedBatch& seeds, std::uint32_t step, Scratch& scratch,
                             Subgraph& out) const {
  ExpansionState& state = *scratch.state_;
  const graph::Schema& schema = *graph_.schema;
  const std::size_t types = schema.node_types().size();
  state.start(graph_, hashed_, seeds, followed_, out);
  place_seeds(graph_, seeds, state, out);
  for (std::size_t hop = 0; hop < options_.fan_outs.size(); ++hop) {
    for (std::size_t i = 0; i < followed_.size(); ++i) {
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
          .law = row_law(options_.law, live_ ? live_->relations[followed_[i]].weighted
                                             : !graph_.relation(followed_[i]).weight_sums.empty()),
          .replacement = fan_out == kAllNeighbours ? Replacement::kWithout : options_.replacement,
          .key = pick_key(options_.seed, step),
          .relation = followed_[i],
          .hop = static_cast<std::uint32_t>(hop)};
      if (live_) {
        expand_live(job, live_->relations[followed_[i]], state, out);
      } else {
        expand(job, state, out);
      }
    }
    for (std::size_t type = 0; type < types; ++type) out.hop_ends[type].push_back(state.node_counts[type]);
  }
  state.finish(out);
}

}  // namespace weft::sampling
