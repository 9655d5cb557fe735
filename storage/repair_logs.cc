// What a database that does not open has in its logs of writes only, onto what came from its tables.
#include <fmt/format.h>
#include <rocksdb/wal_filter.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "storage/repair_parts.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// Above the numbers of all files of a new database, so that it takes the logs for its own latest ones.
constexpr std::uint64_t kFirstNumber = 1'000'000;

std::map<std::uint64_t, fs::path> logs_of(const fs::path& database) {
  std::map<std::uint64_t, fs::path> out;
  for (const auto& entry : fs::directory_iterator(database)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_log = code == std::errc() && std::string_view(end, name.data() + name.size()) == ".log";
    if (is_log && entry.is_regular_file() && entry.file_size() > 0) out[number] = entry.path();
  }
  return out;
}

// Hands every batch of the logs on instead of letting the database have it. Batches name column families by
// number; `to` must have them in the order in which stores make them.
class HandOn final : public rocksdb::WalFilter {
 public:
  explicit HandOn(rocksdb::DB& to) : to_(to) {}
  const char* Name() const override { return "weft.repair"; }
  WalProcessingOption LogRecordFound(unsigned long long, const std::string&, const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch*, bool*) override {
    rocksdb::WriteBatch copy(batch.Data());
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status status = to_.Write(options, &copy);
    if (status.ok())
      entries_ += static_cast<std::uint64_t>(copy.Count());
    else if (failed_.ok())
      failed_ = status;
    return WalProcessingOption::kIgnoreCurrentRecord;
  }
  std::uint64_t entries() const { return entries_; }
  const rocksdb::Status& failed() const { return failed_; }

 private:
  rocksdb::DB& to_;
  std::uint64_t entries_ = 0;
  rocksdb::Status failed_ = {};
};

void close(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  for (rocksdb::ColumnFamilyHandle* handle : handles)
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  delete db;
}

}  // namespace

std::uint64_t replay_logs(const fs::path& database, rocksdb::DB& to, const fs::path& scratch,
                          const std::vector<rocksdb::ColumnFamilyDescriptor>& families, RepairNotes& notes,
                          Files& files) {
  const std::map<std::uint64_t, fs::path> logs = logs_of(database);
  if (logs.empty()) return 0;
  files.remove_all(scratch);
  files.make_folders(scratch);
  rocksdb::DBOptions options = database_options({});
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  const auto open = [&] {
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const rocksdb::Status status = rocksdb::DB::Open(options, scratch.string(), families, &handles, &db);
    if (status.ok()) close(db, handles);
    return status;
  };
  check_status(open(), "read the store's logs", database.string());
  std::uint64_t number = kFirstNumber;
  for (const auto& [old, path] : logs) fs::copy_file(path, scratch / fmt::format("{:06}.log", number++));
  HandOn hand_on(to);
  options.wal_filter = &hand_on;
  rocksdb::Status status = open();
  if (status.IsCorruption()) {
    // All batches once more, in their order: the last of each key counts.
    notes.lost(fmt::format("a part of the logs of writes cannot be read ({})", status.ToString()));
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    status = open();
  }
  check_status(status, "read the store's logs", database.string());
  if (!hand_on.failed().ok())
    notes.lost(fmt::format("writes of the logs do not fit ({})", hand_on.failed().ToString()));
  if (hand_on.entries() > 0)
    notes.rebuilt(fmt::format("{} entries that only the logs of writes had, or had last", hand_on.entries()));
  files.remove_all(scratch);
  return hand_on.entries();
}

}  // namespace weft::storage
