#include "benchmarks/sampling/shop_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace weft::sampling::benchmarks {
namespace {

using graph::NodeId;
using Random = std::mt19937_64;

// Draws ids with weight (rank + shift)^-power, ranks being a random permutation of the ids.
class PowerLaw {
 public:
  PowerLaw(Random& random, NodeId count, double power, double shift) : ids_(count), sums_(count) {
    std::iota(ids_.begin(), ids_.end(), NodeId{0});
    std::shuffle(ids_.begin(), ids_.end(), random);
    double sum = 0;
    for (NodeId rank = 0; rank < count; ++rank) sums_[rank] = sum += std::pow(rank + shift, -power);
  }
  NodeId operator()(Random& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    const auto found = std::upper_bound(sums_.begin(), sums_.end() - 1, at);
    return ids_[static_cast<std::size_t>(found - sums_.begin())];
  }

 private:
  std::vector<NodeId> ids_;
  std::vector<double> sums_;
};

// `wanted` distinct pairs in random order.
std::vector<std::pair<NodeId, NodeId>> unique_pairs(Random& random, const PowerLaw& a, const PowerLaw& b,
                                                    std::size_t wanted, bool loops) {
  std::vector<std::pair<NodeId, NodeId>> pairs;
  while (pairs.size() < wanted) {
    while (pairs.size() < wanted + wanted / 4) {
      const NodeId from = a(random);
      const NodeId to = b(random);
      if (loops || from != to) pairs.emplace_back(from, to);
    }
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  }
  std::shuffle(pairs.begin(), pairs.end(), random);
  pairs.resize(wanted);
  return pairs;
}

void add(graph::EdgeList& list, NodeId from, NodeId to, graph::TimeMs time, graph::EventId event) {
  list.from.push_back(from);
  list.to.push_back(to);
  if (time != graph::kNoTime) list.times.push_back(time);
  list.events.push_back(event);
}

}  // namespace

void BenchmarkGraph::build() {
  for (std::size_t type = 0; type < lists.size(); ++type) {
    const graph::EdgeType& edge_type = schema.edge_type(static_cast<graph::EdgeTypeId>(type));
    graph::sort_outgoing(lists[type]);
    csrs.push_back(
        graph::build_outgoing(lists[type], node_counts[edge_type.from], node_counts[edge_type.to]));
    csrs.push_back(graph::build_incoming(csrs.back().view(), node_counts[edge_type.to], lists[type].weights));
  }
}

graph::GraphView BenchmarkGraph::view() const {
  graph::GraphView view{.schema = &schema, .node_counts = node_counts};
  for (const graph::Csr& csr : csrs) view.relations.push_back(csr.view());
  for (const graph::EdgeList& list : lists) {
    view.events.push_back(list.events);
    view.edge_times.push_back(list.times);
  }
  return view;
}

BenchmarkGraph make_shop(double scale, std::uint64_t seed) {
  Random random(seed);
  const auto size = [&](double count) { return static_cast<NodeId>(count * scale); };
  BenchmarkGraph graph;
  graph.node_counts = {size(100'000), size(50'000), size(250'000), size(80'000)};
  const auto user = graph.schema.add_node_type({.name = "user"});
  const auto item = graph.schema.add_node_type({.name = "item"});
  const auto review = graph.schema.add_node_type({.name = "review"});
  const auto media = graph.schema.add_node_type({.name = "media"});
  graph.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  graph.schema.add_edge_type({.name = "writes", .from = user, .to = review, .timed = true});
  graph.schema.add_edge_type({.name = "about", .from = review, .to = item, .timed = true});
  graph.schema.add_edge_type({.name = "has", .from = item, .to = media});
  graph.schema.add_edge_type({.name = "also_bought", .from = item, .to = item});
  graph.lists.resize(5);
  const PowerLaw users(random, graph.node_counts[user], 0.7, 5);
  const PowerLaw items(random, graph.node_counts[item], 0.8, 10);
  constexpr graph::TimeMs start = 1'640'995'200'000;
  constexpr double span = 3.0 * 365 * 86'400'000;
  graph::EventId event = 0;
  std::vector<NodeId> reviews(graph.node_counts[review]);
  std::iota(reviews.begin(), reviews.end(), NodeId{0});
  std::shuffle(reviews.begin(), reviews.end(), random);
  std::size_t written = 0;
  for (const auto& [from, to] : unique_pairs(random, users, items, size(1'000'000), true)) {
    const double share = std::sqrt(std::uniform_real_distribution<double>(0, 1)(random));  // activity grows
    const graph::TimeMs time = start + static_cast<graph::TimeMs>(share * span);
    add(graph.lists[0], from, to, time, ++event);
    if (written == reviews.size()) continue;
    add(graph.lists[1], from, reviews[written], time, event);
    add(graph.lists[2], reviews[written++], to, time, event);
  }
  for (NodeId i = 0; i < graph.node_counts[media]; ++i)
    add(graph.lists[3], items(random), i, graph::kNoTime, ++event);
  for (const auto& [from, to] : unique_pairs(random, items, items, size(420'000), false)) {
    add(graph.lists[4], from, to, graph::kNoTime, ++event);
  }
  graph.build();
  return graph;
}

BenchmarkGraph make_homogeneous(const BenchmarkGraph& shop) {
  BenchmarkGraph graph;
  graph.schema.add_node_type({.name = "node"});
  graph.schema.add_edge_type({.name = "edge", .from = 0, .to = 0, .symmetric = true});
  graph.node_counts = {std::accumulate(shop.node_counts.begin(), shop.node_counts.end(), NodeId{0})};
  std::vector<NodeId> first(shop.node_counts.size(), 0);
  for (std::size_t type = 1; type < first.size(); ++type)
    first[type] = first[type - 1] + shop.node_counts[type - 1];
  graph::EdgeList& all = graph.lists.emplace_back();
  for (std::size_t type = 0; type < shop.lists.size(); ++type) {
    const graph::EdgeType& edge_type = shop.schema.edge_type(static_cast<graph::EdgeTypeId>(type));
    const graph::EdgeList& list = shop.lists[type];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const NodeId from = first[edge_type.from] + list.from[i];
      const NodeId to = first[edge_type.to] + list.to[i];
      add(all, from, to, graph::kNoTime, list.events[i]);
      add(all, to, from, graph::kNoTime, list.events[i]);
    }
  }
  graph.build();
  return graph;
}

}  // namespace weft::sampling::benchmarks
