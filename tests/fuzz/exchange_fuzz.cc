// Exported graphs, damaged behind valid checksums: reading refuses one, or gives tables whose columns have
// their rows and whose edges have ends. The first byte chooses Parquet or NumPy's arrays; the rest is as in
// sealed_folder.h.
// Parser: storage/exchange/exchange_manifest.cc storage/exchange/import_graph.cc
// storage/exchange/npy_tables.cc storage/exchange/parquet_tables.cc base/npy.cc
#include <array>
#include <memory>

#include "storage/exchange/graph_exchange.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "tests/fuzz/sealed_folder.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace storage;

SealedFolder& sound(std::size_t format) {
  static const test::TempFolder folder(test::in_memory());
  static std::array<std::unique_ptr<SealedFolder>, 2> folders = [] {
    const Workspace workspace{folder / "shop.weft"};
    GraphStore store = GraphStore::open(workspace.store(), small_schema());
    store.apply(with_sources(random_events(30, 3)));
    export_snapshot(store, workspace, "/data");
    const graph::Snapshot snapshot = graph::Snapshot::open(*current_snapshot(workspace));
    std::array<std::unique_ptr<SealedFolder>, 2> out;
    for (const auto& [i, format_of] :
         {std::pair{std::size_t{0}, ExchangeFormat::kNpy}, {std::size_t{1}, ExchangeFormat::kParquet}}) {
      const auto path = folder / (i == 0 ? "npy" : "parquet");
      export_graph(snapshot, small_schema(), path, format_of);
      out[i] = std::make_unique<SealedFolder>(path);
    }
    return out;
  }();
  return *folders[format];
}

void check_tables(const ExportedGraph& graph) {
  const graph::Schema& schema = graph.schema.graph;
  FUZZ_CHECK(graph.tables.nodes.size() == schema.node_types().size());
  FUZZ_CHECK(graph.tables.edges.size() == schema.edge_types().size());
  for (std::size_t type = 0; type < graph.tables.nodes.size(); ++type) {
    const graph::NodeTable& table = graph.tables.nodes[type];
    const std::size_t rows = table.external_ids.size();
    FUZZ_CHECK(table.first_seen.size() == rows && table.events.size() == rows);
    FUZZ_CHECK(table.fields.size() == schema.node_types()[type].fields.size());
    for (const auto& field : table.fields) FUZZ_CHECK(field.size() == rows);
  }
  for (std::size_t type = 0; type < graph.tables.edges.size(); ++type) {
    const graph::EdgeList& edges = graph.tables.edges[type];
    const graph::EdgeType& edge_type = schema.edge_types()[type];
    FUZZ_CHECK(edges.to.size() == edges.size() && edges.events.size() == edges.size());
    FUZZ_CHECK(edges.sources.size() == edges.size());
    FUZZ_CHECK(edges.times.size() == (edge_type.timed ? edges.size() : 0));
    FUZZ_CHECK(edges.weights.size() == (edge_type.weighted ? edges.size() : 0));
    for (std::size_t i = 0; i < edges.size(); ++i) {
      FUZZ_CHECK(edges.from[i] < graph.tables.nodes[edge_type.from].external_ids.size());
      FUZZ_CHECK(edges.to[i] < graph.tables.nodes[edge_type.to].external_ids.size());
    }
  }
}

}  // namespace

Seeds seeds() {
  Seeds out;
  for (const int format : {0, 1}) {
    const Seeds each = sound(static_cast<std::size_t>(format)).seeds();
    for (const std::string& seed : each.accepted) out.accepted.push_back(tagged(format, seed));
    for (const std::string& seed : each.others) out.others.push_back(tagged(format, seed));
  }
  return out;
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  const std::size_t format = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % 2;
  const std::string rest = sound(format).mutated(input.substr(input.empty() ? 0 : 1), random);
  return rest.empty() ? "" : tagged(static_cast<int>(format), rest);
}

void run(std::string_view input) {
  const std::size_t format = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % 2;
  SealedFolder& folder = sound(format);
  folder.write(input.substr(input.empty() ? 0 : 1));
  parses([&] { check_tables(read_exported(folder.path())); });
  folder.undo();
}

}  // namespace weft::fuzz
