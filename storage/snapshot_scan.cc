#include "storage/snapshot_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/spool.h"
#include "base/thread_pool.h"
#include "graph/snapshot_builder.h"
#include "storage/field_conflicts.h"
#include "storage/ordered_pieces.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
// Shares of the memory: edges in the builder, blocks that wait, first-seen times.
constexpr std::size_t kBuilderShare = 2, kBlocksShare = 8, kSeenShare = 8;

std::string type_prefix(std::uint16_t type) {
  std::string out;
  put_big(out, type);
  return out;
}

// Keys and values one after the other.
class RawBlock {
 public:
  void put(std::string_view key, std::string_view value) {
    put_little(bytes_, static_cast<std::uint32_t>(key.size()));
    put_little(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_ += key;
    bytes_ += value;
  }
  std::size_t size() const { return bytes_.size(); }
  template <typename Visit>
  void visit(Visit&& visit) const {
    for (std::string_view rest = bytes_; !rest.empty();) {
      const auto key = get_little<std::uint32_t>(rest, 0);
      const auto value = get_little<std::uint32_t>(rest, 4);
      visit(rest.substr(8, key), rest.substr(8 + key, value));
      rest.remove_prefix(std::size_t{8} + key + value);
    }
  }

 private:
  std::string bytes_;
};
using EdgeBlock = std::vector<graph::StreamedEdge>;
constexpr std::size_t kBlockEdges = kBlockBytes / sizeof(graph::StreamedEdge);

// First-seen times and events, which come by external id, in order of dense ids: in parts of the ids, on disk
// if there is more than one.
class SeenByNode {
 public:
  SeenByNode(Scratch& scratch, std::size_t nodes, std::size_t memory)
      : scratch_(scratch), nodes_(nodes), part_nodes_(std::max<std::size_t>(memory / sizeof(Seen), 1024)) {
    const std::size_t parts = nodes / part_nodes_ + 1;
    for (std::size_t i = 0; i < parts && parts > 1; ++i) parts_.emplace_back(scratch, "seen", Keep::kOnDisk);
    if (parts == 1) all_.resize(nodes);
  }
  void put(const IdValue& value) {
    if (parts_.empty()) {
      all_[value.node] = {value.first_seen, value.event};
    } else {
      parts_[value.node / part_nodes_].put(value);
    }
  }
  void finish(graph::NodeWriter& out) {
    if (parts_.empty()) write(all_, out);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::size_t first = i * part_nodes_;
      std::vector<Seen> part(std::min(part_nodes_, nodes_ - first));
      const Spool spool = parts_[i].finish();
      SpoolReader reader(spool, scratch_.files(), kBlockBytes);
      for (IdValue value; reader.get(value);) part[value.node - first] = {value.first_seen, value.event};
      write(part, out);
    }
  }

 private:
  struct Seen {
    graph::TimeMs first_seen = graph::kNoTime;
    graph::EventId event = graph::kNoEvent;
  };
  static void write(const std::vector<Seen>& part, graph::NodeWriter& out) {
    for (const Seen& seen : part) out.put_seen(seen.first_seen, seen.event);
  }

  Scratch& scratch_;
  std::size_t nodes_, part_nodes_;
  std::vector<SpoolWriter> parts_;
  std::vector<Seen> all_;
};

class StoreScan {
 public:
  StoreScan(const GraphStore::Impl& impl, const SnapshotOptions& options, ThreadPool& pool)
      : impl_(impl),
        options_(options),
        threads_(pool.size()),
        snapshot_(impl.secondary_folder.empty() ? impl.db->GetSnapshot() : nullptr) {}
  ~StoreScan() {
    if (snapshot_ != nullptr) impl_.db->ReleaseSnapshot(snapshot_);
  }
  StoreScan(const StoreScan&) = delete;
  StoreScan& operator=(const StoreScan&) = delete;

  void nodes(graph::SnapshotBuilder& builder, graph::NodeTypeId type) const {
    const std::size_t count = impl_.state.node_counts[type];
    graph::NodeWriter writer = builder.nodes(type);
    std::uint64_t names = 0, ids = 0;
    raw(kNames, node_pieces(type, count), [&](std::string_view key, std::string_view value) {
      if (key.size() != 6 || get_big<std::uint32_t>(key, 2) != names++) damaged_nodes(type, count, names);
      writer.put_id(value);
      if (!value.empty()) return;
      writer.put_sorted(value, static_cast<graph::NodeId>(names - 1));  // forgotten
      ++ids;
    });
    SeenByNode seen(builder.scratch(), count, options_.memory / kSeenShare);
    raw(kIds, file_pieces(kIds, type), [&](std::string_view key, std::string_view bytes) {
      const auto value = decode_id_value(bytes);
      if (!value || value->node >= count) impl_.damaged("an id of the store is damaged");
      writer.put_sorted(key.substr(2), value->node);
      seen.put(*value);
      ++ids;
    });
    if (names != count || ids != count) damaged_nodes(type, count, std::min(names, ids));
    seen.finish(writer);
    writer.finish();
  }

  void fields(graph::SnapshotBuilder& builder, graph::NodeTypeId type) const {
    const std::size_t count = impl_.state.node_counts[type];
    std::vector<std::unique_ptr<graph::FieldWriter>> writers;
    for (std::size_t f = 0; f < impl_.schema.graph.node_type(type).fields.size(); ++f)
      writers.push_back(builder.field(type, f));
    raw(kFields, node_pieces(type, count), [&](std::string_view key, std::string_view bytes) {
      const std::size_t field = key.size() == 8 ? get_big<std::uint16_t>(key, 6) : writers.size();
      if (field >= writers.size() || get_big<std::uint32_t>(key, 2) >= count)
        impl_.damaged("a field of the store is damaged");
      if (!put_stored_field(*writers[field], get_big<std::uint32_t>(key, 2), bytes))
        impl_.damaged("a field of the store is damaged");
    });
    for (const auto& writer : writers) writer->finish();
  }

  void edges(graph::SnapshotBuilder& builder, graph::EdgeTypeId type) const {
    graph::EdgeWriter writer = builder.edges(type);
    const graph::EdgeType& edge_type = impl_.schema.graph.edge_type(type);
    const auto cuts = node_pieces(type, impl_.state.node_counts[edge_type.from]);
    OrderedPieces<EdgeBlock>(cuts.size() - 1, threads_, waiting_blocks())
        .run([&](std::size_t piece, auto&& emit) { rows(cuts[piece], cuts[piece + 1], emit); },
             [&](const EdgeBlock& block) {
               for (const graph::StreamedEdge& edge : block) writer.add(edge);
             });
    const std::uint64_t wanted = impl_.state.edge_counts[type];
    if (writer.edges() != wanted) {
      impl_.damaged(fmt::format("the store should have {} edges of type {} and has {}", wanted,
                                edge_type.name, writer.edges()));
    }
    writer.finish();
    builder.finished(type, writer);
  }

 private:
  std::size_t waiting_blocks() const { return options_.memory / kBlocksShare / kBlockBytes; }

  [[noreturn]] void damaged_nodes(graph::NodeTypeId type, std::uint64_t wanted, std::uint64_t has) const {
    impl_.damaged(fmt::format("the store should have {} nodes of type {} and has {}", wanted, type, has));
  }

  // Keys where pieces begin and end: of a family whose keys are a type and a node.
  std::vector<std::string> node_pieces(std::uint16_t type, std::size_t nodes) const {
    std::vector<std::string> cuts;
    for (std::size_t node = 0; node < nodes; node += options_.nodes_per_piece)
      cuts.push_back(node_key({type, static_cast<graph::NodeId>(node)}));
    if (cuts.empty()) cuts.push_back(type_prefix(type));
    cuts.front() = type_prefix(type);
    cuts.push_back(type_prefix(static_cast<std::uint16_t>(type + 1)));
    return cuts;
  }

  // Of any family: where its files begin.
  std::vector<std::string> file_pieces(Family family, std::uint16_t type) const {
    const std::string first = type_prefix(type);
    const std::string last = type_prefix(static_cast<std::uint16_t>(type + 1));
    std::vector<std::string> cuts = {first, last};
    rocksdb::ColumnFamilyMetaData meta;
    impl_.db->GetColumnFamilyMetaData(impl_.family(family), &meta);
    for (const auto& level : meta.levels) {
      for (const auto& file : level.files) {
        if (file.smallestkey > first && file.smallestkey < last) cuts.push_back(file.smallestkey);
      }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
  }

  std::unique_ptr<rocksdb::Iterator> iterate(Family family) const {
    rocksdb::ReadOptions read = scan_options(family);
    read.snapshot = snapshot_;
    read.total_order_seek = true;
    read.fill_cache = false;
    read.readahead_size = 1 << 20;
    return std::unique_ptr<rocksdb::Iterator>(impl_.db->NewIterator(read, impl_.family(family)));
  }

  template <typename Visit>
  void raw(Family family, const std::vector<std::string>& cuts, Visit&& visit) const {
    OrderedPieces<RawBlock>(cuts.size() - 1, threads_, waiting_blocks())
        .run(
            [&](std::size_t piece, auto&& emit) {
              const auto iterator = iterate(family);
              RawBlock block;
              for (iterator->Seek(cuts[piece]); iterator->Valid(); iterator->Next()) {
                const rocksdb::Slice key = iterator->key();
                if (key.compare(cuts[piece + 1]) >= 0) break;
                block.put({key.data(), key.size()}, {iterator->value().data(), iterator->value().size()});
                if (block.size() >= kBlockBytes) emit(std::exchange(block, {}));
              }
              impl_.check(iterator->status(), "read the store");
              if (block.size() > 0) emit(std::move(block));
            },
            [&](const RawBlock& block) { block.visit(visit); });
  }

  graph::StreamedEdge edge_at(const rocksdb::Iterator& iterator) const {
    const auto key = decode_edge_key({iterator.key().data(), iterator.key().size()});
    const auto value = decode_edge_value({iterator.value().data(), iterator.value().size()});
    if (!key || !value) impl_.damaged("an edge of the store is damaged");
    return {.from = key->node,
            .to = key->other,
            .time = key->time,
            .weight = value->weight,
            .event = key->event,
            .source = value->source};
  }

  // The rows between two keys, oldest edges first; the store has the newest first.
  template <typename Emit>
  void rows(const std::string& begin, const std::string& end, Emit&& emit) const {
    const auto iterator = iterate(kOutgoing);
    EdgeBlock block, row;
    const auto put = [&](const graph::StreamedEdge& edge) {
      if (block.empty()) block.reserve(kBlockEdges);
      block.push_back(edge);
      if (block.size() == kBlockEdges) emit(std::exchange(block, {}));
    };
    const auto end_row = [&] {
      std::for_each(row.rbegin(), row.rend(), put);
      row.clear();
    };
    for (iterator->Seek(begin); iterator->Valid() && iterator->key().compare(end) < 0; iterator->Next()) {
      const graph::StreamedEdge edge = edge_at(*iterator);
      if (!row.empty() && row.front().from != edge.from) end_row();
      row.push_back(edge);
      if (row.size() < options_.row_in_memory) continue;
      const std::string prefix(iterator->key().data(), kEdgePrefixBytes);
      row.clear();
      const std::string last = long_row(prefix, put);
      iterator->Seek(last);  // Next() then leaves the row
      if (!iterator->Valid()) break;
    }
    impl_.check(iterator->status(), "read the store");
    end_row();
    if (!block.empty()) emit(std::move(block));
  }

  // Reads one row backwards. Returns its last key.
  template <typename Put>
  std::string long_row(const std::string& prefix, Put&& put) const {
    const auto iterator = iterate(kOutgoing);
    iterator->SeekForPrev(prefix + std::string(kEdgeKeyBytes - kEdgePrefixBytes, '\xFF'));
    std::string last;
    for (; iterator->Valid() && iterator->key().starts_with(prefix); iterator->Prev()) {
      if (last.empty()) last = iterator->key().ToString();
      put(edge_at(*iterator));
    }
    impl_.check(iterator->status(), "read the store");
    return last;
  }

  const GraphStore::Impl& impl_;
  SnapshotOptions options_;
  std::size_t threads_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace

bool put_stored_field(graph::FieldWriter& writer, graph::NodeId node, std::string_view bytes) {
  static const char kTextKind = static_cast<char>(graph::FieldValue(std::string()).index());
  if (!bytes.empty() && bytes[0] == kTextKind) {
    writer.put_text(node, bytes.substr(1));
    return true;
  }
  if (const auto ranked = ranked_field(bytes);
      ranked && ranked->kind == static_cast<unsigned char>(kTextKind)) {
    writer.put_text(node, ranked->payload);
    return true;
  }
  const auto value = decode_field_value(bytes);
  if (value) writer.put(node, *value);
  return value.has_value();
}

graph::SnapshotInfo scan_into_snapshot(const GraphStore& store, const std::filesystem::path& folder,
                                       const std::string& data_root, const SnapshotOptions& options,
                                       ProgressSink& progress, Files& files) {
  const GraphStore::Impl& impl = store.impl();
  const graph::Schema& schema = impl.schema.graph;
  graph::SnapshotInfo info{.store_uuid = impl.uuid, .sequence = impl.state.sequence, .data_root = data_root};
  for (LedgerEntry& entry : store.ledger()) info.source_files.push_back(std::move(entry.name));
  ThreadPool pool(options.threads);
  const StoreScan scan(impl, options, pool);
  graph::SnapshotBuilder builder(
      schema, {impl.state.node_counts.begin(), impl.state.node_counts.end()}, folder,
      {.memory = options.memory / kBuilderShare,
       .pool = &pool,
       .name_of = [&](graph::NodeRef node) { return store.external_id(node).value_or("?"); }},
      files);
  const std::size_t nodes = schema.node_types().size(), edges = schema.edge_types().size();
  progress.begin("snapshot", nodes + edges, "types");
  for (std::size_t type = 0; type < nodes; ++type) {
    scan.nodes(builder, static_cast<graph::NodeTypeId>(type));
    scan.fields(builder, static_cast<graph::NodeTypeId>(type));
    progress.advance(type + 1);
  }
  files.kill_point("snapshot.after_nodes");
  for (std::size_t type = 0; type < edges; ++type) {
    scan.edges(builder, static_cast<graph::EdgeTypeId>(type));
    progress.advance(nodes + type + 1);
  }
  files.kill_point("snapshot.after_edges");
  info = builder.seal(std::move(info));
  builder.publish();
  progress.end();
  return info;
}

}  // namespace weft::storage
