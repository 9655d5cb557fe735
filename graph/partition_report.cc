#include "graph/partition_report.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "graph/undirected.h"

namespace weft::graph {
namespace {

using Parts = std::vector<std::vector<std::uint32_t>>;  // [node type][node]

// visit(edge type, source, target) for each edge, both directions of a symmetric one.
template <typename Visit>
void for_edges(const GraphView& graph, Visit visit) {
  for (std::size_t t = 0; t < graph.schema->edge_types().size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    const CsrView& out = graph.relation(outgoing_relation(type));
    for (std::size_t row = 0; row < out.rows(); ++row) {
      for (const NodeId target : out.neighbours(static_cast<NodeId>(row)))
        visit(type, static_cast<NodeId>(row), target);
    }
  }
}

// The parts of all nodes shuffled (Fisher and Yates), so that each part keeps its size.
Parts shuffled(const Parts& parts, std::uint64_t seed) {
  std::vector<std::uint32_t> flat;
  for (const auto& type : parts) flat.insert(flat.end(), type.begin(), type.end());
  std::mt19937_64 random(seed);
  for (std::size_t i = flat.size(); i > 1; --i) std::swap(flat[i - 1], flat[random() % i]);
  Parts result;
  auto next = flat.begin();
  for (const auto& type : parts) {
    result.emplace_back(next, next + static_cast<std::ptrdiff_t>(type.size()));
    next += static_cast<std::ptrdiff_t>(type.size());
  }
  return result;
}

void count_edges(const GraphView& graph, const Partition& partition, std::uint64_t seed,
                 PartitionReport& report) {
  const Parts random = shuffled(partition.part_of, seed);
  const auto& edge_types = graph.schema->edge_types();
  // Edges of symmetric types are met from both ends, loops once: counted in halves.
  std::vector<std::uint64_t> inner_halves(partition.parts), edges(edge_types.size()),
      loops(edge_types.size());
  report.edge_types.resize(edge_types.size());
  for_edges(graph, [&](EdgeTypeId type, NodeId from, NodeId to) {
    const EdgeType& edge_type = edge_types[type];
    const std::uint32_t a = partition.part_of[edge_type.from][from], b = partition.part_of[edge_type.to][to];
    const bool loop = edge_type.from == edge_type.to && from == to;
    ++edges[type];
    loops[type] += loop ? 1 : 0;
    report.edge_types[type].cut += a != b ? 1 : 0;
    report.edge_types[type].random_cut += random[edge_type.from][from] != random[edge_type.to][to] ? 1 : 0;
    if (a == b) inner_halves[a] += edge_type.symmetric && !loop ? 1 : 2;
  });
  for (std::size_t t = 0; t < edge_types.size(); ++t) {
    EdgeCut& cut = report.edge_types[t];
    cut.edges = edge_types[t].symmetric ? (edges[t] - loops[t]) / 2 + loops[t] : edges[t];
    if (edge_types[t].symmetric) cut.cut /= 2, cut.random_cut /= 2;
  }
  for (const std::uint64_t halves : inner_halves) report.inner_edges.push_back(halves / 2);
}

}  // namespace

std::vector<HaloTable> halo_tables(const GraphView& view, const Partition& partition) {
  const UndirectedGraph graph(view);
  std::vector<HaloTable> result;
  std::vector<std::uint64_t> seen(partition.parts);  // the last vertex, plus 1, that touched the part
  for (std::size_t t = 0; t < view.node_counts.size(); ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    std::vector<std::vector<NodeId>> halo(partition.parts);
    for (NodeId node = 0; node < view.node_counts[t]; ++node) {
      const std::uint64_t vertex = graph.vertex({type, node});
      seen[partition.part_of[t][node]] = vertex + 1;
      for (const UndirectedGraph::Leg& leg : graph.legs(type)) {
        const std::vector<std::uint32_t>& others = partition.part_of[view.schema->target_type(leg.relation)];
        for (const NodeId other : leg.csr.neighbours(node)) {
          const std::uint32_t part = others[other];
          if (seen[part] == vertex + 1) continue;
          seen[part] = vertex + 1;
          halo[part].push_back(node);
        }
      }
    }
    HaloTable table{.offsets = {0}};
    for (std::vector<NodeId>& nodes : halo) {
      table.nodes.insert(table.nodes.end(), nodes.begin(), nodes.end());
      table.offsets.push_back(table.nodes.size());
      nodes = {};
    }
    result.push_back(std::move(table));
  }
  return result;
}

EdgeCut PartitionReport::all_edges() const {
  EdgeCut all;
  for (const EdgeCut& type : edge_types)
    all.edges += type.edges, all.cut += type.cut, all.random_cut += type.random_cut;
  return all;
}

double PartitionReport::imbalance(std::size_t load) const {
  const std::vector<std::uint64_t>& amounts = loads.at(load);
  const std::uint64_t total = std::accumulate(amounts.begin(), amounts.end(), std::uint64_t{0});
  if (total == 0) return 1;
  const std::uint64_t most = *std::max_element(amounts.begin(), amounts.end());
  return static_cast<double>(most) * static_cast<double>(amounts.size()) / static_cast<double>(total);
}

PartitionReport report_partition(const GraphView& graph, const Partition& partition,
                                 const std::vector<HaloTable>& halos, const std::vector<NodeLoad>& loads,
                                 std::uint64_t seed) {
  PartitionReport report;
  count_edges(graph, partition, seed, report);
  for (std::size_t t = 0; t < partition.part_of.size(); ++t) {
    report.nodes.emplace_back(partition.parts);
    report.halo.emplace_back(partition.parts);
    for (const std::uint32_t part : partition.part_of[t]) ++report.nodes[t][part];
    for (std::uint32_t part = 0; part < partition.parts; ++part)
      report.halo[t][part] = halos[t].of(part).size();
  }
  for (const NodeLoad& load : loads) {
    report.load_names.push_back(load.name);
    report.loads.emplace_back(partition.parts);
    for (std::size_t t = 0; t < load.of.size(); ++t) {
      for (std::size_t n = 0; n < load.of[t].size(); ++n)
        report.loads.back()[partition.part_of[t][n]] += load.of[t][n];
    }
  }
  return report;
}

}  // namespace weft::graph
