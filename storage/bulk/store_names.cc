#include "storage/bulk/store_names.h"

#include <string_view>

#include "base/hash_sort.h"
#include "base/merge.h"
#include "storage/bulk/chunk.h"

namespace weft::storage {
namespace {

// Of records in one run: sorting takes their size again.
std::size_t run_records(std::size_t memory) {
  return std::max<std::size_t>(memory / (2 * sizeof(StoreName)), 16);
}

}  // namespace

StoreNames::StoreNames(const GraphStore::Impl& store, Scratch& scratch, ThreadPool& pool, std::size_t memory)
    : scratch_(scratch) {
  std::vector<Spool> runs;
  std::vector<StoreName> names;
  const auto write = [&] {
    sort_by_hash(names, &pool, [](const StoreName& name) { return name.hash.high; });
    SpoolWriter run(scratch, "store-names", Keep::kOnDisk);
    run.append(names.data(), names.size() * sizeof(StoreName));
    runs.push_back(run.finish());
    names.clear();
  };
  rocksdb::ReadOptions read = scan_options(kIds);
  read.fill_cache = false;
  read.total_order_seek = true;
  read.readahead_size = std::size_t{1} << 20;
  const std::unique_ptr<rocksdb::Iterator> scan(store.db->NewIterator(read, store.family(kIds)));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const std::string_view key{scan->key().data(), scan->key().size()};
    const auto value = decode_id_value({scan->value().data(), scan->value().size()});
    if (!value || key.size() < sizeof(graph::NodeTypeId)) store.damaged("an id of the store is damaged");
    const auto type = get_big<graph::NodeTypeId>(key, 0);
    names.push_back({.hash = name_hash(type, key.substr(sizeof(type))),
                     .first_seen = value->first_seen,
                     .node = value->node});
    if (names.size() >= run_records(memory)) write();
  }
  store.check(scan->status(), "read the store");
  if (!names.empty()) write();
  std::vector<StoreName>().swap(names);
  if (runs.empty()) return;
  if (runs.size() == 1) {
    run_ = std::move(runs.front());
    return;
  }
  SpoolWriter all(scratch, "store-names", Keep::kOnDisk);
  auto merged = merge_runs<RecordCursor<StoreName>>(runs, scratch.files(), memory);
  while (merged.next()) all.put(merged.top().key());
  run_ = all.finish();
}

}  // namespace weft::storage
