#include "graph/snapshot_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "graph/sealed_json.h"

namespace weft::graph {

std::string node_file(NodeTypeId type, std::string_view part) {
  return fmt::format("node_{}.{}", type, part);
}
std::string field_file(NodeTypeId type, std::size_t field, std::string_view part) {
  return fmt::format("node_{}.field_{}.{}", type, field, part);
}
std::string edge_file(EdgeTypeId type, std::string_view part) {
  return fmt::format("edge_{}.{}", type, part);
}

std::uint64_t files_checksum(const std::vector<ManifestFile>& files) {
  Hasher64 hasher;
  for (const ManifestFile& file : files) {
    hasher.update_field(file.name);
    hasher.update(fmt::format(" {} {}\n", file.size, to_hex(file.hash)));
  }
  return hasher.digest();
}

std::string write_manifest(const Manifest& manifest) {
  const SnapshotInfo& info = manifest.info;
  Json files = Json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"size", file.size}, {"xxh3", to_hex(file.hash)}});
  }
  const Json root = {{"format", "weft snapshot"},
                     {"version", kSnapshotFormat},
                     {"store_uuid", info.store_uuid},
                     {"sequence", info.sequence},
                     {"data_root", info.data_root},
                     {"source_files", info.source_files},
                     {"schema", Json::parse(manifest.schema.to_json())},
                     {"node_counts", manifest.node_counts},
                     {"edge_counts", manifest.edge_counts},
                     {"files", files},
                     {"content_checksum", to_hex(info.checksum)}};
  try {
    return seal_json(root);
  } catch (const nlohmann::json::exception&) {
    throw Error(
        "a snapshot's store name, data root or source file name is not UTF-8",
        {.value = excerpt(info.data_root), .expected = "UTF-8 text", .hint = "rename the folder or file"});
  }
}

std::vector<ManifestFile> read_files(const JsonObject& root) {
  std::vector<ManifestFile> files;
  for (std::size_t i = 0; i < root.array("files").size(); ++i) {
    const JsonObject entry = root.element("files", i);
    files.push_back({entry.string("name"), entry.number("size"), entry.hash("xxh3")});
    if (i > 0 && files[i - 1].name >= files[i].name) entry.fail("name", "ascending names");
  }
  return files;
}

const ManifestFile& find_file(const std::vector<ManifestFile>& files, const std::string& name,
                              const std::string& manifest) {
  const auto entry = std::lower_bound(
      files.begin(), files.end(), name,
      [](const ManifestFile& file, const std::string& wanted) { return file.name < wanted; });
  if (entry == files.end() || entry->name != name)
    throw Error("is damaged: a file is not listed", {.file = manifest, .field = "files", .expected = name});
  return *entry;
}

Manifest read_manifest(std::string_view text, const std::string& file) {
  const Json parsed =
      read_sealed_json(text, file, "remove the folder: the next `weft ingest` writes the graph again");
  const JsonObject root(parsed, file, "");
  if (root.string("format") != "weft snapshot") root.fail("format", "\"weft snapshot\"");
  if (const auto version = root.number("version"); version != kSnapshotFormat) {
    throw Error("snapshot has another format version",
                {.file = file,
                 .field = "version",
                 .value = std::to_string(version),
                 .expected = std::to_string(kSnapshotFormat),
                 .hint = "write the snapshot again with this version of weft"});
  }
  Manifest manifest;
  manifest.info.store_uuid = root.string("store_uuid");
  manifest.info.sequence = root.number("sequence");
  manifest.info.data_root = root.string("data_root");
  for (const Json& name : root.array("source_files")) {
    if (!name.is_string()) root.fail("source_files", "strings");
    manifest.info.source_files.push_back(name.get<std::string>());
  }
  manifest.schema = read_schema(root.get("schema"), file);
  manifest.node_counts = root.counts("node_counts", manifest.schema.node_types().size());
  manifest.edge_counts = root.counts("edge_counts", manifest.schema.edge_types().size());
  manifest.files = read_files(root);
  manifest.info.checksum = root.hash("content_checksum");
  if (manifest.info.checksum != files_checksum(manifest.files)) {
    root.fail("content_checksum", to_hex(files_checksum(manifest.files)));
  }
  return manifest;
}

}  // namespace weft::graph
