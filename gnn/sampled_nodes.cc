#include "gnn/sampled_nodes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "gnn/random.h"

namespace weft::gnn {

sampling::PickLaw pick_law(PickOrder picks) {
  switch (picks) {
    case PickOrder::kRecent:
      return sampling::PickLaw::kMostRecent;
    case PickOrder::kWeighted:
      return sampling::PickLaw::kWeighted;
    case PickOrder::kLabor:
      return sampling::PickLaw::kLabor;
    case PickOrder::kUniform:
      break;
  }
  return sampling::PickLaw::kUniform;
}

std::vector<std::vector<std::uint32_t>> relation_fan_outs(const graph::Schema& schema,
                                                          std::span<const graph::RelationId> relations,
                                                          std::span<const std::int64_t> per_hop) {
  std::vector<std::vector<std::uint32_t>> fan_outs;
  for (const std::int64_t fan_out : per_hop) {
    std::vector<std::uint32_t> per_relation(2 * schema.edge_types().size(), 0);
    for (const graph::RelationId relation : relations) {
      per_relation[relation] = fan_out < 0 ? sampling::kAllNeighbours : static_cast<std::uint32_t>(fan_out);
    }
    fan_outs.push_back(std::move(per_relation));
  }
  return fan_outs;
}

namespace {

using graph::NodeId;
using graph::NodeTypeId;
using graph::RelationId;
using graph::TimeMs;

sampling::SamplerOptions sampler_options(const NodeSamplerSetup& setup) {
  return {.seed = setup.seed,
          .fan_outs = relation_fan_outs(*setup.graph.schema, setup.relations, setup.fan_outs),
          .law = pick_law(setup.picks),
          .replacement = setup.replacement ? sampling::Replacement::kWith : sampling::Replacement::kWithout,
          .walks = setup.walks};
}

// The bound of each local node: its tree's.
std::vector<TimeMs> node_bounds(const sampling::Subgraph& graph, std::size_t type) {
  const std::size_t nodes = graph.nodes[type].size();
  if (graph.trees.empty() || graph.trees[type].empty()) {
    return std::vector<TimeMs>(nodes, graph.tree_before.empty() ? graph::kEndOfTime : graph.tree_before[0]);
  }
  std::vector<TimeMs> bounds(nodes);
  for (std::size_t i = 0; i < nodes; ++i) bounds[i] = graph.tree_before[graph.trees[type][i]];
  return bounds;
}

bool falls(double rate, std::uint64_t seed, Purpose purpose, std::uint32_t step, std::size_t type,
           graph::NodeId node) {
  return rate > 0 && unit_interval(mix64(seed, static_cast<std::uint64_t>(purpose), step, type, node)) < rate;
}

// Takes the picks of the marked rows out of a block, of edges or of walks.
void drop_rows(sampling::RelationBlock& block, std::span<const std::uint8_t> dropped) {
  const bool walks = !block.visits.empty();
  std::uint32_t kept = 0;
  std::uint32_t begin = 0;
  for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
    const std::uint32_t end = block.offsets[row + 1];
    if (dropped[row] == 0) {
      for (std::uint32_t i = begin; i < end; ++i, ++kept) {
        block.sources[kept] = block.sources[i];
        if (walks) {
          block.visits[kept] = block.visits[i];
        } else {
          block.edges[kept] = block.edges[i];
        }
      }
    }
    begin = end;
    block.offsets[row + 1] = kept;
  }
  block.sources.resize(kept);
  if (walks) {
    block.visits.resize(kept);
  } else {
    block.edges.resize(kept);
  }
}

// Each pick's share of its row's visits.
std::vector<float> visit_shares(const sampling::RelationBlock& block) {
  std::vector<float> shares(block.visits.size());
  for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
    std::uint32_t visits = 0;
    for (std::uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) visits += block.visits[i];
    for (std::uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i)
      shares[i] = static_cast<float>(block.visits[i]) / static_cast<float>(visits);
  }
  return shares;
}

}  // namespace

std::vector<std::uint8_t> id_types(const graph::Schema& schema, graph::EdgeTypeId target,
                                   const ModelOptions& options) {
  std::vector<std::uint8_t> types(schema.node_types().size(), 0);
  if (options.id_embeddings) {
    for (const std::string& name : *options.id_embeddings) types[schema.node_type_named(name)] = 1;
    return types;
  }
  types[schema.edge_type(target).from] = types[schema.edge_type(target).to] = 1;
  // Brands, tags: without a vector of their own nothing would tell one from another.
  for (std::size_t t = 0; t < types.size(); ++t) {
    if (schema.node_type(static_cast<NodeTypeId>(t)).fields.empty()) types[t] = 1;
  }
  return types;
}

StructureOptions structure_options(const ModelOptions& options) {
  return {.counts = options.event_counts,
          .recent_days = options.recent_days,
          .recency = options.recency,
          .age = options.node_age};
}

std::vector<RelationId> followed_relations(const graph::Schema& schema,
                                           const std::vector<std::string>& skipped) {
  std::vector<std::string> known;
  for (const graph::EdgeType& type : schema.edge_types()) known.push_back(type.name);
  for (const RelationId relation : schema.relations()) known.push_back(schema.relation_name(relation));
  for (const std::string& name : skipped) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = nearest_word(name, known);
    throw Error("no relation or edge type has this name",
                {.field = "model.skip_relations",
                 .value = name,
                 .expected = "one of " + join(known),
                 .hint = nearest.empty() ? "" : "did you mean '" + nearest + "'?"},
                ErrorKind::kUsage);
  }
  const auto is_skipped = [&](const std::string& name) {
    return std::find(skipped.begin(), skipped.end(), name) != skipped.end();
  };
  std::vector<RelationId> followed;
  for (const RelationId relation : schema.relations()) {
    const bool reverse = graph::is_incoming(relation);
    const std::string& edge_type = schema.edge_type(graph::edge_type_of(relation)).name;
    // The plain name of an edge type stands for both directions.
    if (is_skipped(edge_type) || (reverse && is_skipped(schema.relation_name(relation)))) continue;
    followed.push_back(relation);
  }
  return followed;
}

NodeSampler::NodeSampler(NodeSamplerSetup setup)
    : setup_(std::move(setup)),
      structure_(setup_.graph, setup_.relations, setup_.target, setup_.structure, setup_.hides_events,
                 setup_.snapshot == nullptr || !setup_.structure.age ? std::vector<std::vector<TimeMs>>{}
                                                                     : listed_times(*setup_.snapshot)),
      sampler_(setup_.graph, sampler_options(setup_)) {}

void NodeSampler::describe_nodes(const sampling::SeedBatch& seeds, std::uint32_t step,
                                 const HidingRates& rates, std::vector<std::vector<std::uint8_t>>& cold,
                                 SampledNodes& out) const {
  const graph::EdgeType& target = setup_.graph.schema->edge_type(setup_.target);
  const std::size_t types = out.graph.nodes.size();
  const auto has_ids = [&](std::size_t type) {
    return setup_.id_types.empty() || setup_.id_types[type] != 0;
  };
  std::optional<HiddenRows> hidden;
  cold.assign(types, {});
  out.structure.resize(types);
  out.id_shown.resize(types);
  for (std::size_t type = 0; type < types; ++type) {
    const auto& nodes = out.graph.nodes[type];
    double cold_rate = type == target.from ? rates.cold_users : 0;
    if (type == target.to) cold_rate = std::max(cold_rate, rates.cold_items);
    if (step == 0) cold_rate = 0;
    if (cold_rate > 0) {
      cold[type].resize(nodes.size());
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        cold[type][i] = falls(cold_rate, setup_.seed, Purpose::kCold, step, type, nodes[i]) ? 1 : 0;
      }
    }
    const auto node_type = static_cast<NodeTypeId>(type);
    out.structure[type].assign(nodes.size() * structure_.width(node_type), 0.0F);
    out.id_shown[type].assign(nodes.size(), 0);
    if (structure_.width(node_type) == 0 && !has_ids(type)) continue;  // nothing would be read
    if (!hidden) hidden = structure_.hidden_rows(seeds.excluded);
    structure_.describe(node_type, nodes, node_bounds(out.graph, type), cold[type], *hidden,
                        out.structure[type], out.id_shown[type]);
    if (!has_ids(type)) std::fill(out.id_shown[type].begin(), out.id_shown[type].end(), std::uint8_t{0});
    if (step == 0) continue;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (falls(rates.id, setup_.seed, Purpose::kIdDropout, step, type, nodes[i])) out.id_shown[type][i] = 0;
    }
  }
}

// Layer-neighbour sampling picks the fan-out on average, so a pick stands for the row's edges over the
// fan-out; otherwise a row from which fewer edges were picked than every hop allows had no more of them.
void NodeSampler::count_edges(const sampling::RelationBlock& block, const sampling::Subgraph& graph,
                              std::span<const TimeMs> bounds, EdgeInputs& inputs) const {
  const bool labor = setup_.picks == PickOrder::kLabor;
  const std::int64_t least = *std::min_element(setup_.fan_outs.begin(), setup_.fan_outs.end());
  const graph::CsrView& csr = setup_.graph.relation(block.relation);
  // Relations without weights are picked from uniformly also where the others are by weight.
  const bool uniform = setup_.picks == PickOrder::kUniform ||
                       (setup_.picks == PickOrder::kWeighted && csr.weight_sums.empty());
  if (!labor && (least < 0 || !uniform)) return;
  const NodeTypeId type = setup_.graph.schema->row_type(block.relation);
  std::size_t hop = 0;
  for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
    const std::uint32_t picked = block.offsets[row + 1] - block.offsets[row];
    if (picked == 0 || (!labor && picked < least)) continue;
    while (row >= graph.hop_ends[type][hop]) ++hop;
    const std::int64_t fan_out = labor ? setup_.fan_outs[hop] : picked;
    const std::uint64_t there = csr.count_before(graph.nodes[type][row], bounds[row]);
    const bool all_picked = !setup_.replacement && there <= static_cast<std::uint64_t>(fan_out);
    if (fan_out < 0 || all_picked) continue;
    if (inputs.stands_for.empty()) inputs.stands_for.assign(block.offsets.size() - 1, 1.0F);
    inputs.stands_for[row] = static_cast<float>(there) / static_cast<float>(fan_out);
  }
}

bool NodeSampler::is_walk(RelationId relation) const {
  return relation >= sampling::walk_relation_id(*setup_.graph.schema, 0);
}

NodeTypeId NodeSampler::row_type(RelationId relation) const {
  if (!is_walk(relation)) return setup_.graph.schema->row_type(relation);
  const std::size_t walk = graph::edge_type_of(relation) - setup_.graph.schema->edge_types().size();
  return setup_.graph.schema->row_type(setup_.walks[walk].path.front());
}

bool NodeSampler::tells_events(RelationId relation) const {
  if (!is_walk(relation)) return structure_.is_event_relation(relation);
  const std::size_t walk = graph::edge_type_of(relation) - setup_.graph.schema->edge_types().size();
  const std::vector<RelationId>& path = setup_.walks[walk].path;
  return std::any_of(path.begin(), path.end(),
                     [&](RelationId step) { return structure_.is_event_relation(step); });
}

void NodeSampler::describe_edges(std::size_t index, SampledNodes& out) const {
  const sampling::RelationBlock& block = out.graph.relations[index];
  if (is_walk(block.relation)) {
    out.edges[index].weights = visit_shares(block);
    return;
  }
  const graph::EdgeTypeId edge_type = graph::edge_type_of(block.relation);
  EdgeInputs& inputs = out.edges[index];
  if (setup_.weights) {
    const auto weights = setup_.snapshot->edge_columns(edge_type).weights;
    if (!weights.empty()) {
      inputs.weights.resize(block.edges.size());
      for (std::size_t i = 0; i < block.edges.size(); ++i) inputs.weights[i] = weights[block.edges[i]];
    }
  }
  const auto& times = setup_.graph.edge_times[edge_type];
  const bool aged = setup_.ages && !times.empty();
  if (!aged && !setup_.stands_for) return;
  const std::vector<TimeMs> bounds = node_bounds(out.graph, setup_.graph.schema->row_type(block.relation));
  if (setup_.stands_for) count_edges(block, out.graph, bounds, inputs);
  if (!aged) return;
  inputs.ages.resize(block.edges.size());
  for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
    const TimeMs now = structure_.moment(bounds[row]);
    for (std::uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
      inputs.ages[i] = age_class(now - times[block.edges[i]]);
    }
  }
}

SampledNodes NodeSampler::sample(const sampling::SeedBatch& seeds, std::uint32_t step,
                                 const HidingRates& rates, Scratch& scratch) const {
  SampledNodes out;
  sampler_.sample(seeds, step, scratch, out.graph);
  std::vector<std::vector<std::uint8_t>> cold(out.graph.nodes.size());
  if (setup_.nodes) describe_nodes(seeds, step, rates, cold, out);
  out.edges.resize(out.graph.relations.size());
  for (std::size_t i = 0; i < out.graph.relations.size(); ++i) {
    sampling::RelationBlock& block = out.graph.relations[i];
    const auto& dropped = cold[row_type(block.relation)];
    if (!dropped.empty() && tells_events(block.relation)) drop_rows(block, dropped);
    describe_edges(i, out);
  }
  return out;
}

}  // namespace weft::gnn
