// What a bulk load knows of a store that holds data, for as long as it reads and merges.
#pragma once

#include <rocksdb/cache.h>

#include <memory>

#include "storage/bulk/store_names.h"
#include "storage/bulk/stored_events.h"

namespace weft::storage {

// Lends the database's cache of blocks for look-ups: no larger than `bytes` meanwhile, so that what the load
// may take holds for all of it.
class SmallCache {
 public:
  SmallCache(const GraphStore::Impl& store, std::size_t bytes);
  ~SmallCache();
  SmallCache(const SmallCache&) = delete;
  SmallCache& operator=(const SmallCache&) = delete;

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
  std::size_t before_ = 0;
};

class StoredSide {
 public:
  // Writes what the store has in memory to table files first. `memory` bytes are for the load as a whole.
  StoredSide(GraphStore::Impl& store, Scratch& scratch, ThreadPool& pool, std::size_t memory);

  const StoreNames& names() const { return names_; }
  const StoredEvents& events() const { return events_; }

 private:
  SmallCache cache_;
  StoreNames names_;
  StoredEvents events_;
};

}  // namespace weft::storage
