#include "graph/snapshot_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/snapshot_writer.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void feed_nodes(SnapshotBuilder& builder, const Schema& schema, NodeTypeId id, const NodeTable& table) {
  const std::size_t n = table.external_ids.size();
  NodeWriter nodes = builder.nodes(id);
  for (std::size_t i = 0; i < n; ++i) {
    nodes.put_id(table.external_ids[i]);
    nodes.put_seen(table.first_seen.empty() ? kNoTime : table.first_seen[i],
                   table.events.empty() ? kNoEvent : table.events[i]);
  }
  std::vector<NodeId> order(n);
  std::iota(order.begin(), order.end(), NodeId{0});
  std::sort(order.begin(), order.end(),
            [&](NodeId a, NodeId b) { return table.external_ids[a] < table.external_ids[b]; });
  for (const NodeId node : order) nodes.put_sorted(table.external_ids[node], node);
  nodes.finish();
  for (std::size_t f = 0; f < schema.node_type(id).fields.size(); ++f) {
    const auto field = builder.field(id, f);
    for (std::size_t i = 0; f < table.fields.size() && i < table.fields[f].size(); ++i) {
      const FieldValue& value = table.fields[f][i];
      const auto* text = std::get_if<std::string>(&value);
      if (text != nullptr && i % 2 == 0) {
        field->put_text(static_cast<NodeId>(i), *text);
      } else if (i % 3 != 0 || !std::holds_alternative<std::monostate>(value)) {
        field->put(static_cast<NodeId>(i), value);
      }
    }
    field->finish();
  }
}

void feed_edges(SnapshotBuilder& builder, const EdgeType& type, EdgeTypeId id, EdgeList edges) {
  sort_outgoing(edges);
  EdgeWriter writer = builder.edges(id);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    writer.add({.from = edges.from[i],
                .to = edges.to[i],
                .time = type.timed ? edges.times[i] : 77,
                .weight = type.weighted ? edges.weights[i] : 3.0F,
                .event = edges.events.empty() ? kNoEvent : edges.events[i],
                .source = edges.sources.empty() ? std::uint16_t{0} : edges.sources[i]});
  }
  writer.finish();
  builder.finished(id, writer);
}

SnapshotInfo build(const GraphTables& tables, const fs::path& folder, BuilderOptions options = {},
                   Files& files = real_files()) {
  std::vector<std::uint64_t> counts;
  for (const NodeTable& table : tables.nodes) counts.push_back(table.external_ids.size());
  SnapshotBuilder builder(tables.schema, counts, folder, std::move(options), files);
  for (std::size_t i = tables.edges.size(); i-- > 0;)  // in any order
    feed_edges(builder, tables.schema.edge_types()[i], static_cast<EdgeTypeId>(i), tables.edges[i]);
  for (std::size_t i = 0; i < tables.nodes.size(); ++i)
    feed_nodes(builder, tables.schema, static_cast<NodeTypeId>(i), tables.nodes[i]);
  SnapshotInfo info = builder.seal(tables.info);
  builder.publish();
  return info;
}

TEST(SnapshotBuilder, GivesTheBytesOfTheWriterInMemoryWhateverMemoryAndThreads) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    const GraphTables tables = seed <= 8 ? random_shop(seed) : random_shop(seed, 40, 30, 4000);
    const std::uint64_t checksum = write_snapshot(tables, folder / "wanted").checksum;
    const auto wanted = folder_content(folder / "wanted");
    for (const std::size_t memory : {std::size_t{0}, std::size_t{20'000}, std::size_t{1} << 28}) {
      for (const std::size_t threads : {0U, 1U, 2U, 4U}) {
        std::unique_ptr<ThreadPool> pool;
        if (threads > 0) pool = std::make_unique<ThreadPool>(threads);
        EXPECT_EQ(build(tables, folder / "built", {.memory = memory, .pool = pool.get()}).checksum, checksum);
        EXPECT_TRUE(folder_content(folder / "built") == wanted)
            << memory << " bytes, " << threads << " threads";
        fs::remove_all(folder / "built");
      }
    }
  }
}

TEST(SnapshotBuilder, EmptyTypesAndLoopsAsTheWriterInMemory) {
  for (const GraphTables& tables :
       {GraphTables{}, plain_graph(0, {}), plain_graph(1, {}), plain_graph(2, {{0, 0}, {1, 0}, {0, 0}})}) {
    TestFolder folder;
    write_snapshot(tables, folder / "wanted");
    build(tables, folder / "built");
    EXPECT_TRUE(folder_content(folder / "built") == folder_content(folder / "wanted"));
  }
}

// More words than wait in memory, so that their codes go through a file.
TEST(SnapshotBuilder, ManyCategoriesAsTheWriterInMemory) {
  GraphTables tables;
  tables.schema.add_node_type({.name = "n", .fields = {{"words", FieldKind::kCategory}}});
  tables.nodes.resize(1);
  tables.nodes[0].fields.resize(1);
  Random random(5);
  for (int i = 0; i < 100'000; ++i) {
    tables.nodes[0].external_ids.push_back(std::to_string(i));
    std::vector<std::string> words(random.below(8));
    for (std::string& word : words) word = std::to_string(random.below(50'000));
    tables.nodes[0].fields[0].emplace_back(std::move(words));
  }
  TestFolder folder(TestFolder::Place::kDisk);
  write_snapshot(tables, folder / "wanted");
  build(tables, folder / "built");
  EXPECT_TRUE(folder_content(folder / "built") == folder_content(folder / "wanted"));
}

// Each change makes the stream wrong: an Error, and nothing on disk.
TEST(SnapshotBuilder, StreamsThatDoNotFitAreErrors) {
  const std::vector<std::pair<const char*, void (*)(GraphTables&)>> wrongs = {
      {"an id twice", [](GraphTables& t) { t.nodes[0].external_ids[1] = t.nodes[0].external_ids[4]; }},
      {"a value of another kind", [](GraphTables& t) { t.nodes[1].fields[0][1] = 1.5; }},
      {"a source node out of range", [](GraphTables& t) { t.edges[0].from[0] = 6; }},
      {"a target node out of range", [](GraphTables& t) { t.edges[0].to[0] = kNoNode; }},
      {"a weight below 0", [](GraphTables& t) { t.edges[0].weights[3] = -1; }},
      {"a weight that is no number", [](GraphTables& t) { t.edges[0].weights[3] = std::nanf(""); }},
      {"the end of time", [](GraphTables& t) { t.edges[0].times[3] = kEndOfTime; }},
      {"a source file that is not there", [](GraphTables& t) { t.edges[0].sources[3] = 3; }},
      {"a source file name that is not UTF-8",
       [](GraphTables& t) { t.info.source_files[0] = std::string(1, '\xff'); }},
  };
  for (const auto& [what, damage] : wrongs) {
    TestFolder folder;
    GraphTables tables = random_shop(5, 6, 5, 15);
    damage(tables);
    EXPECT_THROW(build(tables, folder / "s"), Error) << what;
    EXPECT_TRUE(fs::is_empty(folder.path())) << what;
  }
}

TEST(SnapshotBuilder, MissingNodesAreErrors) {
  TestFolder folder;
  SnapshotBuilder builder(plain_graph(2, {}).schema, {2}, folder / "s", {});
  NodeWriter nodes = builder.nodes(0);
  nodes.put_id("a");
  nodes.put_seen(1, 2);
  nodes.put_sorted("a", 0);
  EXPECT_THROW(nodes.finish(), Error);
}

TEST(SnapshotBuilder, WeightsThatAddUpToTooMuchNameTheNode) {
  for (const bool incoming : {false, true}) {
    GraphTables tables = plain_graph(4097, {});
    tables.schema = Schema();
    tables.schema.add_node_type({.name = "user"});
    tables.schema.add_edge_type({.name = "pays", .weighted = true});
    EdgeList& edges = tables.edges[0];
    edges = {};
    for (NodeId i = 0; i < 4096; ++i) {
      (incoming ? edges.to : edges.from).push_back(7);
      (incoming ? edges.from : edges.to).push_back(i);
    }
    edges.weights.assign(edges.size(), 4294967296.0F);
    TestFolder folder;
    try {
      build(tables, folder / "s", {.name_of = [](NodeRef node) { return "u" + std::to_string(node.id); }});
      FAIL() << "no error";
    } catch (const WeightSumError& error) {
      EXPECT_EQ(error.summary(), "the weights of the pays edges of user 'u7' add up to too much");
      EXPECT_THAT(error.context().hint, HasSubstr("scale the weights"));
    }
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

// Every single file operation of a build fails once: an Error, nothing under the final name, and the next
// build succeeds with the bytes of an undisturbed one. Edges go through runs on disk.
TEST(SnapshotBuilder, EveryFailedFileOperationLeavesNothing) {
  const GraphTables tables = random_shop(5, 6, 5, 40);
  TestFolder reference;
  FaultFiles counting(real_files());
  build(tables, reference / "s", {.memory = 0}, counting);
  const auto expected = folder_content(reference / "s");
  EXPECT_GT(counting.kill_points_passed()["snapshot.after_run"], 2U);
  std::size_t failures = 0;
  for (const auto operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kClose,
        FileOperation::kOpen, FileOperation::kRead, FileOperation::kRename, FileOperation::kMakeFolders,
        FileOperation::kSyncFolder}) {
    ASSERT_GT(counting.count(operation), 0u);
    for (std::uint64_t n = 1; n <= counting.count(operation); ++n) {
      TestFolder folder;
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(build(tables, folder / "s", {.memory = 0}, files), Error)
          << static_cast<int>(operation) << " " << n;
      EXPECT_FALSE(fs::exists(folder / "s")) << static_cast<int>(operation) << " " << n;
      build(tables, folder / "s", {.memory = 0}, files);
      EXPECT_TRUE(folder_content(folder / "s") == expected);
      EXPECT_FALSE(fs::exists(folder / "s.tmp"));
      ++failures;
    }
  }
  EXPECT_GT(failures, 300u);
}

// A process killed at any kill point: no snapshot, or the whole one; and a later build makes the whole one.
TEST(SnapshotBuilder, KilledAtEveryKillPoint) {
  const GraphTables tables = random_shop(5, 6, 5, 40);
  TestFolder reference;
  const std::uint64_t checksum = write_snapshot(tables, reference / "s").checksum;
  for (const char* point : {"snapshot.before_files", "snapshot.after_run", "snapshot.before_incoming",
                            "snapshot.before_manifest", "snapshot.before_rename", "snapshot.after_rename"}) {
    TestFolder folder;
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) std::_Exit(42);
    });
    EXPECT_EXIT(build(tables, folder / "s", {.memory = 0}, files), ::testing::ExitedWithCode(42), "");
    if (std::string_view(point) == "snapshot.after_rename") {
      EXPECT_EQ(Snapshot::open(folder / "s").info().checksum, checksum);
      fs::remove_all(folder / "s");
    } else {
      EXPECT_FALSE(fs::exists(folder / "s")) << point;
    }
    EXPECT_EQ(build(tables, folder / "s").checksum, checksum);
    EXPECT_FALSE(fs::exists(folder / "s.tmp"));
  }
}

}  // namespace
}  // namespace weft::graph
