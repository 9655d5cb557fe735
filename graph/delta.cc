#include "graph/delta.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace weft::graph {
namespace {

// Errors that name the delta and one of its types.
class Checker {
 public:
  Checker(const std::string& where, const std::string& type) : where_(where), type_(type) {}
  void that(bool holds, const char* expected) const {
    if (holds) return;
    throw Error("is damaged or was made for something else",
                {.file = where_,
                 .field = type_,
                 .expected = expected,
                 .hint = "remove it: the next `weft ingest` writes the graph again"});
  }

 private:
  const std::string& where_;
  const std::string& type_;
};

bool is_of_kind(const FieldValue& value, FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumber:
      return std::holds_alternative<double>(value);
    case FieldKind::kCategory:
      return std::holds_alternative<std::vector<std::string>>(value);
    case FieldKind::kText:
      return std::holds_alternative<std::string>(value);
    case FieldKind::kImage:
    case FieldKind::kAudio:
      return std::holds_alternative<MediaValue>(value);
  }
  return false;
}

void check_nodes(const NodeDelta& nodes, const NodeType& type, const Checker& check) {
  const std::size_t added = nodes.external_ids.size();
  check.that(nodes.base_count < kNoNode && added < kNoNode - nodes.base_count, "at most 2^32 - 2 nodes");
  check.that(nodes.first_seen.size() == added && nodes.events.size() == added,
             "a first time and an event for each new node");
  check.that(nodes.seen_nodes.size() == nodes.seen_times.size(), "a time for each node that is older");
  check.that(std::is_sorted(nodes.seen_nodes.begin(), nodes.seen_nodes.end(), std::less_equal<>()) &&
                 (nodes.seen_nodes.empty() || nodes.seen_nodes.back() < nodes.base_count),
             "older nodes ascending, all of them the snapshot's");
  for (std::size_t i = 0; i < nodes.fields.size(); ++i) {
    const ChangedField& changed = nodes.fields[i];
    check.that(changed.node < nodes.base_count + added && changed.field < type.fields.size() &&
                   is_of_kind(changed.value, type.fields[changed.field].kind),
               "field values of its nodes, of their fields' kinds");
    if (i == 0) continue;
    const ChangedField& before = nodes.fields[i - 1];
    check.that(std::pair(before.node, before.field) < std::pair(changed.node, changed.field),
               "field values ascending in node and field");
  }
}

void check_list(const EdgeList& list, const EdgeType& type, std::uint64_t from_nodes, std::uint64_t to_nodes,
                const Checker& check) {
  const std::size_t n = list.size();
  check.that(list.to.size() == n && list.events.size() == n && list.times.size() == (type.timed ? n : 0),
             "all columns of edges equally long");
  const auto below = [](const std::vector<NodeId>& nodes, std::uint64_t bound) {
    return std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) { return node < bound; });
  };
  check.that(below(list.from, from_nodes) && below(list.to, to_nodes), "ends of edges in range");
  check.that(std::find(list.times.begin(), list.times.end(), kEndOfTime) == list.times.end(),
             "times before the end of time");
}

void check_edges(const EdgeDelta& edges, const EdgeType& type, const Delta& delta, const Checker& check) {
  const EdgeList& added = edges.added;
  check_list(added, type, delta.node_count(type.from), delta.node_count(type.to), check);
  check_list(edges.removed, type, delta.nodes[type.from].base_count, delta.nodes[type.to].base_count, check);
  check.that(
      added.sources.size() == added.size() && added.weights.size() == (type.weighted ? added.size() : 0),
      "a source for each edge, and a weight if the type has them");
  check.that(edges.removed.size() <= edges.base_count && edges.base_count < kNoEdge &&
                 added.size() < kNoEdge - edges.base_count,
             "at most 2^32 - 2 edges, and no more taken out than there are");
  const std::size_t sources = std::max<std::size_t>(1, delta.info.source_files.size());
  check.that(std::all_of(added.sources.begin(), added.sources.end(),
                         [&](std::uint16_t source) { return source < sources; }),
             "sources among the listed source files");
  check.that(std::all_of(added.weights.begin(), added.weights.end(),
                         [](float weight) { return weight >= 0.0F && weight <= 4294967296.0F; }),
             "weights from 0 to 2^32");
}

}  // namespace

std::uint64_t Delta::changes() const {
  std::uint64_t count = 0;
  for (const NodeDelta& each : nodes)
    count += each.external_ids.size() + each.seen_nodes.size() + each.fields.size();
  for (const EdgeDelta& each : edges) count += each.added.size() + each.removed.size();
  return count;
}

Delta empty_delta(const Snapshot& base) {
  const SnapshotInfo& info = base.info();
  Delta out{.info = {.store_uuid = info.store_uuid,
                     .base_sequence = info.sequence,
                     .base_checksum = info.checksum,
                     .sequence = info.sequence,
                     .source_files = info.source_files},
            .schema = base.schema()};
  for (std::size_t i = 0; i < out.schema.node_types().size(); ++i)
    out.nodes.push_back({.base_count = base.node_count(static_cast<NodeTypeId>(i))});
  for (std::size_t i = 0; i < out.schema.edge_types().size(); ++i)
    out.edges.push_back({.base_count = base.edge_count(static_cast<EdgeTypeId>(i))});
  return out;
}

void check_delta(const Delta& delta, const std::string& where) {
  const auto& node_types = delta.schema.node_types();
  const auto& edge_types = delta.schema.edge_types();
  const std::string whole = "delta";
  Checker(where, whole)
      .that(delta.nodes.size() == node_types.size() && delta.edges.size() == edge_types.size() &&
                delta.info.sequence >= delta.info.base_sequence,
            "all types of its schema, and a sequence not before its snapshot's");
  for (std::size_t i = 0; i < node_types.size(); ++i)
    check_nodes(delta.nodes[i], node_types[i], Checker(where, node_types[i].name));
  for (std::size_t i = 0; i < edge_types.size(); ++i)
    check_edges(delta.edges[i], edge_types[i], delta, Checker(where, edge_types[i].name));
}

}  // namespace weft::graph
