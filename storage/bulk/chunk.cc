#include "storage/bulk/chunk.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "storage/field_conflicts.h"
#include "storage/keys.h"
#include "storage/quarantined_row.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

// Positions of names by hash: open addressing, at most half full.
class NameTable {
 public:
  explicit NameTable(Chunk& chunk) : chunk_(chunk), slots_(1 << 12) {}

  std::uint32_t find_or_add(graph::NodeTypeId type, std::string_view text) {
    const Hash128 hash = name_hash(type, text);
    const auto mark = static_cast<std::uint32_t>(hash.high);
    std::size_t at = hash.low & (slots_.size() - 1);
    for (; slots_[at].name != 0; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].mark == mark && chunk_.names[slots_[at].name - 1].hash == hash)
        return slots_[at].name - 1;
    }
    chunk_.names.push_back({hash, static_cast<std::uint32_t>(chunk_.name_bytes.size()),
                            static_cast<std::uint32_t>(text.size()), type});
    chunk_.name_bytes += text;
    slots_[at] = {static_cast<std::uint32_t>(chunk_.names.size()), mark};
    if (2 * ++found_ >= slots_.size()) grow();
    return static_cast<std::uint32_t>(chunk_.names.size() - 1);
  }

  // Not to be found.
  std::uint32_t add_of_event(graph::NodeTypeId type) {
    chunk_.names.push_back({.type = type, .of_event = true});
    return static_cast<std::uint32_t>(chunk_.names.size() - 1);
  }

 private:
  struct Slot {
    std::uint32_t name = 0;  // position + 1; 0: free
    std::uint32_t mark = 0;  // of the hash: names themselves lie elsewhere
  };

  void grow() {
    slots_.assign(4 * slots_.size(), {});
    for (std::size_t i = 0; i < chunk_.names.size(); ++i) {
      if (chunk_.names[i].of_event) continue;
      const Hash128& hash = chunk_.names[i].hash;
      std::size_t at = hash.low & (slots_.size() - 1);
      while (slots_[at].name != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {static_cast<std::uint32_t>(i + 1), static_cast<std::uint32_t>(hash.high)};
    }
  }

  Chunk& chunk_;
  std::vector<Slot> slots_;
  std::size_t found_ = 0;  // names in them
};

template <typename Record>
void put(std::string& out, const Record& record) {
  out.append(reinterpret_cast<const char*>(&record), sizeof(record));
}

class ChunkBuilder {
 public:
  ChunkBuilder(const Project& project, const Tombstones& tombstones, Chunk& chunk)
      : schema_(project.schema),
        tombstones_(tombstones),
        chunk_(chunk),
        names_(chunk),
        ranks_(project.rank_rules(chunk.source)),
        of_event_(project.schema.graph.node_types().size(), kNone) {}

  void add(const graph::Event& event) {
    check_event(event, schema_);
    ++chunk_.tally.events;
    if (names_forgotten(event)) {
      ++chunk_.forgotten;
      return;
    }
    put(chunk_.events, EventHead{event.id, static_cast<std::uint32_t>(event.nodes.size()),
                                 static_cast<std::uint32_t>(event.edges.size())});
    may_repeat_ = std::any_of(event.edges.begin(), event.edges.end(), [this](const graph::EdgeEvent& edge) {
      return !edge.deletes && schema_.attribute[edge.type] == 0;
    });
    for (const graph::NodeEvent& node : event.nodes) add(node);
    for (const graph::EdgeEvent& edge : event.edges) add(edge, event.id);
    for (const graph::NodeEvent& node : event.nodes) of_event_[node.type] = kNone;
    chunk_.ids.push_back(may_repeat_ ? event.id : graph::kNoEvent);
  }

  const Tombstones& forgotten() const { return tombstones_; }

 private:
  static constexpr std::uint32_t kNone = ~0U;

  // What was forgotten is not in the dictionary, nor comes into it as long as it has a tombstone.
  bool names_forgotten(const graph::Event& event) const {
    if (tombstones_.empty()) return false;
    return std::any_of(event.nodes.begin(), event.nodes.end(),
                       [&](const graph::NodeEvent& node) {
                         return tombstones_.contains(node.type, node.external_id);
                       }) ||
           std::any_of(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
             const graph::EdgeType& type = schema_.graph.edge_type(edge.type);
             return tombstones_.contains(type.from, edge.from) || tombstones_.contains(type.to, edge.to);
           });
  }

  std::uint32_t name_of(const graph::NodeEvent& node) {
    if (!may_repeat_ || schema_.from_event[node.type] == 0)
      return names_.find_or_add(node.type, node.external_id);
    std::uint32_t& name = of_event_[node.type];
    if (name == kNone) name = names_.add_of_event(node.type);
    return name;
  }

  std::uint32_t end_of(graph::NodeTypeId type, const std::string& id) {
    return of_event_[type] != kNone ? of_event_[type] : names_.find_or_add(type, id);
  }

  void add(const graph::NodeEvent& node) {
    NodeHead head{.time = node.time, .name = name_of(node), .type = node.type};
    const std::size_t head_at = chunk_.events.size();
    put(chunk_.events, head);
    const FieldRank rank = rank_of(ranks_[node.type], node.time);
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      if (std::holds_alternative<std::monostate>(node.fields[i])) continue;
      const std::size_t at = chunk_.events.size();
      put(chunk_.events, FieldHead{});
      if (const auto* text = std::get_if<std::string>(&node.fields[i]); text != nullptr && !rank.ranked) {
        chunk_.events += static_cast<char>(node.fields[i].index());
        chunk_.events += *text;
      } else {
        chunk_.events += encode_field_value(node.fields[i], rank);
      }
      const FieldHead field{.size = static_cast<std::uint32_t>(chunk_.events.size() - at - sizeof(FieldHead)),
                            .field = static_cast<std::uint16_t>(i)};
      std::memcpy(chunk_.events.data() + at, &field, sizeof(field));
      ++head.fields;
    }
    std::memcpy(chunk_.events.data() + head_at, &head, sizeof(head));
  }

  void add(const graph::EdgeEvent& edge, graph::EventId event) {
    const graph::EdgeType& type = schema_.graph.edge_type(edge.type);
    if (schema_.attribute[edge.type] != 0) event = attribute_event(schema_, edge, event);
    put(chunk_.events, EdgeHead{.time = edge.time,
                                .event = event,
                                .from = end_of(type.from, edge.from),
                                .to = end_of(type.to, edge.to),
                                .weight = static_cast<float>(edge.weight),
                                .type = edge.type,
                                .deletes = static_cast<std::uint16_t>(!edge.deletes       ? 0
                                                                      : edge.at_time_only ? 2
                                                                                          : 1)});
  }

  const StoreSchema& schema_;
  const Tombstones& tombstones_;
  Chunk& chunk_;
  NameTable names_;
  std::vector<RankRule> ranks_;  // [node type]
  // Of the event at hand: it has an edge of its own; names of the nodes that it names, [node type].
  bool may_repeat_ = false;
  std::vector<std::uint32_t> of_event_;
};

void take_row(Row& row, RowMapper& mapper, graph::Event& event, ChunkBuilder& builder, Chunk& chunk,
              std::uint16_t source) {
  ++chunk.tally.rows;
  bool stops = false;
  if (row.bad_reason.empty()) {
    MapResult mapped = mapper.map(row, event);
    chunk.tally.media.look(mapper.media());
    if (mapped.outcome == MapOutcome::kBad) {
      row.bad_reason = std::move(mapped.reason);
      row.bad_detail = std::move(mapped.detail);
      stops = mapped.stops;
    } else {
      chunk.tally.look_for_damage(mapper.media(), row.line);
      if (chunk.tally.rows == 1) chunk.good_first = row.offset;
      if (mapped.outcome == MapOutcome::kFiltered) ++chunk.tally.filtered;
      if (mapped.outcome == MapOutcome::kEvent) builder.add(event);
      return;
    }
  }
  chunk.tally.add_bad(row, stops);
  chunk.quarantined.push_back(quarantined_row(row, source, mapper, builder.forgotten()));
  chunk.open_end = !row.terminated;
}

}  // namespace

Chunk read_chunk(const Project& project, std::uint16_t source, const SourceText& text, std::size_t begin,
                 std::size_t end, const Tombstones& tombstones, Files& files) {
  Chunk chunk{.source = source, .begin = begin, .end = begin};
  RowMapper mapper(project, source, MediaRead::kHash, files);
  const std::unique_ptr<RowReader> reader = text.read(begin, mapper.columns());
  ChunkBuilder builder(project, tombstones, chunk);
  const std::size_t length = end - begin;
  // To where the reader is, in its own count.
  const auto stop_at = [&](const Position& position) {
    chunk.end = begin + static_cast<std::size_t>(position.bytes - text.reader_offset());
    chunk.lines = position.lines - text.reader_lines();
  };
  Row row;
  graph::Event event;
  while (true) {
    if (!reader->next(row)) {
      stop_at(reader->position());
      break;
    }
    const std::uint64_t at = row.offset - text.reader_offset();
    if (at >= length) {
      stop_at(reader->position_before_row());
      break;
    }
    row.offset = text.offset() + begin + at;
    row.line -= text.reader_lines();
    take_row(row, mapper, event, builder, chunk, source);
    if (chunk.open_end) {
      stop_at(reader->position_before_row());
      break;
    }
    // Only a row near the end can reach it: to ask for the position is not free.
    if (at + row.raw.size() + 2 < length) continue;
    const Position behind = reader->position();
    if (behind.bytes - text.reader_offset() >= length) {
      stop_at(behind);
      break;
    }
  }
  chunk.tally.cleaned = mapper.cleaned();
  chunk.missing_columns = reader->missing_columns();
  chunk.known_columns = reader->known_columns();
  return chunk;
}

struct RowChunks::State {
  State(const Project& p, std::uint16_t s, const Tombstones& t, Files& files)
      : project(p),
        source(s),
        tombstones(t),
        mapper(p, s, MediaRead::kHash, files),
        reader(RowReader::open(p.sources[s], mapper.columns(), files)) {}

  const Project& project;
  std::uint16_t source;
  const Tombstones& tombstones;
  RowMapper mapper;
  std::unique_ptr<RowReader> reader;
  std::uint64_t lines = 0;
  Row row = {};
  graph::Event event = {};
};

RowChunks::RowChunks(const Project& project, std::uint16_t source, const LedgerEntry& before,
                     const Tombstones& tombstones, Files& files)
    : state_(std::make_unique<State>(project, source, tombstones, files)) {
  if (before.bytes == 0) return;
  if (!state_->reader->skip_to(before.bytes, before.lines))
    throw Error("the file has become shorter while it was read", {.file = before.name});
  state_->lines = before.lines;
}

RowChunks::~RowChunks() = default;

Chunk RowChunks::next(std::size_t bytes) {
  State& state = *state_;
  Chunk chunk{.source = state.source};
  ChunkBuilder builder(state.project, state.tombstones, chunk);
  while (chunk.events.size() + chunk.name_bytes.size() < bytes && chunk.tally.rows < bytes &&
         state.reader->next(state.row)) {
    state.row.line -= state.lines;
    take_row(state.row, state.mapper, state.event, builder, chunk, state.source);
  }
  chunk.lines = chunk.tally.rows;
  state.lines += chunk.lines;
  chunk.missing_columns = state.reader->missing_columns();
  chunk.known_columns = state.reader->known_columns();
  return chunk;
}

Position RowChunks::position() {
  return state_->reader->position();
}

namespace {

// Calls see(event, at) for each name that an event has, in the order in which nodes are numbered; the name's
// position stands at byte `at` of the chunk's events.
template <typename See>
void each_name(const Chunk& chunk, const See& see) {
  EventBytes bytes(chunk.events);
  for (std::size_t event = 0; !bytes.finished(); ++event) {
    const auto head = bytes.take<EventHead>();
    for (std::uint32_t n = 0; n < head.nodes; ++n) {
      const std::size_t at = bytes.skip(0);
      const auto node = bytes.take<NodeHead>();
      see(event, at + offsetof(NodeHead, name));
      for (std::uint16_t i = 0; i < node.fields; ++i) bytes.skip(bytes.take<FieldHead>().size);
    }
    for (std::uint32_t e = 0; e < head.edges; ++e) {
      const std::size_t at = bytes.skip(0);
      bytes.take<EdgeHead>();
      see(event, at + offsetof(EdgeHead, from));
      see(event, at + offsetof(EdgeHead, to));
    }
  }
}

std::uint32_t name_at(const Chunk& chunk, std::size_t at) {
  std::uint32_t name = 0;
  std::memcpy(&name, chunk.events.data() + at, sizeof(name));
  return name;
}

// Puts the names into this order, those that it lacks behind.
void reorder_names(Chunk& chunk, std::vector<std::uint32_t> order) {
  for (std::uint32_t name = 0; name < chunk.names.size(); ++name) {
    if (!chunk.is_used(name)) order.push_back(name);
  }
  std::vector<ChunkName> names;
  std::vector<std::uint8_t> unused;
  std::vector<std::uint32_t> now(order.size());
  for (const std::uint32_t name : order) {
    now[name] = static_cast<std::uint32_t>(names.size());
    names.push_back(chunk.names[name]);
    unused.push_back(chunk.unused[name]);
  }
  each_name(chunk, [&](std::size_t, std::size_t at) {
    const std::uint32_t name = now[name_at(chunk, at)];
    std::memcpy(chunk.events.data() + at, &name, sizeof(name));
  });
  chunk.names = std::move(names);
  chunk.unused = std::move(unused);
}

}  // namespace

void mark_unused_names(Chunk& chunk) {
  if (std::find(chunk.dropped.begin(), chunk.dropped.end(), 1) == chunk.dropped.end()) return;
  chunk.unused.assign(chunk.names.size(), 1);
  std::vector<std::uint32_t> used;  // in the order of their first use
  each_name(chunk, [&](std::size_t event, std::size_t at) {
    const std::uint32_t name = name_at(chunk, at);
    if (chunk.dropped[event] != 0 || std::exchange(chunk.unused[name], std::uint8_t{0}) == 0) return;
    used.push_back(name);
  });
  // A dropped event named some first.
  if (!std::is_sorted(used.begin(), used.end())) reorder_names(chunk, std::move(used));
}

}  // namespace weft::storage
