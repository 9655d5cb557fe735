// All nodes of all types as one range of vertices, type after type, and the relations that lead to their
// neighbours. Internal to graph/: shared by the Boost adaptor and the METIS call.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

// Every edge is seen from both its ends, once from each: the outgoing relation at its source, the incoming at
// its target. A symmetric type's rows hold both directions already. A loop is seen twice from its node.
class UndirectedGraph {
 public:
  using Vertex = std::uint64_t;

  explicit UndirectedGraph(const GraphView& graph);  // the view's arrays must outlive it

  std::uint64_t vertices() const { return starts_.back(); }
  std::size_t node_types() const { return legs_.size(); }
  Vertex vertex(NodeRef node) const { return starts_[node.type] + node.id; }
  NodeRef node(Vertex vertex) const;
  std::uint64_t degree(Vertex vertex) const;
  // Sum of all degrees: twice the number of undirected edges.
  std::uint64_t degree_sum() const;

  // One relation whose rows are nodes of a type.
  struct Leg {
    RelationId relation = 0;
    Vertex target_start = 0;  // first vertex of the targets' type
    CsrView csr = {};
  };
  const std::vector<Leg>& legs(NodeTypeId type) const { return legs_[type]; }

 private:
  std::vector<Vertex> starts_;          // [node types + 1]
  std::vector<std::vector<Leg>> legs_;  // [node type]
};

}  // namespace weft::graph
