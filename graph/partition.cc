#include "graph/partition.h"

#include <fmt/format.h>
#include <metis.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/error.h"
#include "graph/undirected.h"

namespace weft::graph {
namespace {

static_assert(IDXTYPEWIDTH == 32, "the checks below are for a METIS with 32-bit indices");
constexpr std::uint64_t kMaxIndex = std::numeric_limits<idx_t>::max();

// METIS's own form: sorted distinct neighbours without loops, parallel edges added up.
struct Adjacency {
  std::vector<idx_t> offsets = {};
  std::vector<idx_t> targets = {};
  std::vector<idx_t> weights = {};
};

Adjacency build_adjacency(const UndirectedGraph& graph) {
  Adjacency result;
  result.offsets.reserve(graph.vertices() + 1);
  result.offsets.push_back(0);
  std::vector<idx_t> row;
  for (std::uint64_t vertex = 0; vertex < graph.vertices(); ++vertex) {
    const NodeRef node = graph.node(vertex);
    row.clear();
    for (const auto& leg : graph.legs(node.type)) {
      for (const NodeId target : leg.csr.neighbours(node.id)) {
        if (leg.target_start + target != vertex) row.push_back(static_cast<idx_t>(leg.target_start + target));
      }
    }
    std::sort(row.begin(), row.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i] == row[i - 1]) {
        ++result.weights.back();
      } else {
        result.targets.push_back(row[i]);
        result.weights.push_back(1);
      }
    }
    result.offsets.push_back(static_cast<idx_t>(result.targets.size()));
  }
  return result;
}

void check_options(const UndirectedGraph& graph, const PartitionOptions& options) {
  const std::uint64_t nodes = graph.vertices();
  if (options.parts == 0 || options.parts > nodes) {
    throw Error(
        "number of parts is out of range",
        {.value = std::to_string(options.parts), .expected = fmt::format("from 1 to {} (nodes)", nodes)},
        ErrorKind::kUsage);
  }
  if (!(options.imbalance >= 1.001 && options.imbalance <= 1000)) {
    throw Error("imbalance of parts is out of range",
                {.value = fmt::format("{}", options.imbalance), .expected = "from 1.001 to 1000"},
                ErrorKind::kUsage);
  }
  if (nodes > kMaxIndex || graph.degree_sum() > kMaxIndex) {
    throw Error("graph is too large for METIS's 32-bit indices",
                {.value = fmt::format("{} nodes, {} adjacency entries", nodes, graph.degree_sum()),
                 .expected = fmt::format("at most {} of each", kMaxIndex)});
  }
}

std::vector<idx_t> run_metis(Adjacency& adjacency, const PartitionOptions& options) {
  auto vertices = static_cast<idx_t>(adjacency.offsets.size() - 1);
  auto parts = static_cast<idx_t>(options.parts);
  idx_t constraints = 1;
  idx_t cut = 0;
  std::vector<idx_t> part_of(adjacency.offsets.size() - 1);
  idx_t settings[METIS_NOPTIONS];
  METIS_SetDefaultOptions(settings);
  settings[METIS_OPTION_SEED] = static_cast<idx_t>((options.seed ^ (options.seed >> 31)) & 0x7fffffff);
  settings[METIS_OPTION_UFACTOR] = static_cast<idx_t>(std::lround((options.imbalance - 1.0) * 1000));
  // METIS's manual: bisection gives better cuts for few parts, and is the sound choice where parts hold few
  // nodes.
  const bool recursive = options.parts <= 8 || options.parts > part_of.size() / 20;
  static std::mutex one_at_a_time;  // its random numbers are the process's
  const std::lock_guard lock(one_at_a_time);
  const auto call = recursive ? METIS_PartGraphRecursive : METIS_PartGraphKway;
  const int status =
      call(&vertices, &constraints, adjacency.offsets.data(), adjacency.targets.data(), nullptr, nullptr,
           adjacency.weights.data(), &parts, nullptr, nullptr, settings, &cut, part_of.data());
  if (status == METIS_ERROR_MEMORY) throw Error("METIS ran out of memory");
  if (status != METIS_OK)
    throw Error("METIS could not partition the graph", {.value = fmt::format("status {}", status)});
  return part_of;
}

}  // namespace

Partition partition_metis(const GraphView& view, const PartitionOptions& options) {
  const UndirectedGraph graph(view);
  check_options(graph, options);
  const std::uint64_t nodes = graph.vertices();
  Adjacency adjacency = build_adjacency(graph);
  std::vector<idx_t> part_of(nodes, 0);
  if (adjacency.targets.empty()) {  // METIS wants edges; any even cut is a best one
    for (std::uint64_t v = 0; v < nodes; ++v) part_of[v] = static_cast<idx_t>(v * options.parts / nodes);
  } else if (options.parts > 1) {
    part_of = run_metis(adjacency, options);
  }

  Partition result{.total_edges = graph.degree_sum() / 2};
  std::uint64_t cut_twice = 0;
  for (std::uint64_t v = 0; v < nodes; ++v) {
    WEFT_CHECK(part_of[v] >= 0 && part_of[v] < static_cast<idx_t>(options.parts));
    for (auto i = static_cast<std::size_t>(adjacency.offsets[v]);
         i < static_cast<std::size_t>(adjacency.offsets[v + 1]); ++i) {
      const bool cut = part_of[v] != part_of[static_cast<std::size_t>(adjacency.targets[i])];
      cut_twice += cut ? static_cast<std::uint64_t>(adjacency.weights[i]) : 0;
    }
  }
  result.cut_edges = cut_twice / 2;
  auto next = part_of.begin();
  for (const NodeId count : view.node_counts) {
    result.part_of.emplace_back(next, next + count);
    next += count;
  }
  return result;
}

}  // namespace weft::graph
