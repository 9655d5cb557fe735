// Deltas as folders: docs/format.md, "Delta".
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "graph/delta.h"
#include "graph/field_bytes.h"
#include "graph/sealed_json.h"
#include "graph/snapshot_check.h"
#include "graph/snapshot_manifest.h"

namespace weft::graph {
namespace {

constexpr std::uint64_t kDeltaFormat = 1;
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;

class DeltaWriter {
 public:
  DeltaWriter(Files& files, std::filesystem::path folder) : files_(files), folder_(std::move(folder)) {}

  void put_bytes(const std::string& name, std::string_view bytes) {
    files_.write_whole(folder_ / name, bytes);
    written_.push_back({name, bytes.size(), hash64(bytes)});
  }
  template <typename T>
  void put(const std::string& name, const std::vector<T>& items) {
    put_bytes(name, {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)});
  }
  // Strings end to end, and where each begins.
  template <typename Items, typename Get>
  void put_strings(const std::string& name, const Items& items, Get get) {
    std::vector<std::uint64_t> offsets{0};
    std::string bytes;
    for (const auto& item : items) {
      bytes += get(item);
      offsets.push_back(bytes.size());
    }
    put(name + ".offsets", offsets);
    put_bytes(name + ".bytes", bytes);
  }
  std::vector<ManifestFile> sorted_files() const {
    std::vector<ManifestFile> result = written_;
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return result;
  }

 private:
  Files& files_;
  std::filesystem::path folder_;
  std::vector<ManifestFile> written_;
};

void write_nodes(DeltaWriter& out, const NodeDelta& nodes, NodeTypeId type) {
  out.put_strings(node_file(type, "ids"), nodes.external_ids,
                  [](const std::string& id) -> const std::string& { return id; });
  out.put(node_file(type, "first_seen"), nodes.first_seen);
  out.put(node_file(type, "events"), nodes.events);
  out.put(node_file(type, "seen"), nodes.seen_nodes);
  out.put(node_file(type, "seen_times"), nodes.seen_times);
  std::vector<NodeId> field_nodes;
  std::vector<std::uint16_t> field_numbers;
  for (const ChangedField& changed : nodes.fields) {
    field_nodes.push_back(changed.node);
    field_numbers.push_back(changed.field);
  }
  out.put(node_file(type, "field_nodes"), field_nodes);
  out.put(node_file(type, "field_numbers"), field_numbers);
  out.put_strings(node_file(type, "values"), nodes.fields,
                  [](const ChangedField& changed) { return field_bytes(changed.value); });
}

void write_edges(DeltaWriter& out, const EdgeDelta& edges, const EdgeType& type, EdgeTypeId id) {
  const auto put_list = [&](const std::string& part, const EdgeList& list) {
    out.put(edge_file(id, part + ".from"), list.from);
    out.put(edge_file(id, part + ".to"), list.to);
    out.put(edge_file(id, part + ".events"), list.events);
    if (type.timed) out.put(edge_file(id, part + ".times"), list.times);
  };
  put_list("added", edges.added);
  out.put(edge_file(id, "added.sources"), edges.added.sources);
  if (type.weighted) out.put(edge_file(id, "added.weights"), edges.added.weights);
  put_list("removed", edges.removed);
}

std::string delta_manifest(const Delta& delta, const std::vector<ManifestFile>& written) {
  std::vector<std::uint64_t> base_nodes, base_edges;
  for (const NodeDelta& nodes : delta.nodes) base_nodes.push_back(nodes.base_count);
  for (const EdgeDelta& edges : delta.edges) base_edges.push_back(edges.base_count);
  Json files = Json::array();
  for (const ManifestFile& file : written)
    files.push_back({{"name", file.name}, {"size", file.size}, {"xxh3", to_hex(file.hash)}});
  const Json root = {{"format", "weft delta"},
                     {"version", kDeltaFormat},
                     {"store_uuid", delta.info.store_uuid},
                     {"base_sequence", delta.info.base_sequence},
                     {"base_checksum", to_hex(delta.info.base_checksum)},
                     {"sequence", delta.info.sequence},
                     {"source_files", delta.info.source_files},
                     {"schema", Json::parse(delta.schema.to_json())},
                     {"base_node_counts", base_nodes},
                     {"base_edge_counts", base_edges},
                     {"files", files}};
  try {
    return seal_json(root);
  } catch (const nlohmann::json::exception&) {
    throw Error("a delta's store name or source file name is not UTF-8",
                {.expected = "UTF-8 text", .hint = "rename the file"});
  }
}

struct DeltaManifest {
  DeltaInfo info = {};
  Schema schema = {};
  std::vector<std::uint64_t> base_nodes = {}, base_edges = {};
  std::vector<ManifestFile> files = {};
};

DeltaManifest read_delta_manifest(const std::filesystem::path& folder, Files& files) {
  const std::string path = (folder / kManifestName).string();
  const MappedFile file = files.map(path);
  if (file.size() > kMaxManifestBytes)
    throw Error("is too large for a manifest", {.file = path, .value = fmt::format("{} bytes", file.size())});
  const Json parsed =
      read_sealed_json(file.text(), path, "remove it: the next `weft ingest` writes the graph again");
  const JsonObject root(parsed, path, "");
  if (root.string("format") != "weft delta") root.fail("format", "\"weft delta\"");
  if (root.number("version") != kDeltaFormat) {
    throw Error("the delta has another format version",
                {.file = path,
                 .field = "version",
                 .value = std::to_string(root.number("version")),
                 .expected = std::to_string(kDeltaFormat),
                 .hint = "remove it: the next `weft ingest` writes the graph again"});
  }
  DeltaManifest manifest;
  manifest.info.store_uuid = root.string("store_uuid");
  manifest.info.base_sequence = root.number("base_sequence");
  manifest.info.base_checksum = root.hash("base_checksum");
  manifest.info.sequence = root.number("sequence");
  for (const Json& name : root.array("source_files")) {
    if (!name.is_string()) root.fail("source_files", "strings");
    manifest.info.source_files.push_back(name.get<std::string>());
  }
  manifest.schema = read_schema(root.get("schema"), path);
  manifest.base_nodes = root.counts("base_node_counts", manifest.schema.node_types().size());
  manifest.base_edges = root.counts("base_edge_counts", manifest.schema.edge_types().size());
  manifest.files = read_files(root);
  return manifest;
}

// Reads a delta's files one by one and checks their sizes and hashes against the manifest.
class DeltaReader {
 public:
  DeltaReader(const std::filesystem::path& folder, const DeltaManifest& manifest, Files& files)
      : folder_(folder), manifest_(manifest), files_(files) {}

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  template <typename T>
  std::vector<T> get(const std::string& name) {
    const MappedFile file = map(name);
    const auto items = file.as<T>();
    return {items.begin(), items.end()};
  }
  template <typename T>
  std::vector<T> exactly(const std::string& name, std::size_t items) {
    std::vector<T> result = get<T>(name);
    if (result.size() != items) {
      throw Error(
          "is damaged: wrong number of entries",
          {.file = path(name), .value = std::to_string(result.size()), .expected = std::to_string(items)});
    }
    return result;
  }
  std::vector<std::string> strings(const std::string& name) {
    const auto offsets = get<std::uint64_t>(name + ".offsets");
    const MappedFile bytes = map(name + ".bytes");
    check_offsets(offsets, bytes.size(), path(name + ".offsets"));
    const StringColumn column{offsets, bytes.text()};
    std::vector<std::string> result;
    for (std::size_t i = 0; i < column.rows(); ++i) result.emplace_back(column[i]);
    return result;
  }
  void check_all_used() const {
    if (used_ == manifest_.files.size()) return;
    throw Error("is damaged: it lists files that its schema does not have",
                {.file = path(kManifestName), .field = "files"});
  }

 private:
  MappedFile map(const std::string& name) {
    const ManifestFile* const entry = &find_file(manifest_.files, name, path(kManifestName));
    ++used_;
    MappedFile file = files_.map(folder_ / name);
    if (file.size() != entry->size || hash64(file.bytes()) != entry->hash) {
      throw Error(file.size() != entry->size ? "is damaged: wrong size" : "is damaged: its checksum differs",
                  {.file = path(name),
                   .value = fmt::format("{} bytes", file.size()),
                   .expected = fmt::format("{} bytes, xxh3 {}", entry->size, to_hex(entry->hash)),
                   .hint = "remove it: the next `weft ingest` writes the graph again"});
    }
    return file;
  }

  const std::filesystem::path& folder_;
  const DeltaManifest& manifest_;
  Files& files_;
  std::size_t used_ = 0;
};

NodeDelta read_nodes(DeltaReader& in, NodeTypeId type, std::uint64_t base_count) {
  NodeDelta nodes{.base_count = base_count};
  nodes.external_ids = in.strings(node_file(type, "ids"));
  nodes.first_seen = in.exactly<TimeMs>(node_file(type, "first_seen"), nodes.external_ids.size());
  nodes.events = in.exactly<EventId>(node_file(type, "events"), nodes.external_ids.size());
  nodes.seen_nodes = in.get<NodeId>(node_file(type, "seen"));
  nodes.seen_times = in.exactly<TimeMs>(node_file(type, "seen_times"), nodes.seen_nodes.size());
  const auto field_nodes = in.get<NodeId>(node_file(type, "field_nodes"));
  const auto numbers = in.exactly<std::uint16_t>(node_file(type, "field_numbers"), field_nodes.size());
  const std::vector<std::string> values = in.strings(node_file(type, "values"));
  if (values.size() != field_nodes.size())
    throw Error("is damaged: wrong number of entries", {.file = in.path(node_file(type, "values.offsets"))});
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto value = field_of_bytes(values[i]);
    if (!value) {
      throw Error(fmt::format("is damaged: value {} is none of a field", i),
                  {.file = in.path(node_file(type, "values.bytes"))});
    }
    nodes.fields.push_back({field_nodes[i], numbers[i], std::move(*value)});
  }
  return nodes;
}

EdgeDelta read_edges(DeltaReader& in, const EdgeType& type, EdgeTypeId id, std::uint64_t base_count) {
  EdgeDelta edges{.base_count = base_count};
  const auto read_list = [&](const std::string& part, EdgeList& list) {
    list.from = in.get<NodeId>(edge_file(id, part + ".from"));
    list.to = in.exactly<NodeId>(edge_file(id, part + ".to"), list.size());
    list.events = in.exactly<EventId>(edge_file(id, part + ".events"), list.size());
    if (type.timed) list.times = in.exactly<TimeMs>(edge_file(id, part + ".times"), list.size());
  };
  read_list("added", edges.added);
  const std::size_t added = edges.added.size();
  edges.added.sources = in.exactly<std::uint16_t>(edge_file(id, "added.sources"), added);
  if (type.weighted) edges.added.weights = in.exactly<float>(edge_file(id, "added.weights"), added);
  read_list("removed", edges.removed);
  return edges;
}

std::uint64_t write_files(const Delta& delta, const std::filesystem::path& folder, Files& files) {
  DeltaWriter out(files, folder);
  files.kill_point("delta.before_files");
  for (std::size_t i = 0; i < delta.nodes.size(); ++i)
    write_nodes(out, delta.nodes[i], static_cast<NodeTypeId>(i));
  for (std::size_t i = 0; i < delta.edges.size(); ++i) {
    const auto id = static_cast<EdgeTypeId>(i);
    write_edges(out, delta.edges[i], delta.schema.edge_type(id), id);
  }
  files.kill_point("delta.before_manifest");
  const std::vector<ManifestFile> written = out.sorted_files();
  const std::string manifest = delta_manifest(delta, written);
  files.write_whole(folder / kManifestName, manifest);
  files.sync_folder(folder);
  std::uint64_t bytes = manifest.size();
  for (const ManifestFile& file : written) bytes += file.size;
  return bytes;
}

void discard(const std::filesystem::path& folder, Files& files) noexcept {
  try {
    files.remove_all(folder);
  } catch (const std::exception&) {  // the first error is the one to report
  }
}

}  // namespace

std::uint64_t write_delta(const Delta& delta, const std::filesystem::path& folder, Files& files) {
  check_delta(delta, folder.string());
  if (std::filesystem::symlink_status(folder).type() != std::filesystem::file_type::not_found)
    throw Error("the delta's folder is there already", {.file = folder.string()});
  std::filesystem::path temporary = folder;
  temporary += ".tmp";
  std::uint64_t bytes = 0;
  try {
    files.remove_all(temporary);  // what a killed writer left
    files.make_folders(temporary);
    bytes = write_files(delta, temporary, files);
    files.kill_point("delta.before_rename");
    files.rename(temporary, folder);
    files.sync_folder(folder.parent_path());
  } catch (...) {
    discard(temporary, files);
    discard(folder, files);  // a rename that may not last
    throw;
  }
  files.kill_point("delta.after_rename");
  return bytes;
}

Delta read_delta(const std::filesystem::path& folder, Files& files) {
  const DeltaManifest manifest = read_delta_manifest(folder, files);
  Delta delta{.info = manifest.info, .schema = manifest.schema};
  DeltaReader in(folder, manifest, files);
  for (std::size_t i = 0; i < manifest.base_nodes.size(); ++i)
    delta.nodes.push_back(read_nodes(in, static_cast<NodeTypeId>(i), manifest.base_nodes[i]));
  for (std::size_t i = 0; i < manifest.base_edges.size(); ++i) {
    const auto id = static_cast<EdgeTypeId>(i);
    delta.edges.push_back(read_edges(in, manifest.schema.edge_type(id), id, manifest.base_edges[i]));
  }
  in.check_all_used();
  check_delta(delta, folder.string());
  return delta;
}

DeltaBase read_delta_base(const std::filesystem::path& snapshot, Files& files) {
  const std::string path = (snapshot / kManifestName).string();
  const MappedFile file = files.map(path);
  Manifest manifest = read_manifest(file.text(), path);
  return {.info = std::move(manifest.info),
          .schema = std::move(manifest.schema),
          .node_counts = std::move(manifest.node_counts),
          .edge_counts = std::move(manifest.edge_counts)};
}

DeltaInfo read_delta_info(const std::filesystem::path& folder, Files& files) {
  return read_delta_manifest(folder, files).info;
}

}  // namespace weft::graph
