#include "storage/rocksdb_options.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <memory>

#include "base/error.h"
#include "storage/newest_times.h"

namespace weft::storage {
namespace {

// RocksDB's own log file goes through the writer that must not be used again after a failed write: on a full
// disk its next line would end the process (an assertion of builds that have them). What goes wrong comes
// back as a status, and weft reports it.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

std::size_t default_block_cache_bytes() {
  constexpr std::size_t kLeast = std::size_t{64} << 20, kMost = std::size_t{1} << 30;
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return kLeast;
  return std::clamp(static_cast<std::size_t>(pages) / 16 * static_cast<std::size_t>(page), kLeast, kMost);
}

std::shared_ptr<rocksdb::Cache> block_cache(const StoreOptions& options) {
  const std::size_t bytes =
      options.block_cache_bytes == 0 ? default_block_cache_bytes() : options.block_cache_bytes;
  // Shards so large that no block is too large for one: RocksDB's own choice is half a megabyte.
  constexpr std::size_t kShardBytes = std::size_t{8} << 20;
  int shard_bits = 0;
  while (shard_bits < 6 && bytes >> (shard_bits + 1) >= kShardBytes) ++shard_bits;
  return rocksdb::NewLRUCache(bytes, shard_bits);
}

rocksdb::DBOptions database_options(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.max_background_jobs = std::max(2, options.background_threads);
  db.info_log = std::make_shared<NoLog>();
  // All column families share the log of writes: it may not grow for the sake of one that hardly changes.
  db.max_total_wal_size = 8 * options.write_buffer_bytes;
  db.bytes_per_sync = 1 << 20;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.max_open_files = -1;  // a reader keeps seeing files that the writer has deleted
  // One writing thread: a plain memtable insert is faster than a concurrent one.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  db.avoid_flush_during_shutdown = true;
  return db;
}

namespace {

rocksdb::BlockBasedTableOptions table_options(Family family, const TableTuning& tuning) {
  const bool edges = family == kOutgoing || family == kIncoming;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = edges ? tuning.edge_block_bytes : tuning.id_block_bytes;
  if (tuning.filter_bits > 0) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(tuning.filter_bits));
  // An edge is looked up by its whole key in one direction only, when a batch asks whether it is there.
  table.whole_key_filtering = family != kIncoming || !tuning.prefix_filters;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  if (tuning.partitioned) {
    // Those of a large store do not fit into the cache, and a filter of one block (a megabyte for a million
    // keys) would be read anew by each look-up.
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.metadata_block_size = 4 << 10;
    table.pin_top_level_index_and_filter = true;
  }
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (!edges && tuning.hash_in_id_blocks)
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  return table;
}

void set_compression(rocksdb::ColumnFamilyOptions& cf, TableTuning::Compression compression) {
  const bool none = compression == TableTuning::Compression::kNone;
  cf.compression = none ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  cf.bottommost_compression =
      compression == TableTuning::Compression::kLz4ThenZstd ? rocksdb::kZSTD : cf.compression;
}

}  // namespace

rocksdb::ColumnFamilyOptions family_options(Family family, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions cf;
  const bool edges = family == kOutgoing || family == kIncoming;
  const bool large = edges || family == kIds || family == kNames || family == kFields;
  cf.write_buffer_size =
      large ? options.write_buffer_bytes : std::min<std::size_t>(options.write_buffer_bytes, 4 << 20);
  set_compression(cf, options.tables.compression);
  cf.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table = table_options(family, options.tables);
  table.block_cache = cache;
  if (edges) {
    if (options.tables.prefix_filters)
      cf.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kEdgePrefixBytes));
    cf.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(2));
    if (family == kOutgoing) cf.table_properties_collector_factories.push_back(newest_times_collector());
  }
  // Each look-up of an id asks every file of level 0; these are small, and merging them costs little.
  if (family == kIds) cf.level0_file_num_compaction_trigger = 2;
  if (edges || family == kIds) {
    cf.memtable_prefix_bloom_size_ratio = 0.1;
    cf.memtable_whole_key_filtering = family != kIncoming;
  }
  cf.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return cf;
}

rocksdb::Options bulk_table_options(rocksdb::Options options) {
  // Otherwise the compression of the lowest level would be used, which takes several times as long.
  options.bottommost_compression = rocksdb::kDisableCompressionOption;
  return options;
}

void check_status(const rocksdb::Status& status, const std::string& doing, const std::string& folder) {
  if (status.ok()) return;
  ErrorContext context{.file = folder};
  if (status.IsCorruption()) {
    context.hint =
        "the store is damaged: run `weft verify` to see where, `weft repair` to rebuild what can be; or "
        "`weft restore` a backup";
  } else if (status.IsNoSpace() || status.ToString().find("No space left") != std::string::npos) {
    context.hint = "free disk space and run the same command again: nothing half-written is kept";
  }
  throw Error(fmt::format("cannot {}: {}", doing, status.ToString()), std::move(context));
}

bool is_missing_file(const rocksdb::Status& status) {
  return status.IsPathNotFound() || status.IsNotFound();
}

}  // namespace weft::storage
