#include "graph/boost_graph.h"

#include <boost/graph/connected_components.hpp>
#include <boost/property_map/property_map.hpp>

#include "base/error.h"
#include "graph/boost_adaptor.h"

namespace weft::graph {

Components connected_components(const GraphView& graph) {
  const BoostGraph adaptor(graph);
  const std::uint64_t vertices = num_vertices(adaptor);
  if (vertices >= kNoNode)
    throw Error("too many nodes for connected components", {.value = std::to_string(vertices)});

  const boost::typed_identity_property_map<std::uint64_t> index;
  std::vector<std::uint32_t> component(vertices);
  std::vector<boost::default_color_type> colour(vertices, boost::white_color);
  Components result;
  result.count =
      boost::connected_components(adaptor, boost::make_iterator_property_map(component.begin(), index),
                                  boost::color_map(boost::make_iterator_property_map(colour.begin(), index)));
  result.sizes.resize(result.count);
  for (const std::uint32_t c : component) ++result.sizes[c];
  auto next = component.begin();
  for (const NodeId count : graph.node_counts) {
    result.component_of.emplace_back(next, next + count);
    next += count;
  }
  return result;
}

}  // namespace weft::graph
