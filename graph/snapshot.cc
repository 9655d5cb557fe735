#include "graph/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "graph/snapshot_check.h"
#include "graph/snapshot_manifest.h"

namespace weft::graph {

static_assert(std::endian::native == std::endian::little,
              "snapshot files are little-endian arrays, mapped as they are");

namespace {

constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;
constexpr const char* kWriteAgain = "run `weft ingest` again: it writes a damaged snapshot anew";

struct FieldColumns {
  NumberColumn numbers = {};
  CategoryColumn categories = {};
  StringColumn texts = {};
  MediaColumn media = {};
};

struct NodeColumns {
  NodeId count = 0;
  StringColumn ids = {};
  std::span<const NodeId> order = {};  // sorts the ids by bytes
  std::span<const TimeMs> first_seen = {};
  std::span<const EventId> events = {};
  std::vector<FieldColumns> fields = {};
};

struct EdgeArrays {
  CsrView outgoing = {};
  CsrView incoming = {};
  EdgeColumns columns = {};
};

}  // namespace

struct Snapshot::Mapped {
  std::filesystem::path folder = {};
  Manifest manifest = {};
  std::vector<NodeColumns> nodes = {};
  std::vector<EdgeArrays> edges = {};
  std::vector<MappedFile> maps = {};
};

namespace {

// Maps a snapshot's files one by one and checks their sizes (and hashes) against the manifest.
class Loader {
 public:
  Loader(const std::filesystem::path& folder, const Manifest& manifest, Verify verify, Files& files,
         std::vector<MappedFile>& maps)
      : folder_(folder), manifest_(manifest), verify_(verify), files_(files), maps_(maps) {}

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  template <typename T>
  std::span<const T> any(const std::string& name) {
    return map(name).as<T>();
  }
  template <typename T>
  std::span<const T> exactly(const std::string& name, std::uint64_t items) {
    const auto result = any<T>(name);
    if (result.size() != items) {
      throw Error(
          "is damaged: wrong number of entries",
          {.file = path(name), .value = std::to_string(result.size()), .expected = std::to_string(items)});
    }
    return result;
  }
  // `rows` strings under name.offsets and name.bytes.
  StringColumn strings(const std::string& name, std::uint64_t rows) {
    return strings_of(name, exactly<std::uint64_t>(name + ".offsets", rows + 1));
  }
  // As many strings as there are.
  StringColumn strings(const std::string& name) {
    return strings_of(name, any<std::uint64_t>(name + ".offsets"));
  }

  void check_all_used() const {
    if (used_ == manifest_.files.size()) return;
    throw Error("is damaged: it lists files that its schema does not have",
                {.file = path(kManifestName),
                 .field = "files",
                 .value = std::to_string(manifest_.files.size()),
                 .expected = std::to_string(used_)});
  }

 private:
  StringColumn strings_of(const std::string& name, std::span<const std::uint64_t> offsets) {
    const StringColumn column{offsets, map(name + ".bytes").text()};
    check_offsets(offsets, column.bytes.size(), path(name + ".offsets"));
    return column;
  }

  const MappedFile& map(const std::string& name) {
    const ManifestFile* const entry = &find_file(manifest_.files, name, path(kManifestName));
    ++used_;
    MappedFile file = files_.map(folder_ / name);
    if (file.size() != entry->size) {
      throw Error("is damaged: wrong size", {.file = path(name),
                                             .value = fmt::format("{} bytes", file.size()),
                                             .expected = fmt::format("{} bytes", entry->size),
                                             .hint = kWriteAgain});
    }
    if (verify_ == Verify::kChecksums && hash64(file.bytes()) != entry->hash) {
      throw Error("is damaged: its checksum differs", {.file = path(name),
                                                       .value = to_hex(hash64(file.bytes())),
                                                       .expected = to_hex(entry->hash),
                                                       .hint = kWriteAgain});
    }
    return maps_.emplace_back(std::move(file));
  }

  const std::filesystem::path& folder_;
  const Manifest& manifest_;
  Verify verify_;
  Files& files_;
  std::vector<MappedFile>& maps_;
  std::size_t used_ = 0;
};

FieldColumns load_field(Loader& loader, const std::string& prefix, FieldKind kind, NodeId rows) {
  FieldColumns columns;
  switch (kind) {
    case FieldKind::kNumber:
      columns.numbers = loader.exactly<double>(prefix + "numbers", rows);
      break;
    case FieldKind::kText:
      columns.texts = loader.strings(prefix + "text", rows);
      break;
    case FieldKind::kImage:
    case FieldKind::kAudio:
      columns.media = {loader.strings(prefix + "paths", rows), loader.strings(prefix + "hashes", rows)};
      break;
    case FieldKind::kCategory: {
      CategoryColumn& category = columns.categories;
      category.dictionary = loader.strings(prefix + "words");
      check_dictionary(category.dictionary, loader.path(prefix + "words.bytes"));
      category.offsets = loader.exactly<std::uint64_t>(prefix + "codes.offsets", std::uint64_t{rows} + 1);
      category.codes = loader.any<std::uint32_t>(prefix + "codes");
      check_offsets(category.offsets, category.codes.size(), loader.path(prefix + "codes.offsets"));
      check_below(category.codes, category.dictionary.rows(), loader.path(prefix + "codes"));
      break;
    }
  }
  return columns;
}

NodeColumns load_nodes(Loader& loader, const NodeType& type, NodeTypeId id, std::uint64_t count) {
  NodeColumns nodes;
  nodes.count = static_cast<NodeId>(count);
  nodes.ids = loader.strings(node_file(id, "ids"), count);
  nodes.order = loader.exactly<NodeId>(node_file(id, "id_order"), count);
  check_id_order(nodes.order, nodes.ids, loader.path(node_file(id, "id_order")));
  nodes.first_seen = loader.exactly<TimeMs>(node_file(id, "first_seen"), count);
  nodes.events = loader.exactly<EventId>(node_file(id, "events"), count);
  for (std::size_t f = 0; f < type.fields.size(); ++f) {
    nodes.fields.push_back(load_field(loader, field_file(id, f, ""), type.fields[f].kind, nodes.count));
  }
  return nodes;
}

CsrView load_csr(Loader& loader, const EdgeType& type, EdgeTypeId id, const std::string& direction,
                 std::uint64_t rows, std::uint64_t targets, std::uint64_t edges) {
  const auto name = [&](const char* part) { return edge_file(id, direction + "." + part); };
  CsrView csr;
  csr.offsets = loader.exactly<std::uint64_t>(name("offsets"), rows + 1);
  check_offsets(csr.offsets, edges, loader.path(name("offsets")));
  csr.targets = loader.exactly<NodeId>(name("targets"), edges);
  check_below(csr.targets, targets, loader.path(name("targets")));
  if (type.timed) csr.times = loader.exactly<TimeMs>(name("times"), edges);
  if (type.weighted) csr.weight_sums = loader.exactly<std::uint64_t>(name("weight_sums"), edges);
  if (direction == "in") {
    csr.edge_ids = loader.exactly<EdgeId>(name("edge_ids"), edges);
    check_below(csr.edge_ids, edges, loader.path(name("edge_ids")));
  }
  check_rows(csr, loader.path(name("targets")));
  return csr;
}

EdgeArrays load_edges(Loader& loader, const Manifest& manifest, EdgeTypeId id) {
  const EdgeType& type = manifest.schema.edge_type(id);
  const std::uint64_t count = manifest.edge_counts[id];
  const std::uint64_t from = manifest.node_counts[type.from];
  const std::uint64_t to = manifest.node_counts[type.to];
  EdgeArrays edges;
  edges.outgoing = load_csr(loader, type, id, "out", from, to, count);
  edges.incoming = load_csr(loader, type, id, "in", to, from, count);
  edges.columns.events = loader.exactly<EventId>(edge_file(id, "events"), count);
  edges.columns.sources = loader.exactly<std::uint16_t>(edge_file(id, "sources"), count);
  check_sources(edges.columns.sources, manifest.info.source_files.size(),
                loader.path(edge_file(id, "sources")));
  if (type.weighted) {
    edges.columns.weights = loader.exactly<float>(edge_file(id, "weights"), count);
    check_weights(edges.columns.weights, loader.path(edge_file(id, "weights")));
  }
  return edges;
}

}  // namespace

Snapshot Snapshot::open(const std::filesystem::path& folder, Verify verify, Files& files) {
  auto mapped = std::make_shared<Mapped>();
  mapped->folder = folder;
  {
    const std::filesystem::path path = folder / kManifestName;
    const MappedFile file = files.map(path);
    if (file.size() > kMaxManifestBytes) {
      throw Error("is too large for a manifest",
                  {.file = path.string(),
                   .value = fmt::format("{} bytes", file.size()),
                   .expected = fmt::format("at most {} bytes", kMaxManifestBytes)});
    }
    mapped->manifest = read_manifest(file.text(), path.string());
  }
  const Manifest& manifest = mapped->manifest;
  Loader loader(mapped->folder, manifest, verify, files, mapped->maps);
  for (std::size_t i = 0; i < manifest.node_counts.size(); ++i) {
    const auto id = static_cast<NodeTypeId>(i);
    mapped->nodes.push_back(load_nodes(loader, manifest.schema.node_type(id), id, manifest.node_counts[i]));
  }
  for (std::size_t i = 0; i < manifest.edge_counts.size(); ++i) {
    mapped->edges.push_back(load_edges(loader, manifest, static_cast<EdgeTypeId>(i)));
  }
  loader.check_all_used();
  return Snapshot(std::move(mapped));
}

const SnapshotInfo& Snapshot::info() const {
  return mapped_->manifest.info;
}
const Schema& Snapshot::schema() const {
  return mapped_->manifest.schema;
}
const std::filesystem::path& Snapshot::folder() const {
  return mapped_->folder;
}

NodeId Snapshot::node_count(NodeTypeId type) const {
  return mapped_->nodes.at(type).count;
}
std::uint64_t Snapshot::edge_count(EdgeTypeId type) const {
  return mapped_->edges.at(type).outgoing.edges();
}
CsrView Snapshot::outgoing(EdgeTypeId type) const {
  return mapped_->edges.at(type).outgoing;
}
CsrView Snapshot::incoming(EdgeTypeId type) const {
  return mapped_->edges.at(type).incoming;
}
EdgeColumns Snapshot::edge_columns(EdgeTypeId type) const {
  return mapped_->edges.at(type).columns;
}

std::vector<NodeId> Snapshot::edge_rows(EdgeTypeId type) const {
  const CsrView csr = outgoing(type);
  std::vector<NodeId> rows;
  rows.reserve(csr.edges());
  for (std::size_t row = 0; row < csr.rows(); ++row)
    rows.resize(csr.offsets[row + 1], static_cast<NodeId>(row));
  return rows;
}

std::string_view Snapshot::external_id(NodeRef node) const {
  const NodeColumns& nodes = mapped_->nodes.at(node.type);
  WEFT_CHECK(node.id < nodes.count);
  return nodes.ids[node.id];
}

std::span<const NodeId> Snapshot::id_order(NodeTypeId type) const {
  return mapped_->nodes.at(type).order;
}

std::uint64_t Snapshot::forgotten_nodes(NodeTypeId type) const {
  const NodeColumns& nodes = mapped_->nodes.at(type);
  const auto end = std::partition_point(nodes.order.begin(), nodes.order.end(),
                                        [&](NodeId id) { return nodes.ids[id].empty(); });
  return static_cast<std::uint64_t>(end - nodes.order.begin());
}

std::optional<NodeId> Snapshot::find_node(NodeTypeId type, std::string_view external_id) const {
  const NodeColumns& nodes = mapped_->nodes.at(type);
  const auto found =
      std::lower_bound(nodes.order.begin(), nodes.order.end(), external_id,
                       [&](NodeId id, std::string_view wanted) { return nodes.ids[id] < wanted; });
  if (external_id.empty() || found == nodes.order.end() || nodes.ids[*found] != external_id)
    return std::nullopt;
  return *found;
}

std::string Snapshot::display_name(NodeRef node) const {
  const NodeType& type = schema().node_type(node.type);
  if (const auto field = type.find_field(type.name_field)) {
    WEFT_CHECK(node.id < node_count(node.type));
    if (const std::string_view name = texts(node.type, *field)[node.id]; !name.empty())
      return std::string(name);
  }
  return std::string(external_id(node));
}

std::span<const TimeMs> Snapshot::first_seen(NodeTypeId type) const {
  return mapped_->nodes.at(type).first_seen;
}
std::span<const EventId> Snapshot::node_events(NodeTypeId type) const {
  return mapped_->nodes.at(type).events;
}

namespace {

// The field's columns, if it is of the wanted kind.
const FieldColumns& field_of(const Schema& schema, const std::vector<NodeColumns>& nodes, NodeTypeId type,
                             std::size_t field, const char* wanted, bool (*fits)(FieldKind)) {
  const NodeType& node_type = schema.node_type(type);
  if (field >= node_type.fields.size()) {
    throw Error(
        "node type " + node_type.name + " has no such field",
        {.value = std::to_string(field), .expected = fmt::format("below {}", node_type.fields.size())});
  }
  const Field& found = node_type.fields[field];
  if (!fits(found.kind)) {
    throw Error("field is of another kind", {.field = node_type.name + "." + found.name,
                                             .value = std::string(field_kind_name(found.kind)),
                                             .expected = wanted});
  }
  return nodes[type].fields[field];
}

}  // namespace

NumberColumn Snapshot::numbers(NodeTypeId type, std::size_t field) const {
  const auto fits = [](FieldKind kind) { return kind == FieldKind::kNumber; };
  return field_of(schema(), mapped_->nodes, type, field, "number", fits).numbers;
}
CategoryColumn Snapshot::categories(NodeTypeId type, std::size_t field) const {
  const auto fits = [](FieldKind kind) { return kind == FieldKind::kCategory; };
  return field_of(schema(), mapped_->nodes, type, field, "category", fits).categories;
}
StringColumn Snapshot::texts(NodeTypeId type, std::size_t field) const {
  const auto fits = [](FieldKind kind) { return kind == FieldKind::kText; };
  return field_of(schema(), mapped_->nodes, type, field, "text", fits).texts;
}
MediaColumn Snapshot::media(NodeTypeId type, std::size_t field) const {
  return field_of(schema(), mapped_->nodes, type, field, "image or audio", is_media).media;
}

}  // namespace weft::graph
