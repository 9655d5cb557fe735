#include "graph/partition_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "graph/json_fields.h"
#include "graph/sealed_json.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kFormat = "weft partition";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kMostManifestBytes = std::size_t{16} << 20;

struct ListedFile {
  std::string name = {};
  std::uint64_t size = 0, hash = 0;
};

std::string file_name(std::size_t type, const char* part) {
  return fmt::format("node_{}.{}", type, part);
}

class ArrayWriter {
 public:
  ArrayWriter(Files& files, fs::path folder) : files_(files), folder_(std::move(folder)) {}
  template <typename T>
  void put(const std::string& name, const std::vector<T>& items) {
    const auto bytes = std::as_bytes(std::span(items));
    const auto file = files_.create(folder_ / name);
    file->append(bytes);
    file->sync();
    file->close();
    listed_.push_back({name, bytes.size(), hash64(bytes)});
  }
  const std::vector<ListedFile>& listed() const { return listed_; }

 private:
  Files& files_;
  fs::path folder_;
  std::vector<ListedFile> listed_;
};

// Nodes part after part, ascending within a part.
HaloTable own_nodes(const std::vector<std::uint32_t>& part_of, std::uint32_t parts) {
  HaloTable table{.offsets = std::vector<std::uint64_t>(parts + 1),
                  .nodes = std::vector<NodeId>(part_of.size())};
  for (const std::uint32_t part : part_of) ++table.offsets[part + 1];
  for (std::uint32_t part = 0; part < parts; ++part) table.offsets[part + 1] += table.offsets[part];
  std::vector<std::uint64_t> next(table.offsets.begin(), table.offsets.end() - 1);
  for (std::size_t n = 0; n < part_of.size(); ++n) table.nodes[next[part_of[n]]++] = static_cast<NodeId>(n);
  return table;
}

std::string manifest_text(const Snapshot& snapshot, const Partition& partition, std::uint64_t seed,
                          const std::vector<ListedFile>& listed) {
  Json files = Json::array(), counts = Json::array();
  for (const ListedFile& file : listed)
    files.push_back({{"name", file.name}, {"size", file.size}, {"xxh3", to_hex(file.hash)}});
  for (const auto& type : partition.part_of) counts.push_back(type.size());
  const Json root = {{"format", kFormat},
                     {"version", kVersion},
                     {"store_uuid", snapshot.info().store_uuid},
                     {"sequence", snapshot.info().sequence},
                     {"snapshot_checksum", to_hex(snapshot.info().checksum)},
                     {"parts", partition.parts},
                     {"method", partition_method_name(partition.method)},
                     {"seed", seed},
                     {"node_counts", counts},
                     {"files", files}};
  return seal_json(root);
}

PartitionInfo read_info(const JsonObject& root) {
  PartitionInfo info;
  if (root.string("format") != kFormat) root.fail("format", kFormat);
  if (root.number("version") != kVersion) root.fail("version", std::to_string(kVersion));
  info.store_uuid = root.string("store_uuid");
  info.sequence = root.number("sequence");
  info.snapshot_checksum = root.hash("snapshot_checksum");
  info.parts = static_cast<std::uint32_t>(root.number("parts", 0xffffffff));
  if (info.parts == 0) root.fail("parts", "at least 1");
  info.seed = root.number("seed");
  const std::string method = root.string("method");
  if (method != "metis" && method != "streaming") root.fail("method", "\"metis\" or \"streaming\"");
  info.method = method == "metis" ? PartitionMethod::kMetis : PartitionMethod::kStreaming;
  info.node_counts = root.counts("node_counts");
  return info;
}

[[noreturn]] void damaged(const fs::path& file, const char* expected) {
  throw Error("is damaged",
              {.file = file.string(), .expected = expected, .hint = "write the partition again"});
}

// Offsets [parts + 1] from 0 to `items`, never falling.
void check_offsets(std::span<const std::uint64_t> offsets, std::uint64_t parts, std::uint64_t items,
                   const fs::path& file) {
  if (offsets.size() != parts + 1 || offsets.front() != 0 || offsets.back() != items ||
      !std::is_sorted(offsets.begin(), offsets.end()))
    damaged(file, "an offset for each part, from 0 to the number of entries, never falling");
}

// Each part's nodes ascend strictly and belong to it, or for a halo to another.
void check_nodes(std::span<const std::uint64_t> offsets, std::span<const NodeId> nodes,
                 std::span<const std::uint32_t> part_of, bool own, const fs::path& file) {
  for (std::size_t part = 0; part + 1 < offsets.size(); ++part) {
    for (std::uint64_t i = offsets[part]; i < offsets[part + 1]; ++i) {
      if (nodes[i] >= part_of.size() || (i > offsets[part] && nodes[i - 1] >= nodes[i]) ||
          (part_of[nodes[i]] == part) != own)
        damaged(file, own ? "the part's own nodes, ascending" : "nodes of other parts, ascending");
    }
  }
}

}  // namespace

void write_partition(const fs::path& folder, const Snapshot& snapshot, const Partition& partition,
                     const std::vector<HaloTable>& halos, std::uint64_t seed, Files& files) {
  fs::path target = folder.lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (fs::symlink_status(target).type() != fs::file_type::not_found)
    throw Error("partition folder is there already",
                {.file = target.string(), .hint = "choose another name or remove it"});
  fs::path temporary = target;
  temporary += ".tmp";
  const auto discard = [&]() noexcept {
    try {
      files.remove_all(temporary);
    } catch (
        const std::exception&) {  // the first error is the one to report; the next write removes the rest
    }
  };
  try {
    files.remove_all(temporary);
    files.make_folders(temporary);
    files.kill_point("partition.before_files");
    ArrayWriter out(files, temporary);
    for (std::size_t t = 0; t < partition.part_of.size(); ++t) {
      const HaloTable own = own_nodes(partition.part_of[t], partition.parts);
      out.put(file_name(t, "part_of"), partition.part_of[t]);
      out.put(file_name(t, "nodes.offsets"), own.offsets);
      out.put(file_name(t, "nodes"), own.nodes);
      out.put(file_name(t, "halo.offsets"), halos[t].offsets);
      out.put(file_name(t, "halo"), halos[t].nodes);
    }
    files.kill_point("partition.before_manifest");
    files.write_whole(temporary / kManifest, manifest_text(snapshot, partition, seed, out.listed()));
    files.sync_folder(temporary);
    files.kill_point("partition.before_rename");
    files.rename(temporary, target);
  } catch (...) {
    discard();
    throw;
  }
  try {
    files.sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
  } catch (...) {  // whole, but perhaps gone after a power cut: the caller was told that it failed
    try {
      files.rename(target, temporary);
    } catch (const std::exception&) {
    }
    discard();
    throw;
  }
  files.kill_point("partition.after_rename");
}

PartitionFolder PartitionFolder::open(const fs::path& folder, Files& files) {
  PartitionFolder result;
  const std::string manifest = (folder / kManifest).string();
  const std::string text = files.read_whole(folder / kManifest);
  if (text.size() > kMostManifestBytes) damaged(manifest, "a manifest of at most 16 MiB");
  const Json parsed = read_sealed_json(text, manifest, "write the partition again");
  const JsonObject root(parsed, manifest, "");
  result.info_ = read_info(root);
  std::map<std::string, std::span<const std::byte>> content;
  for (std::size_t i = 0; i < root.array("files").size(); ++i) {
    const JsonObject entry = root.element("files", i);
    const std::string name = entry.string("name");
    const std::uint64_t hash = entry.hash("xxh3");
    if (name.find('/') != std::string::npos) entry.fail("name", "a name without '/'");
    const MappedFile& map = result.maps_.emplace_back(files.map(folder / name));
    if (map.size() != entry.number("size") || hash64(map.bytes()) != hash)
      damaged(folder / name, "the manifest's size and checksum");
    content[name] = map.bytes();
  }
  const PartitionInfo& info = result.info_;
  const auto array = [&]<typename T>(std::size_t type, const char* part, std::span<const T>& out) {
    const auto found = content.find(file_name(type, part));
    if (found == content.end()) root.fail("files", file_name(type, part));
    if (found->second.size() % sizeof(T) != 0) damaged(folder / found->first, "whole entries");
    out = {reinterpret_cast<const T*>(found->second.data()), found->second.size() / sizeof(T)};
    return folder / found->first;
  };
  for (std::size_t t = 0; t < info.node_counts.size(); ++t) {
    Type type;
    const fs::path part_of = array(t, "part_of", type.part_of);
    if (type.part_of.size() != info.node_counts[t]) damaged(part_of, "a part for each node");
    for (const std::uint32_t part : type.part_of) {
      if (part >= info.parts) damaged(part_of, "parts below their number");
    }
    const fs::path node_offsets = array(t, "nodes.offsets", type.node_offsets);
    const fs::path nodes = array(t, "nodes", type.nodes);
    const fs::path halo_offsets = array(t, "halo.offsets", type.halo_offsets);
    const fs::path halo = array(t, "halo", type.halo);
    if (type.nodes.size() != type.part_of.size()) damaged(nodes, "each node once");
    check_offsets(type.node_offsets, info.parts, type.nodes.size(), node_offsets);
    check_offsets(type.halo_offsets, info.parts, type.halo.size(), halo_offsets);
    check_nodes(type.node_offsets, type.nodes, type.part_of, true, nodes);
    check_nodes(type.halo_offsets, type.halo, type.part_of, false, halo);
    result.types_.push_back(type);
  }
  return result;
}

std::span<const NodeId> PartitionFolder::nodes(NodeTypeId type, std::uint32_t part) const {
  const Type& of = types_.at(type);
  return of.nodes.subspan(of.node_offsets[part], of.node_offsets[part + 1] - of.node_offsets[part]);
}
std::span<const NodeId> PartitionFolder::halo(NodeTypeId type, std::uint32_t part) const {
  const Type& of = types_.at(type);
  return of.halo.subspan(of.halo_offsets[part], of.halo_offsets[part + 1] - of.halo_offsets[part]);
}

}  // namespace weft::graph
