// The manifest of one backup. Internal to storage/backup*.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/backup.h"

namespace weft::storage {

inline constexpr std::uint64_t kBackupFormat = 1;

struct BackupFile {
  std::string name = {};  // in the database's folder
  std::uint64_t size = 0;
  std::string hash = {};  // 32 hexadecimal digits of XXH3-128: its name in the pool
};

struct BackupManifest {
  BackupInfo info = {};
  std::vector<BackupFile> files = {};
};

std::string write_backup_manifest(const BackupManifest& manifest);
// Throws Error naming `file` on anything that write_backup_manifest() did not write.
BackupManifest read_backup_manifest(std::string_view text, const std::string& file);

// "000012.backup.json"
std::string backup_manifest_name(std::uint64_t id);
std::optional<std::uint64_t> parse_backup_manifest_name(std::string_view name);

std::filesystem::path backup_pool(const std::filesystem::path& folder);
// All manifests of a folder, oldest first.
std::vector<BackupManifest> read_backup_manifests(const std::filesystem::path& folder, Files& files);
BackupManifest read_backup_manifest_of(const std::filesystem::path& folder, std::uint64_t id, Files& files);

}  // namespace weft::storage
