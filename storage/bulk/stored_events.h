// Which events of a bulk load the store has already: those whose first edge it has, as GraphStore::apply()
// finds them.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "storage/bulk/chunk.h"
#include "storage/bulk/store_names.h"
#include "storage/store_impl.h"

namespace weft::storage {

class StoredEvents {
 public:
  // All must outlive it. The store must not change meanwhile, and its edges be in table files.
  StoredEvents(const GraphStore::Impl& store, const StoreNames& names, ThreadPool& pool)
      : store_(store), names_(names), pool_(pool) {}

  // After Numbering::drop_repeats() and before number(): drops them too, and what only they name. Returns how
  // many. Events that are newer than all of the store are not looked for.
  std::uint64_t drop(std::span<Chunk> chunks) const;

 private:
  const GraphStore::Impl& store_;
  const StoreNames& names_;
  ThreadPool& pool_;
};

}  // namespace weft::storage
