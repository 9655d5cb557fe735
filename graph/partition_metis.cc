#include <fmt/format.h>
#include <metis.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "base/error.h"
#include "graph/partition_methods.h"

namespace weft::graph {
namespace {

static_assert(IDXTYPEWIDTH == 32 && REALTYPEWIDTH == 32,
              "the checks below are for a METIS with 32-bit indices and floats");
constexpr std::uint64_t kMaxIndex = std::numeric_limits<idx_t>::max();
// Nodes, and the sum of a load after scaling: METIS adds loads up in idx_t, and each node may count one more
// than its share.
constexpr std::uint64_t kMostNodes = kMaxIndex / 2;
constexpr std::uint64_t kMostLoad = kMaxIndex / 2;
// With fewer nodes a part than that METIS runs out of nodes while it bisects, prints so, and leaves parts
// empty.
constexpr std::uint64_t kLeastNodesAPart = 20;

// METIS's own form: sorted distinct neighbours without loops, the costs of parallel edges added up.
struct Adjacency {
  std::vector<idx_t> offsets = {};
  std::vector<idx_t> targets = {};
  std::vector<idx_t> weights = {};
};

Adjacency build_adjacency(const UndirectedGraph& graph, const PartitionOptions& options) {
  Adjacency result;
  result.offsets.reserve(graph.vertices() + 1);
  result.offsets.push_back(0);
  std::vector<std::pair<idx_t, idx_t>> row;  // neighbour, cost
  for (std::uint64_t vertex = 0; vertex < graph.vertices(); ++vertex) {
    const NodeRef node = graph.node(vertex);
    row.clear();
    for (const UndirectedGraph::Leg& leg : graph.legs(node.type)) {
      const auto weight = static_cast<idx_t>(edge_weight(leg, options));
      if (weight == 0) continue;
      for (const NodeId target : leg.csr.neighbours(node.id)) {
        const std::uint64_t other = leg.target_start + target;
        if (other != vertex) row.emplace_back(static_cast<idx_t>(other), weight);
      }
    }
    std::sort(row.begin(), row.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i].first == row[i - 1].first) {
        result.weights.back() += row[i].second;
      } else {
        result.targets.push_back(row[i].first);
        result.weights.push_back(row[i].second);
      }
    }
    result.offsets.push_back(static_cast<idx_t>(result.targets.size()));
  }
  return result;
}

// [vertices, kinds]; sums past kMostLoad scaled down, but nothing that is there to 0. A node heavier than a
// part's share counts as that share: it fills a part either way, and METIS would have bisections without a
// node.
std::vector<idx_t> scaled(const VertexLoads& loads, std::uint32_t parts) {
  std::vector<idx_t> result(loads.amounts.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::uint64_t total = loads.totals[i % loads.kinds];
    const std::uint64_t amount = std::min(loads.amounts[i], std::max<std::uint64_t>(1, total / parts));
    if (total <= kMostLoad) {
      result[i] = static_cast<idx_t>(amount);
    } else if (amount > 0) {
      const double share = static_cast<double>(amount) / static_cast<double>(total);
      result[i] = std::max<idx_t>(1, static_cast<idx_t>(share * static_cast<double>(kMostLoad)));
    }
  }
  return result;
}

}  // namespace

std::string past_metis(const UndirectedGraph& graph, const PartitionOptions& options) {
  const std::uint64_t nodes = graph.vertices();
  if (options.parts > 1 && nodes / options.parts < kLeastNodesAPart)
    return fmt::format("fewer than {} nodes a part", kLeastNodesAPart);
  const std::uint64_t kinds = std::max<std::size_t>(1, options.loads.size());
  if (nodes > kMostNodes || nodes * kinds > kMaxIndex)
    return fmt::format("{} nodes with {} load{}", nodes, kinds, kinds == 1 ? "" : "s");
  if (const std::uint64_t entries = graph.degree_sum(); entries > kMaxIndex)
    return fmt::format("{} adjacency entries", entries);
  std::uint64_t cost = 0;
  for (std::size_t type = 0; type < graph.node_types(); ++type) {
    for (const UndirectedGraph::Leg& leg : graph.legs(static_cast<NodeTypeId>(type))) {
      cost += leg.csr.edges() * edge_weight(leg, options);  // below 2^31 x 2^32
      if (cost > kMaxIndex) return fmt::format("edge weights that add up to {} or more", cost);
    }
  }
  return "";
}

std::vector<std::uint32_t> metis_parts(const UndirectedGraph& graph, const PartitionOptions& options) {
  Adjacency adjacency = build_adjacency(graph, options);
  const VertexLoads loads = vertex_loads(graph, options);
  std::vector<idx_t> vertex_weights = scaled(loads, options.parts);
  auto vertices = static_cast<idx_t>(graph.vertices());
  auto parts = static_cast<idx_t>(options.parts);
  auto constraints = static_cast<idx_t>(loads.kinds);
  idx_t cut = 0;
  std::vector<idx_t> part_of(graph.vertices());
  idx_t settings[METIS_NOPTIONS];
  METIS_SetDefaultOptions(settings);
  settings[METIS_OPTION_SEED] = static_cast<idx_t>((options.seed ^ (options.seed >> 31)) & 0x7fffffff);
  std::vector<real_t> imbalance(loads.kinds, static_cast<real_t>(options.imbalance));
  // METIS's manual: bisection gives better cuts for few parts.
  const bool recursive = options.parts <= 8;
  static std::mutex one_at_a_time;  // its random numbers are the process's
  const std::lock_guard lock(one_at_a_time);
  const auto call = recursive ? METIS_PartGraphRecursive : METIS_PartGraphKway;
  const int status = call(&vertices, &constraints, adjacency.offsets.data(), adjacency.targets.data(),
                          vertex_weights.data(), nullptr, adjacency.weights.data(), &parts, nullptr,
                          imbalance.data(), settings, &cut, part_of.data());
  if (status == METIS_ERROR_MEMORY)
    throw Error("METIS ran out of memory", {.hint = "take the streaming method"});
  if (status != METIS_OK)
    throw Error("METIS could not partition the graph",
                {.value = fmt::format("status {}", status), .hint = "take the streaming method"});
  for (const idx_t part : part_of) WEFT_CHECK(part >= 0 && part < parts);
  return {part_of.begin(), part_of.end()};
}

}  // namespace weft::graph
