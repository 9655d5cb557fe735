// Rows that delete, from the project file to the snapshot: the same as if the rows that they take back had
// never been there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/hash.h"
#include "storage/row_mapper.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/shop.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Users and videos have tables of their own, so that they are numbered alike whatever becomes of the likes.
constexpr const char* kToml = R"([nodes.user]
source = "users.csv"
id = "user"
time = { column = "since", unit = "s" }
[nodes.video]
source = "videos.csv"
id = "video"
time = { column = "since", unit = "s" }
[nodes.comment]
source = "comments.jsonl"
fields.text = { kind = "text" }
fields.tag = { kind = "category", as_node = true }
where = { op = { present = false } }
[edges.likes]
source = "likes.csv"
from = "user:user"
to = "video:video"
time = { column = "ts", unit = "s" }
weight = "stars"
delete = { column = "op", values = ["unlike", "d"] }
[edges.follows]
source = "follows.tsv"
from = "user:a"
to = "user:b"
symmetric = true
delete = { column = "gone", present = true }
[edges.comments]
source = "comments.jsonl"
from = "user:user"
to = "video:video"
time = { column = "ts", unit = "s" }
delete = { column = "op", values = "gone" }
[edges.says]
source = "comments.jsonl"
from = "comment"
to = "video:video"
[clean]
max_bad_rows = 0.5
)";

constexpr int kUsers = 7, kVideos = 5;

class Likes : public Shop {
 public:
  Likes() {
    write("shop.toml", kToml);
    std::string users = "user,since\n", videos = "video,since\n";
    for (int i = 0; i < kUsers; ++i) users += fmt::format("u{},1\n", i);
    for (int i = 0; i < kVideos; ++i) videos += fmt::format("v{},1\n", i);
    write("users.csv", users);
    write("videos.csv", videos);
    write("likes.csv", kLikes);
    write("follows.tsv", kFollows);
    write("comments.jsonl", "");
  }
  static constexpr const char* kLikes = "user,video,ts,stars,op\n";
  static constexpr const char* kFollows = "a\tb\tgone\n";
};

struct Like {
  int user, video, time;
  bool deletes;
};

std::vector<Like> random_likes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int many) { return static_cast<int>(random() % static_cast<std::uint64_t>(many)); };
  std::vector<Like> likes;
  for (std::size_t i = 0; i < count; ++i)
    likes.push_back({below(kUsers), below(kVideos), 10 + below(50), below(3) == 0});
  return likes;
}

std::string text_of(const Like& like) {
  return fmt::format("u{},v{},{},{},{}\n", like.user, like.video, like.time, like.deletes ? "" : "2.5",
                     like.deletes ? (like.time % 2 == 0 ? "unlike" : "d") : "like");
}

std::string survivors(const std::vector<Like>& likes) {
  std::string out;
  for (const Like& like : likes) {
    const bool gone = like.deletes || std::any_of(likes.begin(), likes.end(), [&](const Like& other) {
                        return other.deletes && other.user == like.user && other.video == like.video &&
                               other.time >= like.time;
                      });
    if (!gone) out += text_of(like);
  }
  return out;
}

std::uint64_t checksum(const Likes& shop) {
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
  std::filesystem::remove_all(project.workspace.snapshots());
  return export_snapshot(store, project.workspace, project.data_root).info.checksum;
}

TEST(DeleteRows, TheSnapshotIsThatOfTheRowsThatSurvive) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(seed);
    const auto likes = random_likes(120, seed);
    Likes wanted;
    wanted.append("likes.csv", survivors(likes));
    wanted.ingest();
    std::string all;
    for (const Like& like : likes) all += text_of(like);
    std::uint64_t deletions = 0, of_nothing = 0;
    for (const std::size_t batch_rows : {1U, 10U, 1000U}) {
      for (const std::uint64_t bulk_from : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        Likes shop;
        shop.append("likes.csv", all);
        const IngestReport report = shop.ingest({}, {.batch_rows = batch_rows, .bulk_from_bytes = bulk_from});
        EXPECT_EQ(report.quarantined_rows, 0U);
        EXPECT_EQ(report.deletions,
                  static_cast<std::uint64_t>(std::count_if(likes.begin(), likes.end(),
                                                           [](const Like& like) { return like.deletes; })));
        EXPECT_GT(report.deleted_edges[0], 0U);
        EXPECT_FALSE(report.bulk);  // the other sections need the rows' order
        if (deletions != 0) {
          EXPECT_EQ(report.deleted_edges[0], deletions);
          EXPECT_EQ(report.deletions_of_nothing, of_nothing);
        }
        deletions = report.deleted_edges[0];
        of_nothing = report.deletions_of_nothing;
        EXPECT_EQ(checksum(shop), checksum(wanted));
      }
    }
    // A file that grows, row by row, and is given again.
    Likes grows;
    for (std::size_t at = 0; at < likes.size(); at += 30) {
      for (std::size_t i = at; i < std::min(at + 30, likes.size()); ++i)
        grows.append("likes.csv", text_of(likes[i]));
      grows.ingest();
    }
    EXPECT_EQ(checksum(grows), checksum(wanted));
    EXPECT_EQ(grows.ingest().rows, 0U);
  }
}

// All of the store, entry by entry.
std::string content(const GraphStore& store) {
  std::string out;
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    for (PrefixScan scan(store.impl(), static_cast<Family>(family), ""); scan.valid(); scan.next()) {
      if (scan.key() == "uuid") continue;
      out += fmt::format("{} {:x} {:x}\n", kFamilyNames[family], hash64(scan.key()), hash64(scan.value()));
    }
  }
  return out;
}

constexpr const char* kTimedToml = R"([nodes.user]
[nodes.video]
[edges.likes]
source = ["likes.csv", "likes-2.csv"]
from = "user:user"
to = "video:video"
time = { column = "ts", unit = "s" }
weight = "stars"
delete = { column = "op", values = ["unlike", "d"] }
[edges.knows]
source = "knows.csv"
from = "user:user"
to = "user:video"
symmetric = true
time = { column = "ts", unit = "s" }
delete = { column = "op", values = ["unlike", "d"], takes = "same" }
)";

// The bulk path against the one in batches: the same entries of the store, the same snapshot.
TEST(DeleteRows, InBulkAsInBatches) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(seed);
    Likes shop;
    shop.write("shop.toml", kTimedToml);
    std::uint64_t file_seed = seed * 10;
    for (const char* file : {"likes.csv", "likes-2.csv", "knows.csv"}) {
      std::string text = Likes::kLikes;
      std::vector<Like> likes = random_likes(3000, ++file_seed);
      for (std::size_t i = 0; i < likes.size(); ++i) {
        likes[i].user = static_cast<int>(hash64(fmt::format("{} {}", file_seed, i)) % 100);
        text += text_of(likes[i]);
        if (i % 7 == 0) text += text_of(likes[i / 2]);
      }
      shop.write(file, text);
    }
    std::string wanted;
    std::uint64_t checksum = 0;
    std::vector<std::uint64_t> new_edges, deleted_edges;
    for (const auto& [memory, threads] :
         {std::pair(std::size_t{0}, std::size_t{1}), std::pair(std::size_t{1} << 10, std::size_t{1}),
          std::pair(std::size_t{100} << 10, std::size_t{3}),
          std::pair(std::size_t{64} << 20, std::size_t{2})}) {
      SCOPED_TRACE(memory);
      std::filesystem::remove_all(shop.folder() / "shop.weft");
      const Project project = shop.project();
      EXPECT_FALSE(project.deletes_in_order());
      GraphStore store = shop.open(project);
      const IngestReport report = storage::ingest(project, store,
                                                  {.batch_rows = 700,
                                                   .bulk_from_bytes = memory == 0 ? ~std::uint64_t{0} : 0,
                                                   .memory = memory,
                                                   .threads = threads,
                                                   .snapshot = true});
      EXPECT_EQ(report.bulk, memory != 0);
      EXPECT_EQ(report.spilled_runs > 0, memory != 0 && memory < (std::size_t{1} << 20));
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_EQ(store.info().format, kDeletingFormat);
      const auto exported = export_snapshot(store, project.workspace, project.data_root);
      EXPECT_EQ(exported.reused, memory != 0);
      if (memory == 0) {
        wanted = content(store);
        checksum = exported.info.checksum;
        new_edges = report.new_edges;
        deleted_edges = report.deleted_edges;
        EXPECT_GT(deleted_edges[0], 100U);
        EXPECT_GT(deleted_edges[1], 100U);
        continue;
      }
      EXPECT_TRUE(content(store) == wanted);
      EXPECT_EQ(exported.info.checksum, checksum);
      EXPECT_EQ(report.new_edges, new_edges);
      EXPECT_EQ(report.deleted_edges, deleted_edges);
      // And it is gone on with: late rows and repeats.
      store.apply(
          {.events = {
               {.id = 5, .edges = {{.type = 0, .from = "u1", .to = "v1", .time = 1, .deletes = true}}}}});
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
    }
  }
}

TEST(DeleteRows, OfUntimedEdgesTheLastRowCounts) {
  Likes shop;
  shop.append("follows.tsv", "u1\tu2\t\nu2\tu1\tyes\nu3\tu4\tyes\nu1\tu2\t\nu3\tu4\t\nu5\tu6\t\nu6\tu5\tx\n");
  const IngestReport report = shop.ingest();
  EXPECT_EQ(report.deletions, 3U);
  EXPECT_EQ(report.deletions_of_nothing, 1U);
  EXPECT_EQ(report.deleted_edges[1], 4U);
  EXPECT_EQ(report.new_edges[1] - report.deleted_edges[1], 4U);
  const Project project = shop.project();
  EXPECT_EQ(shop.open(project).info().edge_counts[1], 4U);
}

// The comment's node stays, and its text; what joins it to the graph goes.
TEST(DeleteRows, ANodeOfTheRowLosesItsEdges) {
  for (const std::size_t batch_rows : {1U, 100U}) {
    for (const bool late : {false, true}) {
      Likes shop;
      const std::string comment = R"({"user": "u1", "video": "v1", "ts": 20, "text": "so so", "tag": "dull"})"
                                  "\n";
      const std::string other = R"({"user": "u2", "video": "v1", "ts": 20, "text": "fine"})"
                                "\n";
      const std::string deletion = R"({"user": "u1", "video": "v1", "ts": 30, "op": "gone"})"
                                   "\n";
      shop.write("comments.jsonl", late ? deletion + other + comment : comment + other + deletion);
      shop.ingest({}, {.batch_rows = batch_rows});
      const Project project = shop.project();
      const GraphStore store = shop.open(project);
      const graph::Schema& schema = project.schema.graph;
      const auto edges = [&](const char* type) {
        return store.info().edge_counts[*schema.find_edge_type(type)];
      };
      EXPECT_EQ(edges("comments"), 1U);
      EXPECT_EQ(edges("says"), 1U);
      EXPECT_EQ(edges("comment_tag"), 0U);
      EXPECT_EQ(store.info().node_counts[2], 2U);
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
    }
  }
}

TEST(DeleteRows, ARowThatDeletesNeedsNoWeightButATime) {
  Likes shop;
  shop.append("likes.csv", "u1,v1,20,,unlike\nu1,v1,,,d\nu1,v1,9,,like\nu1,v1,30,1,\n");
  const IngestReport report = shop.ingest();
  EXPECT_EQ(report.deletions, 1U);
  EXPECT_EQ(report.quarantined.at("missing time"), 1U);
  EXPECT_EQ(report.quarantined.at("missing weight"), 1U);
  EXPECT_EQ(report.new_edges[0], 1U);
}

TEST(DeleteRows, OneAtTheSameTimeAlone) {
  Likes shop;
  std::string toml = kToml;
  toml.replace(toml.find("\"d\"] }"), 6, "\"d\"], takes = \"same\" }");
  shop.write("shop.toml", toml);
  shop.append("likes.csv", "u1,v1,20,1,\nu1,v1,30,,d\nu1,v1,30,1,\nu1,v1,40,1,\n");
  EXPECT_EQ(shop.ingest().deleted_edges[0], 1U);
  const Project project = shop.project();
  EXPECT_EQ(shop.open(project).info().edge_counts[0], 2U);
}

// Equal in all but that: not the same event.
TEST(DeleteRows, ADeletionIsAnotherEventThanItsEdge) {
  Likes shop;
  shop.write("shop.toml",
             std::string(kToml).replace(std::string(kToml).find("weight = \"stars\"\n"), 17, ""));
  shop.append("likes.csv", "u1,v1,20,,\nu1,v1,20,,d\n");
  const Project project = shop.project();
  std::uint16_t source = 0;
  while (project.sources[source].name != "likes.csv") ++source;
  RowMapper mapper(project, source, MediaRead::kHash, real_files());
  const auto reader = RowReader::open(project.sources[source], mapper.columns(), real_files());
  Row row;
  graph::Event first, second;
  ASSERT_TRUE(reader->next(row));
  mapper.map(row, first);
  ASSERT_TRUE(reader->next(row));
  mapper.map(row, second);
  EXPECT_FALSE(first.edges[0].deletes);
  EXPECT_TRUE(second.edges[0].deletes);
  EXPECT_NE(first.id, second.id);
}

struct Broken {
  const char* name;
  const char* find;
  const char* replace;
  std::vector<const char*> says;
};
class BrokenDelete : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenDelete, SaysWhereAndWhat) {
  Likes shop;
  std::string text = kToml;
  const std::size_t at = text.find(GetParam().find);
  ASSERT_NE(at, std::string::npos);
  shop.write("shop.toml", text.replace(at, std::string(GetParam().find).size(), GetParam().replace));
  try {
    shop.project();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("shop.toml:"));
    for (const char* part : GetParam().says) EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenDelete,
    ::testing::Values(
        Broken{"NoTable",
               "{ column = \"op\", values = \"gone\" }",
               "\"op\"",
               {"is no table", "column = \"op\""}},
        Broken{"NoColumn", "column = \"op\", values = \"gone\"", "values = \"gone\"", {"column", "missing"}},
        Broken{"NoValues", ", values = \"gone\"", "", {"delete.values", "missing", "present = true"}},
        Broken{"Both", "values = \"gone\"", "values = \"gone\", present = true", {"stands beside values"}},
        Broken{"Takes",
               "values = \"gone\"",
               "values = \"gone\", takes = \"latest\"",
               {"delete.takes", "earlier", "same"}},
        Broken{"TakesUntimed",
               "present = true }",
               "present = true, takes = \"same\" }",
               {"edges.follows.delete.takes", "have no time"}},
        Broken{"EmptyValues", "values = \"gone\"", "values = []", {"is empty"}},
        Broken{"Key", "values = \"gone\"", "value = \"gone\"", {"delete"}},
        Broken{"NodeOfItsRow",
               "from = \"comment\"\nto = \"video:video\"",
               "from = \"comment\"\nto = \"video:video\"\ndelete = { column = \"op\", values = \"gone\" }",
               {"edges.says.delete", "another row made", "at both ends"}},
        Broken{"NodesUnseen",
               "where = { op = { present = false } }\n",
               "",
               {"edges.comments.delete", "nodes of type 'comment'", "`where` with the column 'op'"}},
        Broken{"EdgesUnseen",
               "[edges.says]\nsource = \"comments.jsonl\"\nfrom = \"comment\"",
               "[edges.says]\nsource = \"comments.jsonl\"\nfrom = \"user:user\"",
               {"edges.comments.delete", "edges of type 'says'"}},
        Broken{"UntimedBesideNodes",
               "time = { column = \"ts\", unit = \"s\" }\ndelete = { column = \"op\", values = \"gone\" }",
               "delete = { column = \"op\", values = \"gone\" }",
               {"without times", "node 'comment'"}}),
    [](const auto& broken) { return broken.param.name; });

TEST(DeleteRows, ChangeTheFingerprintOnlyWhereTheyAre) {
  const Likes shop;
  const Project project = shop.project();
  EXPECT_TRUE(project.has_deletions());
  EXPECT_NE(shop.project({"edges.likes.delete.takes=\"same\""}).fingerprint(3), project.fingerprint(3));
  EXPECT_NE(shop.project({"edges.likes.delete.values=\"d\""}).fingerprint(3), project.fingerprint(3));
  const Shop plain;
  EXPECT_FALSE(plain.project().has_deletions());
}

}  // namespace
}  // namespace weft::storage
