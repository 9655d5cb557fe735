#include "tests/storage/bulk/event_chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "storage/keys.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

template <typename Record>
void put(std::string& out, const Record& record) {
  out.append(reinterpret_cast<const char*>(&record), sizeof(record));
}

class Writer {
 public:
  Writer(const StoreSchema& schema, Chunk& chunk) : schema_(schema), chunk_(chunk) {}

  void add(const graph::Event& event) {
    const bool own = has_own_edge(schema_, event);
    of_event_.clear();
    std::string nodes;
    for (const graph::NodeEvent& node : event.nodes) {
      NodeHead head{.time = node.time, .name = name_of(node, own), .type = node.type};
      std::string fields;
      for (std::size_t i = 0; i < node.fields.size(); ++i) {
        if (std::holds_alternative<std::monostate>(node.fields[i])) continue;
        const std::string value = encode_field_value(node.fields[i]);
        put(fields, FieldHead{.size = static_cast<std::uint32_t>(value.size()),
                              .field = static_cast<std::uint16_t>(i)});
        fields += value;
        ++head.fields;
      }
      put(nodes, head);
      nodes += fields;
    }
    put(chunk_.events, EventHead{event.id, static_cast<std::uint32_t>(event.nodes.size()),
                                 static_cast<std::uint32_t>(event.edges.size())});
    chunk_.events += nodes;
    for (const graph::EdgeEvent& edge : event.edges) {
      const graph::EdgeType& type = schema_.graph.edge_type(edge.type);
      const bool attribute = schema_.attribute[edge.type] != 0;
      put(chunk_.events,
          EdgeHead{.time = edge.time,
                   .event = attribute ? attribute_event(schema_, edge, event.id) : event.id,
                   .from = end_of(type.from, edge.from),
                   .to = end_of(type.to, edge.to),
                   .weight = static_cast<float>(edge.weight),
                   .type = edge.type,
                   .deletes = static_cast<std::uint16_t>(edge.deletes ? (edge.at_time_only ? 2 : 1) : 0)});
    }
    chunk_.ids.push_back(own ? event.id : graph::kNoEvent);
  }

 private:
  std::uint32_t name_of(const graph::NodeEvent& node, bool own) {
    if (!own || schema_.from_event[node.type] == 0) return end_of(node.type, node.external_id);
    const auto position = static_cast<std::uint32_t>(chunk_.names.size());
    chunk_.names.push_back({.type = node.type, .of_event = true});
    return of_event_[{node.type, node.external_id}] = position;
  }

  std::uint32_t end_of(graph::NodeTypeId type, const std::string& id) {
    const std::pair key(type, id);
    if (const auto found = of_event_.find(key); found != of_event_.end()) return found->second;
    const auto [at, added] = names_.emplace(key, static_cast<std::uint32_t>(chunk_.names.size()));
    if (!added) return at->second;
    chunk_.names.push_back({.hash = name_hash(type, id),
                            .begin = static_cast<std::uint32_t>(chunk_.name_bytes.size()),
                            .size = static_cast<std::uint32_t>(id.size()),
                            .type = type});
    chunk_.name_bytes += id;
    return at->second;
  }

  using Names = std::map<std::pair<graph::NodeTypeId, std::string>, std::uint32_t>;
  const StoreSchema& schema_;
  Chunk& chunk_;
  Names names_, of_event_;  // of the chunk; of the event at hand, which no other names
};

std::string spelled_node(const StoreSchema& schema, graph::NodeTypeId type, std::string_view id,
                         graph::TimeMs time) {
  return fmt::format(" node {} '{}' at {}", schema.graph.node_types()[type].name, id, time);
}

std::string spelled_field(std::size_t field, std::string_view value) {
  return fmt::format(" {}={:?}", field, value);
}

std::string spelled_edge(const StoreSchema& schema, const EdgeHead& edge, std::string_view from,
                         std::string_view to) {
  return fmt::format(" edge {} '{}'->'{}' at {} weight {} event {:x} deletes {}",
                     schema.graph.edge_type(edge.type).name, from, to, edge.time, edge.weight, edge.event,
                     edge.deletes);
}

}  // namespace

bool has_own_edge(const StoreSchema& schema, const graph::Event& event) {
  return std::any_of(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
    return !edge.deletes && schema.attribute[edge.type] == 0;
  });
}

Chunk chunk_of(const StoreSchema& schema, std::span<const graph::Event> events) {
  Chunk chunk;
  if (!events.empty()) chunk.source = events.front().source;
  Writer writer(schema, chunk);
  for (const graph::Event& event : events) writer.add(event);
  return chunk;
}

std::string spelled(const StoreSchema& schema, const graph::Event& event) {
  std::string out = fmt::format("{:x}:", event.id);
  for (const graph::NodeEvent& node : event.nodes) {
    out += spelled_node(schema, node.type, node.external_id, node.time);
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      if (!std::holds_alternative<std::monostate>(node.fields[i]))
        out += spelled_field(i, encode_field_value(node.fields[i]));
    }
  }
  for (const graph::EdgeEvent& edge : event.edges) {
    const bool attribute = schema.attribute[edge.type] != 0;
    const EdgeHead head{
        .time = edge.time,
        .event = attribute ? attribute_event(schema, edge, event.id) : event.id,
        .weight = static_cast<float>(edge.weight),
        .type = edge.type,
        .deletes = static_cast<std::uint16_t>(edge.deletes ? (edge.at_time_only ? 2 : 1) : 0)};
    out += spelled_edge(schema, head, edge.from, edge.to);
  }
  return out;
}

std::vector<std::string> spelled(const StoreSchema& schema, const Chunk& chunk) {
  std::vector<std::string> out;
  for (EventBytes bytes(chunk.events); !bytes.finished();) {
    const auto event = bytes.take<EventHead>();
    const auto name = [&](std::uint32_t at) {
      return chunk.names[at].of_event ? to_hex(event.id) : std::string(chunk.name(at));
    };
    std::string line = fmt::format("{:x}:", event.id);
    for (std::uint32_t n = 0; n < event.nodes; ++n) {
      const auto node = bytes.take<NodeHead>();
      line += spelled_node(schema, node.type, name(node.name), node.time);
      for (std::uint16_t f = 0; f < node.fields; ++f) {
        const auto field = bytes.take<FieldHead>();
        line += spelled_field(field.field,
                              std::string_view(chunk.events).substr(bytes.skip(field.size), field.size));
      }
    }
    for (std::uint32_t e = 0; e < event.edges; ++e) {
      const auto edge = bytes.take<EdgeHead>();
      line += spelled_edge(schema, edge, name(edge.from), name(edge.to));
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace weft::storage
