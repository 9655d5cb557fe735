// Every readable entry of a damaged database into a new one.
#include <fmt/format.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "storage/repair_parts.h"
#include "storage/table_footers.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

std::vector<rocksdb::ColumnFamilyDescriptor> all_families() {
  const StoreOptions options;
  const auto cache = block_cache(options);
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  for (std::size_t i = 0; i < kFamilyCount; ++i)
    out.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), options, cache));
  return out;
}

struct Database {
  std::unique_ptr<rocksdb::DB> db = {};
  std::vector<rocksdb::ColumnFamilyHandle*> handles = {};
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    for (rocksdb::ColumnFamilyHandle* handle : handles)
      db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
};

// Changes nothing on disk.
rocksdb::Status open_to_read(const fs::path& folder, Database& out) {
  rocksdb::DBOptions options = database_options({});
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, folder.string(), all_families(), &out.handles, &raw);
  out.db.reset(raw);
  return status;
}

// Of a copy: a column family that lost all its files is created, empty.
rocksdb::Status open_copy(const fs::path& folder, Database& out) {
  rocksdb::DBOptions options = database_options({});
  options.create_missing_column_families = true;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, folder.string(), all_families(), &out.handles, &raw);
  out.db.reset(raw);
  return status;
}

// Table files as links, as they never change; all others as copies. Those that would end the process are left
// out.
void copy_database(const fs::path& from, const fs::path& to, RepairNotes& notes, Files& files) {
  files.remove_all(to);
  files.make_folders(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "LOCK" || name.starts_with("LOG")) continue;
    if (name.ends_with(".log")) continue;  // replay_logs() reads them: here they would lose their families
    if (name.ends_with(".sst") && ends_the_process(entry.path(), files)) {
      notes.lost(fmt::format("table file {}: its properties are damaged", name));
      continue;
    }
    std::error_code no_link;
    if (name.ends_with(".sst")) fs::create_hard_link(entry.path(), to / name, no_link);
    if (!name.ends_with(".sst") || no_link) fs::copy_file(entry.path(), to / name);
  }
}

bool holds_tables(const fs::path& database) {
  return std::any_of(fs::directory_iterator(database), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().extension() == ".sst"; });
}

struct KeyRange {
  std::string after, before;  // both can be read
  bool from_start = false, to_end = false;
};

// The part of a table file that cannot be read: between the last good entry from its beginning and the first
// good one from its end.
KeyRange bad_part(const std::string& path, const rocksdb::Options& options,
                  const rocksdb::LiveFileMetaData& file) {
  KeyRange out{.after = file.smallestkey, .before = file.largestkey};
  rocksdb::SstFileReader reader(options);
  if (!reader.Open(path).ok())
    return {.after = file.smallestkey, .before = file.largestkey, .from_start = true, .to_end = true};
  rocksdb::ReadOptions read;
  read.total_order_seek = true;
  read.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(read));
  out.from_start = out.to_end = true;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    out.after = it->key().ToString();
    out.from_start = false;
  }
  if (it->status().ok()) return {.after = out.after, .before = out.after};  // only what holds no entry
  it.reset(reader.NewIterator(read));
  for (it->SeekToLast(); it->Valid(); it->Prev()) {
    out.before = it->key().ToString();
    out.to_end = false;
  }
  return out;
}

class Salvage {
 public:
  // `from` may be closed: then there are no tables to read.
  Salvage(Database& from, const fs::path& database, const fs::path& to, RepairNotes& notes,
          ProgressSink& progress)
      : from_(from), database_(database), notes_(notes), progress_(progress) {
    rocksdb::DBOptions options = database_options({});
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.error_if_exists = true;
    rocksdb::DB* raw = nullptr;
    check_status(rocksdb::DB::Open(options, to.string(), all_families(), &to_.handles, &raw),
                 "create the new store", to.string());
    to_.db.reset(raw);
  }

  void copy_tables() {
    if (!from_.db) return;
    find_bad_parts();
    progress_.begin("salvage", 0, "entries");
    for (std::size_t family = 0; family < kFamilyCount; ++family) copy(static_cast<Family>(family));
    write();
    progress_.end();
  }

  void copy_logs(const fs::path& database, const fs::path& scratch, Files& files) {
    copied_ += replay_logs(database, *to_.db, scratch, all_families(), notes_, files);
  }

  void finish() {
    if (copied_ == 0)
      throw Error("nothing of the store can be read",
                  {.file = database_.string(),
                   .hint = "restore a backup, or remove the store's folder and ingest again"});
    rocksdb::FlushOptions flush;
    check_status(to_.db->Flush(flush, to_.handles), "write the new store", database_.string());
  }

 private:
  void find_bad_parts() {
    std::vector<rocksdb::LiveFileMetaData> files;
    from_.db->GetLiveFilesMetaData(&files);
    for (const rocksdb::LiveFileMetaData& file : files) {
      const auto family = static_cast<std::size_t>(
          std::find(kFamilyNames.begin(), kFamilyNames.end(), file.column_family_name) -
          kFamilyNames.begin());
      if (family == kFamilyCount) continue;
      rocksdb::Options options(from_.db->GetDBOptions(),
                               family_options(static_cast<Family>(family), {}, cache_));
      const std::string path = database_.string() + file.name;
      rocksdb::SstFileReader reader(options);
      rocksdb::Status status = reader.Open(path);
      if (status.ok()) status = reader.VerifyChecksum();
      if (status.ok()) continue;
      bad_[family].push_back(bad_part(path, options, file));
      notes_.lost(fmt::format("{}: a part of table file {} cannot be read ({})", file.column_family_name,
                              file.name.substr(file.name.find_first_not_of('/')), status.ToString()));
    }
    if (!bad_[kMeta].empty())
      notes_.lost(
          "deletions and tombstones that stood there, if any: what they keep away may return when its "
          "rows are read again");
  }

  // Where reading goes on if `key` lies in a part that cannot be read. Older values of its keys may lie in
  // other files: they would be wrong, and count as lost too.
  const KeyRange* bad_at(Family family, std::string_view key) const {
    for (const KeyRange& range : bad_[family]) {
      const bool behind = range.from_start ? key >= range.after : key > range.after;
      const bool ahead = range.to_end ? key <= range.before : key < range.before;
      if (behind && ahead) return &range;
    }
    return nullptr;
  }

  void copy(Family family) {
    rocksdb::ReadOptions read = scan_options(family);
    read.total_order_seek = true;
    read.verify_checksums = true;
    read.fill_cache = false;
    // A damaged block stops the iterator even within a part that is left out: so one iterator for each
    // stretch between such parts.
    std::string from;
    while (true) {
      const KeyRange* next = next_bad(family, from);
      rocksdb::Slice bound;
      std::string bound_key;
      if (next != nullptr) {
        bound_key = next->from_start ? next->after : next->after + '\0';
        bound = bound_key;
        read.iterate_upper_bound = &bound;
      } else {
        read.iterate_upper_bound = nullptr;
      }
      std::unique_ptr<rocksdb::Iterator> it(from_.db->NewIterator(read, from_.handles[family]));
      for (it->Seek(from); it->Valid(); it->Next()) {
        if (bad_at(family, {it->key().data(), it->key().size()}) != nullptr) continue;
        put(family, it->key(), it->value());
      }
      if (!it->status().ok())
        notes_.lost(fmt::format("{}: reading stopped: {}", kFamilyNames[family], it->status().ToString()));
      if (next == nullptr) return;
      std::string resume = next->to_end ? next->before + '\0' : next->before;
      from = std::max(std::move(resume), bound_key);
    }
  }

  // The first part that ends behind `from`.
  const KeyRange* next_bad(Family family, const std::string& from) const {
    const KeyRange* first = nullptr;
    for (const KeyRange& range : bad_[family]) {
      if (range.to_end ? range.before < from : range.before <= from) continue;
      if (first == nullptr || range.after < first->after) first = &range;
    }
    return first;
  }

  void put(Family family, const rocksdb::Slice& key, const rocksdb::Slice& value) {
    check_status(batch_.Put(to_.handles[family], key, value), "write the new store", database_.string());
    if ((++copied_ & 0xFFFF) == 0) progress_.advance(copied_);
    if (batch_.GetDataSize() > (std::size_t{4} << 20)) write();
  }

  void write() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    check_status(to_.db->Write(options, &batch_), "write the new store", database_.string());
    batch_.Clear();
  }

  Database& from_;
  Database to_;
  fs::path database_;
  RepairNotes& notes_;
  ProgressSink& progress_;
  std::shared_ptr<rocksdb::Cache> cache_ = block_cache({});
  std::array<std::vector<KeyRange>, kFamilyCount> bad_;
  rocksdb::WriteBatch batch_;
  std::uint64_t copied_ = 0;
};

// Why it does not open, or nothing.
std::string open_or_reason(const fs::path& database, Database& out, Files& files) {
  try {
    check_table_footers(database, files);
  } catch (const Error& error) {
    return error.summary();
  }
  const rocksdb::Status status = open_to_read(database, out);
  return status.ok() ? "" : status.ToString();
}

}  // namespace

void salvage(const fs::path& from, const fs::path& to, const fs::path& scratch, RepairNotes& notes,
             ProgressSink& progress, Files& files) {
  fs::path database = from / "db";
  Database source;
  const std::string reason = open_or_reason(database, source, files);
  if (!reason.empty()) {
    notes.lost(fmt::format("the database does not open ({}): its table files are read one by one", reason));
    copy_database(database, scratch, notes, files);
    database = scratch;
    if (holds_tables(scratch)) {
      check_status(rocksdb::RepairDB(scratch.string(), database_options({}), all_families()),
                   "read the store's table files", database.string());
      check_status(open_copy(database, source), "read the store's table files", database.string());
    }
  }
  files.make_folders(to);
  Salvage salvage(source, database, to / "db", notes, progress);
  salvage.copy_tables();
  if (!reason.empty()) salvage.copy_logs(from / "db", scratch / "logs", files);
  salvage.finish();
}

}  // namespace weft::storage
