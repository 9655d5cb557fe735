// A Boost.Graph model over a GraphView: all node types and edge types as one undirected graph, not copied.
// Models VertexListGraph, IncidenceGraph and AdjacencyGraph. Vertices are numbered type after type; parallel
// edges and loops are there as they are in the view. Includes Boost: graph/boost_graph.h is the plain
// interface.
#pragma once

#include <boost/graph/adjacency_iterator.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <cstdint>
#include <utility>

#include "graph/undirected.h"

namespace weft::graph {

// One edge as seen from one of its ends. Equal if it is the same edge of the snapshot, from whichever end.
struct BoostEdge {
  std::uint64_t source = 0;
  std::uint64_t target = 0;
  EdgeTypeId type = 0;
  EdgeId id = 0;  // the snapshot's
  bool operator==(const BoostEdge& other) const { return type == other.type && id == other.id; }
  bool operator!=(const BoostEdge& other) const { return !(*this == other); }
};

// Walks a vertex's rows, relation after relation.
class BoostOutEdgeIterator : public boost::iterator_facade<BoostOutEdgeIterator, BoostEdge,
                                                           boost::forward_traversal_tag, BoostEdge> {
 public:
  BoostOutEdgeIterator() = default;
  static BoostOutEdgeIterator begin(const UndirectedGraph& graph, std::uint64_t vertex) {
    BoostOutEdgeIterator result(graph, vertex);
    result.enter_rows();
    return result;
  }
  static BoostOutEdgeIterator end(const UndirectedGraph& graph, std::uint64_t vertex) {
    BoostOutEdgeIterator result(graph, vertex);
    result.leg_ = result.legs_->size();
    return result;
  }

 private:
  friend class boost::iterator_core_access;
  BoostOutEdgeIterator(const UndirectedGraph& graph, std::uint64_t vertex)
      : vertex_(vertex), row_(graph.node(vertex).id), legs_(&graph.legs(graph.node(vertex).type)) {}

  BoostEdge dereference() const {
    const UndirectedGraph::Leg& leg = (*legs_)[leg_];
    return {vertex_, leg.target_start + leg.csr.targets[position_], edge_type_of(leg.relation),
            leg.csr.edge_id(position_)};
  }
  void increment() {
    if (++position_ < (*legs_)[leg_].csr.offsets[row_ + 1]) return;
    ++leg_;
    enter_rows();
  }
  bool equal(const BoostOutEdgeIterator& other) const {
    return leg_ == other.leg_ && position_ == other.position_;
  }
  // To the first edge of this relation or a later one; at the end, position 0.
  void enter_rows() {
    for (position_ = 0; leg_ < legs_->size(); ++leg_) {
      const auto& offsets = (*legs_)[leg_].csr.offsets;
      if (offsets[row_] == offsets[row_ + 1]) continue;
      position_ = offsets[row_];
      return;
    }
  }

  std::uint64_t vertex_ = 0;
  std::size_t row_ = 0;
  const std::vector<UndirectedGraph::Leg>* legs_ = nullptr;
  std::size_t leg_ = 0;
  std::uint64_t position_ = 0;
};

class BoostGraph {
 public:
  // What boost::graph_traits asks for.
  using vertex_descriptor = std::uint64_t;
  using edge_descriptor = BoostEdge;
  using directed_category = boost::undirected_tag;
  using edge_parallel_category = boost::allow_parallel_edge_tag;
  struct traversal_category : boost::vertex_list_graph_tag,
                              boost::incidence_graph_tag,
                              boost::adjacency_graph_tag {};
  using vertex_iterator = boost::counting_iterator<vertex_descriptor>;
  using out_edge_iterator = BoostOutEdgeIterator;
  using adjacency_iterator =
      boost::adjacency_iterator_generator<BoostGraph, vertex_descriptor, BoostOutEdgeIterator>::type;
  using edge_iterator = void;
  using vertices_size_type = std::uint64_t;
  using edges_size_type = std::uint64_t;
  using degree_size_type = std::uint64_t;
  static vertex_descriptor null_vertex() { return ~vertex_descriptor{0}; }

  // The view's arrays must outlive it, and it its iterators.
  explicit BoostGraph(const GraphView& graph) : graph_(graph) {}
  const UndirectedGraph& undirected() const { return graph_; }

 private:
  UndirectedGraph graph_;
};

// The functions of the concepts, found by argument-dependent lookup.
inline std::uint64_t num_vertices(const BoostGraph& graph) {
  return graph.undirected().vertices();
}
inline std::pair<BoostGraph::vertex_iterator, BoostGraph::vertex_iterator> vertices(const BoostGraph& graph) {
  return {BoostGraph::vertex_iterator(0), BoostGraph::vertex_iterator(num_vertices(graph))};
}
inline std::uint64_t out_degree(std::uint64_t vertex, const BoostGraph& graph) {
  return graph.undirected().degree(vertex);
}
inline std::pair<BoostOutEdgeIterator, BoostOutEdgeIterator> out_edges(std::uint64_t vertex,
                                                                       const BoostGraph& graph) {
  return {BoostOutEdgeIterator::begin(graph.undirected(), vertex),
          BoostOutEdgeIterator::end(graph.undirected(), vertex)};
}
inline std::uint64_t source(const BoostEdge& edge, const BoostGraph&) {
  return edge.source;
}
inline std::uint64_t target(const BoostEdge& edge, const BoostGraph&) {
  return edge.target;
}
inline std::pair<BoostGraph::adjacency_iterator, BoostGraph::adjacency_iterator> adjacent_vertices(
    std::uint64_t vertex, const BoostGraph& graph) {
  const auto [first, last] = out_edges(vertex, graph);
  return {BoostGraph::adjacency_iterator(first, &graph), BoostGraph::adjacency_iterator(last, &graph)};
}

}  // namespace weft::graph
