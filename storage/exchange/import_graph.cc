#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "storage/exchange/exchange_manifest.h"
#include "storage/exchange/exchange_tables.h"
#include "storage/exchange/graph_exchange.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchEvents = 20'000;

// Gathers events and hands them to the store.
class Batches {
 public:
  Batches(GraphStore& store, ProgressSink& progress) : store_(store), progress_(progress) {}
  void add(graph::Event event) {
    batch_.events.push_back(std::move(event));
    if (batch_.events.size() >= kBatchEvents) flush();
  }
  // Before a batch that may hold an event of this one again: apply() takes an event once a batch.
  void flush() {
    if (batch_.events.empty()) return;
    store_.apply(batch_);
    progress_.advance(done_ += batch_.events.size());
    batch_.events.clear();
  }

 private:
  GraphStore& store_;
  ProgressSink& progress_;
  EventBatch batch_;
  std::uint64_t done_ = 0;
};

// In the order of their dense ids, which the store gives by first appearance.
void apply_nodes(Batches& batches, graph::NodeTypeId type, graph::NodeTable& table) {
  for (std::size_t node = 0; node < table.external_ids.size(); ++node) {
    graph::NodeEvent event{
        .type = type, .external_id = table.external_ids[node], .fields = {}, .time = table.first_seen[node]};
    for (std::vector<graph::FieldValue>& field : table.fields) event.fields.push_back(std::move(field[node]));
    batches.add({.id = table.events[node], .nodes = {std::move(event)}});
  }
  batches.flush();
}

class EdgeEvents {
 public:
  EdgeEvents(const graph::Schema& schema, graph::EdgeTypeId type, const graph::GraphTables& tables)
      : type_(type),
        edge_type_(schema.edge_type(type)),
        edges_(tables.edges[type]),
        from_(tables.nodes[edge_type_.from].external_ids),
        to_(tables.nodes[edge_type_.to].external_ids) {}

  std::size_t size() const { return edges_.size(); }
  graph::EdgeEvent edge(std::size_t i) const {
    return {.type = type_,
            .from = from_[edges_.from[i]],
            .to = to_[edges_.to[i]],
            .time = edge_type_.timed ? edges_.times[i] : graph::kNoTime,
            .weight = edge_type_.weighted ? static_cast<double>(edges_.weights[i]) : 1.0};
  }

  // Each event once, with all its edges of this type.
  void apply(Batches& batches) const {
    std::vector<std::size_t> order(size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return edges_.events[a] < edges_.events[b]; });
    for (std::size_t begin = 0; begin < order.size();) {
      graph::Event event{.id = edges_.events[order[begin]], .source = edges_.sources[order[begin]]};
      std::size_t end = begin;
      for (; end < order.size() && edges_.events[order[end]] == event.id; ++end)
        event.edges.push_back(edge(order[end]));
      begin = end;
      batches.add(std::move(event));
    }
    batches.flush();
  }

  // Attributes: apply() takes a node's edges as a set that replaces the one before. Where rows of several
  // files made them, the set grows by one file's after the other's.
  void apply_sets(Batches& batches) const {
    std::vector<std::size_t> order(size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(edges_.from[a], edges_.sources[a]) < std::pair(edges_.from[b], edges_.sources[b]);
    });
    std::vector<graph::EdgeEvent> set;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::size_t at = order[i];
      if (i > 0 && edges_.from[order[i - 1]] != edges_.from[at]) set.clear();
      set.push_back(edge(at));
      const bool last = i + 1 == order.size() || edges_.from[order[i + 1]] != edges_.from[at] ||
                        edges_.sources[order[i + 1]] != edges_.sources[at];
      if (last) batches.add({.id = edges_.events[at], .source = edges_.sources[at], .edges = set});
    }
    batches.flush();
  }

 private:
  graph::EdgeTypeId type_;
  const graph::EdgeType& edge_type_;
  const graph::EdgeList& edges_;
  const std::vector<std::string>& from_;
  const std::vector<std::string>& to_;
};

std::vector<LedgerEntry> unread_sources(const Project& project, const std::vector<std::string>& names) {
  std::vector<LedgerEntry> out;
  for (const std::string& name : names) {
    LedgerEntry entry{.source = static_cast<std::uint16_t>(out.size()), .name = name};
    for (std::size_t i = 0; i < project.sources.size(); ++i) {
      if (project.sources[i].name == name)
        entry.fingerprint = project.fingerprint(static_cast<std::uint16_t>(i));
    }
    out.push_back(std::move(entry));
  }
  return out;
}

void fill_store(GraphStore& store, const Project& project, ExportedGraph& graph, ProgressSink& progress) {
  std::uint64_t events = 0;
  for (const graph::NodeTable& table : graph.tables.nodes) events += table.external_ids.size();
  for (const graph::EdgeList& edges : graph.tables.edges) events += edges.size();
  store.apply({.ledger = unread_sources(project, graph.tables.info.source_files)});
  progress.begin("import", events, "rows");
  Batches batches(store, progress);
  for (graph::NodeTypeId type = 0; type < graph.tables.nodes.size(); ++type)
    apply_nodes(batches, type, graph.tables.nodes[type]);
  for (graph::EdgeTypeId type = 0; type < graph.tables.edges.size(); ++type) {
    const EdgeEvents edges(graph.schema.graph, type, graph.tables);
    graph.schema.attribute[type] != 0 ? edges.apply_sets(batches) : edges.apply(batches);
    graph.tables.edges[type] = {};
  }
  progress.end();
}

void check_edges(const graph::EdgeList& edges, std::uint64_t from_nodes, std::uint64_t to_nodes,
                 std::size_t sources, const std::string& where) {
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges.from[i] >= from_nodes || edges.to[i] >= to_nodes || edges.events[i] == graph::kNoEvent ||
        edges.sources[i] >= std::max<std::size_t>(sources, 1))
      throw Error("is damaged",
                  {.file = where,
                   .expected = "ends below the numbers of nodes, an event, a file of the manifest's list",
                   .hint = "export the graph again"});
  }
}

// What keeps a forgotten node from coming back lies in its store, not in the graph.
void refuse_forgotten(const ExportedGraph& graph, const fs::path& folder) {
  std::size_t forgotten = 0;
  for (const graph::NodeTable& table : graph.tables.nodes)
    forgotten += static_cast<std::size_t>(
        std::count(table.external_ids.begin(), table.external_ids.end(), std::string()));
  if (forgotten == 0) return;
  throw Error(fmt::format("the exported graph has {} forgotten nodes", forgotten),
              {.file = folder.string(),
               .expected = "a graph without any: imported, they would come back with the next ingest",
               .hint = "use `weft backup` and `weft restore`, which keep what was forgotten in mind"},
              ErrorKind::kUsage);
}

}  // namespace

ExportedGraph read_exported(const fs::path& folder, ProgressSink& progress, Files& files) {
  const fs::path path = folder / kExchangeManifest;
  if (!fs::exists(path))
    throw Error("this is no exported graph",
                {.file = folder.string(), .expected = "a folder that `weft export` wrote"},
                ErrorKind::kUsage);
  ExchangeManifest manifest = read_exchange_manifest(files.read_whole(path), path.string());
  std::set<std::string> listed;
  progress.begin("read", manifest.files.size(), "files");
  for (const ExchangeFile& file : manifest.files) {
    const MappedFile map = files.map(folder / file.name);
    if (map.size() != file.size || hash64(map.bytes()) != file.hash)
      throw Error("is not what was exported (size or checksum)",
                  {.file = (folder / file.name).string(), .hint = "export the graph again"});
    listed.insert(file.name);
    progress.advance(listed.size());
  }
  progress.end();
  ExportedGraph out{.format = manifest.format,
                    .store_uuid = manifest.store_uuid,
                    .sequence = manifest.sequence,
                    .snapshot_checksum = manifest.snapshot_checksum,
                    .schema = manifest.schema};
  const graph::Schema& schema = out.schema.graph;
  out.tables.schema = schema;
  out.tables.info.source_files = manifest.source_files;
  const ExchangeFolder from{folder, files};
  const bool npy = manifest.format == ExchangeFormat::kNpy;
  for (graph::NodeTypeId type = 0; type < schema.node_types().size(); ++type) {
    const auto read = npy ? read_npy_nodes : read_parquet_nodes;
    out.tables.nodes.push_back(
        read(from, node_stem(schema, type), schema.node_type(type), manifest.node_counts[type]));
  }
  for (graph::EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
    const graph::EdgeType& edge_type = schema.edge_type(type);
    const std::string stem = edge_stem(schema, type);
    const auto read = npy ? read_npy_edges : read_parquet_edges;
    out.tables.edges.push_back(read(from, stem, edge_type, manifest.edge_counts[type]));
    check_edges(out.tables.edges.back(), manifest.node_counts[edge_type.from],
                manifest.node_counts[edge_type.to], manifest.source_files.size(), (folder / stem).string());
  }
  return out;
}

ImportReport import_graph(const Project& project, const fs::path& folder, ProgressSink& progress,
                          Files& files) {
  const Workspace& workspace = project.workspace;
  for (const fs::path& taken : {workspace.store(), workspace.snapshots()}) {
    if (fs::exists(taken))
      throw Error("there is a graph in this workspace already",
                  {.file = taken.string(),
                   .hint = "give another workspace (--set project.workspace=...), or move it away"},
                  ErrorKind::kUsage);
  }
  ExportedGraph graph = read_exported(folder, progress, files);
  if (!(graph.schema == project.schema))
    throw Error("the project file describes another graph than was exported",
                {.file = project.file.string(),
                 .expected = "the node types, fields and edge types, in the order, of " +
                             (folder / kExchangeManifest).string(),
                 .hint = "use the project file that the graph was exported with"},
                ErrorKind::kUsage);
  refuse_forgotten(graph, folder);
  ImportReport report;
  for (const graph::NodeTable& table : graph.tables.nodes) report.nodes += table.external_ids.size();
  for (const graph::EdgeList& edges : graph.tables.edges) report.edges += edges.size();
  const Workspace making{workspace.importing()};
  files.remove_all(making.folder);  // by a killed run
  try {
    files.make_folders(making.folder);
    files.kill_point("import.before_store");
    {
      GraphStore store = GraphStore::open(making.store(), project.schema, {}, files);
      fill_store(store, project, graph, progress);
      const ExportedSnapshot made = export_snapshot(store, making, project.data_root, progress, files);
      if (made.info.checksum != graph.snapshot_checksum)
        throw Error("the imported graph is not the one that was exported",
                    {.file = folder.string(),
                     .value = to_hex(made.info.checksum),
                     .expected = to_hex(graph.snapshot_checksum),
                     .hint = "export it again with this version of weft"});
      report.snapshot = workspace.snapshots() / made.folder.filename();
    }
    files.kill_point("import.before_rename");
    files.rename(making.store(), workspace.store());
  } catch (...) {
    std::error_code ignored;  // the first failure is the one to report
    fs::remove_all(making.folder, ignored);
    throw;
  }
  // From here on the graph is in: a store without its snapshot gets it at the next ingest.
  files.kill_point("import.between_renames");
  files.rename(making.snapshots(), workspace.snapshots());
  files.remove_all(making.folder);
  files.sync_folder(workspace.folder);
  files.kill_point("import.after_rename");
  return report;
}

}  // namespace weft::storage
