// The inside of GraphStore, for the files that make it up and for verify.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/change_log.h"
#include "storage/deletions.h"
#include "storage/dictionary_cache.h"
#include "storage/graph_store.h"
#include "storage/keys.h"
#include "storage/newest_times.h"
#include "storage/rocksdb_options.h"
#include "storage/store_lock.h"
#include "storage/take_in_guard.h"
#include "storage/tombstones.h"

namespace weft::storage {

struct GraphStore::Impl {
  Impl(std::filesystem::path store_folder, const StoreOptions& store_options, Files& store_files)
      : folder(std::move(store_folder)), options(store_options), files(store_files) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::filesystem::path database_folder() const { return folder / "db"; }
  rocksdb::ColumnFamilyHandle* family(Family which) const { return handles[which]; }
  void check(const rocksdb::Status& status, const std::string& doing) const {
    check_status(status, doing, folder.string());
  }
  // The value, or nothing if the key is not there. Throws on damage.
  std::optional<std::string> get(Family which, std::string_view key) const;
  rocksdb::Options open_options();  // of the database as a whole
  [[noreturn]] void damaged(const std::string& what) const;

  enum class Missing { kCreate, kRefuse };
  void open_writer(Missing missing);
  void open_database(Missing missing);  // after open_writer()'s checks
  void close_database();
  void reopen();  // writer: what RocksDB wrote about files that are gone goes with its old MANIFEST
  void open_secondary();
  void read_meta();                             // of a store that has it
  void create_meta(const StoreSchema& wanted);  // of a new one
  void load_state();
  void load_format();  // refuses one that this version does not know
  void start_cache();  // an empty one, of an unknown part of the dictionary
  void load_tombstones();
  void load_deletions();
  // In the store, of the edge's pair, and it reaches the edge. One that cannot be read reaches none.
  bool has_deletion(const EdgeKey& outgoing) const;
  void follow_writer();   // reader; load_state() then
  bool is_empty() const;  // nothing was ever applied
  // A file beside the database says so, durably, for as long as the database is not whole: while it is made,
  // and while a bulk load is taken into an empty one (one that holds data has the guard alone). Nothing is
  // acknowledged until the file is gone; a writer that finds it starts the database anew.
  bool is_unfinished() const;
  void begin_unfinished();
  void end_unfinished();

  std::filesystem::path folder;
  StoreOptions options;
  Files& files;
  std::unique_ptr<StoreLock> lock;              // writer
  std::filesystem::path secondary_folder = {};  // reader: RocksDB's own notes, removed at the end
  TakeInGuard guard = {};                       // of the open database
  std::unique_ptr<rocksdb::Env> env;            // the database's
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  StoreSchema schema = {};
  std::string uuid = {};
  std::uint32_t format = 0;
  StoreState state = {};
  std::optional<ChangeLogState> changes = {};         // as of `state`
  std::unique_ptr<DictionaryCache> cache;             // writer
  bool cache_complete = false;                        // holds every id of the store
  std::optional<NewestTimes> newest = {};             // writer: of all edges, deleted ones too
  std::optional<graph::SnapshotInfo> fresh_snapshot;  // that a bulk load just wrote, whole and synced
  bool failed = false;            // a write failed half-way: what is in memory may not be what is stored
  Tombstones tombstones = {};     // as of `state`
  DeletionCounts deletions = {};  // as of `state`; sized
};

// How iterators of a family read. Where RocksDB 7.8 looks out for ranges that were deleted, it passes over an
// error of reading as an iterator goes on to the next table file of a level, and its status is good: entries
// would be missing without a word. Of no family but `meta` ranges are deleted.
inline rocksdb::ReadOptions scan_options(Family family) {
  rocksdb::ReadOptions read;
  read.ignore_range_deletions = family != kMeta;
  return read;
}

// Iterates over all keys that begin with `prefix`.
class PrefixScan {
 public:
  PrefixScan(const GraphStore::Impl& impl, Family family, std::string prefix,
             const rocksdb::Snapshot* snapshot = nullptr);
  bool valid() const { return iterator_->Valid() && iterator_->key().starts_with(prefix_); }
  void next() { iterator_->Next(); }
  std::string_view key() const { return {iterator_->key().data(), iterator_->key().size()}; }
  std::string_view value() const { return {iterator_->value().data(), iterator_->value().size()}; }
  // Throws Error if the scan ended because of damage.
  void check() const;

 private:
  const GraphStore::Impl& impl_;
  std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// The edges of the pair at just this time, as their source sees them. Throws Error on damage.
std::vector<EdgeKey> edges_at(const GraphStore::Impl& impl, const EdgePair& pair, graph::TimeMs time);

// Throws Error if the event cannot be written, whatever the store holds.
void check_event(const graph::Event& event, const StoreSchema& schema);
// The event id that an as_node field's edge carries.
graph::EventId attribute_event(const StoreSchema& schema, const graph::EdgeEvent& edge, graph::EventId event);

inline rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
template <std::size_t N>
rocksdb::Slice slice(const std::array<char, N>& bytes) {
  return {bytes.data(), N};
}

}  // namespace weft::storage
