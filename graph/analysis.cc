#include "graph/analysis.h"

#include <algorithm>

#include "graph/boost_graph.h"
#include "graph/core_numbers.h"
#include "graph/undirected.h"

namespace weft::graph {
namespace {

void add_components(const GraphView& graph, std::size_t sizes, GraphAnalysis& out) {
  Components components = connected_components(graph);
  out.components = components.count;
  std::sort(components.sizes.rbegin(), components.sizes.rend());
  components.sizes.resize(std::min(components.sizes.size(), sizes));
  out.component_sizes = std::move(components.sizes);
}

void add_cores(const GraphView& graph, GraphAnalysis& out) {
  const auto cores = core_numbers(graph);
  for (std::size_t type = 0; type < cores.size(); ++type) {
    for (const std::uint32_t core : cores[type]) {
      auto& counts = out.cores[core];
      counts.resize(cores.size());
      ++counts[type];
    }
  }
}

std::vector<RankedNode> top_nodes(const std::vector<double>& ranks, std::size_t count) {
  std::vector<NodeId> order(ranks.size());
  for (NodeId node = 0; node < order.size(); ++node) order[node] = node;
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](NodeId a, NodeId b) { return ranks[a] != ranks[b] ? ranks[a] > ranks[b] : a < b; });
  std::vector<RankedNode> top;
  for (std::size_t i = 0; i < count; ++i) top.push_back({order[i], ranks[order[i]], 0});
  return top;
}

void add_page_rank(const GraphView& graph, const AnalysisOptions& options, GraphAnalysis& out) {
  const PageRank ranks = page_rank(graph, {.damping = options.damping});
  out.page_rank_iterations = ranks.iterations;
  out.page_rank_change = ranks.change;
  for (const auto& of_type : ranks.rank_of) out.top.push_back(top_nodes(of_type, options.top));
}

void add_degrees(const GraphView& graph, GraphAnalysis& out) {
  const UndirectedGraph undirected(graph);
  out.nodes = undirected.vertices();
  out.edges = undirected.degree_sum() / 2;
  out.relation_degrees.resize(graph.relations.size());
  for (NodeTypeId type = 0; type < graph.node_counts.size(); ++type) {
    const NodeId nodes = graph.node_counts[type];
    std::vector<std::uint64_t> all(nodes);
    for (const UndirectedGraph::Leg& leg : undirected.legs(type)) {
      std::vector<std::uint64_t> of_relation(nodes);
      for (NodeId node = 0; node < nodes; ++node) {
        of_relation[node] = leg.csr.degree(node);
        all[node] += of_relation[node];
      }
      out.relation_degrees[leg.relation] = spread_of(std::move(of_relation));
    }
    for (RankedNode& node : out.top[type]) node.degree = all[node.node];
    out.degrees.push_back(spread_of(std::move(all)));
  }
}

}  // namespace

Spread spread_of(std::vector<std::uint64_t> values) {
  Spread spread;
  if (values.empty()) return spread;
  const std::size_t n = values.size();
  const auto nth = [&](std::size_t i) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(i);
    std::nth_element(values.begin(), at, values.end());
    return *at;
  };
  double sum = 0;
  for (const std::uint64_t value : values) sum += static_cast<double>(value);
  spread.zeros = static_cast<std::uint64_t>(std::count(values.begin(), values.end(), std::uint64_t{0}));
  spread.mean = sum / static_cast<double>(n);
  spread.median = nth((n - 1) / 2);
  spread.p99 = nth((n * 99 + 99) / 100 - 1);
  spread.max = *std::max_element(values.begin(), values.end());
  return spread;
}

GraphAnalysis analyse(const GraphView& graph, const AnalysisOptions& options,
                      const std::function<void(std::string_view)>& step) {
  const auto begin = [&](std::string_view name) {
    if (step) step(name);
  };
  GraphAnalysis out;
  begin("components");
  add_components(graph, options.component_sizes, out);
  begin("core numbers");
  add_cores(graph, out);
  begin("PageRank");
  add_page_rank(graph, options, out);
  begin("degrees");
  add_degrees(graph, out);
  return out;
}

}  // namespace weft::graph
