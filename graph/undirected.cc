#include "graph/undirected.h"

#include <algorithm>

#include "base/error.h"

namespace weft::graph {

UndirectedGraph::UndirectedGraph(const GraphView& graph) : starts_{0}, legs_(graph.node_counts.size()) {
  WEFT_CHECK(graph.schema != nullptr);
  for (const NodeId count : graph.node_counts) starts_.push_back(starts_.back() + count);
  for (const RelationId relation : graph.schema->relations()) {
    legs_[graph.schema->row_type(relation)].push_back(
        {relation, starts_[graph.schema->target_type(relation)], graph.relation(relation)});
  }
}

NodeRef UndirectedGraph::node(Vertex vertex) const {
  WEFT_CHECK(vertex < vertices());
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), vertex);
  const auto type = next - starts_.begin() - 1;
  return {static_cast<NodeTypeId>(type),
          static_cast<NodeId>(vertex - starts_[static_cast<std::size_t>(type)])};
}

std::uint64_t UndirectedGraph::degree(Vertex vertex) const {
  const NodeRef at = node(vertex);
  std::uint64_t sum = 0;
  for (const Leg& leg : legs_[at.type]) sum += leg.csr.degree(at.id);
  return sum;
}

std::uint64_t UndirectedGraph::degree_sum() const {
  std::uint64_t sum = 0;
  for (const auto& legs : legs_) {
    for (const Leg& leg : legs) sum += leg.csr.edges();
  }
  return sum;
}

}  // namespace weft::graph
