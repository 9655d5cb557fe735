#include "graph/core_numbers.h"

#include <algorithm>

#include "base/error.h"
#include "graph/undirected.h"

namespace weft::graph {
namespace {

using Vertices = std::vector<std::uint32_t>;

// The vertex's distinct neighbours other than itself, ascending, in `out`.
void distinct_neighbours(const UndirectedGraph& graph, std::uint32_t vertex, Vertices& out) {
  out.clear();
  const NodeRef node = graph.node(vertex);
  for (const UndirectedGraph::Leg& leg : graph.legs(node.type)) {
    for (const NodeId target : leg.csr.neighbours(node.id)) {
      const auto neighbour = static_cast<std::uint32_t>(leg.target_start + target);
      if (neighbour != vertex) out.push_back(neighbour);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

// The vertices that are left, ascending in what is left of their degrees, so that the next to go is found at
// once and a degree falls by one in constant time.
class DegreeOrder {
 public:
  explicit DegreeOrder(Vertices& degrees)
      : degrees_(degrees), order_(degrees.size()), place_(degrees.size()) {
    const std::uint32_t most = degrees.empty() ? 0 : *std::max_element(degrees.begin(), degrees.end());
    starts_.resize(std::size_t{most} + 2);
    for (const std::uint32_t degree : degrees) ++starts_[degree + 1];
    for (std::size_t d = 1; d < starts_.size(); ++d) starts_[d] += starts_[d - 1];
    Vertices next(starts_.begin(), starts_.end());
    for (std::uint32_t v = 0; v < degrees.size(); ++v) {
      place_[v] = next[degrees[v]]++;
      order_[place_[v]] = v;
    }
  }

  std::uint32_t operator[](std::size_t place) const { return order_[place]; }

  // The first of the vertex's degree changes places with it and their border moves past it.
  void lower(std::uint32_t vertex) {
    const std::uint32_t border = starts_[degrees_[vertex]]++;
    const std::uint32_t first = order_[border];
    std::swap(order_[place_[vertex]], order_[border]);
    std::swap(place_[vertex], place_[first]);
    --degrees_[vertex];
  }

 private:
  Vertices& degrees_;
  Vertices order_;   // [place] vertex
  Vertices place_;   // [vertex]
  Vertices starts_;  // [degree] first place of that degree
};

}  // namespace

std::vector<std::vector<std::uint32_t>> core_numbers(const GraphView& graph) {
  const UndirectedGraph undirected(graph);
  if (undirected.vertices() >= kNoNode)
    throw Error("too many nodes for core numbers", {.value = std::to_string(undirected.vertices())});

  Vertices cores(undirected.vertices());  // what is left of the degree, in the end the core number
  Vertices neighbours;
  for (std::uint32_t v = 0; v < cores.size(); ++v) {
    distinct_neighbours(undirected, v, neighbours);
    cores[v] = static_cast<std::uint32_t>(neighbours.size());
  }
  DegreeOrder order(cores);
  for (std::size_t place = 0; place < cores.size(); ++place) {
    const std::uint32_t vertex = order[place];
    distinct_neighbours(undirected, vertex, neighbours);
    for (const std::uint32_t neighbour : neighbours) {
      if (cores[neighbour] > cores[vertex]) order.lower(neighbour);
    }
  }

  std::vector<std::vector<std::uint32_t>> result;
  auto next = cores.begin();
  for (const NodeId count : graph.node_counts) {
    result.emplace_back(next, next + count);
    next += count;
  }
  return result;
}

}  // namespace weft::graph
