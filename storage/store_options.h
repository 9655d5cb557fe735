// Settings of the store. None changes the graph that is stored or what is answered; all change speed, memory
// and how much a power cut may cost.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::storage {

enum class Sync {
  kEachBatch,
  kNever
};  // kNever: a killed process loses nothing, a power cut may lose the last batches

struct StoreOptions {
  Sync sync = Sync::kEachBatch;
  std::size_t block_cache_bytes = std::size_t{64} << 20;   // shared by all column families
  std::size_t write_buffer_bytes = std::size_t{32} << 20;  // per column family of edges; two each at most
  std::size_t dictionary_cache_entries = 4'000'000;        // external ids held in memory, at most
  int background_threads = 2;
  // Changes after a snapshot up to which they are logged, so that a delta can be made (storage/change_log.h);
  // an eighth of the edges if that is more.
  std::size_t logged_changes = 1'000'000;
};

}  // namespace weft::storage
