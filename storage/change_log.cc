#include "storage/change_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

constexpr std::size_t kNodeBytes = 6, kFieldBytes = 8;
constexpr std::size_t kEdgeBytes = 1 + kEdgeKeyBytes + kEdgeValueBytes;

// Cuts pieces of known sizes off the front.
class Cutter {
 public:
  explicit Cutter(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(std::size_t bytes) {
    if (rest_.size() < bytes) {
      ok_ = false;
      return {};
    }
    const std::string_view piece = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return piece;
  }
  // A number of items of `item_bytes`, no more than there is room for.
  std::size_t count(std::size_t item_bytes) {
    const std::string_view piece = take(4);
    const std::size_t items = piece.empty() ? 0 : get_little<std::uint32_t>(piece, 0);
    if (items > rest_.size() / item_bytes) ok_ = false;
    return ok_ ? items : 0;
  }
  bool ok() const { return ok_; }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string change_key(std::uint64_t sequence) {
  std::string out(kChangePrefix);
  put_big(out, sequence);
  return out;
}

std::optional<std::uint64_t> change_sequence(std::string_view key) {
  if (key.size() != kChangePrefix.size() + 8 || !key.starts_with(kChangePrefix)) return std::nullopt;
  return get_big<std::uint64_t>(key, kChangePrefix.size());
}

std::string encode_change(const ChangeEntry& entry) {
  std::string out;
  out.reserve(20 + entry.seen.size() * kNodeBytes + entry.fields.size() * kFieldBytes +
              entry.edges.size() * kEdgeBytes);
  put_little(out, entry.before);
  put_little(out, static_cast<std::uint32_t>(entry.seen.size()));
  for (const graph::NodeRef& node : entry.seen) out += node_key(node);
  put_little(out, static_cast<std::uint32_t>(entry.fields.size()));
  for (const LoggedField& each : entry.fields) out += field_key(each.node, each.field);
  put_little(out, static_cast<std::uint32_t>(entry.edges.size()));
  for (const LoggedEdge& edge : entry.edges) {
    out += edge.removed ? '\1' : '\0';
    const auto key = encode_edge_key(edge.key);
    out.append(key.data(), key.size());
    const auto value = encode_edge_value(edge.value);
    out.append(value.data(), value.size());
  }
  return out;
}

std::optional<ChangeEntry> decode_change(std::string_view bytes) {
  Cutter cutter(bytes);
  ChangeEntry entry;
  const std::string_view before = cutter.take(8);
  if (!cutter.ok()) return std::nullopt;
  entry.before = get_little<std::uint64_t>(before, 0);
  for (std::size_t left = cutter.count(kNodeBytes); left > 0; --left) {
    const std::string_view piece = cutter.take(kNodeBytes);
    entry.seen.push_back({get_big<graph::NodeTypeId>(piece, 0), get_big<graph::NodeId>(piece, 2)});
  }
  for (std::size_t left = cutter.count(kFieldBytes); left > 0; --left) {
    const std::string_view piece = cutter.take(kFieldBytes);
    entry.fields.push_back({{get_big<graph::NodeTypeId>(piece, 0), get_big<graph::NodeId>(piece, 2)},
                            get_big<std::uint16_t>(piece, 6)});
  }
  for (std::size_t left = cutter.count(kEdgeBytes); left > 0; --left) {
    const std::string_view piece = cutter.take(kEdgeBytes);
    const auto key = decode_edge_key(piece.substr(1, kEdgeKeyBytes));
    const auto value = decode_edge_value(piece.substr(1 + kEdgeKeyBytes));
    if (!key || !value || (piece[0] != '\0' && piece[0] != '\1')) return std::nullopt;
    entry.edges.push_back({piece[0] == '\1', *key, *value});
  }
  if (!cutter.finished()) return std::nullopt;
  return entry;
}

std::string encode_change_log(const ChangeLogState& state) {
  std::string out;
  put_little(out, state.from);
  put_little(out, state.changes);
  return out;
}

std::optional<ChangeLogState> decode_change_log(std::string_view bytes) {
  if (bytes.size() != 16) return std::nullopt;
  return ChangeLogState{get_little<std::uint64_t>(bytes, 0), get_little<std::uint64_t>(bytes, 8)};
}

std::optional<ChangeLogState> change_log(const GraphStore& store) {
  return store.impl().changes;
}

namespace {

void check_writer(const GraphStore::Impl& impl) {
  if (!impl.secondary_folder.empty())
    throw Error("the log of changes is kept by the store's writer only", {.file = impl.folder.string()});
}

// Takes entries up to `last` out, with the new state in the same write.
void rewrite_log(GraphStore::Impl& impl, std::uint64_t last, const std::optional<ChangeLogState>& state) {
  rocksdb::WriteBatch batch;
  const std::string first = change_key(0), end = change_key(last) + '\0';
  impl.check(batch.DeleteRange(impl.family(kMeta), first, end), "trim the log of changes");
  if (state) {
    batch.Put(impl.family(kMeta), "changes", encode_change_log(*state));
  } else {
    batch.Delete(impl.family(kMeta), "changes");
  }
  rocksdb::WriteOptions write;
  write.sync = true;
  impl.files.kill_point("changes.before_trim");
  impl.check(impl.db->Write(write, &batch), "trim the log of changes");
  impl.changes = state;
  impl.files.kill_point("changes.after_trim");
}

}  // namespace

void keep_changes_from(const GraphStore& store, std::uint64_t sequence) {
  GraphStore::Impl& impl = store.impl();
  check_writer(impl);
  const bool is_now = sequence == impl.state.sequence;
  if (!impl.changes) {
    if (is_now) rewrite_log(impl, sequence, ChangeLogState{.from = sequence});
    return;
  }
  if (sequence <= impl.changes->from || sequence > impl.state.sequence) return;
  ChangeLogState state{.from = sequence};
  if (!is_now) {
    PrefixScan scan(impl, kMeta, std::string(kChangePrefix));
    for (; scan.valid(); scan.next()) {
      const auto entry = decode_change(scan.value());
      const auto at = change_sequence(scan.key());
      if (!entry || !at) impl.damaged("the log of changes is damaged");
      if (*at > sequence) state.changes += entry->changes();
    }
    scan.check();
  }
  rewrite_log(impl, sequence, state);
}

void drop_changes(const GraphStore& store) {
  GraphStore::Impl& impl = store.impl();
  check_writer(impl);
  if (impl.changes) rewrite_log(impl, ~std::uint64_t{0}, std::nullopt);
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  impl.check(impl.db->CompactRange(options, impl.family(kMeta), nullptr, nullptr),
             "compact the log of changes");
}

namespace {

// Gathers a delta from the log's entries and what they name.
class Gatherer {
 public:
  Gatherer(const GraphStore::Impl& impl, const graph::DeltaBase& base) : impl_(impl), base_(base) {
    const graph::Schema& schema = impl.schema.graph;
    delta_.schema = schema;
    delta_.info = {.store_uuid = impl.uuid,
                   .base_sequence = base.info.sequence,
                   .base_checksum = base.info.checksum,
                   .sequence = impl.state.sequence};
    delta_.nodes.resize(schema.node_types().size());
    delta_.edges.resize(schema.edge_types().size());
    arrived_.resize(schema.edge_types().size());
    gone_.resize(schema.edge_types().size());
    for (std::size_t i = 0; i < delta_.nodes.size(); ++i) delta_.nodes[i].base_count = base.node_counts[i];
    for (std::size_t i = 0; i < delta_.edges.size(); ++i) delta_.edges[i].base_count = base.edge_counts[i];
  }

  // False if an entry is missing.
  bool read_log() {
    std::uint64_t reached = base_.info.sequence;
    PrefixScan scan(impl_, kMeta, std::string(kChangePrefix));
    for (; scan.valid(); scan.next()) {
      const auto entry = decode_change(scan.value());
      const auto after = change_sequence(scan.key());
      if (!entry || !after) impl_.damaged("the log of changes is damaged");
      if (*after <= base_.info.sequence) continue;
      if (entry->before != reached) return false;
      reached = *after;
      add(*entry);
    }
    scan.check();
    return reached == impl_.state.sequence;
  }

  graph::Delta finish(std::vector<std::string> source_files) {
    delta_.info.source_files = std::move(source_files);
    for (std::size_t i = 0; i < delta_.nodes.size(); ++i) {
      add_new_nodes(static_cast<graph::NodeTypeId>(i));
      add_new_fields(static_cast<graph::NodeTypeId>(i));
    }
    for (const graph::NodeRef& node : seen_) {
      delta_.nodes[node.type].seen_nodes.push_back(node.id);
      delta_.nodes[node.type].seen_times.push_back(id_value(node).second.first_seen);
    }
    add_changed_fields();
    for (std::size_t i = 0; i < delta_.edges.size(); ++i) add_edges(static_cast<graph::EdgeTypeId>(i));
    graph::check_delta(delta_, impl_.folder.string());
    return std::move(delta_);
  }

 private:
  struct Arrived {
    struct Edge {
      EdgeKey key = {};
      EdgeValue value = {};
      bool stays = true;
    };
    std::vector<Edge> edges = {};
    std::map<EdgeKey, std::size_t> last = {};
  };

  bool is_old(const graph::NodeRef& node) const {
    if (node.type >= delta_.nodes.size()) impl_.damaged("the log of changes is damaged");
    return node.id < delta_.nodes[node.type].base_count;
  }

  void add(const ChangeEntry& entry) {
    for (const graph::NodeRef& node : entry.seen) {
      if (is_old(node)) seen_.insert(node);
    }
    for (const LoggedField& field : entry.fields) {
      if (is_old(field.node)) fields_.insert(field);
    }
    for (const LoggedEdge& edge : entry.edges) {
      if (edge.key.type >= delta_.edges.size()) impl_.damaged("the log of changes is damaged");
      Arrived& arrived = arrived_[edge.key.type];
      if (!edge.removed) {
        arrived.last[edge.key] = arrived.edges.size();
        arrived.edges.push_back({edge.key, edge.value, true});
        continue;
      }
      // What came after the snapshot and went again leaves no trace.
      const auto same = arrived.last.find(edge.key);
      if (same != arrived.last.end()) {
        arrived.edges[same->second].stays = false;
        arrived.last.erase(same);
      } else {
        gone_[edge.key.type].insert(edge.key);
      }
    }
  }

  std::pair<std::string, IdValue> id_value(graph::NodeRef node) const {
    auto name = impl_.get(kNames, node_key(node));
    const auto bytes = name ? impl_.get(kIds, id_key(node.type, *name)) : std::nullopt;
    const auto value = bytes ? decode_id_value(*bytes) : std::nullopt;
    if (!value || value->node != node.id) impl_.damaged("an id of the store is damaged");
    return {std::move(*name), *value};
  }

  void add_new_nodes(graph::NodeTypeId type) {
    graph::NodeDelta& nodes = delta_.nodes[type];
    if (impl_.state.node_counts[type] < nodes.base_count)
      impl_.damaged("the store has fewer nodes than its snapshot");
    for (std::uint64_t id = nodes.base_count; id < impl_.state.node_counts[type]; ++id) {
      auto [name, value] = id_value({type, static_cast<graph::NodeId>(id)});
      nodes.external_ids.push_back(std::move(name));
      nodes.first_seen.push_back(value.first_seen);
      nodes.events.push_back(value.event);
    }
  }

  void add_new_fields(graph::NodeTypeId type) {
    graph::NodeDelta& nodes = delta_.nodes[type];
    if (nodes.external_ids.empty() || delta_.schema.node_type(type).fields.empty()) return;
    std::string prefix;
    put_big(prefix, type);
    rocksdb::ReadOptions read = scan_options(kFields);
    read.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> scan(impl_.db->NewIterator(read, impl_.family(kFields)));
    for (scan->Seek(node_key({type, static_cast<graph::NodeId>(nodes.base_count)}));
         scan->Valid() && scan->key().starts_with(prefix); scan->Next()) {
      const std::string_view key{scan->key().data(), scan->key().size()};
      auto value = decode_field_value({scan->value().data(), scan->value().size()});
      if (key.size() != 8 || !value) impl_.damaged("a field of the store is damaged");
      nodes.fields.push_back(
          {get_big<graph::NodeId>(key, 2), get_big<std::uint16_t>(key, 6), std::move(*value)});
    }
    impl_.check(scan->status(), "read the store");
  }

  // Before the new nodes' values: all of these are of older nodes.
  void add_changed_fields() {
    std::vector<std::vector<graph::ChangedField>> changed(delta_.nodes.size());
    for (const LoggedField& each : fields_) {
      const auto bytes = impl_.get(kFields, field_key(each.node, each.field));
      auto value = bytes ? decode_field_value(*bytes) : std::nullopt;
      if (!value) impl_.damaged("a field of the store is damaged");
      changed[each.node.type].push_back({each.node.id, each.field, std::move(*value)});
    }
    for (std::size_t i = 0; i < changed.size(); ++i) {
      auto& fields = delta_.nodes[i].fields;
      fields.insert(fields.begin(), std::make_move_iterator(changed[i].begin()),
                    std::make_move_iterator(changed[i].end()));
    }
  }

  void add_edges(graph::EdgeTypeId type) {
    const graph::EdgeType& edge_type = delta_.schema.edge_type(type);
    graph::EdgeDelta& edges = delta_.edges[type];
    const auto put = [&](graph::EdgeList& list, const EdgeKey& key) {
      list.from.push_back(key.node);
      list.to.push_back(key.other);
      list.events.push_back(key.event);
      if (edge_type.timed) list.times.push_back(key.time);
    };
    for (const auto& [key, value, stays] : arrived_[type].edges) {
      if (!stays) continue;
      put(edges.added, key);
      edges.added.sources.push_back(value.source);
      if (edge_type.weighted) edges.added.weights.push_back(value.weight);
    }
    for (const EdgeKey& key : gone_[type]) put(edges.removed, key);
    if (edges.base_count + edges.added.size() != impl_.state.edge_counts[type] + edges.removed.size())
      impl_.damaged("the log of changes does not lead from the snapshot to the store");
  }

  const GraphStore::Impl& impl_;
  const graph::DeltaBase& base_;
  graph::Delta delta_;
  std::set<graph::NodeRef> seen_;
  std::set<LoggedField> fields_;
  std::vector<Arrived> arrived_;         // [edge type]
  std::vector<std::set<EdgeKey>> gone_;  // [edge type]
};

}  // namespace

std::optional<graph::Delta> changes_since(const GraphStore& store, const graph::DeltaBase& base) {
  const GraphStore::Impl& impl = store.impl();
  const graph::SnapshotInfo& info = base.info;
  if (info.store_uuid != impl.uuid || !(base.schema == impl.schema.graph)) return std::nullopt;
  if (!impl.changes || info.sequence < impl.changes->from || info.sequence > impl.state.sequence)
    return std::nullopt;
  Gatherer gatherer(impl, base);
  if (!gatherer.read_log()) return std::nullopt;
  std::vector<std::string> sources;
  for (LedgerEntry& entry : store.ledger()) sources.push_back(std::move(entry.name));
  return gatherer.finish(std::move(sources));
}

}  // namespace weft::storage
