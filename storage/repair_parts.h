// The steps of repair_store(). Internal to storage/repair*.cc.
#pragma once

#include <filesystem>
#include <string>

#include "storage/repair.h"
#include "storage/store_impl.h"

namespace weft::storage {

class RepairNotes {
 public:
  void rebuilt(std::string text) { add(report_.rebuilt, report_.rebuilt_count, std::move(text)); }
  void lost(std::string text) { add(report_.lost, report_.lost_count, std::move(text)); }
  RepairReport& report() { return report_; }
  // Says how many lines were left out.
  void finish();

 private:
  static constexpr std::size_t kMaxLines = 100;
  static void add(std::vector<std::string>& lines, std::uint64_t& count, std::string text) {
    if (++count <= kMaxLines) lines.push_back(std::move(text));
  }
  RepairReport report_;
};

// Copies what can be read of the database in `from` into a new one in `to` (both are folders of a store).
// `scratch` is a folder for a copy that RocksDB may mend, where its own files do not open.
void salvage(const std::filesystem::path& from, const std::filesystem::path& to,
             const std::filesystem::path& scratch, RepairNotes& notes, ProgressSink& progress, Files& files);

// Writes what the logs of writes in `database` hold, in their order and with what they delete, to `to`, whose
// tables count as older. For a database that does not open: one that opens shows it by itself. Returns the
// number of entries.
std::uint64_t replay_logs(const std::filesystem::path& database, rocksdb::DB& to,
                          const std::filesystem::path& scratch,
                          const std::vector<rocksdb::ColumnFamilyDescriptor>& families, RepairNotes& notes,
                          Files& files);

// Sees to format, uuid, schema and state: those of the store in `folder` (a salvaged one), or where they are
// lost `schema`, and uuid and sequence of the workspace's newest snapshot.
void mend_meta(const std::filesystem::path& folder, const Workspace& workspace, const StoreSchema& schema,
               RepairNotes& notes, Files& files);

// Each makes its part fit; in this order.
void mend_dictionary(GraphStore::Impl& impl, RepairNotes& notes);
void mend_fields(GraphStore::Impl& impl, RepairNotes& notes);
void mend_edges(GraphStore::Impl& impl, RepairNotes& notes);
void mend_deletions(GraphStore::Impl& impl, RepairNotes& notes);
void mend_ledger(GraphStore::Impl& impl, RepairNotes& notes);

// Writes to a store in the making: nothing of it counts until it is flushed as a whole.
class MendWriter {
 public:
  explicit MendWriter(GraphStore::Impl& impl) : impl_(impl) {}
  ~MendWriter() = default;
  void put(Family family, std::string_view key, std::string_view value);
  void erase(Family family, std::string_view key);
  void flush();  // what was put is there to read

 private:
  GraphStore::Impl& impl_;
  rocksdb::WriteBatch batch_;
};

}  // namespace weft::storage
