#include "storage/exchange/graph_exchange.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "storage/exchange/exchange_manifest.h"
#include "storage/forget.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::map<std::string, std::string> content(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      out[entry.path().lexically_relative(folder).string()] = real_files().read_whole(entry.path());
  }
  return out;
}

std::string error_of(const auto& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

// small_schema() and a media field, which no project file is needed for.
StoreSchema schema_with_media() {
  StoreSchema schema = small_schema();
  StoreSchema out;
  for (graph::NodeType type : schema.graph.node_types()) {
    if (type.name == "item") type.fields.push_back({"photo", graph::FieldKind::kImage});
    out.graph.add_node_type(type);
  }
  for (const graph::EdgeType& type : schema.graph.edge_types()) out.graph.add_edge_type(type);
  out.from_event = schema.from_event;
  out.attribute = schema.attribute;
  return out;
}

class Exchange : public ::testing::TestWithParam<ExchangeFormat> {
 protected:
  // A store with events of three files and awkward values; its snapshot.
  graph::Snapshot snapshot_of(std::size_t events, std::uint64_t seed) {
    const Workspace workspace{folder_ / "from.weft"};
    {
      GraphStore store = GraphStore::open(workspace.store(), project_.schema);
      store.apply({.events = random_events(events, seed),
                   .ledger = {{.source = 0, .name = "a.csv", .bytes = 5},
                              {.source = 1, .name = "b \"2\".csv"},
                              {.source = 2, .name = "c.csv"}}});
      EventBatch more;
      more.events.push_back({.id = 77,
                             .source = 2,
                             .nodes = {{.type = kItem,
                                        .external_id = "\xE4\xB8\xAD\"\\\n\t",
                                        .fields = {std::string("a \"long\" title, with\nlines"),
                                                   std::vector<std::string>{"red", "", "blue"},
                                                   graph::MediaValue{"img/a.jpg", std::string(32, 'f')}}}},
                             .edges = {{.type = kItemTag, .from = "\xE4\xB8\xAD\"\\\n\t", .to = "t1"},
                                       {.type = kItemTag, .from = "\xE4\xB8\xAD\"\\\n\t", .to = "t2"}}});
      more.events.push_back(buy(78, "u-early", "i1", -5'000'000'000'000, 0.0));
      more.events.push_back(buy(79, "u-early", "i1", -5'000'000'000'000, 3.25));
      // A set of tags that rows of two files made.
      more.events.push_back({.id = 80, .source = 0, .edges = {{.type = kItemTag, .from = "i9", .to = "t1"}}});
      more.events.push_back({.id = 81,
                             .source = 1,
                             .edges = {{.type = kItemTag, .from = "i9", .to = "t1"},
                                       {.type = kItemTag, .from = "i9", .to = "t0"}}});
      store.apply(more);
      export_snapshot(store, workspace, "/data");
    }
    return graph::Snapshot::open(*current_snapshot(workspace));
  }

  test::TempFolder folder_{test::in_memory()};
  Project project_{.file = "shop.toml",
                   .data_root = "/data",
                   .workspace = {folder_ / "to.weft"},
                   .schema = schema_with_media()};
};

TEST_P(Exchange, GivesTheSameSnapshotAgain) {
  for (const std::uint64_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    const graph::Snapshot before = snapshot_of(seed * 200, seed);
    const ExportReport report = export_graph(before, project_.schema, folder_ / "out", GetParam());
    EXPECT_FALSE(fs::exists(folder_ / "out.tmp"));
    EXPECT_EQ(report.files, content(folder_ / "out").size());
    const ImportReport imported = import_graph(project_, folder_ / "out");
    EXPECT_EQ(imported.nodes, report.nodes);
    EXPECT_EQ(imported.edges, report.edges);
    EXPECT_EQ(imported.snapshot, *current_snapshot(project_.workspace));
    auto ours = content(imported.snapshot), theirs = content(before.folder());
    ours.erase("manifest.json");  // holds the store's own name and sequence number
    theirs.erase("manifest.json");
    EXPECT_EQ(ours, theirs);
    EXPECT_EQ(graph::Snapshot::open(imported.snapshot).info().checksum, before.info().checksum);
    {
      const GraphStore store = GraphStore::open_existing(project_.workspace.store());
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_EQ(store.ledger().size(), 3U);
      EXPECT_EQ(store.ledger()[1].name, "b \"2\".csv");
      EXPECT_EQ(store.ledger()[0].bytes, 0U);
    }
    EXPECT_EQ(content(project_.workspace.folder).count("import.tmp"), 0U);
    for (const char* name : {"out", "from.weft", "to.weft"}) fs::remove_all(folder_ / name);
  }
}

TEST_P(Exchange, TheSameSnapshotGivesTheSameFiles) {
  const graph::Snapshot snapshot = snapshot_of(100, 4);
  export_graph(snapshot, project_.schema, folder_ / "a", GetParam());
  export_graph(snapshot, project_.schema, folder_ / "b", GetParam());
  EXPECT_EQ(content(folder_ / "a"), content(folder_ / "b"));
}

TEST_P(Exchange, AnEmptyGraphGoesThrough) {
  const Workspace workspace{folder_ / "from.weft"};
  {
    GraphStore store = GraphStore::open(workspace.store(), project_.schema);
    export_snapshot(store, workspace, "/data");
  }
  const graph::Snapshot before = graph::Snapshot::open(*current_snapshot(workspace));
  export_graph(before, project_.schema, folder_ / "out", GetParam());
  const ImportReport report = import_graph(project_, folder_ / "out");
  EXPECT_EQ(report.nodes + report.edges, 0U);
  EXPECT_EQ(graph::Snapshot::open(report.snapshot).info().checksum, before.info().checksum);
}

TEST_P(Exchange, TakesInWhatComesAfterwardsOnce) {
  const graph::Snapshot before = snapshot_of(100, 5);
  export_graph(before, project_.schema, folder_ / "out", GetParam());
  import_graph(project_, folder_ / "out");
  GraphStore store = GraphStore::open(project_.workspace.store(), project_.schema);
  const ApplyResult again = store.apply({.events = random_events(100, 5)});
  for (const graph::EdgeTypeId type : {kBuys, kFriend, kAbout}) EXPECT_EQ(again.new_edges[type], 0U);
  for (const std::uint64_t nodes : again.new_nodes) EXPECT_EQ(nodes, 0U);
  EXPECT_EQ(store.apply({.events = {buy(4711, "u1", "i1", 5)}}).new_edges[kBuys], 1U);
}

TEST_P(Exchange, EveryChangedByteIsFound) {
  export_graph(snapshot_of(8, 6), project_.schema, folder_ / "out", GetParam());
  const auto sound = content(folder_ / "out");
  for (const auto& [name, bytes] : sound) {
    for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / 40 + 1) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 4);
      std::ofstream(folder_ / "out" / name, std::ios::binary) << changed;
      EXPECT_THAT(error_of([&] { read_exported(folder_ / "out"); }), HasSubstr(name)) << name << " " << at;
    }
    std::ofstream(folder_ / "out" / name, std::ios::binary) << bytes;
  }
  for (const auto& [name, bytes] : sound) {
    fs::remove(folder_ / "out" / name);
    EXPECT_NE(error_of([&] { read_exported(folder_ / "out"); }), "none") << name;
    std::ofstream(folder_ / "out" / name, std::ios::binary) << bytes;
  }
  EXPECT_EQ(error_of([&] { read_exported(folder_ / "out"); }), "none");
}

// Tables of another graph, or another version's, behind checksums that are right.
TEST_P(Exchange, TablesThatDoNotFitTheManifestAreRefused) {
  const graph::Snapshot small = snapshot_of(30, 7);
  export_graph(small, project_.schema, folder_ / "out", GetParam());
  const fs::path path = folder_ / "out/manifest.json";
  const ExchangeManifest sound = read_exchange_manifest(real_files().read_whole(path), "manifest.json");
  const auto with = [&](const auto& change) {
    ExchangeManifest manifest = sound;
    change(manifest);
    real_files().replace_whole(path, write_exchange_manifest(manifest));
    return error_of([&] { import_graph(project_, folder_ / "out"); });
  };
  EXPECT_THAT(with([](auto& m) { ++m.node_counts[kItem]; }), HasSubstr("nodes.item"));
  EXPECT_THAT(with([](auto& m) { --m.edge_counts[kBuys]; }), HasSubstr("edges.buys"));
  EXPECT_THAT(with([](auto& m) { m.source_files.pop_back(); }), HasSubstr("edges."));
  EXPECT_THAT(with([](auto& m) { ++m.snapshot_checksum; }), HasSubstr("is not the one that was exported"));
  EXPECT_THAT(with([](auto& m) {
                m.format = m.format == ExchangeFormat::kNpy ? ExchangeFormat::kParquet : ExchangeFormat::kNpy;
              }),
              HasSubstr("nodes.user"));
  EXPECT_FALSE(fs::exists(project_.workspace.store()));
  EXPECT_FALSE(fs::exists(project_.workspace.folder / "import.tmp"));
  EXPECT_EQ(with([](auto&) {}), "none");
}

TEST_P(Exchange, AFailureLeavesNothingUnderItsName) {
  const graph::Snapshot snapshot = snapshot_of(20, 8);
  for (const FileOperation operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kRename,
        FileOperation::kMap, FileOperation::kSyncFolder}) {
    FaultFiles counting(real_files());
    export_graph(snapshot, project_.schema, folder_ / "counted", GetParam(), {}, no_progress(), counting);
    const std::uint64_t count = counting.count(operation);
    for (std::uint64_t n = 1; n <= count; ++n) {
      FaultFiles files(real_files());
      files.fail_nth(operation, n, {.no_space = true});
      EXPECT_NE(error_of([&] {
                  export_graph(snapshot, project_.schema, folder_ / "out", GetParam(), {}, no_progress(),
                               files);
                }),
                "none");
      EXPECT_FALSE(fs::exists(folder_ / "out"));
      EXPECT_FALSE(fs::exists(folder_ / "out.tmp"));
    }
    FaultFiles import_counting(real_files());
    import_graph(project_, folder_ / "counted", no_progress(), import_counting);
    fs::remove_all(project_.workspace.folder);
    const std::uint64_t imports = import_counting.count(operation);
    for (std::uint64_t n = 1; n <= imports; n += imports / 3 + 1) {
      SCOPED_TRACE(n);
      FaultFiles files(real_files());
      files.fail_nth(operation, n, {.no_space = true});
      const std::string error =
          error_of([&] { import_graph(project_, folder_ / "counted", no_progress(), files); });
      // RocksDB does without some.
      if (error != "none" && fs::exists(project_.workspace.store())) {
        const GraphStore store = GraphStore::open_existing(project_.workspace.store());
        EXPECT_THAT(verify_store(store).problems, IsEmpty());
      }
      EXPECT_EQ(fs::exists(project_.workspace.snapshots()), error == "none");
      fs::remove_all(project_.workspace.folder);
    }
    fs::remove_all(folder_ / "counted");
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Exchange, ::testing::Values(ExchangeFormat::kParquet, ExchangeFormat::kNpy),
                         [](const auto& test) { return std::string(exchange_format_name(test.param)); });

class ExchangeErrors : public Exchange {};

TEST_P(ExchangeErrors, SayWhatToDo) {
  const graph::Snapshot snapshot = snapshot_of(10, 9);
  export_graph(snapshot, project_.schema, folder_ / "out", GetParam());
  EXPECT_THAT(error_of([&] { export_graph(snapshot, project_.schema, folder_ / "out", GetParam()); }),
              HasSubstr("under this name already"));
  EXPECT_THAT(error_of([&] { import_graph(project_, folder_ / "nowhere"); }), HasSubstr("no exported graph"));
  Project other = project_;
  other.schema = small_schema();
  EXPECT_THAT(error_of([&] { import_graph(other, folder_ / "out"); }), HasSubstr("another graph"));
  import_graph(project_, folder_ / "out");
  EXPECT_THAT(error_of([&] { import_graph(project_, folder_ / "out"); }),
              HasSubstr("a graph in this workspace already"));
  {
    GraphStore store = GraphStore::open_existing(project_.workspace.store());
    ASSERT_TRUE(forget_node(store, kUser, "u-early").known);
    export_snapshot(store, project_.workspace, "/data");
  }
  export_graph(graph::Snapshot::open(*current_snapshot(project_.workspace)), project_.schema,
               folder_ / "forgotten", GetParam());
  fs::remove_all(project_.workspace.folder);
  EXPECT_THAT(error_of([&] { import_graph(project_, folder_ / "forgotten"); }),
              HasSubstr("has 1 forgotten nodes"));
  EXPECT_FALSE(fs::exists(project_.workspace.folder));
}

INSTANTIATE_TEST_SUITE_P(One, ExchangeErrors, ::testing::Values(ExchangeFormat::kParquet));

TEST(ExchangeNames, ArePlain) {
  graph::Schema schema;
  for (const char* name : {"user", "a/b", "..", "3"}) schema.add_node_type({.name = name});
  EXPECT_EQ(node_stem(schema, 0), "nodes.user");
  EXPECT_EQ(node_stem(schema, 1), "nodes.1");
  EXPECT_EQ(node_stem(schema, 2), "nodes.2");
  EXPECT_EQ(node_stem(schema, 3), "nodes.3");
}

}  // namespace
}  // namespace weft::storage
