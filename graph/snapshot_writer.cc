#include "graph/snapshot_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "graph/edge_writer.h"
#include "graph/snapshot_folder.h"

namespace weft::graph {
namespace {

// The files of one folder from arrays in memory.
class FolderWriter {
 public:
  explicit FolderWriter(SnapshotFolder& folder) : folder_(folder) {}

  template <typename T, typename Allocator>
  void put(const std::string& name, const std::vector<T, Allocator>& items) {
    SnapshotFile file(folder_, name);
    file.append(std::as_bytes(std::span(items)));
    file.close();
  }

  // `rows` strings; get(row) gives each.
  template <typename Get>
  void put_strings(const std::string& name, std::size_t rows, Get get) {
    std::vector<std::uint64_t> offsets{0};
    offsets.reserve(rows + 1);
    SnapshotFile bytes(folder_, name + ".bytes");
    for (std::size_t row = 0; row < rows; ++row) {
      const std::string_view text = get(row);
      bytes.append(std::as_bytes(std::span(text)));
      offsets.push_back(offsets.back() + text.size());
    }
    bytes.close();
    put(name + ".offsets", offsets);
  }

 private:
  SnapshotFolder& folder_;
};

// The value as a T; nothing if it is missing. Throws Error if it is of another kind.
template <typename T>
const T* value_as(const FieldValue& value, const std::string& field) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (const T* found = std::get_if<T>(&value)) return found;
  throw Error("a field's value is of another kind than the field", {.field = field});
}

void write_numbers(FolderWriter& out, const std::string& name, const std::vector<FieldValue>& values,
                   std::size_t rows, const std::string& field) {
  std::vector<double> numbers(rows, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t row = 0; row < values.size(); ++row) {
    const double* number = value_as<double>(values[row], field);
    if (number != nullptr && !std::isnan(*number)) numbers[row] = *number;  // one NaN, whatever its bits were
  }
  out.put(name, numbers);
}

void write_categories(FolderWriter& out, const std::string& prefix, const std::vector<FieldValue>& values,
                      std::size_t rows, const std::string& field) {
  using Words = std::vector<std::string>;
  std::unordered_map<std::string_view, std::uint32_t> codes;
  std::uint64_t total = 0;
  for (const FieldValue& value : values) {
    if (const Words* words = value_as<Words>(value, field)) {
      for (const std::string& word : *words) codes.emplace(word, 0);
      total += words->size();
    }
  }
  if (codes.size() > std::numeric_limits<std::uint32_t>::max())
    throw Error("too many categories", {.field = field});
  std::vector<std::string_view> dictionary;
  dictionary.reserve(codes.size());
  for (const auto& [word, code] : codes) dictionary.push_back(word);
  std::sort(dictionary.begin(), dictionary.end());
  for (std::size_t i = 0; i < dictionary.size(); ++i) codes[dictionary[i]] = static_cast<std::uint32_t>(i);

  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint32_t> row_codes;
  offsets.reserve(rows + 1);
  row_codes.reserve(total);
  for (std::size_t row = 0; row < rows; ++row) {
    const Words* words = row < values.size() ? value_as<Words>(values[row], field) : nullptr;
    if (words != nullptr) {
      for (const std::string& word : *words) row_codes.push_back(codes.at(word));
    }
    offsets.push_back(row_codes.size());
  }
  out.put_strings(prefix + "words", dictionary.size(), [&](std::size_t i) { return dictionary[i]; });
  out.put(prefix + "codes.offsets", offsets);
  out.put(prefix + "codes", row_codes);
}

// Strings of a field by a function of the value; missing ones are empty.
template <typename T, typename Get>
void write_texts(FolderWriter& out, const std::string& name, const std::vector<FieldValue>& values,
                 std::size_t rows, const std::string& field, Get get) {
  out.put_strings(name, rows, [&](std::size_t row) {
    const T* value = row < values.size() ? value_as<T>(values[row], field) : nullptr;
    return value == nullptr ? std::string_view() : std::string_view(get(*value));
  });
}

void write_field(FolderWriter& out, const std::string& prefix, FieldKind kind,
                 const std::vector<FieldValue>& values, std::size_t rows, const std::string& field) {
  switch (kind) {
    case FieldKind::kNumber:
      return write_numbers(out, prefix + "numbers", values, rows, field);
    case FieldKind::kCategory:
      return write_categories(out, prefix, values, rows, field);
    case FieldKind::kText:
      return write_texts<std::string>(out, prefix + "text", values, rows, field,
                                      [](const std::string& text) -> const std::string& { return text; });
    case FieldKind::kImage:
    case FieldKind::kAudio:
      write_texts<MediaValue>(out, prefix + "paths", values, rows, field,
                              [](const MediaValue& media) -> const std::string& { return media.path; });
      return write_texts<MediaValue>(
          out, prefix + "hashes", values, rows, field,
          [](const MediaValue& media) -> const std::string& { return media.content_hash; });
  }
}

std::vector<NodeId> sorted_id_order(const NodeType& type, const std::vector<std::string>& ids) {
  std::vector<NodeId> order(ids.size());
  std::iota(order.begin(), order.end(), NodeId{0});
  std::sort(order.begin(), order.end(),
            [&](NodeId a, NodeId b) { return std::tie(ids[a], a) < std::tie(ids[b], b); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (ids[order[i - 1]] == ids[order[i]] && !ids[order[i]].empty()) {
      throw Error("two nodes of type " + type.name + " have the same id", {.value = excerpt(ids[order[i]])});
    }
  }
  return order;
}

void write_nodes(FolderWriter& out, const NodeType& type, NodeTypeId id, NodeTable table) {
  const std::size_t n = table.external_ids.size();
  out.put_strings(node_file(id, "ids"), n,
                  [&](std::size_t i) { return std::string_view(table.external_ids[i]); });
  out.put(node_file(id, "id_order"), sorted_id_order(type, table.external_ids));
  table.external_ids = {};
  table.first_seen.resize(n, kNoTime);
  table.events.resize(n, kNoEvent);
  out.put(node_file(id, "first_seen"), table.first_seen);
  out.put(node_file(id, "events"), table.events);
  for (std::size_t f = 0; f < type.fields.size(); ++f) {
    const std::vector<FieldValue> values =
        f < table.fields.size() ? std::move(table.fields[f]) : std::vector<FieldValue>();
    write_field(out, field_file(id, f, ""), type.fields[f].kind, values, n,
                type.name + "." + type.fields[f].name);
  }
}

void write_csr(FolderWriter& out, const EdgeType& type, EdgeTypeId id, const std::string& direction,
               const Csr& csr) {
  out.put(edge_file(id, direction + ".offsets"), csr.offsets);
  out.put(edge_file(id, direction + ".targets"), csr.targets);
  if (type.timed) out.put(edge_file(id, direction + ".times"), csr.times);
  if (type.weighted) out.put(edge_file(id, direction + ".weight_sums"), csr.weight_sums);
  if (direction == "in") out.put(edge_file(id, direction + ".edge_ids"), csr.edge_ids);
}

void write_edges(FolderWriter& out, const EdgeType& type, EdgeTypeId id, EdgeList edges,
                 std::size_t from_nodes, std::size_t to_nodes) {
  const std::size_t n = edges.size();
  edges.events.resize(n, kNoEvent);
  edges.sources.resize(n, 0);
  sort_outgoing(edges);
  const Csr outgoing = build_outgoing(edges, from_nodes, to_nodes);
  edges.from = {}, edges.to = {}, edges.times = {};
  write_csr(out, type, id, "out", outgoing);
  out.put(edge_file(id, "events"), edges.events);
  out.put(edge_file(id, "sources"), edges.sources);
  edges.events = {}, edges.sources = {};
  if (type.weighted) out.put(edge_file(id, "weights"), edges.weights);
  write_csr(out, type, id, "in", build_incoming(outgoing.view(), to_nodes, edges.weights));
}

[[noreturn]] void bad_table(const std::string& type, const std::string& what) {
  throw Error("tables of a snapshot do not fit its schema", {.field = type, .expected = what});
}

void check_edges(const EdgeType& type, const EdgeList& edges, std::size_t source_files) {
  const std::size_t n = edges.size();
  if (edges.to.size() != n) bad_table(type.name, "as many targets as sources of edges");
  if (edges.times.size() != (type.timed ? n : 0))
    bad_table(type.name, "times exactly if the edge type has them");
  if (edges.weights.size() != (type.weighted ? n : 0))
    bad_table(type.name, "weights exactly if the edge type has them");
  if (!edges.events.empty() && edges.events.size() != n)
    bad_table(type.name, "an event for each edge, or none");
  if (!edges.sources.empty() && edges.sources.size() != n)
    bad_table(type.name, "a source for each edge, or none");
  for (const TimeMs time : edges.times) {
    if (time == kEndOfTime) bad_table(type.name, "times before the end of time");
  }
  for (const std::uint16_t source : edges.sources) {
    if (source >= std::max<std::size_t>(1, source_files))
      bad_table(type.name, "sources among the listed source files");
  }
}

// One node's weights are added up in fixed point (CsrView::weight_sums): said here, where the node has a
// name.
void check_weight_sums(const EdgeType& type, const EdgeList& edges, std::span<const NodeId> ends,
                       const NodeType& node_type, const NodeTable& nodes) {
  std::vector<std::uint64_t> sums(nodes.external_ids.size(), 0);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (ends[i] >= sums.size()) continue;  // an Error of the CSR
    std::uint64_t& sum = sums[ends[i]];
    const std::uint64_t weight = fixed_point_weight(edges.weights[i]);
    if (weight > std::numeric_limits<std::uint64_t>::max() - sum) {
      throw weight_sum_error(type, node_type.name, nodes.external_ids[ends[i]]);
    }
    sum += weight;
  }
}

void check_tables(const GraphTables& tables) {
  const Schema& schema = tables.schema;
  if (tables.nodes.size() != schema.node_types().size()) bad_table("nodes", "one table for each node type");
  if (tables.edges.size() != schema.edge_types().size()) bad_table("edges", "one list for each edge type");
  for (std::size_t i = 0; i < tables.nodes.size(); ++i) {
    const NodeTable& table = tables.nodes[i];
    const NodeType& type = schema.node_types()[i];
    const std::size_t n = table.external_ids.size();
    if (n > kNoNode) bad_table(type.name, fmt::format("at most {} nodes", kNoNode));
    if (!table.first_seen.empty() && table.first_seen.size() != n)
      bad_table(type.name, "a first time for each node");
    if (!table.events.empty() && table.events.size() != n)
      bad_table(type.name, "an event for each node, or none");
    if (table.fields.size() > type.fields.size())
      bad_table(type.name, "no more fields than the node type has");
    for (const auto& field : table.fields) {
      if (!field.empty() && field.size() != n) bad_table(type.name, "a value for each node in each field");
    }
  }
  for (std::size_t i = 0; i < tables.edges.size(); ++i) {
    const EdgeType& type = schema.edge_types()[i];
    const EdgeList& edges = tables.edges[i];
    check_edges(type, edges, tables.info.source_files.size());
    if (!type.weighted) continue;
    check_weight_sums(type, edges, edges.from, schema.node_type(type.from), tables.nodes[type.from]);
    check_weight_sums(type, edges, edges.to, schema.node_type(type.to), tables.nodes[type.to]);
  }
}

SnapshotInfo write_files(GraphTables& tables, SnapshotFolder& folder) {
  Files& files = folder.files();
  FolderWriter out(folder);
  const Schema& schema = tables.schema;
  Manifest manifest{.info = tables.info, .schema = schema};
  files.kill_point("snapshot.before_files");
  for (std::size_t i = 0; i < tables.nodes.size(); ++i) {
    manifest.node_counts.push_back(tables.nodes[i].external_ids.size());
    const auto id = static_cast<NodeTypeId>(i);
    write_nodes(out, schema.node_type(id), id, std::exchange(tables.nodes[i], {}));
  }
  files.kill_point("snapshot.after_nodes");
  for (std::size_t i = 0; i < tables.edges.size(); ++i) {
    manifest.edge_counts.push_back(tables.edges[i].size());
    const auto id = static_cast<EdgeTypeId>(i);
    const EdgeType& type = schema.edge_type(id);
    write_edges(out, type, id, std::exchange(tables.edges[i], {}), manifest.node_counts[type.from],
                manifest.node_counts[type.to]);
  }
  files.kill_point("snapshot.after_edges");
  return folder.seal(std::move(manifest));
}

}  // namespace

SnapshotInfo write_snapshot(GraphTables tables, const std::filesystem::path& folder, Files& files) {
  check_tables(tables);
  SnapshotFolder out(folder, files);
  SnapshotInfo info = write_files(tables, out);
  out.publish();
  return info;
}

}  // namespace weft::graph
