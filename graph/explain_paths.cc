#include "graph/explain_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/two_bit_color_map.hpp>
#include <boost/pending/queue.hpp>
#include <boost/property_map/property_map.hpp>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/boost_adaptor.h"
#include "graph/visible_edges.h"

namespace weft::graph {
namespace {

using Vertex = std::uint64_t;
using Relations = std::vector<RelationId>;

constexpr std::uint8_t kFar = 255;

// What Boost's filtered graph asks of every edge. Copied with each of its iterators.
struct MayUse {
  const VisibleEdges* visible = nullptr;
  Vertex from = 0, to = 0;  // ends of the path
  bool operator()(const BoostEdge& edge) const {
    return (*visible)(edge.type, edge.id, edge.source, edge.target, edge.target == from || edge.target == to);
  }
};

struct Found {};

// Counts hops from the path's end, and stops when its beginning's turn comes: everything nearer is known
// then.
class HopCounter : public boost::default_bfs_visitor {
 public:
  HopCounter(std::vector<std::uint8_t>& hops, Vertex wanted, std::uint32_t max_hops)
      : hops_(&hops), wanted_(wanted), max_hops_(max_hops) {}
  template <typename Graph>
  void examine_vertex(Vertex vertex, const Graph&) {
    if (vertex == wanted_ || (*hops_)[vertex] >= max_hops_) throw Found();
  }
  template <typename Graph>
  void tree_edge(const BoostEdge& edge, const Graph&) {
    (*hops_)[edge.target] = static_cast<std::uint8_t>((*hops_)[edge.source] + 1);
  }

 private:
  std::vector<std::uint8_t>* hops_;
  Vertex wanted_;
  std::uint32_t max_hops_;
};

// The best way to a node by one sequence of relations.
struct Way {
  std::uint64_t busyness = 0;
  PathStep last = {};
  // Order that does not depend on the order of finding.
  bool operator<(const Way& other) const {
    if (busyness != other.busyness) return busyness < other.busyness;
    if (last.from != other.last.from) return last.from < other.last.from;
    if (last.time != other.last.time) return last.time > other.last.time;
    return last.edge > other.last.edge;
  }
};
using Layer =
    std::map<Vertex, std::map<Relations, Way>>;  // the nodes a number of hops from the path's beginning

class PathFinder {
 public:
  PathFinder(const Snapshot& snapshot, NodeRef from, NodeRef to, const PathOptions& options)
      : snapshot_(snapshot),
        view_(graph::view(snapshot)),
        boost_(view_),
        visible_(snapshot, view_, boost_.undirected(), options.before),
        from_(from),
        to_(to),
        max_hops_(options.max_hops) {
    if (options.only_indirect) visible_.hide_direct(from, to);
  }

  // The next path; without steps if there is none.
  ExplanationPath next() {
    count_hops();
    const std::uint8_t length = hops_[graph().vertex(from_)];
    if (length == kFar || length > max_hops_) return {};
    const std::vector<Layer> layers = walk(length);
    ExplanationPath path = best(layers);
    leave_out(path);
    return path;
  }

 private:
  const UndirectedGraph& graph() const { return boost_.undirected(); }

  void count_hops() {
    const Vertex from = graph().vertex(from_), to = graph().vertex(to_);
    hops_.assign(graph().vertices(), kFar);
    hops_[to] = 0;
    const boost::filtered_graph<BoostGraph, MayUse> usable(boost_, MayUse{&visible_, from, to});
    boost::queue<Vertex> waiting;
    const boost::typed_identity_property_map<Vertex> index;
    try {
      boost::breadth_first_visit(usable, to, waiting, HopCounter(hops_, from, max_hops_),
                                 boost::make_two_bit_color_map(hops_.size(), index));
    } catch (const Found&) {
    }
  }

  // From the path's beginning along edges that come nearer to its end.
  std::vector<Layer> walk(std::uint8_t length) const {
    std::vector<Layer> layers(std::size_t{length} + 1);
    layers[0][graph().vertex(from_)][{}] = {};
    for (std::uint8_t hop = 0; hop < length; ++hop) {
      const auto left = static_cast<std::uint8_t>(length - hop - 1);
      for (const auto& [vertex, ways] : layers[hop]) take_edges(vertex, ways, left, layers[hop + 1]);
    }
    return layers;
  }

  void take_edges(Vertex vertex, const std::map<Relations, Way>& ways, std::uint8_t left, Layer& out) const {
    const NodeRef node = graph().node(vertex);
    for (const UndirectedGraph::Leg& leg : graph().legs(node.type)) {
      const EdgeTypeId type = edge_type_of(leg.relation);
      const EdgeColumns columns = snapshot_.edge_columns(type);
      for (std::uint64_t i = leg.csr.offsets[node.id]; i < leg.csr.offsets[node.id + 1]; ++i) {
        const Vertex target = leg.target_start + leg.csr.targets[i];
        const EdgeId edge = leg.csr.edge_id(i);
        if (hops_[target] != left || !visible_(type, edge, vertex, target, left == 0)) continue;
        const NodeRef next = graph().node(target);
        const std::uint64_t busyness = left == 0 ? 0 : visible_.degree(next);
        for (const auto& [relations, way] : ways) {
          Relations longer = relations;
          longer.push_back(leg.relation);
          const Way candidate{way.busyness + busyness,
                              {.relation = leg.relation,
                               .edge = edge,
                               .from = node,
                               .to = next,
                               .time = leg.csr.times.empty() ? kNoTime : leg.csr.times[i],
                               .weight = columns.weights.empty() ? 1.0 : columns.weights[edge]}};
          const auto [at, added] = out[target].try_emplace(std::move(longer), candidate);
          if (!added && candidate < at->second) at->second = candidate;
        }
      }
    }
  }

  ExplanationPath best(const std::vector<Layer>& layers) {
    const std::map<Relations, Way>& ends = layers.back().begin()->second;  // one node: the path's end
    const auto rank = [&](const auto& entry) {
      return std::pair(used_relations_.contains(entry.first), entry.second.busyness);
    };
    auto chosen = ends.begin();
    for (auto at = ends.begin(); at != ends.end(); ++at) {
      if (rank(*at) < rank(*chosen)) chosen = at;
    }
    used_relations_.insert(chosen->first);
    ExplanationPath path{.steps = {}, .busyness = chosen->second.busyness};
    Relations relations = chosen->first;
    Vertex vertex = graph().vertex(to_);
    for (std::size_t hop = layers.size() - 1; hop > 0; --hop) {
      const PathStep& step = layers[hop].at(vertex).at(relations).last;
      path.steps.push_back(step);
      vertex = graph().vertex(step.from);
      relations.pop_back();
    }
    std::reverse(path.steps.begin(), path.steps.end());
    return path;
  }

  void leave_out(const ExplanationPath& path) {
    if (path.steps.size() == 1) visible_.hide_direct(from_, to_);
    for (const PathStep& step : path.steps) {
      if (step.to != to_) visible_.hide_node(step.to);
      visible_.hide_event(view_.events[edge_type_of(step.relation)][step.edge]);
    }
  }

  const Snapshot& snapshot_;
  GraphView view_;
  BoostGraph boost_;
  VisibleEdges visible_;
  NodeRef from_, to_;
  std::uint32_t max_hops_;
  std::vector<std::uint8_t> hops_;  // [vertex] to the path's end; kFar: not reached
  std::set<Relations> used_relations_;
};

}  // namespace

std::vector<ExplanationPath> explanation_paths(const Snapshot& snapshot, NodeRef from, NodeRef to,
                                               const PathOptions& options) {
  if (from == to)
    throw Error("a path needs two nodes", {.value = std::string(snapshot.external_id(from))},
                ErrorKind::kUsage);
  if (options.max_hops < 1 || options.max_hops > kMostPathHops) {
    throw Error(
        "a path cannot be that long",
        {.value = std::to_string(options.max_hops), .expected = fmt::format("1 to {} hops", kMostPathHops)},
        ErrorKind::kUsage);
  }
  PathFinder finder(snapshot, from, to, options);
  std::vector<ExplanationPath> paths;
  while (paths.size() < options.count) {
    ExplanationPath path = finder.next();
    if (path.steps.empty()) break;
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace weft::graph
