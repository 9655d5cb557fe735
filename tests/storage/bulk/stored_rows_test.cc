#include "storage/bulk/stored_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/storage/small_store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using Edges = std::vector<std::pair<EdgeKey, EdgeValue>>;

TEST(StoredRows, ARowsEdgesUpToATime) {
  test::TempFolder folder(test::in_memory());
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {.sync = Sync::kNever});
  const std::vector<graph::Event> events = random_events(800, 6);
  // Some in table files, the rest in memory.
  store.apply(slice_of(events, 0, 500));
  ASSERT_TRUE(store.impl().db->Flush(rocksdb::FlushOptions(), store.impl().handles).ok());
  store.apply(slice_of(events, 500, 800));
  std::mt19937_64 random(6);
  std::size_t visited = 0;
  for (const Family family : {kOutgoing, kIncoming}) {
    Edges all;
    for (PrefixScan scan(store.impl(), family, ""); scan.valid(); scan.next())
      all.emplace_back(decode_edge_key(scan.key()).value(), decode_edge_value(scan.value()).value());
    for (graph::EdgeTypeId type = 0; type < 4; ++type) {
      StoredRows rows(store.impl(), type, family);
      for (int i = 0; i < 200; ++i) {
        const auto node = static_cast<graph::NodeId>(random() % 70);
        const auto until = i % 3 == 0 ? graph::kEndOfTime : static_cast<graph::TimeMs>(random() % 1000);
        Edges wanted, found;
        std::copy_if(all.begin(), all.end(), std::back_inserter(wanted), [&](const auto& edge) {
          return edge.first.type == type && edge.first.node == node && edge.first.time <= until;
        });
        rows.visit(node, until,
                   [&](const EdgeKey& key, const EdgeValue& value) { found.emplace_back(key, value); });
        EXPECT_EQ(found, wanted);
        visited += found.size();
      }
    }
  }
  EXPECT_GT(visited, 500U);
}

TEST(StoredRows, DamageIsAnError) {
  test::TempFolder folder(test::in_memory());
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {.sync = Sync::kNever});
  store.apply({.events = {buy(1, "a", "x", 5)}});
  GraphStore::Impl& impl = store.impl();
  const auto key = encode_edge_key({kBuys, 0, 4, 0, 9});
  ASSERT_TRUE(impl.db->Put(rocksdb::WriteOptions(), impl.family(kOutgoing), slice(key), "short").ok());
  StoredRows rows(impl, kBuys, kOutgoing);
  const std::string error =
      test::error_of([&] { rows.visit(0, graph::kEndOfTime, [](const EdgeKey&, const EdgeValue&) {}); });
  EXPECT_NE(error.find("an edge of the store is damaged"), std::string::npos) << error;
}

}  // namespace
}  // namespace weft::storage
