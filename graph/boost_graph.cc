#include "graph/boost_graph.h"

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/page_rank.hpp>
#include <boost/graph/two_bit_color_map.hpp>
#include <boost/pending/queue.hpp>
#include <boost/property_map/property_map.hpp>
#include <cmath>

#include "base/error.h"
#include "graph/boost_adaptor.h"

namespace weft::graph {
namespace {

using Index = boost::typed_identity_property_map<std::uint64_t>;

// [node type][node] of an array over vertices.
template <typename T>
std::vector<std::vector<T>> by_type(const GraphView& graph, const std::vector<T>& flat) {
  std::vector<std::vector<T>> result;
  auto next = flat.begin();
  for (const NodeId count : graph.node_counts) {
    result.emplace_back(next, next + count);
    next += count;
  }
  return result;
}

// Writes the number of the component at each vertex that it comes to.
class ComponentVisitor : public boost::default_bfs_visitor {
 public:
  ComponentVisitor(std::vector<std::uint32_t>& component, std::uint32_t number, std::uint64_t& size)
      : component_(&component), number_(number), size_(&size) {}
  void discover_vertex(std::uint64_t vertex, const BoostGraph&) {
    (*component_)[vertex] = number_;
    ++*size_;
  }

 private:
  std::vector<std::uint32_t>* component_;
  std::uint32_t number_;
  std::uint64_t* size_;
};

// Tells Boost when to stop: after the iterations allowed, or when the ranks hardly change. Boost's ranks sum
// to the number of nodes (less what nodes without edges lose), so its changes are measured in shares of the
// sum.
class RanksStand {
 public:
  RanksStand(const PageRankOptions& options, std::uint64_t vertices, PageRank& result)
      : options_(options), before_(vertices), result_(result) {}

  template <typename RankMap>
  bool operator()(const RankMap& ranks, const BoostGraph&) {
    double sum = 0, change = 0;
    for (std::uint64_t v = 0; v < before_.size(); ++v) {
      const double rank = get(ranks, v);
      sum += rank;
      change += std::abs(rank - before_[v]);
      before_[v] = rank;
    }
    if (first_) {  // what Boost begins with: no iteration yet
      first_ = false;
      return options_.max_iterations == 0;
    }
    result_.change = change / sum;
    return ++result_.iterations >= options_.max_iterations || result_.change < options_.tolerance;
  }

 private:
  const PageRankOptions& options_;
  std::vector<double> before_;
  PageRank& result_;
  bool first_ = true;
};

}  // namespace

Components connected_components(const GraphView& graph) {
  const BoostGraph adaptor(graph);
  const std::uint64_t vertices = num_vertices(adaptor);
  if (vertices >= kNoNode)
    throw Error("too many nodes for connected components", {.value = std::to_string(vertices)});

  Components result;
  std::vector<std::uint32_t> component(vertices);
  const auto colour = boost::make_two_bit_color_map(vertices, Index());
  boost::queue<std::uint64_t> waiting;
  for (std::uint64_t v = 0; v < vertices; ++v) {
    if (get(colour, v) != boost::two_bit_white) continue;
    result.sizes.push_back(0);
    boost::breadth_first_visit(adaptor, v, waiting,
                               ComponentVisitor(component, result.count++, result.sizes.back()), colour);
  }
  result.component_of = by_type(graph, component);
  return result;
}

PageRank page_rank(const GraphView& graph, const PageRankOptions& options) {
  WEFT_CHECK(options.damping >= 0 && options.damping < 1);
  const BoostGraph adaptor(graph);
  const std::uint64_t vertices = num_vertices(adaptor);
  PageRank result;
  std::vector<double> ranks(vertices);
  if (vertices > 0) {
    std::vector<double> other(vertices);
    RanksStand done(options, vertices, result);
    // The argument after `damping` is what Boost divides 1 by to begin with. Its ranks sum to the number of
    // nodes in the end, so each begins with 1.
    boost::graph::page_rank(adaptor, boost::make_iterator_property_map(ranks.begin(), Index()),
                            std::ref(done), options.damping, 1,
                            boost::make_iterator_property_map(other.begin(), Index()));
  }
  double sum = 0;
  for (const double rank : ranks) sum += rank;
  for (double& rank : ranks) rank /= sum;
  result.rank_of = by_type(graph, ranks);
  return result;
}

}  // namespace weft::graph
