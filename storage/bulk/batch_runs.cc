#include "storage/bulk/batch_runs.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "storage/field_conflicts.h"

namespace weft::storage {

namespace {

// What a chunk says of one name.
struct NameSeen {
  graph::TimeMs earliest = graph::kNoTime;  // of all that name it
  graph::EventId event = graph::kNoEvent;   // if that made a node without an id of its own
  bool any = false;
};

// Where a field's value lies in a chunk's events.
struct FieldAt {
  std::uint64_t key = 0;
  std::size_t begin = 0;
  std::uint32_t size = 0, chunk = 0;
};

}  // namespace

struct BatchRuns::Output {
  std::vector<NameSeen> seen = {};  // [name]
  std::vector<FieldAt> fields = {};
  std::vector<std::vector<EdgeRecord>> outgoing = {}, incoming = {};  // [edge type]
  std::vector<std::vector<AttributeRecord>> attributes = {};          // [edge type]
  std::vector<std::vector<DeletionRecord>> deletions = {};            // [edge type] as sources see them
  std::uint64_t deletion_count = 0;  // both halves of a symmetric one count one
};

namespace {

// One chunk's events to what is sorted. Follows BatchWriter of store_apply.cc step by step.
template <typename Output>
class Resolver {
 public:
  Resolver(const StoreSchema& schema, const Chunk& chunk, std::uint32_t position, std::uint16_t source,
           std::uint64_t sequence, Output& out)
      : schema_(schema), chunk_(chunk), position_(position), source_(source), sequence_(sequence), out_(out) {
    out_.seen.resize(chunk.names.size());
    out_.outgoing.resize(schema.graph.edge_types().size());
    out_.incoming.resize(schema.graph.edge_types().size());
    out_.attributes.resize(schema.graph.edge_types().size());
    out_.deletions.resize(schema.graph.edge_types().size());
  }

  void run() {
    EventBytes bytes(chunk_.events);
    for (std::size_t i = 0; !bytes.finished(); ++i, ++sequence_) event(bytes, chunk_.dropped[i] != 0);
  }

 private:
  void event(EventBytes& bytes, bool dropped) {
    const auto head = bytes.take<EventHead>();
    for (std::uint32_t n = 0; n < head.nodes; ++n) node(bytes, head, dropped);
    keys_.clear();
    order_ = 0;
    for (std::uint32_t e = 0; e < head.edges; ++e) {
      const auto edge = bytes.take<EdgeHead>();
      if (!dropped) add_edge(edge);
    }
  }

  void node(EventBytes& bytes, const EventHead& event, bool dropped) {
    const auto head = bytes.take<NodeHead>();
    for (std::uint16_t f = 0; f < head.fields; ++f) {
      const auto field = bytes.take<FieldHead>();
      const std::size_t at = bytes.skip(field.size);
      if (dropped) continue;
      const std::uint64_t key =
          std::uint64_t{head.type} << 48 | std::uint64_t{chunk_.nodes[head.name]} << 16 | field.field;
      out_.fields.push_back({key, at, field.size, position_});
    }
    if (dropped) return;
    NameSeen& seen = out_.seen[head.name];
    see(seen, head.time, schema_.from_event[head.type] != 0 ? event.id : graph::kNoEvent);
  }

  static void see(NameSeen& seen, graph::TimeMs time, graph::EventId event) {
    if (!seen.any) seen = {.event = event, .any = true};
    seen.earliest = earlier(seen.earliest, time);
  }

  graph::NodeId end(std::uint32_t name, graph::TimeMs time) {
    NameSeen& seen = out_.seen[name];
    see(seen, time, graph::kNoEvent);
    return chunk_.nodes[name];
  }

  void add_edge(const EdgeHead& edge) {
    const graph::NodeId from = end(edge.from, edge.time);
    const graph::NodeId to = end(edge.to, edge.time);
    if (schema_.attribute[edge.type] != 0) {
      out_.attributes[edge.type].push_back({.from = from,
                                            .to = to,
                                            .sequence = sequence_,
                                            .edge_event = edge.event,
                                            .source = source_,
                                            .order = order_++});
      return;
    }
    if (edge.deletes != 0) {
      ++out_.deletion_count;
      const std::uint64_t at = edge.deletes == 2 ? 1 : 0;
      out_.deletions[edge.type].push_back({from, to, at, edge.time});
      if (schema_.graph.edge_type(edge.type).symmetric)
        out_.deletions[edge.type].push_back({to, from, at, edge.time});
      return;
    }
    const EdgeKey key{edge.type, from, edge.time, to, edge.event};
    put_once(key, edge.weight);
    if (schema_.graph.edge_type(edge.type).symmetric) put_once(key.reversed(), edge.weight);
  }

  void put_once(const EdgeKey& key, float weight) {
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) return;
    keys_.push_back(key);
    const EdgeValue value{source_, weight};
    out_.outgoing[key.type].push_back(EdgeRecord::of(key, value));
    out_.incoming[key.type].push_back(EdgeRecord::of(key.reversed(), value));
  }

  const StoreSchema& schema_;
  const Chunk& chunk_;
  std::uint32_t position_;
  std::uint16_t source_;
  std::uint64_t sequence_;
  Output& out_;
  std::vector<EdgeKey> keys_;  // of the event at hand
  std::uint32_t order_ = 0;
};

void keep_run(std::vector<Spool>& runs, SpoolWriter& writer) {
  Spool run = writer.finish();
  if (run.size() > 0) runs.push_back(std::move(run));
}

}  // namespace

BatchRuns::BatchRuns(const StoreSchema& schema, Scratch& scratch, ThreadPool& pool)
    : schema_(schema),
      scratch_(scratch),
      pool_(pool),
      nodes_(schema.graph.node_types().size()),
      edges_(schema.graph.edge_types().size()) {}

void BatchRuns::add(std::span<Chunk> chunks, const Numbering::Batch& batch, Keep keep) {
  std::vector<Output> outputs(chunks.size());
  std::vector<std::uint64_t> sequences;
  for (const Chunk& chunk : chunks) {
    sequences.push_back(sequence_);
    sequence_ += chunk.ids.size();
  }
  pool_.parallel_for(chunks.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t c = from; c < to; ++c) {
      Resolver<Output>(schema_, chunks[c], static_cast<std::uint32_t>(c), chunks[c].source, sequences[c],
                       outputs[c])
          .run();
    }
  });
  for (const Output& output : outputs) deletions_ += output.deletion_count;
  std::vector<std::function<void()>> tasks = {[&] { write_nodes(chunks, outputs, batch, keep); },
                                              [&] { write_fields(chunks, outputs, keep); }};
  for (std::size_t type = 0; type < edges_.size(); ++type) {
    if (schema_.attribute[type] != 0) {
      tasks.emplace_back([&, type] { write_attributes(outputs, type, keep); });
      continue;
    }
    for (const Output& output : outputs) edges_[type].count += output.outgoing[type].size();
    if (edges_[type].count >= graph::kNoEdge) {
      throw Error("too many edges of one type",
                  {.field = schema_.graph.edge_types()[type].name, .expected = "at most 2^32 - 2"});
    }
    tasks.emplace_back([&, type] { write_deletions(outputs, type, keep); });
    tasks.emplace_back([&, type] { write_edges(outputs, type, false, keep); });
    tasks.emplace_back([&, type] { write_edges(outputs, type, true, keep); });
  }
  pool_.parallel_for(tasks.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t task = from; task < to; ++task) tasks[task]();
  });
}

namespace {

// The store's first-seen time of the node is as early.
bool is_stored(const Numbering::Batch& batch, std::size_t position, graph::TimeMs seen) {
  if (batch.stored_seen.empty() || batch.stored_seen[position] == graph::kNoTime) return false;
  return batch.stored_seen[position] <= seen;
}

}  // namespace

void BatchRuns::write_nodes(std::span<const Chunk> chunks, std::vector<Output>& outputs,
                            const Numbering::Batch& batch, Keep keep) {
  // Later mentions join the first one.
  const auto at = [&](std::size_t position) -> NameSeen& {
    const auto chunk = static_cast<std::size_t>(
        std::upper_bound(batch.chunk_begin.begin(), batch.chunk_begin.end(), position) -
        batch.chunk_begin.begin() - 1);
    return outputs[chunk].seen[position - batch.chunk_begin[chunk]];
  };
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    for (std::size_t i = 0; i < chunks[c].names.size(); ++i) {
      const std::size_t position = batch.chunk_begin[c] + i;
      NameSeen& seen = outputs[c].seen[i];
      if (batch.first[position] == position || !seen.any) continue;
      NameSeen& first = at(batch.first[position]);
      if (!first.any) {
        first = seen;
      } else {
        first.earliest = earlier(first.earliest, seen.earliest);
      }
    }
  }
  const std::size_t types = nodes_.size();
  std::vector<SpoolWriter> made;
  for (std::size_t type = 0; type < types; ++type) made.emplace_back(scratch_, "nodes", keep);
  std::vector<std::vector<SeenRecord>> updates(types);
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    for (std::size_t i = 0; i < chunks[c].names.size(); ++i) {
      const std::size_t position = batch.chunk_begin[c] + i;
      if (batch.first[position] != position) continue;
      const NameSeen& seen = outputs[c].seen[i];
      const graph::NodeTypeId type = chunks[c].names[i].type;
      if (batch.is_new[position] != 0) {
        WEFT_CHECK(seen.any);
        // An event's id says the name.
        const std::string_view name = schema_.from_event[type] != 0 ? std::string_view() : chunks[c].name(i);
        IdCursor::put(made[type], name, {chunks[c].nodes[i], seen.earliest, seen.event});
      } else if (seen.any && seen.earliest != graph::kNoTime && !is_stored(batch, position, seen.earliest)) {
        updates[type].push_back({.node = chunks[c].nodes[i], .earliest = seen.earliest});
      }
    }
  }
  for (std::size_t type = 0; type < types; ++type) {
    keep_run(nodes_[type].made, made[type]);
    if (updates[type].empty()) continue;
    std::sort(updates[type].begin(), updates[type].end());
    SpoolWriter run(scratch_, "seen", keep);
    run.append(updates[type].data(), updates[type].size() * sizeof(SeenRecord));
    keep_run(nodes_[type].seen, run);
  }
}

void BatchRuns::move_to_disk() {
  const auto move = [](std::vector<Spool>& runs, std::string_view what) {
    for (Spool& run : runs) run.move_to_disk(what);
  };
  for (NodeRuns& runs : nodes_) {
    move(runs.made, "nodes");
    move(runs.seen, "seen");
  }
  for (EdgeRuns& runs : edges_) {
    move(runs.outgoing, "edges");
    move(runs.incoming, "edges");
    move(runs.attributes, "attributes");
    move(runs.outgoing_deletions, "deletions");
    move(runs.incoming_deletions, "deletions");
  }
  move(fields_, "fields");
}

void BatchRuns::write_fields(std::span<const Chunk> chunks, std::vector<Output>& outputs, Keep keep) {
  std::vector<FieldAt> fields;
  for (Output& output : outputs) {
    fields.insert(fields.end(), output.fields.begin(), output.fields.end());
    output.fields = {};
  }
  const auto before = [](const FieldAt& a, const FieldAt& b) { return a.key < b.key; };
  if (!std::is_sorted(fields.begin(), fields.end(), before))
    std::stable_sort(fields.begin(), fields.end(), before);
  SpoolWriter run(scratch_, "fields", keep);
  const auto value_of = [&](const FieldAt& field) {
    return std::string_view(chunks[field.chunk].events).substr(field.begin, field.size);
  };
  std::string joined;  // of ranked values of one key
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool first = i == 0 || fields[i - 1].key != fields[i].key;
    const bool last = i + 1 == fields.size() || fields[i + 1].key != fields[i].key;
    const std::string_view value = value_of(fields[i]);
    const bool ranked = is_ranked(value) && !(first && last);
    if (ranked) joined = first ? std::string(value) : join_fields(joined, value);
    if (last) FieldCursor::put(run, fields[i].key, ranked ? std::string_view(joined) : value);
  }
  keep_run(fields_, run);
}

void BatchRuns::write_edges(std::vector<Output>& outputs, std::size_t type, bool incoming, Keep keep) {
  std::vector<EdgeRecord> edges;
  std::size_t count = 0;
  for (const Output& output : outputs) count += (incoming ? output.incoming : output.outgoing)[type].size();
  edges.reserve(count);
  for (Output& output : outputs) {
    std::vector<EdgeRecord>& part = (incoming ? output.incoming : output.outgoing)[type];
    edges.insert(edges.end(), part.begin(), part.end());
    std::vector<EdgeRecord>().swap(part);
  }
  sort_edges(edges);
  SpoolWriter run(scratch_, "edges", keep);
  run.append(edges.data(), edges.size() * sizeof(EdgeRecord));
  keep_run(incoming ? edges_[type].incoming : edges_[type].outgoing, run);
}

void BatchRuns::write_deletions(std::vector<Output>& outputs, std::size_t type, Keep keep) {
  std::vector<DeletionRecord> records;
  for (const Output& output : outputs)
    records.insert(records.end(), output.deletions[type].begin(), output.deletions[type].end());
  if (records.empty()) return;
  const auto write = [&](std::vector<Spool>& runs) {
    std::sort(records.begin(), records.end());
    SpoolWriter run(scratch_, "deletions", keep);
    run.append(records.data(), records.size() * sizeof(DeletionRecord));
    keep_run(runs, run);
  };
  write(edges_[type].outgoing_deletions);
  for (DeletionRecord& record : records) std::swap(record.node, record.other);
  write(edges_[type].incoming_deletions);
}

void BatchRuns::write_attributes(std::vector<Output>& outputs, std::size_t type, Keep keep) {
  std::vector<AttributeRecord> records;
  for (Output& output : outputs)
    records.insert(records.end(), output.attributes[type].begin(), output.attributes[type].end());
  std::sort(records.begin(), records.end());
  SpoolWriter run(scratch_, "attributes", keep);
  run.append(records.data(), records.size() * sizeof(AttributeRecord));
  keep_run(edges_[type].attributes, run);
}

}  // namespace weft::storage
