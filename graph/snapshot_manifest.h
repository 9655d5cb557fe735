// The manifest of a snapshot folder and the names of its files. Internal to graph/; docs/format.md describes
// both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/json_fields.h"
#include "graph/schema.h"
#include "graph/snapshot.h"

namespace weft::graph {

inline constexpr std::uint64_t kSnapshotFormat = 1;
inline constexpr const char* kManifestName = "manifest.json";

struct ManifestFile {
  std::string name = {};
  std::uint64_t size = 0;  // bytes
  std::uint64_t hash = 0;  // xxh3
};

struct Manifest {
  SnapshotInfo info = {};
  Schema schema = {};
  std::vector<std::uint64_t> node_counts = {};  // [node type]
  std::vector<std::uint64_t> edge_counts = {};  // [edge type]
  std::vector<ManifestFile> files = {};         // ascending by name
};

// "node_0.ids.bytes", "node_0.field_1.numbers", "edge_2.out.offsets": numbered, so that no type name can hurt
// a file system.
std::string node_file(NodeTypeId type, std::string_view part);
std::string field_file(NodeTypeId type, std::size_t field, std::string_view part);
std::string edge_file(EdgeTypeId type, std::string_view part);

// xxh3 of the list of (name, size, hash), which must be sorted.
std::uint64_t files_checksum(const std::vector<ManifestFile>& files);

// "files" of a manifest, which must ascend by name; and its entry of this name: throws Error naming
// `manifest` if it has none.
std::vector<ManifestFile> read_files(const JsonObject& root);
const ManifestFile& find_file(const std::vector<ManifestFile>& files, const std::string& name,
                              const std::string& manifest);

// Canonical text, ending in its own checksum. Throws Error on text that is not UTF-8.
std::string write_manifest(const Manifest& manifest);
// Throws Error naming `file` on anything that write_manifest did not write.
Manifest read_manifest(std::string_view text, const std::string& file);

}  // namespace weft::graph
