// What GraphStore answers.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "storage/snapshot_scan.h"
#include "storage/store_impl.h"

namespace weft::storage {

PrefixScan::PrefixScan(const GraphStore::Impl& impl, Family family, std::string prefix,
                       const rocksdb::Snapshot* snapshot)
    : impl_(impl), prefix_(std::move(prefix)) {
  rocksdb::ReadOptions read = scan_options(family);
  read.snapshot = snapshot;
  read.total_order_seek = true;
  read.fill_cache = false;
  read.readahead_size = 1 << 20;
  iterator_.reset(impl.db->NewIterator(read, impl.family(family)));
  iterator_->Seek(prefix_);
}

void PrefixScan::check() const {
  impl_.check(iterator_->status(), "read the store");
}

std::vector<EdgeKey> edges_at(const GraphStore::Impl& impl, const EdgePair& pair, graph::TimeMs time) {
  std::vector<EdgeKey> out;
  // The greatest event comes first.
  const auto from = encode_edge_key({pair.type, pair.from, time, pair.to, ~graph::EventId{0}});
  const std::string_view of_time(from.data(), kEdgeKeyBytes - sizeof(graph::EventId));
  rocksdb::ReadOptions read = scan_options(kOutgoing);
  read.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> scan(impl.db->NewIterator(read, impl.family(kOutgoing)));
  for (scan->Seek(slice(from)); scan->Valid() && scan->key().starts_with(slice(of_time)); scan->Next()) {
    const auto key = decode_edge_key({scan->key().data(), scan->key().size()});
    if (!key) impl.damaged("an edge of the store is damaged");
    out.push_back(*key);
  }
  impl.check(scan->status(), "read the store");
  return out;
}

std::vector<Neighbour> GraphStore::neighbours(graph::NodeRef node, graph::RelationId relation,
                                              std::size_t limit, graph::TimeMs before) const {
  const graph::EdgeTypeId type = graph::edge_type_of(relation);
  const graph::Schema& schema = impl_->schema.graph;
  if (type >= schema.edge_types().size() || schema.row_type(relation) != node.type) {
    throw Error("the relation has no rows of the node's type",
                {.field = "relation", .value = fmt::format("{}", relation)}, ErrorKind::kUsage);
  }
  std::vector<Neighbour> out;
  const bool bounded = schema.edge_type(type).timed && before != graph::kEndOfTime;
  if (limit == 0 || (bounded && before == graph::kNoTime)) return out;
  const auto prefix = encode_edge_prefix(type, node.id);
  rocksdb::ReadOptions read = scan_options(kOutgoing);
  read.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      impl_->db->NewIterator(read, impl_->family(graph::is_incoming(relation) ? kIncoming : kOutgoing)));
  if (bounded) {
    // The first key at a time of at most before - 1: the greatest node and event come first.
    const auto from = encode_edge_key({type, node.id, before - 1, ~graph::NodeId{0}, ~graph::EventId{0}});
    iterator->Seek(slice(from));
  } else {
    iterator->Seek(slice(prefix));
  }
  out.reserve(std::min<std::size_t>(limit, 64));
  for (; iterator->Valid() && out.size() < limit; iterator->Next()) {
    if (!iterator->key().starts_with(slice(prefix))) break;
    const auto key = decode_edge_key({iterator->key().data(), iterator->key().size()});
    const auto value = decode_edge_value({iterator->value().data(), iterator->value().size()});
    if (!key || !value) impl_->damaged("an edge of the store is damaged");
    out.push_back({.node = key->other,
                   .time = key->time,
                   .event = key->event,
                   .weight = value->weight,
                   .source = value->source});
  }
  impl_->check(iterator->status(), "read the store");
  return out;
}

namespace {

std::optional<IdValue> read_id(const GraphStore::Impl& impl, graph::NodeTypeId type,
                               std::string_view external_id) {
  const auto bytes = impl.get(kIds, id_key(type, external_id));
  if (!bytes) return std::nullopt;
  const auto value = decode_id_value(*bytes);
  if (!value) impl.damaged("an id of the store is damaged");
  return value;
}

}  // namespace

std::optional<graph::NodeId> GraphStore::find_node(graph::NodeTypeId type,
                                                   std::string_view external_id) const {
  const auto value = read_id(*impl_, type, external_id);
  if (!value) return std::nullopt;
  return value->node;
}

std::optional<std::string> GraphStore::external_id(graph::NodeRef node) const {
  return impl_->get(kNames, node_key(node));
}

graph::TimeMs GraphStore::first_seen(graph::NodeRef node) const {
  const auto name = external_id(node);
  if (!name) return graph::kNoTime;
  const auto value = read_id(*impl_, node.type, *name);
  return value ? value->first_seen : graph::kNoTime;
}

graph::FieldValue GraphStore::field(graph::NodeRef node, std::size_t field) const {
  const auto bytes = impl_->get(kFields, field_key(node, field));
  if (!bytes) return {};
  auto value = decode_field_value(*bytes);
  if (!value) impl_->damaged("a field of the store is damaged");
  return std::move(*value);
}

std::vector<LedgerEntry> GraphStore::ledger() const {
  std::vector<LedgerEntry> entries;
  PrefixScan scan(*impl_, kLedger, "");
  for (; scan.valid(); scan.next()) {
    auto entry = decode_ledger(scan.key(), scan.value());
    if (!entry) impl_->damaged("the ledger of sources is damaged");
    entries.push_back(std::move(*entry));
  }
  scan.check();
  return entries;
}

void GraphStore::visit_quarantine(const std::function<bool(const QuarantinedRow&)>& visit) const {
  PrefixScan scan(*impl_, kQuarantine, "");
  for (; scan.valid(); scan.next()) {
    const auto row = decode_quarantine(scan.key(), scan.value());
    if (!row) impl_->damaged("the quarantine is damaged");
    if (!visit(*row)) return;
  }
  scan.check();
}

void GraphStore::visit_unread_media(const std::function<bool(const UnreadMedia&)>& visit) const {
  const std::vector<graph::NodeType>& types = impl_->schema.graph.node_types();
  for (std::size_t type = 0; type < types.size(); ++type) {
    const std::vector<graph::Field>& fields = types[type].fields;
    if (std::none_of(fields.begin(), fields.end(),
                     [](const auto& each) { return graph::is_media(each.kind); }))
      continue;
    std::string prefix;
    put_big(prefix, static_cast<graph::NodeTypeId>(type));
    PrefixScan scan(*impl_, kFields, prefix);
    for (; scan.valid(); scan.next()) {
      const std::string_view key = scan.key();
      const std::size_t field = key.size() == 8 ? get_big<std::uint16_t>(key, 6) : fields.size();
      if (field >= fields.size()) impl_->damaged("a field of the store is damaged");
      if (!graph::is_media(fields[field].kind)) continue;
      const auto value = decode_field_value(scan.value());
      const auto* media = value ? std::get_if<graph::MediaValue>(&*value) : nullptr;
      if (media == nullptr) impl_->damaged("a field of the store is damaged");
      if (!media->content_hash.empty()) continue;
      const graph::NodeRef node{static_cast<graph::NodeTypeId>(type), get_big<graph::NodeId>(key, 2)};
      if (!visit({.node = node, .field = field, .path = media->path})) return;
    }
    scan.check();
  }
}

namespace {

// Reads the store at one moment. A reader stands still by itself; a writer's needs RocksDB's snapshot.
class TableReader {
 public:
  explicit TableReader(const GraphStore::Impl& impl)
      : impl_(impl), snapshot_(impl.secondary_folder.empty() ? impl.db->GetSnapshot() : nullptr) {}
  ~TableReader() {
    if (snapshot_ != nullptr) impl_.db->ReleaseSnapshot(snapshot_);
  }
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  graph::NodeTable nodes(graph::NodeTypeId type) const {
    const std::size_t count = impl_.state.node_counts[type];
    graph::NodeTable table;
    table.external_ids.resize(count);
    table.first_seen.assign(count, graph::kNoTime);
    table.events.assign(count, graph::kNoEvent);
    table.fields.assign(impl_.schema.graph.node_type(type).fields.size(),
                        std::vector<graph::FieldValue>(count));
    std::string prefix;
    put_big(prefix, type);
    std::size_t seen = forgotten(prefix);
    PrefixScan ids(impl_, kIds, prefix, snapshot_);
    for (; ids.valid(); ids.next(), ++seen) {
      const auto value = decode_id_value(ids.value());
      if (!value || value->node >= count) impl_.damaged("an id of the store is damaged");
      table.external_ids[value->node] = ids.key().substr(2);
      table.first_seen[value->node] = value->first_seen;
      table.events[value->node] = value->event;
    }
    ids.check();
    if (seen != count)
      impl_.damaged(fmt::format("the store should have {} nodes of type {} and has {}", count, type, seen));
    PrefixScan fields(impl_, kFields, prefix, snapshot_);
    for (; fields.valid(); fields.next()) {
      const std::string_view key = fields.key();
      auto value = decode_field_value(fields.value());
      const bool whole = key.size() == 8 && value && get_big<std::uint32_t>(key, 2) < count &&
                         get_big<std::uint16_t>(key, 6) < table.fields.size();
      if (!whole) impl_.damaged("a field of the store is damaged");
      table.fields[get_big<std::uint16_t>(key, 6)][get_big<std::uint32_t>(key, 2)] = std::move(*value);
    }
    fields.check();
    return table;
  }

  std::size_t forgotten(const std::string& prefix) const {
    std::size_t count = 0;
    PrefixScan names(impl_, kNames, prefix, snapshot_);
    for (; names.valid(); names.next()) count += names.value().empty() ? 1 : 0;
    names.check();
    return count;
  }

  graph::EdgeList edges(graph::EdgeTypeId type) const {
    const graph::EdgeType& edge_type = impl_.schema.graph.edge_type(type);
    graph::EdgeList list;
    const std::size_t count = impl_.state.edge_counts[type];
    std::string prefix;
    put_big(prefix, type);
    PrefixScan scan(impl_, kOutgoing, prefix, snapshot_);
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      const auto value = decode_edge_value(scan.value());
      if (!key || !value) impl_.damaged("an edge of the store is damaged");
      list.from.push_back(key->node);
      list.to.push_back(key->other);
      if (edge_type.timed) list.times.push_back(key->time);
      if (edge_type.weighted) list.weights.push_back(value->weight);
      list.events.push_back(key->event);
      list.sources.push_back(value->source);
    }
    scan.check();
    if (list.size() != count)
      impl_.damaged(fmt::format("the store should have {} edges of type {} and has {}", count, edge_type.name,
                                list.size()));
    return list;
  }

 private:
  const GraphStore::Impl& impl_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace

graph::GraphTables GraphStore::tables(const std::string& data_root) const {
  graph::GraphTables tables;
  tables.schema = impl_->schema.graph;
  tables.info.store_uuid = impl_->uuid;
  tables.info.sequence = impl_->state.sequence;
  tables.info.data_root = data_root;
  for (LedgerEntry& entry : ledger()) tables.info.source_files.push_back(std::move(entry.name));
  const TableReader reader(*impl_);
  for (std::size_t type = 0; type < tables.schema.node_types().size(); ++type)
    tables.nodes.push_back(reader.nodes(static_cast<graph::NodeTypeId>(type)));
  for (std::size_t type = 0; type < tables.schema.edge_types().size(); ++type)
    tables.edges.push_back(reader.edges(static_cast<graph::EdgeTypeId>(type)));
  return tables;
}

graph::SnapshotInfo GraphStore::write_snapshot(const std::filesystem::path& folder,
                                               const std::string& data_root) const {
  return scan_into_snapshot(*this, folder, data_root, {}, no_progress(), impl_->files);
}

}  // namespace weft::storage
