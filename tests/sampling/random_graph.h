// Graphs for the samplers' tests, held in plain arrays.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "graph/csr.h"
#include "graph/graph_view.h"
#include "graph/schema.h"

namespace weft::sampling::testing {

// Builds edge by edge; view() afterwards.
class TestGraph {
 public:
  graph::NodeTypeId add_nodes(const std::string& name, graph::NodeId count) {
    counts_.push_back(count);
    return schema_.add_node_type({.name = name});
  }
  graph::EdgeTypeId add_edges(const std::string& name, graph::NodeTypeId from, graph::NodeTypeId to,
                              bool timed, bool symmetric = false) {
    lists_.emplace_back();
    return schema_.add_edge_type(
        {.name = name, .from = from, .to = to, .timed = timed, .symmetric = symmetric});
  }
  // A symmetric edge is stored both ways, as two edges of one event.
  // All edges of a type have weights, or none has.
  void add_edge(graph::EdgeTypeId type, graph::NodeId from, graph::NodeId to, graph::TimeMs time,
                graph::EventId event, std::optional<float> weight = {}) {
    const auto add = [&](graph::NodeId a, graph::NodeId b) {
      graph::EdgeList& list = lists_[type];
      list.from.push_back(a);
      list.to.push_back(b);
      if (schema_.edge_type(type).timed) list.times.push_back(time);
      list.events.push_back(event);
      if (weight) list.weights.push_back(*weight);
    };
    add(from, to);
    if (schema_.edge_type(type).symmetric && from != to) add(to, from);
  }

  // The view is valid as long as this graph; no edges may be added after it.
  graph::GraphView view() {
    graph::GraphView view{.schema = &schema_, .node_counts = counts_};
    if (csrs_.empty()) {
      for (std::size_t type = 0; type < lists_.size(); ++type) {
        const graph::EdgeType& edge_type = schema_.edge_type(static_cast<graph::EdgeTypeId>(type));
        graph::sort_outgoing(lists_[type]);
        csrs_.push_back(graph::build_outgoing(lists_[type], counts_[edge_type.from], counts_[edge_type.to]));
        csrs_.push_back(
            graph::build_incoming(csrs_.back().view(), counts_[edge_type.to], lists_[type].weights));
      }
    }
    for (const graph::Csr& csr : csrs_) view.relations.push_back(csr.view());
    for (const graph::EdgeList& list : lists_) {
      view.events.push_back(list.events);
      view.edge_times.push_back(list.times);
    }
    return view;
  }
  const graph::EdgeList& edges(graph::EdgeTypeId type) const { return lists_[type]; }
  const graph::Schema& schema() const { return schema_; }

 private:
  graph::Schema schema_;
  std::vector<graph::NodeId> counts_;
  std::vector<graph::EdgeList> lists_;
  std::vector<graph::Csr> csrs_;
};

// A small shop: users, items and reviews, with a few hubs, repeats of pairs, an untimed and a symmetric edge
// type. Event ids: a purchase and its review (author and subject edges) share one. Purchases and follows have
// weights, some 0 and a few that outweigh all others.
inline std::unique_ptr<TestGraph> random_shop(std::uint32_t seed, graph::NodeId users = 40,
                                              graph::NodeId items = 30, std::size_t purchases = 400) {
  auto shop = std::make_unique<TestGraph>();
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<graph::NodeId>(random() % n); };
  const auto skewed = [&](std::uint32_t n) { return below(3) == 0 ? below(std::min(n, 2u)) : below(n); };
  const auto weight = [&] {
    const std::uint32_t kind = below(8);
    return kind == 0 ? 0.0F : kind == 1 ? 10000.0F : 0.25F * static_cast<float>(1 + below(20));
  };
  const auto reviews = static_cast<graph::NodeId>(purchases / 3);
  const auto user = shop->add_nodes("user", users);
  const auto item = shop->add_nodes("item", items);
  const auto review = shop->add_nodes("review", reviews);
  const auto brand = shop->add_nodes("brand", 5);
  const auto buys = shop->add_edges("buys", user, item, true);
  const auto wrote = shop->add_edges("wrote", user, review, true);
  const auto about = shop->add_edges("about", review, item, true);
  const auto of_brand = shop->add_edges("of_brand", item, brand, false);
  const auto follows = shop->add_edges("follows", user, user, true, true);
  graph::EventId event = 1000;
  for (std::size_t i = 0; i < purchases; ++i) {
    const graph::NodeId who = skewed(users);
    const graph::NodeId what = skewed(items);
    const auto when = static_cast<graph::TimeMs>(below(200));
    event += 1 + below(9);
    shop->add_edge(buys, who, what, when, event, weight());
    if (i < reviews) {
      shop->add_edge(wrote, who, static_cast<graph::NodeId>(i), when, event);
      shop->add_edge(about, static_cast<graph::NodeId>(i), what, when, event);
    }
  }
  for (graph::NodeId i = 0; i < items; ++i) {
    if (i % 4 != 0) shop->add_edge(of_brand, i, below(5), graph::kNoTime, ++event);
  }
  for (std::size_t i = 0; i < purchases / 4; ++i) {
    shop->add_edge(follows, skewed(users), below(users), static_cast<graph::TimeMs>(below(200)), ++event,
                   weight());
  }
  return shop;
}

}  // namespace weft::sampling::testing
