#include "graph/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "graph/partition_methods.h"

namespace weft::graph {
namespace {

void check_options(const GraphView& view, const UndirectedGraph& graph, const PartitionOptions& options) {
  const std::uint64_t nodes = graph.vertices();
  if (options.parts == 0 || options.parts > nodes) {
    throw Error("number of parts is out of range",
                {.value = std::to_string(options.parts),
                 .expected = nodes == 0 ? "a graph with nodes" : fmt::format("from 1 to {} (nodes)", nodes)},
                ErrorKind::kUsage);
  }
  if (!(options.imbalance >= 1.001 && options.imbalance <= 2)) {
    throw Error("imbalance of parts is out of range",
                {.value = fmt::format("{}", options.imbalance), .expected = "from 1.001 to 2"},
                ErrorKind::kUsage);
  }
  const std::size_t edge_types = view.schema->edge_types().size();
  if (!options.edge_weights.empty() && options.edge_weights.size() != edge_types) {
    throw Error("edge weights do not fit the graph",
                {.value = std::to_string(options.edge_weights.size()),
                 .expected = fmt::format("{} (edge types)", edge_types)},
                ErrorKind::kUsage);
  }
  for (const NodeLoad& load : options.loads) {
    bool fits = load.of.size() == view.node_counts.size();
    for (std::size_t t = 0; fits && t < load.of.size(); ++t) fits = load.of[t].size() == view.node_counts[t];
    if (!fits) {
      throw Error("a load does not fit the graph",
                  {.field = load.name, .expected = "an amount for every node"}, ErrorKind::kUsage);
    }
  }
}

// METIS wants edges; without one that costs anything every cut is a best one and only the loads count.
bool nothing_to_cut(const UndirectedGraph& graph, NodeTypeId types, const PartitionOptions& options) {
  for (NodeTypeId type = 0; type < types; ++type) {
    for (const UndirectedGraph::Leg& leg : graph.legs(type)) {
      if (leg.csr.edges() > 0 && edge_weight(leg, options) > 0) return false;
    }
  }
  return true;
}

// How many times its share the fullest part holds, of the load of which that is worst: the share that is
// asked for, or that of the heaviest node if it is heavier than that.
double worst_excess(const UndirectedGraph& graph, const std::vector<std::uint32_t>& part_of,
                    const PartitionOptions& options) {
  const VertexLoads loads = vertex_loads(graph, options);
  std::vector<std::uint64_t> held(options.parts * loads.kinds), heaviest(loads.kinds);
  for (std::size_t vertex = 0; vertex < part_of.size(); ++vertex) {
    for (std::size_t kind = 0; kind < loads.kinds; ++kind) {
      const std::uint64_t amount = loads.amounts[vertex * loads.kinds + kind];
      held[part_of[vertex] * loads.kinds + kind] += amount;
      heaviest[kind] = std::max(heaviest[kind], amount);
    }
  }
  double worst = 0;
  for (std::size_t kind = 0; kind < loads.kinds; ++kind) {
    std::uint64_t fullest = 0;
    for (std::size_t part = 0; part < options.parts; ++part)
      fullest = std::max(fullest, held[part * loads.kinds + kind]);
    const double mean = static_cast<double>(loads.totals[kind]) / options.parts;
    const double share = std::max(mean * options.imbalance, static_cast<double>(heaviest[kind]));
    worst = std::max(worst, static_cast<double>(fullest) / share);
  }
  return worst;
}

// METIS contracts neighbours pair by pair, so a graph of which most hangs on a few nodes stays as it is, and
// its parts may come out twice as full as asked for. The streaming partitioner fills them whatever the graph.
constexpr double kFarTooFull = 1.5;

}  // namespace

std::string_view partition_method_name(PartitionMethod method) {
  switch (method) {
    case PartitionMethod::kAuto:
      return "auto";
    case PartitionMethod::kMetis:
      return "metis";
    case PartitionMethod::kStreaming:
      return "streaming";
  }
  return "";
}

VertexLoads vertex_loads(const UndirectedGraph& graph, const PartitionOptions& options) {
  VertexLoads result;
  std::vector<const NodeLoad*> kinds;
  for (const NodeLoad& load : options.loads) {
    std::uint64_t total = 0;
    for (const auto& type : load.of) total = std::accumulate(type.begin(), type.end(), total);
    if (total == 0) continue;
    kinds.push_back(&load);
    result.totals.push_back(total);
  }
  if (kinds.empty()) {
    result.kinds = 1;
    result.amounts.assign(graph.vertices(), 1);
    result.totals = {graph.vertices()};
    return result;
  }
  result.kinds = kinds.size();
  result.amounts.resize(graph.vertices() * kinds.size());
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    std::size_t at = k;
    for (const auto& type : kinds[k]->of) {
      for (const std::uint64_t amount : type) {
        result.amounts[at] = amount;
        at += kinds.size();
      }
    }
  }
  return result;
}

Partition partition(const GraphView& view, const PartitionOptions& options) {
  const UndirectedGraph graph(view);
  check_options(view, graph, options);
  Partition result{.parts = options.parts, .method = options.method};
  const std::string past = past_metis(graph, options);
  if (options.method == PartitionMethod::kMetis && !past.empty()) {
    throw Error(
        "METIS cannot partition this graph",
        {.value = past,
         .expected = "20 nodes a part or more, and nothing past 2^30 nodes, 2^31 adjacency entries and a sum "
                     "of edge weights of 2^31",
         .hint = "take the streaming method"});
  }
  if (options.method == PartitionMethod::kAuto)
    result.method = past.empty() ? PartitionMethod::kMetis : PartitionMethod::kStreaming;

  const std::uint64_t nodes = graph.vertices();
  std::vector<std::uint32_t> part_of;
  if (options.parts == 1) {
    part_of.assign(nodes, 0);
  } else if (result.method == PartitionMethod::kStreaming ||
             nothing_to_cut(graph, static_cast<NodeTypeId>(view.node_counts.size()), options)) {
    part_of = streaming_parts(graph, options);
  } else {
    part_of = metis_parts(graph, options);
    const double excess =
        options.method == PartitionMethod::kAuto ? worst_excess(graph, part_of, options) : 0;
    if (excess > kFarTooFull) {
      std::vector<std::uint32_t> streamed = streaming_parts(graph, options);
      if (worst_excess(graph, streamed, options) < excess) {
        part_of = std::move(streamed);
        result.method = PartitionMethod::kStreaming;
      }
    }
  }
  auto next = part_of.begin();
  for (const NodeId count : view.node_counts) {
    result.part_of.emplace_back(next, next + count);
    next += count;
  }
  return result;
}

}  // namespace weft::graph
