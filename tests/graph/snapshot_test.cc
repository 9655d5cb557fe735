#include "graph/snapshot.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "tests/graph/random_graph.h"
#include "tests/graph/touch_snapshot.h"
#include "tests/support/error_of.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void write_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class SnapshotOfRandomShop : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  SnapshotOfRandomShop() { write_snapshot(random_shop(GetParam()), folder_ / "s"); }
  const GraphTables tables_ = random_shop(GetParam());
  TestFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Seeds, SnapshotOfRandomShop, ::testing::Range<std::uint64_t>(1, 6));

TEST_P(SnapshotOfRandomShop, InfoAndSchemaComeBack) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  EXPECT_EQ(snapshot.schema(), tables_.schema);
  EXPECT_EQ(snapshot.info().store_uuid, tables_.info.store_uuid);
  EXPECT_EQ(snapshot.info().sequence, tables_.info.sequence);
  EXPECT_EQ(snapshot.info().data_root, tables_.info.data_root);
  EXPECT_EQ(snapshot.info().source_files, tables_.info.source_files);
  EXPECT_EQ(snapshot.folder(), folder_ / "s");
}

TEST_P(SnapshotOfRandomShop, NodesComeBack) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  for (std::size_t t = 0; t < tables_.nodes.size(); ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    const NodeTable& table = tables_.nodes[t];
    ASSERT_EQ(snapshot.node_count(type), table.external_ids.size());
    EXPECT_THAT(snapshot.first_seen(type), ::testing::ElementsAreArray(table.first_seen));
    EXPECT_THAT(snapshot.node_events(type), ::testing::ElementsAreArray(table.events));
    for (NodeId id = 0; id < table.external_ids.size(); ++id) {
      EXPECT_EQ(snapshot.external_id({type, id}), table.external_ids[id]);
      EXPECT_EQ(snapshot.find_node(type, table.external_ids[id]), id);
      EXPECT_EQ(snapshot.find_node(type, table.external_ids[id] + "x"), std::nullopt);
    }
    EXPECT_EQ(snapshot.find_node(type, ""), std::nullopt);
    EXPECT_EQ(snapshot.find_node(type, "\xff\xff"), std::nullopt);
  }
}

TEST_P(SnapshotOfRandomShop, FieldsComeBack) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  const auto& fields = tables_.nodes[1].fields;
  const StringColumn titles = snapshot.texts(1, 0);
  const NumberColumn prices = snapshot.numbers(1, 1);
  const CategoryColumn tags = snapshot.categories(1, 2);
  ASSERT_EQ(titles.rows(), tables_.nodes[1].external_ids.size());
  std::set<std::string> words;
  for (NodeId id = 0; id < snapshot.node_count(1); ++id) {
    const auto* title = std::get_if<std::string>(&fields[0][id]);
    EXPECT_EQ(titles[id], title == nullptr ? "" : *title);
    const bool shown = title != nullptr && !title->empty();
    EXPECT_EQ(snapshot.display_name({1, id}), shown ? *title : tables_.nodes[1].external_ids[id]);

    const auto* price = std::get_if<double>(&fields[1][id]);
    if (price == nullptr || std::isnan(*price)) {
      EXPECT_TRUE(std::isnan(prices[id]));
    } else {
      EXPECT_EQ(prices[id], *price);
    }

    std::vector<std::string> found;
    for (const std::uint32_t code : tags[id]) found.emplace_back(tags.dictionary[code]);
    const auto* wanted = std::get_if<std::vector<std::string>>(&fields[2][id]);
    EXPECT_EQ(found, wanted == nullptr ? std::vector<std::string>() : *wanted);
    words.insert(found.begin(), found.end());

    for (const std::size_t field : {3, 4}) {
      const auto* media = std::get_if<MediaValue>(&fields[field][id]);
      EXPECT_EQ(snapshot.media(1, field).paths[id], media == nullptr ? "" : media->path);
      EXPECT_EQ(snapshot.media(1, field).content_hashes[id], media == nullptr ? "" : media->content_hash);
    }
  }
  std::vector<std::string> dictionary;
  for (std::size_t i = 0; i < tags.dictionary.rows(); ++i) dictionary.emplace_back(tags.dictionary[i]);
  EXPECT_THAT(dictionary, ::testing::ElementsAreArray(words)) << "distinct, in byte order";
  EXPECT_EQ(snapshot.display_name({0, 0}), tables_.nodes[0].external_ids[0]) << "a type without a name field";
}

// Every edge of the tables is there once, with all it carries, in both directions.
TEST_P(SnapshotOfRandomShop, EdgesComeBack) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  using Entry = std::tuple<NodeId, TimeMs, NodeId, EventId, float, std::uint16_t>;
  for (std::size_t t = 0; t < tables_.edges.size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    const EdgeList& list = tables_.edges[t];
    std::vector<Entry> expected;
    for (std::size_t i = 0; i < list.size(); ++i) {
      expected.emplace_back(list.from[i], list.times.empty() ? 0 : list.times[i], list.to[i], list.events[i],
                            list.weights.empty() ? 1.0F : list.weights[i], list.sources[i]);
    }
    std::sort(expected.begin(), expected.end());

    const CsrView out = snapshot.outgoing(type);
    const EdgeColumns columns = snapshot.edge_columns(type);
    const std::vector<NodeId> rows = snapshot.edge_rows(type);
    ASSERT_EQ(snapshot.edge_count(type), list.size());
    ASSERT_EQ(rows.size(), list.size());
    std::vector<Entry> found;
    for (std::size_t i = 0; i < out.edges(); ++i) {
      found.emplace_back(rows[i], out.times.empty() ? 0 : out.times[i], out.targets[i], columns.events[i],
                         columns.weights.empty() ? 1.0F : columns.weights[i], columns.sources[i]);
    }
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [](const Entry& a, const Entry& b) {
      return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a), std::get<3>(a)) <
             std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b), std::get<3>(b));
    }));
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);

    const CsrView in = snapshot.incoming(type);
    EXPECT_EQ(in.rows(), snapshot.node_count(tables_.schema.edge_type(type).to));
    std::vector<bool> seen(list.size(), false);
    for (NodeId row = 0; row < in.rows(); ++row) {
      for (std::uint64_t i = in.offsets[row]; i < in.offsets[row + 1]; ++i) {
        const EdgeId id = in.edge_ids[i];
        EXPECT_FALSE(seen[id]);
        seen[id] = true;
        EXPECT_EQ(out.targets[id], row);
        EXPECT_EQ(rows[id], in.targets[i]);
        if (!in.times.empty()) {
          EXPECT_EQ(in.times[i], out.times[id]);
        }
      }
    }
    EXPECT_EQ(snapshot.relation(outgoing_relation(type)).targets.data(), out.targets.data());
    EXPECT_EQ(snapshot.relation(incoming_relation(type)).targets.data(), in.targets.data());
  }
}

TEST(Snapshot, WrongFieldKindsAreErrors) {
  TestFolder folder;
  write_snapshot(random_shop(1), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THAT(error_of([&] { (void)snapshot.numbers(1, 0); }), HasSubstr("item.title"));
  EXPECT_THROW((void)snapshot.texts(1, 1), Error);
  EXPECT_THROW((void)snapshot.categories(1, 3), Error);
  EXPECT_THROW((void)snapshot.media(1, 2), Error);
  EXPECT_THROW((void)snapshot.texts(1, 5), Error);
  EXPECT_THROW((void)snapshot.texts(3, 0), Error);
}

TEST(Snapshot, CopiesShareTheMapsAndOutliveTheFolder) {
  TestFolder folder;
  write_snapshot(random_shop(1), folder / "s");
  std::optional<Snapshot> snapshot = Snapshot::open(folder / "s");
  const Snapshot copy = *snapshot;
  snapshot.reset();
  fs::remove_all(folder / "s");
  EXPECT_EQ(copy.find_node(0, copy.external_id({0, 3})), 3u);
}

TEST(Snapshot, EveryFileThatCannotBeMappedIsAnError) {
  TestFolder folder;
  write_snapshot(random_shop(1, 3, 3, 5), folder / "s");
  FaultFiles counting(real_files());
  (void)Snapshot::open(folder / "s", Verify::kChecksums, counting);
  EXPECT_EQ(counting.count(FileOperation::kMap), folder_content(folder / "s").size());
  for (std::uint64_t n = 1; n <= counting.count(FileOperation::kMap); ++n) {
    FaultFiles files(real_files());
    files.fail_nth(FileOperation::kMap, n);
    EXPECT_THAT(error_of([&] { (void)Snapshot::open(folder / "s", Verify::kChecksums, files); }),
                HasSubstr("injected"));
  }
}

TEST(Snapshot, EmptyGraphs) {
  TestFolder folder;
  write_snapshot(GraphTables{}, folder / "nothing");
  EXPECT_TRUE(Snapshot::open(folder / "nothing").schema().node_types().empty());

  GraphTables no_nodes = random_shop(1);
  for (NodeTable& table : no_nodes.nodes) table = {};
  for (EdgeList& list : no_nodes.edges) list = {};
  write_snapshot(no_nodes, folder / "types");
  const Snapshot snapshot = Snapshot::open(folder / "types");
  EXPECT_EQ(snapshot.node_count(0), 0u);
  EXPECT_EQ(snapshot.outgoing(0).rows(), 0u);
  EXPECT_EQ(snapshot.edge_count(0), 0u);
  EXPECT_EQ(snapshot.find_node(0, "u0"), std::nullopt);
  EXPECT_TRUE(snapshot.edge_rows(0).empty());
}

TEST(Snapshot, OneNode) {
  TestFolder folder;
  write_snapshot(plain_graph(1, {}), folder / "alone");
  EXPECT_EQ(Snapshot::open(folder / "alone").outgoing(0).degree(0), 0u);
  write_snapshot(plain_graph(1, {{0, 0}, {0, 0}}), folder / "loops");
  const Snapshot loops = Snapshot::open(folder / "loops");
  EXPECT_THAT(loops.outgoing(0).neighbours(0), ElementsAre(0, 0));
  EXPECT_THAT(loops.incoming(0).edge_ids, ElementsAre(0, 1));
}

TEST(Snapshot, ForgottenNodesHaveNoName) {
  TestFolder folder;
  GraphTables tables = plain_graph(5, {{0, 2}, {4, 0}});
  tables.nodes[0].external_ids = {"c", "", "a", "", "b"};
  write_snapshot(tables, folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THAT(snapshot.id_order(0), ElementsAre(1, 3, 2, 4, 0));
  EXPECT_EQ(snapshot.forgotten_nodes(0), 2u);
  EXPECT_TRUE(snapshot.is_forgotten({0, 3}));
  EXPECT_FALSE(snapshot.is_forgotten({0, 4}));
  EXPECT_EQ(snapshot.find_node(0, ""), std::nullopt);
  EXPECT_EQ(snapshot.find_node(0, "a"), 2u);
  EXPECT_EQ(snapshot.display_name({0, 1}), "");
  write_snapshot(plain_graph(2, {}), folder / "none");
  EXPECT_EQ(Snapshot::open(folder / "none").forgotten_nodes(0), 0u);
}

TEST(Snapshot, ANodeWithAMillionNeighbours) {
  constexpr NodeId kFans = 1'000'000;
  GraphTables tables;
  const auto fan = tables.schema.add_node_type({.name = "fan"});
  const auto star = tables.schema.add_node_type({.name = "star"});
  tables.schema.add_edge_type({.name = "follows", .from = fan, .to = star, .timed = true});
  tables.nodes.resize(2);
  tables.edges.resize(1);
  tables.nodes[star].external_ids = {"star"};
  for (NodeId i = 0; i < kFans; ++i) {
    tables.nodes[fan].external_ids.push_back(std::to_string(i));
    tables.edges[0].from.push_back(i);
    tables.edges[0].to.push_back(0);
    tables.edges[0].times.push_back(static_cast<TimeMs>(i) * 7919 % 1'000'003);
  }
  TestFolder folder(TestFolder::Place::kDisk);
  write_snapshot(std::move(tables), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const CsrView in = snapshot.incoming(0);
  ASSERT_EQ(in.degree(0), kFans);
  EXPECT_TRUE(std::is_sorted(in.times.begin(), in.times.end()));
  for (const NodeId i : {0U, 1U, 4999U, kFans - 1})
    EXPECT_EQ(in.times[i], snapshot.outgoing(0).times[in.targets[i]]);
  EXPECT_EQ(in.count_before(0, 500),
            static_cast<std::uint64_t>(
                std::count_if(in.times.begin(), in.times.end(), [](TimeMs time) { return time < 500; })));
}

class DamagedSnapshot : public ::testing::Test {
 protected:
  DamagedSnapshot() {
    write_snapshot(random_shop(3, 3, 3, 6), folder_ / "s");
    for (const auto& [name, content] : folder_content(folder_ / "s")) files_[name] = content;
  }
  // Opens with one file's content changed; restores it.
  bool refused(const std::string& name, const std::string& content, Verify verify) {
    write_bytes(folder_ / "s/" / name, content);
    bool result = false;
    try {
      touch_everything(Snapshot::open(folder_ / "s", verify));
    } catch (const Error& error) {
      result = true;
      EXPECT_THAT(error.what(), HasSubstr((folder_ / "s").string())) << "names the file";
    }
    write_bytes(folder_ / "s/" / name, files_[name]);
    return result;
  }
  // The manifest with its own checksum put right after a change of its text.
  static std::string signed_again(std::string manifest) {
    const std::size_t key = manifest.rfind(",\n \"manifest_checksum\": \"");
    manifest.resize(key);
    return manifest + ",\n \"manifest_checksum\": \"" + to_hex(hash64(manifest)) + "\"\n}\n";
  }
  TestFolder folder_;
  std::map<std::string, std::string> files_;
};

TEST_F(DamagedSnapshot, EveryFlippedByteIsFoundByChecksums) {
  std::size_t flips = 0;
  for (const auto& [name, content] : files_) {
    for (std::size_t i = 0; i < content.size(); ++i) {
      std::string changed = content;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      ASSERT_TRUE(refused(name, changed, Verify::kChecksums)) << name << " byte " << i;
      ++flips;
    }
  }
  EXPECT_GT(flips, 1000U);
}

TEST_F(DamagedSnapshot, NoFlippedByteMakesItUnsafeToRead) {
  std::size_t found = 0;
  for (const auto& [name, content] : files_) {
    for (std::size_t i = 0; i < content.size(); ++i) {
      std::string changed = content;
      changed[i] = static_cast<char>(changed[i] ^ std::array{0x01, 0x80, 0xff}[i % 3]);
      found += refused(name, changed, Verify::kStructure) ? 1 : 0;
    }
  }
  EXPECT_GT(found, 500U);
}

TEST_F(DamagedSnapshot, CutGrownAndMissingFilesAreErrors) {
  for (const auto& [name, content] : files_) {
    if (!content.empty()) {
      EXPECT_TRUE(refused(name, content.substr(0, content.size() - 1), Verify::kStructure)) << name;
      EXPECT_TRUE(refused(name, "", Verify::kStructure)) << name;
      EXPECT_EQ(refused(name, content.substr(content.size() / 2), Verify::kStructure), true) << name;
    }
    EXPECT_TRUE(refused(name, content + std::string(8, '\0'), Verify::kStructure)) << name;
    fs::remove(folder_ / "s/" / name);
    EXPECT_THROW((void)Snapshot::open(folder_ / "s", Verify::kStructure), Error) << name;
    fs::create_directory(folder_ / "s/" / name);
    EXPECT_THROW((void)Snapshot::open(folder_ / "s", Verify::kStructure), Error) << name;
    fs::remove(folder_ / "s/" / name);
    write_bytes(folder_ / "s/" / name, content);
  }
  EXPECT_THROW((void)Snapshot::open(folder_ / "not there"), Error);
  touch_everything(Snapshot::open(folder_ / "s"));
}

TEST_F(DamagedSnapshot, EveryCutIsAnError) {
  for (const auto& [name, content] : files_) {
    for (std::size_t size = 0; size < content.size(); ++size)
      ASSERT_TRUE(refused(name, content.substr(0, size), Verify::kStructure)) << name << " cut at " << size;
  }
}

// A manifest changed on purpose, with a right checksum: counts that do not fit, overflow, or name other
// files.
TEST_F(DamagedSnapshot, ForgedManifestsAreErrors) {
  const std::string manifest = files_["manifest.json"];
  ASSERT_EQ(signed_again(manifest), manifest);
  const auto forged = [&](const std::string& from, const std::string& to) {
    const std::size_t at = manifest.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return refused("manifest.json",
                   signed_again(manifest.substr(0, at) + to + manifest.substr(at + from.size())),
                   Verify::kStructure);
  };
  EXPECT_FALSE(forged("\"sequence\": 20", "\"sequence\": 21")) << "the forging itself works";
  EXPECT_TRUE(forged("\"weft snapshot\"", "\"weft\""));
  EXPECT_TRUE(forged("\"version\": 1", "\"version\": 2"));
  for (const char* count : {"4294967295", "4294967296", "18446744073709551615", "18446744073709551616",
                            "2305843009213693951", "-1", "5.0", "1e300", "\"5\"", "null", "0", "7"}) {
    EXPECT_TRUE(forged("\"node_counts\": [\n  3", fmt::format("\"node_counts\": [\n  {}", count))) << count;
    EXPECT_TRUE(forged("\"edge_counts\": [\n  6", fmt::format("\"edge_counts\": [\n  {}", count))) << count;
  }
  EXPECT_TRUE(forged("\"node_counts\": [\n", "\"node_counts\": [\n 1,"));
  EXPECT_TRUE(forged("\"edge_0.events\"", "\"../edge_0.events\""));
  EXPECT_TRUE(forged("\"edge_0.events\"", "\"edge_0.eventz\""));
  EXPECT_TRUE(
      forged("\"files\": [", "\"files\": [{\"name\":\"a\",\"size\":0,\"xxh3\":\"0000000000000000\"},"));
  EXPECT_TRUE(forged("\"source_files\": [\n", "\"source_files\": [\n 1,"));
  EXPECT_TRUE(forged("\"timed\": true", "\"timed\": false"));
  EXPECT_TRUE(forged("\"kind\": \"number\"", "\"kind\": \"text\""));
  EXPECT_TRUE(
      refused("manifest.json",
              signed_again("{\"a\": " + std::string(1'000'000, '[') + ",\n \"manifest_checksum\": \""),
              Verify::kStructure));
  const std::string deep = "{\"schema\": " + std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_TRUE(
      refused("manifest.json", signed_again(deep + ",\n \"manifest_checksum\": \""), Verify::kStructure));
}

// Arrays changed to hold the values that hurt most, where only the structure is checked.
TEST_F(DamagedSnapshot, HostileValuesInArraysAreErrorsOrSafe) {
  Random random(11);
  std::size_t found = 0, tried = 0;
  for (const auto& [name, content] : files_) {
    if (name == "manifest.json") continue;
    for (std::size_t i = 0; i + 8 <= content.size(); i += 4) {
      const std::array<std::uint64_t, 6> values = {
          0,         ~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 32, random.below(1000),
          0xffffffff};
      std::string changed = content;
      std::memcpy(changed.data() + i, &values[random.below(values.size())], sizeof(std::uint64_t));
      found += refused(name, changed, Verify::kStructure) ? 1 : 0;
      ++tried;
    }
  }
  EXPECT_GT(found, tried / 4);
}

}  // namespace
}  // namespace weft::graph
