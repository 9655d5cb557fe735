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

// How table files are laid out. Measurements (benchmarks/storage/options.py) alone set anything but the
// defaults. Files that were written with other values stay readable.
struct TableTuning {
  enum class Compression { kNone, kLz4, kLz4ThenZstd };  // the last: ZSTD in the lowest level
  Compression compression = Compression::kLz4ThenZstd;
  std::size_t edge_block_bytes = std::size_t{16} << 10;
  std::size_t id_block_bytes = std::size_t{16} << 10;  // of dictionaries and fields
  double filter_bits = 10;                             // a key; 0: no filters
  bool prefix_filters = true;      // of edges: one entry for each node, beside those of whole keys
  bool partitioned = true;         // indexes and filters in pieces, read as they are needed
  bool hash_in_id_blocks = false;  // a hash table in each block, beside its binary search
};

struct StoreOptions {
  Sync sync = Sync::kEachBatch;
  // Shared by all column families. 0: a sixteenth of the machine's memory, from 64 MiB to 1 GiB. Filled as
  // blocks are read.
  std::size_t block_cache_bytes = 0;
  std::size_t write_buffer_bytes = std::size_t{32} << 20;  // per column family of edges; two each at most
  std::size_t dictionary_cache_entries = 4'000'000;        // external ids held in memory, at most
  int background_threads = 2;
  // Changes after a snapshot up to which they are logged, so that a delta can be made (storage/change_log.h);
  // an eighth of the edges if that is more.
  std::size_t logged_changes = 1'000'000;
  TableTuning tables = {};
};

// What 0 stands for.
std::size_t default_block_cache_bytes();

}  // namespace weft::storage
