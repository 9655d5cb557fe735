// Shops that come from two sources with other names, units and ids and with absurd values, or as Parquet: by
// the project file written beside them each is the graph of the shop without.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "graph/snapshot.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

// By external ids: what rows said, wherever they lay.
struct Graph {
  std::map<std::string, std::set<std::tuple<std::string, std::string, graph::TimeMs, float>>> edges = {};
  std::map<std::string, std::map<std::string, std::string>> nodes = {};  // type -> id -> fields
  storage::IngestReport report = {};
};

std::string fields_of(const graph::Snapshot& snapshot, graph::NodeRef node) {
  std::string out;
  const auto& fields = snapshot.schema().node_type(node.type).fields;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    out += fields[f].name + "=";
    if (fields[f].kind == graph::FieldKind::kNumber) {
      out += fmt::format("{}", snapshot.numbers(node.type, f)[node.id]);
    } else if (fields[f].kind == graph::FieldKind::kText) {
      out += snapshot.texts(node.type, f)[node.id];
    } else if (fields[f].kind == graph::FieldKind::kCategory) {
      for (const auto code : snapshot.categories(node.type, f)[node.id]) out += fmt::format("{},", code);
    }
    out += ";";
  }
  return out;
}

Graph graph_of(const SynthOptions& options) {
  const SmallShop shop(options);
  const std::filesystem::path file = shop.path() / "shop.toml";
  const storage::Project project = storage::read_project(TomlFile::read(file), file);
  storage::GraphStore store =
      storage::GraphStore::open(project.workspace.store(), project.schema, {.sync = storage::Sync::kNever});
  Graph out{.report = storage::ingest(project, store)};
  const auto exported = storage::export_snapshot(store, project.workspace, project.data_root);
  const graph::Snapshot snapshot = graph::Snapshot::open(exported.folder);
  for (std::size_t t = 0; t < snapshot.schema().node_types().size(); ++t) {
    const auto type = static_cast<graph::NodeTypeId>(t);
    for (graph::NodeId node = 0; node < snapshot.node_count(type); ++node)
      out.nodes[snapshot.schema().node_type(type).name][std::string(snapshot.external_id({type, node}))] =
          fields_of(snapshot, {type, node});
  }
  for (std::size_t t = 0; t < snapshot.schema().edge_types().size(); ++t) {
    const auto id = static_cast<graph::EdgeTypeId>(t);
    const graph::EdgeType& type = snapshot.schema().edge_type(id);
    const graph::CsrView csr = snapshot.outgoing(id);
    const auto rows = snapshot.edge_rows(id);
    const auto weights = snapshot.edge_columns(id).weights;
    auto& edges = out.edges[type.name];
    for (graph::EdgeId edge = 0; edge < csr.edges(); ++edge)
      edges.emplace(
          snapshot.external_id({type.from, rows[edge]}), snapshot.external_id({type.to, csr.targets[edge]}),
          csr.times.empty() ? graph::kNoTime : csr.times[edge], weights.empty() ? 1.0F : weights[edge]);
  }
  return out;
}

SynthOptions options_with(double dirt, bool mismatches, bool parquet) {
  SynthOptions options = small_options();
  options.media = false;
  options.dirt = dirt;
  options.mismatches = mismatches;
  options.parquet = parquet;
  return options;
}

std::uint64_t cleaned(const Graph& graph, storage::CleanStep step) {
  std::uint64_t values = 0;
  for (const auto& rule : graph.report.cleaned.rules) values += rule[static_cast<std::size_t>(step)];
  return values;
}

TEST(Mismatches, AreUndoneByTheProjectFile) {
  const Graph plain = graph_of(options_with(0.1, false, false));
  const Graph mixed = graph_of(options_with(0.1, true, false));
  EXPECT_EQ(mixed.nodes, plain.nodes);
  EXPECT_EQ(mixed.edges, plain.edges);
  // There was something to undo.
  EXPECT_GT(cleaned(mixed, storage::CleanStep::kValues), 100U);
  EXPECT_GT(cleaned(mixed, storage::CleanStep::kIds), 100U);
  EXPECT_GT(mixed.report.cleaned.dropped_rows, 50U);
  // And the shop without dirt has the same behaviour.
  const Graph clean = graph_of(options_with(0, false, false));
  EXPECT_EQ(clean.report.quarantined_rows, 0U);
  for (const char* type : {"buys", "carts", "browses", "follows", "rates"})
    EXPECT_EQ(mixed.edges.at(type), clean.edges.at(type)) << type;
}

TEST(Mismatches, WithoutTheirRulesTheGraphWouldBeAnother) {
  const SmallShop shop(options_with(0.1, true, false));
  std::string text = read_file(shop.path() / "shop.toml");
  const std::size_t begin = text.find("values = { View"), end = text.find('}', begin);
  ASSERT_NE(begin, std::string::npos);
  text.replace(begin, end + 1 - begin, "tidy = \"space\"");
  const std::filesystem::path file = shop.path() / "shop.toml";
  const storage::Project project = storage::read_project(TomlFile::parse(text, "shop.toml"), file);
  storage::GraphStore store =
      storage::GraphStore::open(project.workspace.store(), project.schema, {.sync = storage::Sync::kNever});
  storage::ingest(project, store);
  const auto buys = *project.schema.graph.find_edge_type("buys");
  EXPECT_LT(store.info().edge_counts[buys], shop.report.purchases);
}

TEST(Parquet, IsTheSameGraph) {
  for (const bool mismatches : {false, true}) {
    const Graph text = graph_of(options_with(0.1, mismatches, false));
    const Graph tables = graph_of(options_with(0.1, mismatches, true));
    EXPECT_EQ(tables.nodes, text.nodes);
    EXPECT_EQ(tables.edges, text.edges);
    EXPECT_EQ(tables.report.rows, text.report.rows);
  }
}

TEST(Parquet, TheSameOptionsGiveTheSameBytes) {
  const SmallShop one(options_with(0.05, true, true)), other(options_with(0.05, true, true));
  for (const char* name :
       {"users.parquet", "events.parquet", "app_events.parquet", "impressions.parquet", "follows.parquet"})
    EXPECT_EQ(read_file(one.path() / name), read_file(other.path() / name)) << name;
  EXPECT_FALSE(std::filesystem::exists(one.path() / "events.csv"));
  EXPECT_GT(one.report.app_rows, 100U);
}

TEST(Parquet, TakesThePlaceOfTextInAnEarlierShop) {
  const test::TempFolder folder;
  generate(options_with(0.05, true, false), folder / "shop", no_progress());
  generate(options_with(0.05, false, true), folder / "shop", no_progress());
  for (const char* gone : {"users.csv", "events.csv", "app_events.csv", "app_users.csv"})
    EXPECT_FALSE(std::filesystem::exists(folder / "shop" / gone)) << gone;
  EXPECT_TRUE(std::filesystem::exists(folder / "shop" / "events.parquet"));
}

}  // namespace
}  // namespace weft::synth
