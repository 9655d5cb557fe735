#include "graph/snapshot_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

GraphTables small_shop() {
  return random_shop(5, 6, 5, 15);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(SnapshotWriter, SameTablesGiveTheSameBytes) {
  TestFolder folder;
  const SnapshotInfo a = write_snapshot(random_shop(1), folder / "a");
  const SnapshotInfo b = write_snapshot(random_shop(1), folder / "b");
  EXPECT_EQ(folder_content(folder / "a"), folder_content(folder / "b"));
  EXPECT_EQ(a.checksum, b.checksum);
  EXPECT_EQ(a.checksum, Snapshot::open(folder / "a").info().checksum);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"a", "b"})) << "no temporary folder stays";
}

// docs/format.md, byte by byte: expected files are written by hand. Fails when the format changes without its
// version.
TEST(SnapshotWriter, WritesTheDocumentedBytes) {
  GraphTables tables;
  tables.schema.add_node_type(
      {.name = "a", .fields = {{"price", FieldKind::kNumber}, {"tags", FieldKind::kCategory}}});
  tables.schema.add_node_type(
      {.name = "b", .fields = {{"text", FieldKind::kText}, {"photo", FieldKind::kImage}}});
  tables.schema.add_edge_type({.name = "e", .from = 0, .to = 1, .timed = true, .weighted = true});
  tables.info.source_files = {"x", "y"};
  tables.nodes.resize(2);
  tables.nodes[0].external_ids = {"zz", "é", "m"};
  tables.nodes[0].first_seen = {5, kNoTime, -1};
  tables.nodes[0].fields = {{1.5, {}, -2.0},
                            {std::vector<std::string>{"q", "p"}, {}, std::vector<std::string>{"q"}}};
  tables.nodes[1].external_ids = {"only"};
  tables.nodes[1].events = {77};
  tables.nodes[1].fields = {{std::string("hi")}, {MediaValue{"p.jpg", "00ff"}}};
  tables.edges = {EdgeList{.from = {2, 0, 2},
                           .to = {0, 0, 0},
                           .times = {9, 7, 8},
                           .weights = {0.5F, 0, 2},
                           .events = {1, 2, 3},
                           .sources = {0, 1, 1}}};
  TestFolder folder;
  write_snapshot(tables, folder / "s");
  std::map<std::string, std::string> files;
  for (const auto& [name, content] : folder_content(folder / "s")) files[name] = content;
  files.erase("manifest.json");

  const auto bytes = [](auto... items) {
    std::string text;
    const auto put = [&](auto item) { text.append(reinterpret_cast<const char*>(&item), sizeof item); };
    (put(items), ...);
    return text;
  };
  const auto u64 = [&](auto... items) { return bytes(static_cast<std::uint64_t>(items)...); };
  const auto u32 = [&](auto... items) { return bytes(static_cast<std::uint32_t>(items)...); };
  const std::map<std::string, std::string> expected = {
      {"node_0.ids.offsets", u64(0, 2, 4, 5)},
      {"node_0.ids.bytes", "zz\xc3\xa9m"},
      {"node_0.id_order", u32(2, 0, 1)},
      {"node_0.first_seen", u64(5, std::uint64_t{1} << 63, -1)},
      {"node_0.events", u64(0, 0, 0)},
      {"node_0.field_0.numbers", bytes(1.5, std::uint64_t{0x7ff8000000000000}, -2.0)},
      {"node_0.field_1.words.offsets", u64(0, 1, 2)},
      {"node_0.field_1.words.bytes", "pq"},
      {"node_0.field_1.codes.offsets", u64(0, 2, 2, 3)},
      {"node_0.field_1.codes", u32(1, 0, 1)},
      {"node_1.ids.offsets", u64(0, 4)},
      {"node_1.ids.bytes", "only"},
      {"node_1.id_order", u32(0)},
      {"node_1.first_seen", u64(std::uint64_t{1} << 63)},
      {"node_1.events", u64(77)},
      {"node_1.field_0.text.offsets", u64(0, 2)},
      {"node_1.field_0.text.bytes", "hi"},
      {"node_1.field_1.paths.offsets", u64(0, 5)},
      {"node_1.field_1.paths.bytes", "p.jpg"},
      {"node_1.field_1.hashes.offsets", u64(0, 4)},
      {"node_1.field_1.hashes.bytes", "00ff"},
      {"edge_0.out.offsets", u64(0, 1, 1, 3)},
      {"edge_0.out.targets", u32(0, 0, 0)},
      {"edge_0.out.times", u64(7, 8, 9)},
      {"edge_0.out.weight_sums", u64(0, 2 << 20, 5 << 19)},
      {"edge_0.in.offsets", u64(0, 3)},
      {"edge_0.in.targets", u32(0, 2, 2)},
      {"edge_0.in.times", u64(7, 8, 9)},
      {"edge_0.in.weight_sums", u64(0, 2 << 20, 5 << 19)},
      {"edge_0.in.edge_ids", u32(0, 1, 2)},
      {"edge_0.events", u64(2, 3, 1)},
      {"edge_0.sources", bytes(std::uint16_t{1}, std::uint16_t{1}, std::uint16_t{0})},
      {"edge_0.weights", bytes(0.0F, 2.0F, 0.5F)},
  };
  EXPECT_EQ(files, expected);
}

// The manifest's own checksum and the checksum of the content, computed as docs/format.md says.
TEST(SnapshotWriter, WritesTheDocumentedChecksums) {
  TestFolder folder;
  const SnapshotInfo info = write_snapshot(small_shop(), folder / "s");
  std::string manifest, listed;
  for (const auto& [name, content] : folder_content(folder / "s")) {
    if (name == "manifest.json") {
      manifest = content;
      continue;
    }
    const std::uint64_t length = name.size();
    listed.append(reinterpret_cast<const char*>(&length), sizeof length);
    listed += fmt::format("{} {} {}\n", name, content.size(), to_hex(hash64(content)));
  }
  EXPECT_EQ(info.checksum, hash64(listed));
  const std::size_t end = manifest.find(",\n \"manifest_checksum\"");
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(manifest.substr(end), ",\n \"manifest_checksum\": \"" +
                                      to_hex(hash64(std::string_view(manifest).substr(0, end))) + "\"\n}\n");
  const auto json = nlohmann::ordered_json::parse(manifest);
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, ::testing::ElementsAre("format", "version", "store_uuid", "sequence", "data_root",
                                           "source_files", "schema", "node_counts", "edge_counts", "files",
                                           "content_checksum", "manifest_checksum"));
  EXPECT_EQ(json["content_checksum"], to_hex(info.checksum));
}

TEST(SnapshotWriter, EdgesInAnyOrderGiveTheSameBytes) {
  TestFolder folder;
  GraphTables tables = random_shop(2);
  // Edges without an event id and equal in all else are the only ties; the shop's are told apart by source
  // and weight alike.
  for (EdgeList& list : tables.edges) {
    std::reverse(list.from.begin(), list.from.end());
    std::reverse(list.to.begin(), list.to.end());
    std::reverse(list.times.begin(), list.times.end());
    std::reverse(list.weights.begin(), list.weights.end());
    std::reverse(list.events.begin(), list.events.end());
    std::reverse(list.sources.begin(), list.sources.end());
  }
  write_snapshot(random_shop(2), folder / "a");
  write_snapshot(std::move(tables), folder / "b");
  EXPECT_EQ(folder_content(folder / "a"), folder_content(folder / "b"));
}

TEST(SnapshotWriter, TheChecksumNamesTheContentNotTheStore) {
  TestFolder folder;
  GraphTables other_store = random_shop(1);
  other_store.info.store_uuid = "another";
  other_store.info.sequence = 99;
  GraphTables other_time = random_shop(1);
  other_time.nodes[0].first_seen[3] += 1;
  const auto checksum = write_snapshot(random_shop(1), folder / "a").checksum;
  EXPECT_EQ(write_snapshot(other_store, folder / "b").checksum, checksum);
  EXPECT_NE(write_snapshot(other_time, folder / "c").checksum, checksum);
}

TEST(SnapshotWriter, AnExistingFolderIsLeftAsItIs) {
  TestFolder folder;
  write_snapshot(small_shop(), folder / "s");
  const auto before = folder_content(folder / "s");
  EXPECT_THROW(write_snapshot(random_shop(9), folder / "s"), Error);
  EXPECT_EQ(folder_content(folder / "s"), before);
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(write_snapshot(small_shop(), folder / "file"), Error);
  fs::create_directory(folder / "empty");
  EXPECT_THROW(write_snapshot(small_shop(), folder / "empty"), Error);
  EXPECT_THAT(names_in(folder / "empty"), IsEmpty());
}

TEST(SnapshotWriter, MakesParentFoldersAndTakesATrailingSlash) {
  TestFolder folder;
  write_snapshot(small_shop(), folder / "x/y/s/");
  EXPECT_EQ(Snapshot::open(folder / "x/y/s").node_count(0), 6u);
  EXPECT_EQ(names_in(folder / "x/y"), std::vector<std::string>{"s"});
}

TEST(SnapshotWriter, ANaNIsAMissingNumberWhateverItsBits) {
  TestFolder folder;
  GraphTables a = small_shop();
  GraphTables b = small_shop();
  a.nodes[0].fields[0][0] = std::monostate();
  b.nodes[0].fields[0][0] = -std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(write_snapshot(a, folder / "a").checksum, write_snapshot(b, folder / "b").checksum);
}

TEST(SnapshotWriter, LeftOutColumnsAreMissingValues) {
  TestFolder folder;
  GraphTables tables = plain_graph(3, {{2, 0}, {0, 1}});
  tables.schema = Schema();
  tables.schema.add_node_type({.name = "n", .fields = {{"a", FieldKind::kText}, {"b", FieldKind::kNumber}}});
  tables.schema.add_edge_type({.name = "e"});
  write_snapshot(tables, folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_EQ(snapshot.texts(0, 0)[2], "");
  EXPECT_TRUE(std::isnan(snapshot.numbers(0, 1)[0]));
  EXPECT_EQ(snapshot.first_seen(0)[1], kNoTime);
  EXPECT_EQ(snapshot.node_events(0)[1], kNoEvent);
  EXPECT_EQ(snapshot.edge_columns(0).events[1], kNoEvent);
  EXPECT_EQ(snapshot.edge_columns(0).sources[1], 0);
}

// Each change makes the tables wrong: an Error, and nothing on disk.
TEST(SnapshotWriter, TablesThatDoNotFitAreErrors) {
  const std::vector<std::pair<const char*, void (*)(GraphTables&)>> wrongs = {
      {"a node table missing", [](GraphTables& t) { t.nodes.pop_back(); }},
      {"an edge list missing", [](GraphTables& t) { t.edges.pop_back(); }},
      {"an id twice", [](GraphTables& t) { t.nodes[0].external_ids[1] = t.nodes[0].external_ids[4]; }},
      {"first_seen short", [](GraphTables& t) { t.nodes[0].first_seen.pop_back(); }},
      {"events short", [](GraphTables& t) { t.nodes[0].events.pop_back(); }},
      {"a field short", [](GraphTables& t) { t.nodes[0].fields[0].pop_back(); }},
      {"a field too many", [](GraphTables& t) { t.nodes[0].fields.emplace_back(); }},
      {"a value of another kind", [](GraphTables& t) { t.nodes[0].fields[0][1] = std::string("old"); }},
      {"a source node out of range", [](GraphTables& t) { t.edges[0].from[0] = 6; }},
      {"a target node out of range", [](GraphTables& t) { t.edges[0].to[0] = kNoNode; }},
      {"targets short", [](GraphTables& t) { t.edges[0].to.pop_back(); }},
      {"times missing", [](GraphTables& t) { t.edges[0].times.clear(); }},
      {"times in an untimed type", [](GraphTables& t) { t.edges[3].times.assign(t.edges[3].size(), 1); }},
      {"weights missing", [](GraphTables& t) { t.edges[0].weights.clear(); }},
      {"weights in an unweighted type",
       [](GraphTables& t) { t.edges[3].weights.assign(t.edges[3].size(), 1); }},
      {"a weight below 0", [](GraphTables& t) { t.edges[0].weights[3] = -1; }},
      {"a weight that is no number", [](GraphTables& t) { t.edges[0].weights[3] = std::nanf(""); }},
      {"the end of time", [](GraphTables& t) { t.edges[0].times[3] = kEndOfTime; }},
      {"a source file that is not there", [](GraphTables& t) { t.edges[0].sources[3] = 3; }},
      {"a source file name that is not UTF-8",
       [](GraphTables& t) { t.info.source_files[0] = std::string(1, '\xff'); }},
      {"a data root that is not UTF-8", [](GraphTables& t) { t.info.data_root = std::string("/\xc3"); }},
  };
  for (const auto& [what, damage] : wrongs) {
    TestFolder folder;
    GraphTables tables = small_shop();
    damage(tables);
    EXPECT_THROW(write_snapshot(tables, folder / "s"), Error) << what;
    EXPECT_THAT(names_in(folder.path()), IsEmpty()) << what;
  }
}

// 4,096 edges of the greatest weight pass 2^44 at one node, whichever end it is.
TEST(SnapshotWriter, WeightsThatAddUpToTooMuchNameTheNode) {
  for (const bool incoming : {false, true}) {
    GraphTables tables;
    tables.schema.add_node_type({.name = "user"});
    tables.schema.add_edge_type({.name = "pays", .weighted = true});
    tables.nodes.resize(1);
    for (NodeId i = 0; i <= 4096; ++i) tables.nodes[0].external_ids.push_back(fmt::format("u{}", i));
    tables.edges.resize(1);
    EdgeList& edges = tables.edges[0];
    for (NodeId i = 0; i < 4095; ++i) {
      (incoming ? edges.to : edges.from).push_back(7);
      (incoming ? edges.from : edges.to).push_back(i);
    }
    edges.weights.assign(edges.size(), 4294967296.0F);
    TestFolder folder;
    write_snapshot(tables, folder / "most");
    edges.from.push_back(incoming ? 4096 : 7);
    edges.to.push_back(incoming ? 7 : 4096);
    edges.weights.push_back(4294967296.0F);
    try {
      write_snapshot(tables, folder / "s");
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.summary(), "the weights of the pays edges of user 'u7' add up to too much");
      EXPECT_THAT(error.context().hint, HasSubstr("scale the weights"));
    }
    EXPECT_FALSE(fs::exists(folder / "s"));
  }
}

// Every single file operation of a write fails once: an Error, nothing under the final name, and the next
// write succeeds with the bytes of an undisturbed one.
TEST(SnapshotWriter, EveryFailedFileOperationLeavesNothing) {
  TestFolder reference;
  FaultFiles counting(real_files());
  write_snapshot(small_shop(), reference / "s", counting);
  const auto expected = folder_content(reference / "s");
  std::size_t failures = 0;
  for (const auto operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kRename,
        FileOperation::kRemove, FileOperation::kMakeFolders, FileOperation::kSyncFolder}) {
    ASSERT_GT(counting.count(operation), 0u);
    for (std::uint64_t n = 1; n <= counting.count(operation); ++n) {
      TestFolder folder;
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(write_snapshot(small_shop(), folder / "s", files), Error);
      EXPECT_THAT(names_in(folder.path()), IsEmpty()) << static_cast<int>(operation) << " " << n;
      write_snapshot(small_shop(), folder / "s", files);
      EXPECT_EQ(folder_content(folder / "s"), expected);
      ++failures;
    }
  }
  EXPECT_GT(failures, 200u);
}

// The clean-up fails as well: what stays does not hurt the next write.
TEST(SnapshotWriter, LeftoversOfAFailedCleanUpAreReplaced) {
  TestFolder folder;
  FaultFiles files(real_files());
  files.fail_nth(FileOperation::kSync, 7);
  files.fail_nth(FileOperation::kRemove, 2);
  EXPECT_THROW(write_snapshot(random_shop(1), folder / "s", files), Error);
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"s.tmp"});
  write_snapshot(small_shop(), folder / "s", files);
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"s"});
  EXPECT_EQ(Snapshot::open(folder / "s").node_count(0), 6u);
}

// A process killed at any kill point: no snapshot, or the whole one; and a later write makes the whole one.
TEST(SnapshotWriter, KilledAtEveryKillPoint) {
  TestFolder reference;
  const auto checksum = write_snapshot(small_shop(), reference / "s").checksum;
  for (const char* point : {"snapshot.before_files", "snapshot.after_nodes", "snapshot.after_edges",
                            "snapshot.before_manifest", "snapshot.before_rename", "snapshot.after_rename"}) {
    TestFolder folder;
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) std::_Exit(42);
    });
    EXPECT_EXIT(write_snapshot(small_shop(), folder / "s", files), ::testing::ExitedWithCode(42), "");
    if (std::string_view(point) == "snapshot.after_rename") {
      EXPECT_EQ(Snapshot::open(folder / "s").info().checksum, checksum);
      fs::remove_all(folder / "s");
    } else {
      EXPECT_FALSE(fs::exists(folder / "s")) << point;
    }
    EXPECT_EQ(write_snapshot(small_shop(), folder / "s").checksum, checksum);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"s"});
  }
}

}  // namespace
}  // namespace weft::graph
