// Backups of a store: a folder of manifests over a pool of files that they share. docs/format.md describes
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "storage/workspace.h"

namespace weft::storage {

struct BackupInfo {
  std::uint64_t id = 0;      // from 1, ascending
  std::int64_t created = 0;  // ms since 1970 UTC
  std::string store_uuid = {};
  std::uint64_t sequence = 0;                                      // the store's, at that moment
  std::vector<std::pair<std::string, std::uint64_t>> counts = {};  // of each node type, then edge type
  std::uint64_t files = 0, bytes = 0;
};

struct BackupReport {
  BackupInfo info = {};
  std::uint64_t new_files = 0, new_bytes = 0;  // the rest is shared with earlier backups
  std::uint64_t removed_backups = 0, removed_files = 0;
};

struct BackupOptions {
  std::uint64_t keep = 0;  // so many newest backups stay; 0: all
};

// The state that the store in `workspace` had at one moment, into `folder`, made if absent. The store may be
// written to meanwhile, by this process or another: its files only grow or are replaced, and a set that fits
// together is taken while its list of files stands still. A file whose content an earlier backup in
// the folder has is shared, once read and found whole. The copy is opened and every block's checksum is read
// before the backup becomes visible, by one rename: a run that fails or is killed leaves the earlier backups,
// and files that the next run removes. Throws Error: no store; a damaged store; another backup into the
// folder; a full disk. Notes the folder in workspace/backup-folders. Kill points: backup.*.
BackupReport write_backup(const Workspace& workspace, const std::filesystem::path& folder,
                          const BackupOptions& options = {}, ProgressSink& progress = no_progress(),
                          Files& files = real_files());

// Oldest first. Throws Error for a damaged manifest; none for a folder that is not there.
std::vector<BackupInfo> list_backups(const std::filesystem::path& folder, Files& files = real_files());

// Reads every file of a backup against its checksum. Throws Error naming the first that does not fit.
BackupInfo check_backup(const std::filesystem::path& folder, std::uint64_t id,
                        ProgressSink& progress = no_progress(), Files& files = real_files());

// A backup into a workspace that has no store (an Error otherwise). Every file is compared with its checksum
// on the way and verify_store() must find nothing; only then does the store get its name. Where the workspace
// has a snapshot of a later state of the store, its sequence number goes on behind that. Kill points:
// restore.*.
BackupInfo restore_backup(const std::filesystem::path& folder, std::uint64_t id, const Workspace& workspace,
                          ProgressSink& progress = no_progress(), Files& files = real_files());

// The folders that write_backup() wrote backups of this workspace to, in order of first use.
std::vector<std::filesystem::path> backup_folders(const Workspace& workspace, Files& files = real_files());

}  // namespace weft::storage
