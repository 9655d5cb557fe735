#include "tests/storage/golden_store.h"

#include <fmt/format.h>

#include <vector>

#include "storage/forget.h"
#include "storage/store_impl.h"
#include "tests/storage/small_store.h"

namespace weft::storage {

namespace fs = std::filesystem;

namespace {

// small_schema() with a picture.
StoreSchema golden_schema() {
  const StoreSchema small = small_schema();
  StoreSchema out = small;
  out.graph = {};
  for (graph::NodeType type : small.graph.node_types()) {
    if (type.name == "item") type.fields.push_back({"photo", graph::FieldKind::kImage});
    out.graph.add_node_type(type);
  }
  for (const graph::EdgeType& type : small.graph.edge_types()) out.graph.add_edge_type(type);
  return out;
}

}  // namespace

void make_golden_store(const fs::path& folder, std::uint32_t format) {
  {
    GraphStore store = GraphStore::open(folder, golden_schema());
    std::vector<graph::Event> events = random_events(400, 20261129);
    events.push_back(
        {.id = 77,
         .nodes = {{.type = kItem,
                    .external_id = "i0",
                    .fields = {std::string("茶 & \"té\""), std::vector<std::string>{"red", "blue"},
                               graph::MediaValue{"img/i0.jpg", std::string(32, 'a')}},
                    .time = -5}}});
    events.push_back(
        {.id = 78,
         .nodes = {
             {.type = kItem, .external_id = "i1", .fields = {{}, {}, graph::MediaValue{"img/i1.jpg", ""}}}}});
    store.apply({.events = events,
                 .ledger = {{.source = 0,
                             .name = "items.csv",
                             .bytes = 1000,
                             .prefix_hash = 0x1234567890ABCDEF,
                             .lines = 30,
                             .rows = 29,
                             .bad_rows = 1,
                             .fingerprint = 99},
                            {.source = 1, .name = "events.jsonl", .bytes = 500, .rows = 20},
                            {.source = 2, .name = "empty.tsv"}},
                 .quarantined = {{.source = 0,
                                  .offset = 40,
                                  .line = 3,
                                  .reason = "missing id",
                                  .detail = "column 'id' is empty",
                                  .excerpt = ",tea"}}});
    if (format >= kForgettingFormat) {
      const fs::path workspace = folder.string() + ".workspace";
      fs::create_directories(workspace);
      forget_node(store, kUser, kGoldenForgotten, {.only_by_edges = {0, 0, 0, 1}});
      finish_forgetting(store, {workspace});
      fs::remove_all(workspace);
    }
    if (format >= kDeletingFormat) {
      // Before what they delete, after it, and of friends.
      const auto deletion = [](graph::EventId id, graph::EdgeTypeId type, const char* from, const char* to,
                               graph::TimeMs time) {
        return graph::Event{.id = id,
                            .edges = {{.type = type, .from = from, .to = to, .time = time, .deletes = true}}};
      };
      graph::Event at_time = deletion(8015, kBuys, "u3", "i1", 4000);
      at_time.edges[0].at_time_only = true;
      store.apply({.events = {buy(8001, "u1", "i1", 2000),
                              deletion(8003, kBuys, "u1", "i1", 2000),
                              deletion(8005, kBuys, "u2", "i1", 3000),
                              buy(8007, "u2", "i1", 2500),
                              buy(8009, "u2", "i1", 3500),
                              {.id = 8011, .edges = {{.type = kFriend, .from = "u1", .to = "u2"}}},
                              deletion(8013, kFriend, "u2", "u1", graph::kNoTime),
                              buy(8017, "u3", "i1", 4000),
                              at_time}});
    }
    GraphStore::Impl& impl = store.impl();
    impl.check(impl.db->Flush({}, impl.handles), "write the golden store");
  }
  // RocksDB makes these anew.
  std::vector<fs::path> idle = {folder / "writer.lock"};
  for (const auto& entry : fs::directory_iterator(folder / "db")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".sst") && !name.starts_with("MANIFEST") && name != "CURRENT")
      idle.push_back(entry.path());
  }
  for (const fs::path& path : idle) fs::remove(path);
}

std::string golden_text(const GraphStore& store) {
  std::string out =
      fmt::format("format {}\nuuid {}\n{}", store.info().format, store.info().uuid, dump(store));
  for (const LedgerEntry& entry : store.ledger())
    out += fmt::format("source {} '{}' {} {:x} {} {} {} {}\n", entry.source, entry.name, entry.bytes,
                       entry.prefix_hash, entry.lines, entry.rows, entry.bad_rows, entry.fingerprint);
  store.visit_quarantine([&](const QuarantinedRow& row) {
    out += fmt::format("quarantined {} {} {} '{}' '{}' '{}'\n", row.source, row.offset, row.line, row.reason,
                       row.detail, row.excerpt);
    return true;
  });
  for (PrefixScan scan(store.impl(), kMeta, std::string(kDeletionPrefix)); scan.valid(); scan.next()) {
    const EdgePair pair = decode_deletion_key(scan.key()).value();
    out += fmt::format("deletion {} {}->{} until {}\n", pair.type, pair.from, pair.to,
                       decode_deletion(scan.value()).value());
  }
  for (PrefixScan scan(store.impl(), kMeta, std::string(kDeletionAtPrefix)); scan.valid(); scan.next()) {
    const auto [pair, time] = decode_deletion_at_key(scan.key()).value();
    out += fmt::format("deletion {} {}->{} at {}\n", pair.type, pair.from, pair.to, time);
  }
  for (PrefixScan scan(store.impl(), kMeta, std::string(kDeletedPrefix)); scan.valid(); scan.next()) {
    const EdgeKey key = decode_deleted_key(scan.key()).value();
    out += fmt::format("deleted {} {}->{} {} {:x}\n", key.type, key.node, key.other, key.time, key.event);
  }
  return out;
}

}  // namespace weft::storage
