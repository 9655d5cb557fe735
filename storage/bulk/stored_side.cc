#include "storage/bulk/stored_side.h"

#include <rocksdb/table.h>

#include <algorithm>

namespace weft::storage {
namespace {

constexpr std::size_t kCacheShare = 16, kNamesShare = 3;
constexpr std::size_t kLeastCache = std::size_t{4} << 20;

const GraphStore::Impl& flushed(GraphStore::Impl& store) {
  store.check(store.db->Flush(rocksdb::FlushOptions(), store.handles), "write the store's table files");
  return store;
}

}  // namespace

SmallCache::SmallCache(const GraphStore::Impl& store, std::size_t bytes) {
  const auto options = store.db->GetOptions(store.family(kIds));
  const auto* table = options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  if (table == nullptr || !table->block_cache) return;
  cache_ = table->block_cache;
  before_ = cache_->GetCapacity();
  cache_->SetCapacity(std::min(before_, std::max(bytes, kLeastCache)));
}

SmallCache::~SmallCache() {
  if (cache_) cache_->SetCapacity(before_);
}

StoredSide::StoredSide(GraphStore::Impl& store, Scratch& scratch, ThreadPool& pool, std::size_t memory)
    : cache_(store, memory / kCacheShare),
      names_(flushed(store), scratch, pool, memory / kNamesShare),
      events_(store, names_, pool) {}

}  // namespace weft::storage
