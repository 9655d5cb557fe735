#include "tests/graph/random_delta.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace weft::graph {
namespace {

constexpr TimeMs kStart = 1'600'000'000'000;

FieldValue new_value(FieldKind kind, Random& random) {
  switch (kind) {
    case FieldKind::kNumber:
      return static_cast<double>(random.between(-9, 9)) / 4;
    case FieldKind::kText:
      return random.chance(0.2) ? std::string() : fmt::format("new {} ß", random.below(100));
    case FieldKind::kCategory:
      return std::vector<std::string>(random.below(3), fmt::format("n{}", random.below(9)));
    case FieldKind::kImage:
    case FieldKind::kAudio:
      return MediaValue{fmt::format("new/{}.bin", random.below(100)), std::string(32, 'a')};
  }
  return {};
}

NodeDelta new_nodes(const NodeTable& base, const NodeType& type, std::size_t number, Random& random) {
  NodeDelta out{.base_count = base.external_ids.size()};
  for (std::uint64_t i = random.below(5); i > 0; --i) {
    out.external_ids.push_back(fmt::format("new{}{}", (i * 7) % 5, number));
    out.first_seen.push_back(random.chance(0.2) ? kNoTime : kStart + random.between(0, 99'000));
    out.events.push_back(number == 2 ? 9'000'000 + i : kNoEvent);
  }
  for (std::size_t node = 0; node < base.external_ids.size(); ++node) {
    if (!random.chance(0.1)) continue;
    out.seen_nodes.push_back(static_cast<NodeId>(node));
    out.seen_times.push_back(kStart - random.between(1, 1000));
  }
  for (std::size_t node = 0; node < base.external_ids.size() + out.external_ids.size(); ++node) {
    for (std::size_t field = 0; field < type.fields.size(); ++field) {
      if (!random.chance(node < base.external_ids.size() ? 0.05 : 0.7)) continue;
      out.fields.push_back({static_cast<NodeId>(node), static_cast<std::uint16_t>(field),
                            new_value(type.fields[field].kind, random)});
    }
  }
  return out;
}

using Key = std::tuple<NodeId, NodeId, TimeMs, EventId>;

Key key_of(const EdgeList& list, std::size_t i) {
  return {list.from[i], list.to[i], list.times.empty() ? kNoTime : list.times[i], list.events[i]};
}

void put(EdgeList& list, const Key& key, bool timed) {
  const auto& [from, to, time, event] = key;
  list.from.push_back(from);
  list.to.push_back(to);
  list.events.push_back(event);
  if (timed) list.times.push_back(time);
}

}  // namespace

Delta random_delta(const GraphTables& base, const SnapshotInfo& info, std::uint64_t seed) {
  Random random(seed);
  Delta out{.schema = base.schema};
  out.info = {.store_uuid = info.store_uuid,
              .base_sequence = info.sequence,
              .base_checksum = info.checksum,
              .sequence = info.sequence + 1 + random.below(50),
              .source_files = info.source_files};
  out.info.source_files.push_back("d.csv");
  for (std::size_t i = 0; i < base.nodes.size(); ++i)
    out.nodes.push_back(
        new_nodes(base.nodes[i], base.schema.node_type(static_cast<NodeTypeId>(i)), i, random));
  for (std::size_t i = 0; i < base.edges.size(); ++i) {
    const EdgeType& type = base.schema.edge_type(static_cast<EdgeTypeId>(i));
    EdgeDelta edges{.base_count = base.edges[i].size()};
    const NodeId rows = out.node_count(type.from), targets = out.node_count(type.to);
    for (std::uint64_t left = rows == 0 || targets == 0 ? 0 : random.below(40); left > 0; --left) {
      // One time in three among the old ones.
      const TimeMs time =
          kStart + (random.chance(0.3) ? random.between(0, 40) : random.between(40, 60)) * 1000;
      put(edges.added,
          {static_cast<NodeId>(random.below(rows)), static_cast<NodeId>(random.below(targets)),
           random.chance(0.03) ? kNoTime : time, 8'000'000 + left},
          type.timed);
      edges.added.sources.push_back(static_cast<std::uint16_t>(random.below(4)));
      if (type.weighted) edges.added.weights.push_back(static_cast<float>(random.below(9)) / 4);
    }
    std::map<Key, int> times;
    for (std::size_t e = 0; e < base.edges[i].size(); ++e) ++times[key_of(base.edges[i], e)];
    for (const auto& [key, count] : times) {
      if (count == 1 && random.chance(0.08)) put(edges.removed, key, type.timed);
    }
    out.edges.push_back(std::move(edges));
  }
  return out;
}

GraphTables grown(GraphTables base, const Delta& delta) {
  base.info.sequence = delta.info.sequence;
  base.info.source_files = delta.info.source_files;
  for (std::size_t i = 0; i < base.nodes.size(); ++i) {
    NodeTable& table = base.nodes[i];
    const NodeDelta& nodes = delta.nodes[i];
    table.first_seen.resize(nodes.base_count, kNoTime);
    table.events.resize(nodes.base_count, kNoEvent);
    table.external_ids.insert(table.external_ids.end(), nodes.external_ids.begin(), nodes.external_ids.end());
    table.first_seen.insert(table.first_seen.end(), nodes.first_seen.begin(), nodes.first_seen.end());
    table.events.insert(table.events.end(), nodes.events.begin(), nodes.events.end());
    for (std::size_t s = 0; s < nodes.seen_nodes.size(); ++s)
      table.first_seen[nodes.seen_nodes[s]] = nodes.seen_times[s];
    for (auto& field : table.fields) field.resize(table.external_ids.size());
    for (const ChangedField& changed : nodes.fields)
      table.fields[changed.field][changed.node] = changed.value;
  }
  for (std::size_t i = 0; i < base.edges.size(); ++i) {
    const EdgeType& type = base.schema.edge_type(static_cast<EdgeTypeId>(i));
    std::set<Key> gone;
    for (std::size_t e = 0; e < delta.edges[i].removed.size(); ++e)
      gone.insert(key_of(delta.edges[i].removed, e));
    EdgeList all;
    for (const EdgeList* list : {std::as_const(base.edges).data() + i, &delta.edges[i].added}) {
      for (std::size_t e = 0; e < list->size(); ++e) {
        if (list != &delta.edges[i].added && gone.contains(key_of(*list, e))) continue;
        put(all, key_of(*list, e), type.timed);
        all.sources.push_back(list->sources[e]);
        if (type.weighted) all.weights.push_back(list->weights[e]);
      }
    }
    base.edges[i] = std::move(all);
  }
  return base;
}

}  // namespace weft::graph
