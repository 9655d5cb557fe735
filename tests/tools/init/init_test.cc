// Project files that `weft init` writes are read and run as they are: on small folders made here and, where
// the real data sets are there (WEFT_SHARED_DATA), on those.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/error.h"
#include "storage/graph_store.h"
#include "storage/ingest.h"
#include "tests/support/temp_folder.h"
#include "tests/support/unprivileged.h"
#include "tools/init/propose.h"

namespace weft::init {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using Counts = std::map<std::string, std::uint64_t>;

struct Ran {
  Proposal proposal = {};
  Counts nodes = {}, edges = {};
  storage::IngestReport report = {};
};

class Init : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((data_ / name).parent_path());
    real_files().write_whole(data_ / name, text);
  }
  // Writes the project file and ingests by it.
  Ran run(const fs::path& folder) const {
    Ran ran;
    ran.proposal = propose(profile_folder(folder), folder.string());
    const fs::path file = work_ / "p.toml";
    const storage::Project project =
        storage::read_project(TomlFile::parse(ran.proposal.toml, "p.toml"), file);
    storage::GraphStore store = storage::GraphStore::open(project.workspace.store(), project.schema);
    ran.report = storage::ingest(project, store);
    const storage::StoreInfo info = store.info();
    const graph::Schema& schema = project.schema.graph;
    for (std::size_t t = 0; t < schema.node_types().size(); ++t)
      ran.nodes[schema.node_types()[t].name] = info.node_counts[t];
    for (std::size_t t = 0; t < schema.edge_types().size(); ++t)
      ran.edges[schema.edge_types()[t].name] = info.edge_counts[t];
    EXPECT_EQ(ran.report.quarantined_rows, 0U);
    EXPECT_EQ(ran.proposal.node_types, ran.nodes.size());
    EXPECT_EQ(ran.proposal.edge_types, ran.edges.size());
    return ran;
  }
  test::TempFolder data_, work_;
};

TEST_F(Init, TablesOfUsersAndItemsAndTheirRatings) {
  std::string users = "user_id\tage\tname\n", items = "item_id\tmovie_title\tclass\tyear\n",
              events = "user_id\titem_id\trating\ttimestamp\n";
  const std::vector<std::string> genres = {"War", "Drama", "Comedy", "Crime"};
  for (int i = 1; i <= 40; ++i) {
    users += fmt::format("{}\t{}\tAnn {}\n", i, 20 + i % 30, i);
    items += fmt::format("{}\tA film of number {}\t{} {} {}\t{}\n", i, i, genres[i % 4],
                         genres[(i / 4 + i + 1) % 4], i % 3 == 0 ? genres[(i + 2) % 4] : genres[(i + 3) % 4],
                         i == 7 ? "V" : std::to_string(1980 + i % 10));
    for (int j = 1; j <= 3; ++j)
      events += fmt::format("{}\t{}\t{}\t{}\n", i, (i * j) % 40 + 1, j, 880'000'000 + i * 100 + j);
  }
  write("ml.user", users);
  write("ml.item", items);
  write("ml.inter", events);
  write("README.md", "# nothing\n");
  const Ran ran = run(data_.path());
  EXPECT_EQ(ran.nodes.at("user"), 40U);
  EXPECT_EQ(ran.nodes.at("item"), 40U);
  EXPECT_EQ(ran.nodes.at("class"), 4U) << ran.proposal.toml;
  EXPECT_EQ(ran.edges.at("rates"), 120U);
  EXPECT_EQ(ran.proposal.target, "rates");
  EXPECT_THAT(ran.proposal.toml, HasSubstr("kind = \"time\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("fields.year = { kind = \"number\" }\n"
                                           "columns.year = { on_bad = \"missing\" }"))
      << "one year is no number";
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: name: holds people's names"));
}

TEST_F(Init, ReviewsBecomeNodesBetweenUserAndItem) {
  std::string lines;
  for (int i = 0; i < 60; ++i) {
    lines += fmt::format(
        R"({{"reviewerID": "U{}", "asin": "B{}", "reviewerName": "Ann &#34;{}\"", "helpful": [1, 2], "more": {{"x": 1}}, "parts": [{{"n": 1}}], )"
        R"("reviewText": "{}", "overall": {}.0, "unixReviewTime": {}}})"
        "\n",
        i % 20, i % 7, i, i == 5 ? "" : fmt::format("A long enough text about the thing, number {}", i),
        1 + i % 5, 1'095'465'600 + 86'400 * (i / 4));
  }
  write("reviews.jsonl", lines);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 20), Pair("item", 7), Pair("review", 60)));
  EXPECT_THAT(ran.edges, UnorderedElementsAre(Pair("rates", 60), Pair("wrote", 60), Pair("about", 60)));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("weight = \"overall\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: helpful: is a list of numbers"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("column = \"more.x\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: parts: holds lists of objects; parts.0.n names"));
}

TEST_F(Init, PartsOfASplitAreOneEdgeTypeAndASplitByFiles) {
  write("test.csv", "user,item\n0,2\n1,1\n");
  write("train.csv", "user,item\n0,1\n0,3\n1,2\n");
  write("valid.csv", "user,item\n0,4\n1,0\n");
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.edges, ElementsAre(Pair("interacts", 7)));
  EXPECT_THAT(ran.proposal.toml, HasSubstr(R"(source = ["train.csv", "valid.csv", "test.csv"])"));
  EXPECT_THAT(ran.proposal.toml,
              HasSubstr(R"(train = "train.csv", test_files = "test.csv", valid_files = "valid.csv")"));
}

TEST_F(Init, NumberedOrdersAreEventsAndSecondIdsOfATableAreLeftOut) {
  std::string orders = "order_id,user_id,product_id,qty\n", items = "product_id,imdb_id,maker\n";
  for (int i = 0; i < 50; ++i) {
    orders += fmt::format("{},u{},p{},{}\n", 1000 + i, i % 9, i % 11, 1 + i % 3);
    // Two products share their second id.
    items += fmt::format("p{},tt{},M{}\n", i, i == 7 ? 8 : i, i % 4);
  }
  write("orders.csv", orders);
  write("products.csv", items);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 9), Pair("item", 50)));
  EXPECT_THAT(ran.edges, ElementsAre(Pair("orders", 50)));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: order_id: numbers the rows"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: imdb_id: nearly every row"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("weight = \"qty\""));
}

TEST_F(Init, EndsThatTellNoTypeFollowTheirValues) {
  std::string likes = "user_id\tartist_id\n", friends = "source_id\ttarget_id\n",
              artists = "artist_id\tname\turl\n";
  for (int i = 2; i < 60; ++i) {
    likes += fmt::format("{}\t{}\n{}\t{}\n", i, i % 30 + 1, i, 100 - i);
    friends += fmt::format("{}\t{}\n{}\t{}\n", i, i % 58 + 2, i % 58 + 2, i);
  }
  for (int i = 1; i <= 100; ++i) artists += fmt::format("{}\tThe \"{}\" band\thttp://x/{}\n", i, i, i);
  write("l.inter", likes);
  write("l.net", friends);
  write("l.item", artists);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 58), Pair("artist", 100)));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("from = \"user:source_id\"\nto = \"user:target_id\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: url: holds web addresses"));
}

TEST_F(Init, ColumnsThatDoNotSayTheyAreIdsFollowTheirValues) {
  std::string plays = "listener,what,age,played_at\n", tracks = "track_id,title,by\n",
              makers = "artist_id,city\n";
  for (int i = 0; i < 60; ++i) {
    tracks += fmt::format("t{:03},Song of the number {},a{}\n", i, i, i % 12);
    plays += fmt::format("p{},t{:03},{},2026-01-{:02} 10:00:00\np{},t{:03},{},2026-02-{:02} 10:00:00\n",
                         i % 9, i % 40, i % 9, i % 28 + 1, i % 7, i % 13, i % 7, i % 28 + 1);
  }
  for (int i = 0; i < 12; ++i) makers += fmt::format("a{},City {}\n", i, i % 3);
  write("plays.csv", plays);
  write("tracks.csv", tracks);
  write("makers.csv", makers);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 9), Pair("track", 60), Pair("artist", 12)));
  EXPECT_EQ(ran.edges.at("plays"), 120U) << ran.proposal.toml;
  EXPECT_EQ(ran.edges.at("track_artist"), 60U);
  EXPECT_EQ(ran.proposal.target, "plays");
  EXPECT_THAT(ran.proposal.toml, HasSubstr("from = \"user:listener\"\nto = \"track:what\""));
}

// Grades are found among the numbers of another table's rows.
TEST_F(Init, GradesAreNoIdsOfNumberedRows) {
  for (const std::string name : {"grade", "rating"}) {
    std::string numbered = "id,user_id,movie_id\n", graded = "user_id,movie_id," + name + "\n";
    for (int i = 1; i <= 60; ++i) {
      numbered += fmt::format("{},{},{}\n", i, i % 9, i % 20);
      graded += fmt::format("{},{},{}\n", i % 7, i % 19, i % 5 + 1);
    }
    write(name + "/" + name + "s.csv", numbered);
    write(name + "/seen.csv", graded);
    const Proposal proposal = propose(profile_folder(data_ / name), "");
    EXPECT_EQ(proposal.node_types, 2U) << proposal.toml;
    EXPECT_EQ(proposal.edge_types, 2U) << proposal.toml;
  }
}

TEST_F(Init, TracksAreIdsUnlessTheyAreTitles) {
  std::string ids = "user,track,time\n", titles = "user,track,time\n";
  for (int i = 0; i < 60; ++i) {
    ids += fmt::format("{},t{},{}\n", i % 9, i % 20, 1'700'000'000 + i);
    titles += fmt::format("{},The song {},{}\n", i % 9, i % 20, 1'700'000'000 + i);
  }
  write("a/plays.csv", ids);
  write("b/plays.csv", titles);
  EXPECT_THAT(run(data_ / "a").nodes, UnorderedElementsAre(Pair("user", 9), Pair("track", 20)));
  EXPECT_THAT(propose(profile_folder(data_ / "b"), "").toml, ::testing::Not(HasSubstr("nodes.track")));
}

TEST_F(Init, RowsWithoutIdsAreNodes) {
  std::string rows = "cat,label,review\n";
  for (int i = 0; i < 40; ++i)
    rows += fmt::format("书{},{},{}\n", i % 3, i % 2,
                        i == 4 ? "" : fmt::format("这本书非常好看，我很喜欢它，第{}次购买", i));
  write("reviews.csv", rows);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, ElementsAre(Pair("reviews", 40)));
  EXPECT_EQ(ran.proposal.target, "");
}

TEST_F(Init, PicturesAreFoundWhereTheyLie) {
  std::string rows = "item_id,file\n";
  for (int i = 0; i < 10; ++i)
    rows += fmt::format("{},{}.jpg\n", i, i), write(fmt::format("img/{}.jpg", i), "x");
  write("items.csv", rows);
  write("events.csv", "user,item,ts\nu,1,1700000000\nu,2,1700000001\nv,1,1700000002\nv,3,1700000002\n");
  const Proposal proposal = propose(profile_folder(data_.path()), "");
  EXPECT_THAT(proposal.toml, HasSubstr(R"(fields.file = { kind = "image", path = "img/{file}" })"));
}

TEST_F(Init, StrangeNamesMakeAProjectFileThatIsRead) {
  write("odd \"name\".csv",
        "user id,item id,why so\n\\odd,1,\"a\nlong text \"\"with\"\" everything, in 2 lines\"\nv,2,one more "
        "rather long text that is here\nv,1,and yet another quite long text here\n");
  const Ran ran = run(data_.path());
  EXPECT_EQ(ran.nodes.at("review"), 3U) << ran.proposal.toml;
}

TEST_F(Init, LargeFilesAreSampled) {
  write("e.csv", "user,item\na,1\nb,2\nc,3\n");
  EXPECT_TRUE(profile_folder(data_.path()).tables.at(0).whole);
  for (const ProfileLimits& limits : {ProfileLimits{.rows = 2}, ProfileLimits{.bytes = 18}}) {
    const FolderProfile profile = profile_folder(data_.path(), limits);
    EXPECT_EQ(profile.tables.at(0).rows, 2U);
    EXPECT_FALSE(profile.tables.at(0).whole);
    EXPECT_THAT(propose(profile, "").toml, HasSubstr("# The first 2 rows were looked at"));
  }
}

std::string rows_of_day(int day) {
  std::string rows = "user_id,sku,at\n";
  for (int i = 0; i < 20; ++i)
    rows += fmt::format("u{},p{},2024-05-{:02} 10:{:02}:00\n", i % 7, (i + day) % 9, day, i);
  return rows;
}

TEST_F(Init, FilesOfDaysAreOneTableByAPattern) {
  for (int day = 1; day <= 20; ++day) write(fmt::format("log-2024-05-{:02}.csv", day), rows_of_day(day));
  write("items.csv", "sku,brand\np1,a\np2,b\np3,a\np4,a\n");
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.proposal.toml, HasSubstr("[edges.log]"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("source = \"log-*.csv\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("16 files were looked at, 4 more were not"));
  EXPECT_EQ(ran.edges.at("log"), 400U);
}

TEST_F(Init, OutputFoldersOfAClusterAreOneTable) {
  for (int day = 1; day <= 3; ++day) {
    for (int part = 0; part < 2; ++part)
      write(fmt::format("events/day=2024-05-{:02}/part-0000{}.csv", day, part), rows_of_day(2 * day + part));
  }
  write("events/_SUCCESS", "");
  write("2024/05/views.csv", "user_id,sku\nu1,p1\nu2,p1\nu1,p2\n");
  write("2024/06/views.csv", "user_id,sku\nu1,p4\nu2,p3\nu2,p2\n");
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.proposal.toml, HasSubstr("source = \"events/**/*.csv\""));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("source = \"*/*/views.csv\""));
  EXPECT_THAT(ran.edges, UnorderedElementsAre(Pair("events", 120), Pair("views", 6)));
}

TEST_F(Init, EncodingsAndDelimitersAreFound) {
  std::string users = "member_id;city;joined\r\n", items = "sku,title\n";
  for (int i = 0; i < 30; ++i) {
    users += fmt::format("m{};{};2023-05-{:02}\r\n", i,
                         i % 3 == 0 ? "K\xF6ln"
                                    : "Orl\xE9"
                                      "ans",
                         1 + i % 28);
    items += fmt::format("p{},\xCA\xE9\xB1\xA4\xB5\xC4\xC9\xCC\xC6\xB7 {}\n", i, i);  // GBK
  }
  write("members.csv", users);
  write("products.csv", items);
  write("log.csv", "member_id|sku\nm1|p1\nm2|p1\nm1|p2\nm3|p4\n");
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 30), Pair("item", 30)));
  EXPECT_THAT(ran.proposal.toml,
              HasSubstr("[sources.\"members.csv\"]\nencoding = \"windows-1252\"\ndelimiter = \";\"\n"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("[sources.\"products.csv\"]\nencoding = \"gbk\"\n"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("[sources.\"log.csv\"]\ndelimiter = \"|\"\n"));
  EXPECT_EQ(ran.edges.at("log"), 4U);
}

TEST_F(Init, KindsOfEventsAreEdgeTypes) {
  std::string rows = "user_id,item_id,event_type,qty,ts\n";
  for (int i = 0; i < 60; ++i)
    rows += fmt::format("u{},p{},{},1,{}\n", i % 9, i % 13,
                        i % 10 == 0  ? "purchase"
                        : i % 3 == 0 ? "add to cart"
                                     : "view",
                        1'700'000'000 + i);
  write("events.csv", rows);
  const Ran ran = run(data_.path());
  EXPECT_THAT(ran.edges,
              UnorderedElementsAre(Pair("purchase", 6), Pair("add_to_cart", 18), Pair("view", 36)));
  EXPECT_EQ(ran.proposal.target, "purchase");
  EXPECT_THAT(ran.proposal.toml, HasSubstr("where = { event_type = \"add to cart\" }"));
  write("events.csv", "user_id,item_id,type\nu1,p1,film\nu2,p1,film\nu2,p2,series\nu1,p2,series\n");
  EXPECT_THAT(propose(profile_folder(data_.path()), "").toml, HasSubstr("[edges.events]"));
}

TEST_F(Init, MarkupIsTidiedAndDeclaredListsAreLists) {
  write("x.item",
        "item_id:token\ttitle:token_seq\tgenre:token_seq\tplace:float_seq\n"
        "1\tTom &amp; Jerry are here\tDrama Comedy\t0.5 0.25\n2\tA second one of them\tDrama\t0.5 1\n");
  write("x.inter", "user_id:token\titem_id:token\nu\t1\nv\t1\nu\t2\n");
  const Ran ran = run(data_.path());
  EXPECT_EQ(ran.nodes.at("genre"), 2U) << ran.proposal.toml;
  EXPECT_EQ(ran.edges.at("item_genre"), 3U);
  EXPECT_THAT(ran.proposal.toml, HasSubstr("columns.title = { tidy = [\"html\"] }"));
  EXPECT_THAT(ran.proposal.toml, HasSubstr("# left out: place: is a list of numbers"));
}

TEST_F(Init, BrokenAndEmptyFilesAreNamed) {
  write("empty.csv", "");
  write("broken.jsonl", "{\n{\n{\n");
  write("binary.csv", std::string_view("\xFF\xFE\x00\x01\n\xFF", 6));
  write("cut.csv.gz", std::string_view("\x1F\x8B\x08\x00", 4));
  const FolderProfile profile = profile_folder(data_.path());
  EXPECT_THAT(profile.tables, IsEmpty());
  EXPECT_EQ(profile.unread.size(), 4U);
  EXPECT_THROW(propose(profile, ""), Error);
  EXPECT_THROW(profile_folder(data_ / "none"), Error);
}

TEST_F(Init, WhatIsPassedOverIsNamed) {
  write("e.csv", "user,item,x,x\na,1,2,3\nb,2,3,4\na,2,5,6\nb,1,3,2\n");
  write("notes.md", "# nothing\n");
  write("closed/f.csv", "user,item\na,1\n");
  fs::permissions(data_.path(), fs::perms(0755));
  fs::permissions(data_ / "closed", fs::perms::none);
  std::string toml;
  {
    const test::Unprivileged unprivileged;
    ASSERT_TRUE(unprivileged.ok());
    toml = propose(profile_folder(data_.path()), "").toml;
  }
  fs::permissions(data_ / "closed", fs::perms::owner_all);
  EXPECT_THAT(toml, HasSubstr("# Not read: closed/: cannot be listed: Permission denied"));
  EXPECT_THAT(toml, HasSubstr("# Not read: notes.md: its name tells no format"));
  EXPECT_THAT(toml, HasSubstr("# left out: x: stands in the header more than once"));
}

TEST_F(Init, AFolderWithoutTablesSaysWhatWasLookedFor) {
  write("notes.md", "# nothing\n");
  try {
    propose(profile_folder(data_.path()), "");
    FAIL() << "proposed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no file with rows in this folder"));
    EXPECT_THAT(error.what(), HasSubstr(".parquet"));
    EXPECT_THAT(error.what(), HasSubstr("notes.md: its name tells no format"));
  }
}

class InitShared : public Init {
 protected:
  fs::path shared(const char* name) const {
    const char* root = std::getenv("WEFT_SHARED_DATA");
    return root == nullptr ? fs::path() : fs::path(root) / name;
  }
};

TEST_F(InitShared, MovieLensRunsAsItIs) {
  const fs::path folder = shared("ml-100k");
  if (folder.empty() || !fs::exists(folder)) GTEST_SKIP() << "no data set";
  const Ran ran = run(folder);
  EXPECT_EQ(ran.nodes.at("user"), 943U);
  EXPECT_EQ(ran.nodes.at("item"), 1682U);
  EXPECT_EQ(ran.nodes.at("plots"), 1682U);
  EXPECT_EQ(ran.nodes.at("posters"), 1471U);
  EXPECT_EQ(ran.nodes.at("class"), 19U);
  EXPECT_EQ(ran.edges.at("rates"), 100'000U);
  EXPECT_EQ(ran.edges.at("item_plots"), 1682U);
  EXPECT_EQ(ran.edges.at("item_posters"), 1471U);
  EXPECT_EQ(ran.report.media_found, 1471U);
  EXPECT_EQ(ran.proposal.target, "rates");
}

TEST_F(InitShared, MusicalInstrumentsRunAsTheyAre) {
  const fs::path folder = shared("musical-instruments");
  if (folder.empty() || !fs::exists(folder)) GTEST_SKIP() << "no data set";
  const Ran ran = run(folder);
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 1429), Pair("item", 900), Pair("review", 10'261)));
  EXPECT_THAT(ran.edges,
              UnorderedElementsAre(Pair("rates", 10'261), Pair("wrote", 10'261), Pair("about", 10'261)));
}

TEST_F(InitShared, LastFmRunsAsItIs) {
  const fs::path folder = shared("lastfm");
  if (folder.empty() || !fs::exists(folder)) GTEST_SKIP() << "no data set";
  const Ran ran = run(folder);
  EXPECT_THAT(ran.nodes, UnorderedElementsAre(Pair("user", 1892), Pair("artist", 17'632)));
  std::uint64_t edges = 0;
  for (const auto& [name, count] : ran.edges) edges += count;
  EXPECT_EQ(edges, 92'834U + 25'434U);
}

}  // namespace
}  // namespace weft::init
