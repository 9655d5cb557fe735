// A small schema with every kind of type, and random batches of events over it.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "storage/graph_store.h"

namespace weft::storage {

enum SmallNode : graph::NodeTypeId { kUser, kItem, kReview, kTag };
enum SmallEdge : graph::EdgeTypeId { kBuys, kFriend, kAbout, kItemTag };

inline StoreSchema small_schema() {
  StoreSchema schema;
  schema.graph.add_node_type({.name = "user", .fields = {{"age", graph::FieldKind::kNumber}}});
  schema.graph.add_node_type(
      {.name = "item",
       .fields = {{"title", graph::FieldKind::kText}, {"colour", graph::FieldKind::kCategory}},
       .name_field = "title"});
  schema.graph.add_node_type({.name = "review", .fields = {{"body", graph::FieldKind::kText}}});
  schema.graph.add_node_type({.name = "tag"});
  schema.graph.add_edge_type({.name = "buys", .from = kUser, .to = kItem, .timed = true, .weighted = true});
  schema.graph.add_edge_type({.name = "friend", .from = kUser, .to = kUser, .symmetric = true});
  schema.graph.add_edge_type({.name = "about", .from = kReview, .to = kItem, .timed = true});
  schema.graph.add_edge_type({.name = "item_tag", .from = kItem, .to = kTag});
  schema.from_event = {0, 0, 1, 0};
  schema.attribute = {0, 0, 0, 1};
  return schema;
}

inline graph::Event buy(graph::EventId id, const std::string& user, const std::string& item,
                        graph::TimeMs time, double weight = 1.0) {
  return {.id = id, .edges = {{.type = kBuys, .from = user, .to = item, .time = time, .weight = weight}}};
}

// Every fifth event repeats an earlier one. Same seed, same events.
std::vector<graph::Event> random_events(std::size_t count, std::uint64_t seed);

// As one batch, with entries of the ledger for their sources.
EventBatch with_sources(std::vector<graph::Event> events);
// Those from `from` to before `to`, or the end.
EventBatch slice_of(const std::vector<graph::Event>& events, std::size_t from, std::size_t to);

// The whole store as text, key by key: two stores are equal exactly if their texts are (uuids aside).
std::string dump(const GraphStore& store);

}  // namespace weft::storage
