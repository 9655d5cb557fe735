#include "graph/analysis.h"

#include <algorithm>

#include "graph/boost_graph.h"
#include "graph/core_numbers.h"
#include "graph/undirected.h"

namespace weft::graph {
namespace {

std::span<const NodeId> left_out(const AnalysisOptions& options, std::size_t type) {
  return type < options.left_out.size() ? options.left_out[type] : std::span<const NodeId>();
}

void add_components(const GraphView& graph, const AnalysisOptions& options, GraphAnalysis& out) {
  Components components = connected_components(graph);
  std::sort(components.sizes.rbegin(), components.sizes.rend());
  // What is left out has no edge: a component of its own each, among the smallest.
  for (const auto& nodes : options.left_out) components.sizes.resize(components.sizes.size() - nodes.size());
  out.components = static_cast<std::uint32_t>(components.sizes.size());
  components.sizes.resize(std::min(components.sizes.size(), options.component_sizes));
  out.component_sizes = std::move(components.sizes);
}

void add_cores(const GraphView& graph, const AnalysisOptions& options, GraphAnalysis& out) {
  const auto cores = core_numbers(graph);
  for (std::size_t type = 0; type < cores.size(); ++type) {
    for (const std::uint32_t core : cores[type]) {
      auto& counts = out.cores[core];
      counts.resize(cores.size());
      ++counts[type];
    }
    if (!left_out(options, type).empty()) out.cores[0][type] -= left_out(options, type).size();
  }
  const auto zero = out.cores.find(0);
  if (zero != out.cores.end() &&
      std::all_of(zero->second.begin(), zero->second.end(), [](std::uint64_t count) { return count == 0; }))
    out.cores.erase(zero);
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

// Nodes without edges give and take rank through the fresh starts alone, which are the same for all nodes:
// the ranks of the others without them are these, scaled to sum to 1.
void leave_out(const AnalysisOptions& options, std::vector<std::vector<double>>& rank_of) {
  double gone = 0;
  bool any = false;
  for (std::size_t type = 0; type < rank_of.size(); ++type) {
    for (const NodeId node : left_out(options, type)) {
      gone += rank_of[type][node];
      rank_of[type][node] = -1;  // behind all others
      any = true;
    }
  }
  if (!any) return;
  for (std::vector<double>& of_type : rank_of) {
    for (double& rank : of_type) rank = rank < 0 ? rank : rank / (1 - gone);
  }
}

void add_page_rank(const GraphView& graph, const AnalysisOptions& options, GraphAnalysis& out) {
  PageRank ranks = page_rank(graph, {.damping = options.damping});
  out.page_rank_iterations = ranks.iterations;
  out.page_rank_change = ranks.change;
  leave_out(options, ranks.rank_of);
  for (std::size_t type = 0; type < ranks.rank_of.size(); ++type) {
    const std::vector<double>& of_type = ranks.rank_of[type];
    const std::size_t nodes = of_type.size() - left_out(options, type).size();
    out.top.push_back(top_nodes(of_type, std::min(options.top, nodes)));
  }
}

// Of the type's nodes; `count` of them, which have 0, are none.
Spread spread_without(std::vector<std::uint64_t> values, std::size_t count) {
  for (std::size_t i = values.size(); i > 0 && count > 0; --i) {
    if (values[i - 1] != 0) continue;
    values[i - 1] = values.back();
    values.pop_back();
    --count;
  }
  return spread_of(std::move(values));
}

void add_degrees(const GraphView& graph, const AnalysisOptions& options, GraphAnalysis& out) {
  const UndirectedGraph undirected(graph);
  out.nodes = undirected.vertices();
  for (const auto& nodes : options.left_out) out.nodes -= nodes.size();
  out.edges = undirected.degree_sum() / 2;
  out.relation_degrees.resize(graph.relations.size());
  for (NodeTypeId type = 0; type < graph.node_counts.size(); ++type) {
    const NodeId nodes = graph.node_counts[type];
    const std::size_t none = left_out(options, type).size();
    std::vector<std::uint64_t> all(nodes);
    for (const UndirectedGraph::Leg& leg : undirected.legs(type)) {
      std::vector<std::uint64_t> of_relation(nodes);
      for (NodeId node = 0; node < nodes; ++node) {
        of_relation[node] = leg.csr.degree(node);
        all[node] += of_relation[node];
      }
      out.relation_degrees[leg.relation] = spread_without(std::move(of_relation), none);
    }
    for (RankedNode& node : out.top[type]) node.degree = all[node.node];
    out.degrees.push_back(spread_without(std::move(all), none));
  }
}

}  // namespace

std::vector<std::span<const NodeId>> forgotten_nodes(const Snapshot& snapshot) {
  std::vector<std::span<const NodeId>> out;
  for (std::size_t i = 0; i < snapshot.schema().node_types().size(); ++i) {
    const auto type = static_cast<NodeTypeId>(i);
    out.push_back(snapshot.id_order(type).first(snapshot.forgotten_nodes(type)));
  }
  return out;
}

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
  add_components(graph, options, out);
  begin("core numbers");
  add_cores(graph, options, out);
  begin("PageRank");
  add_page_rank(graph, options, out);
  begin("degrees");
  add_degrees(graph, options, out);
  return out;
}

}  // namespace weft::graph
