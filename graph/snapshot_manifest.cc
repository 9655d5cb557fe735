#include "graph/snapshot_manifest.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "graph/sealed_json.h"

namespace weft::graph {
namespace {

std::uint64_t hex_field(const JsonObject& object, const char* key) {
  std::uint64_t value = 0;
  if (!from_hex(object.string(key), value)) object.fail(key, "16 hexadecimal digits");
  return value;
}

std::vector<std::uint64_t> read_counts(const JsonObject& root, const char* key, std::size_t types) {
  const Json& counts = root.array(key);
  if (counts.size() != types) root.fail(key, fmt::format("{} counts", types));
  std::vector<std::uint64_t> result;
  for (const Json& count : counts) {
    if (!count.is_number_unsigned() || count.get<std::uint64_t>() > kNoNode)
      root.fail(key, "counts below 2^32");
    result.push_back(count.get<std::uint64_t>());
  }
  return result;
}

}  // namespace

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

Manifest read_manifest(std::string_view text, const std::string& file) {
  const Json parsed = read_sealed_json(text, file);
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
  manifest.node_counts = read_counts(root, "node_counts", manifest.schema.node_types().size());
  manifest.edge_counts = read_counts(root, "edge_counts", manifest.schema.edge_types().size());
  for (std::size_t i = 0; i < root.array("files").size(); ++i) {
    const JsonObject entry = root.element("files", i);
    manifest.files.push_back({entry.string("name"), entry.number("size"), hex_field(entry, "xxh3")});
    if (i > 0 && manifest.files[i - 1].name >= manifest.files[i].name) entry.fail("name", "ascending names");
  }
  manifest.info.checksum = hex_field(root, "content_checksum");
  if (manifest.info.checksum != files_checksum(manifest.files)) {
    root.fail("content_checksum", to_hex(files_checksum(manifest.files)));
  }
  return manifest;
}

}  // namespace weft::graph
