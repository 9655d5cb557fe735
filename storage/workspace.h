// Where things lie in a workspace folder.
#pragma once

#include <filesystem>

namespace weft::storage {

struct Workspace {
  std::filesystem::path folder = {};
  std::filesystem::path store() const { return folder / "store"; }
  std::filesystem::path vectors() const { return folder / "vectors"; }
  std::filesystem::path bulk() const { return folder / "bulk.tmp"; }         // temporary files of a bulk load
  std::filesystem::path importing() const { return folder / "import.tmp"; }  // what import_graph() makes
  std::filesystem::path restoring() const { return folder / "store.restore.tmp"; }  // restore_backup()
  std::filesystem::path snapshots() const { return folder / "snapshots"; }
  // What cleaning over rows leaves of snapshots (storage/cleaned_graphs.h).
  std::filesystem::path cleaned() const { return folder / "cleaned"; }
  std::filesystem::path deltas() const { return folder / "deltas"; }
  std::filesystem::path quarantine_file() const { return folder / "quarantine.jsonl"; }
};

}  // namespace weft::storage
