// The names of a store's nodes in the order of their hashes, beside a bulk load into it: which names of the
// load it has, and under which dense ids.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/hash.h"
#include "base/spool.h"
#include "base/thread_pool.h"
#include "graph/ids.h"
#include "storage/store_impl.h"

namespace weft::storage {

struct StoreName {
  Hash128 hash = {};  // as ChunkName::hash
  graph::TimeMs first_seen = graph::kNoTime;
  graph::NodeId node = 0;
  std::uint32_t unused = 0;
  bool operator<(const StoreName& other) const { return hash < other.hash; }
};

class StoreNames {
 public:
  // Reads all of the store's dictionary; sorts it in runs of `memory` bytes.
  StoreNames(const GraphStore::Impl& store, Scratch& scratch, ThreadPool& pool, std::size_t memory);

  // Calls found(i, name) for each of `items`, which ascend by their member `hash`, that the store has. Reads
  // all names. Thread-safe.
  template <typename Item, typename Found>
  void find(std::span<const Item> items, Found&& found) const {
    SpoolReader reader(run_, scratch_.files(), std::size_t{1} << 18);
    StoreName name;
    bool any = reader.get(name);
    for (std::size_t i = 0; i < items.size() && any; ++i) {
      while (any && name.hash < items[i].hash) any = reader.get(name);
      if (any && name.hash == items[i].hash) found(i, name);
    }
  }

 private:
  Scratch& scratch_;
  Spool run_;
};

}  // namespace weft::storage
