#include "storage/backup_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"

namespace weft::storage {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::string_view kSuffix = ".backup.json";

[[noreturn]] void damaged(const std::string& file, const std::string& field) {
  throw Error("the manifest of a backup is damaged",
              {.file = file, .field = field, .hint = "restore another backup; remove this manifest"});
}

template <typename T>
T value_of(const ordered_json& in, const char* key, const std::string& file) {
  const auto found = in.find(key);
  if (found == in.end()) damaged(file, key);
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) damaged(file, key);
  } else if (!found->is_number_integer()) {
    damaged(file, key);
  }
  return found->get<T>();
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() < 100 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
}

bool is_hash(const std::string& hash) {
  return hash.size() == 32 && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string checksum_of(const ordered_json& json) {
  return to_hex(hash64(json.dump()));
}

}  // namespace

std::string write_backup_manifest(const BackupManifest& manifest) {
  ordered_json out = {{"format", "weft backup"},
                      {"version", kBackupFormat},
                      {"id", manifest.info.id},
                      {"created", manifest.info.created},
                      {"store_uuid", manifest.info.store_uuid},
                      {"sequence", manifest.info.sequence}};
  out["counts"] = ordered_json::array();
  for (const auto& [name, count] : manifest.info.counts)
    out["counts"].push_back({{"name", name}, {"count", count}});
  out["files"] = ordered_json::array();
  for (const BackupFile& file : manifest.files)
    out["files"].push_back({{"name", file.name}, {"size", file.size}, {"xxh3_128", file.hash}});
  out["checksum"] = checksum_of(out);
  return out.dump(1) + "\n";
}

BackupManifest read_backup_manifest(std::string_view text, const std::string& file) {
  ordered_json in = ordered_json::parse(text, nullptr, false);
  if (!in.is_object()) damaged(file, "");
  if (value_of<std::string>(in, "format", file) != "weft backup") damaged(file, "format");
  if (const auto version = value_of<std::uint64_t>(in, "version", file); version != kBackupFormat) {
    throw Error(fmt::format("the backup has format {}, this weft reads format {}", version, kBackupFormat),
                {.file = file, .hint = "use the version of weft that wrote it"});
  }
  const auto checksum = value_of<std::string>(in, "checksum", file);
  in.erase("checksum");
  if (checksum != checksum_of(in)) damaged(file, "checksum");
  BackupManifest out;
  out.info.id = value_of<std::uint64_t>(in, "id", file);
  out.info.created = value_of<std::int64_t>(in, "created", file);
  out.info.store_uuid = value_of<std::string>(in, "store_uuid", file);
  out.info.sequence = value_of<std::uint64_t>(in, "sequence", file);
  if (!in.contains("counts") || !in["counts"].is_array()) damaged(file, "counts");
  for (const ordered_json& each : in["counts"])
    out.info.counts.emplace_back(value_of<std::string>(each, "name", file),
                                 value_of<std::uint64_t>(each, "count", file));
  if (!in.contains("files") || !in["files"].is_array()) damaged(file, "files");
  for (const ordered_json& each : in["files"]) {
    BackupFile entry{value_of<std::string>(each, "name", file), value_of<std::uint64_t>(each, "size", file),
                     value_of<std::string>(each, "xxh3_128", file)};
    if (!is_plain_name(entry.name) || !is_hash(entry.hash)) damaged(file, "files");
    out.info.bytes += entry.size;
    out.files.push_back(std::move(entry));
  }
  out.info.files = out.files.size();
  return out;
}

std::string backup_manifest_name(std::uint64_t id) {
  return fmt::format("{:06}{}", id, kSuffix);
}

std::optional<std::uint64_t> parse_backup_manifest_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size() || id == 0) return std::nullopt;
  return id;
}

fs::path backup_pool(const fs::path& folder) {
  return folder / "files";
}

std::vector<BackupManifest> read_backup_manifests(const fs::path& folder, Files& files) {
  std::vector<BackupManifest> out;
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto id = parse_backup_manifest_name(entry.path().filename().string());
    if (id) out.push_back(read_backup_manifest_of(folder, *id, files));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.info.id < b.info.id; });
  return out;
}

BackupManifest read_backup_manifest_of(const fs::path& folder, std::uint64_t id, Files& files) {
  const fs::path path = folder / backup_manifest_name(id);
  if (!fs::exists(path))
    throw Error(
        "there is no such backup",
        {.file = folder.string(), .value = fmt::format("{}", id), .hint = "--list shows those there are"},
        ErrorKind::kUsage);
  BackupManifest out = read_backup_manifest(files.read_whole(path), path.string());
  if (out.info.id != id) damaged(path.string(), "id");
  return out;
}

}  // namespace weft::storage
