#include "storage/source_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "storage/project.h"
#include "tests/storage/shop.h"
#include "tests/support/unprivileged.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SourceFilesTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text = "id\n1\n") {
    std::filesystem::create_directories((folder_ / name).parent_path());
    real_files().write_whole(folder_ / name, text);
  }
  Project read(const std::string& toml, Sources sources = Sources::kMustExist) const {
    return read_project(TomlFile::parse(toml, "p.toml"), folder_ / "p.toml", sources);
  }
  std::vector<std::string> names(const std::string& toml) const {
    std::vector<std::string> out;
    for (const SourceFile& file : read(toml).sources) out.push_back(file.name);
    return out;
  }
  std::string message(const std::string& toml) const {
    try {
      read(toml);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "accepted";
  }
  test::TempFolder folder_;
};

TEST_F(SourceFilesTest, PatternsFindFilesInTheOrderOfTheirBytes) {
  for (const char* name : {"b.csv", "a.csv", "a10.csv", "a9.csv", "B.csv", ".hidden.csv", "x/a.csv",
                           "x/y/a.csv", "x/y/.git/a.csv", "z.jsonl"})
    write(name);
  const auto& root = folder_.path();
  EXPECT_THAT(matching_files(root, "*.csv"), ElementsAre("B.csv", "a.csv", "a10.csv", "a9.csv", "b.csv"));
  EXPECT_THAT(matching_files(root, "a?.csv"), ElementsAre("a9.csv"));
  EXPECT_THAT(matching_files(root, "[ab].csv"), ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(matching_files(root, "**/a.csv"), ElementsAre("a.csv", "x/a.csv", "x/y/a.csv"));
  EXPECT_THAT(matching_files(root, "*/*.csv"), ElementsAre("x/a.csv"));
  EXPECT_THAT(matching_files(root, "x/**/*.csv"), ElementsAre("x/a.csv", "x/y/a.csv"));
  EXPECT_THAT(matching_files(root, "x/**"), ElementsAre("x/a.csv", "x/y/a.csv"));
  EXPECT_THAT(matching_files(root, ".hid*"), ElementsAre(".hidden.csv"));
  EXPECT_THAT(matching_files(root, "no/*.csv"), IsEmpty());
  EXPECT_THAT(matching_files(root, "*.csv", {.files = 1}), ::testing::SizeIs(2));
}

TEST_F(SourceFilesTest, SectionsNameFilesAndSayHowTheyAreRead) {
  for (const char* name : {"log-1.dat", "log-2.dat", "users.csv.zst"}) write(name);
  const Project project = read(R"(
[sources.log]
files = "log-*.dat"
format = "csv"
encoding = "gbk"
delimiter = ";"
header = ["user", "item"]
[sources."users.csv.zst"]
encoding = "latin-1"
[nodes.user]
source = "users.csv.zst"
id = "id"
[nodes.item]
[edges.buys]
source = "log"
from = "user:user"
to = "item:item"
[edges.sees]
source = "log-2.dat"
from = "user:user"
to = "item:item"
)");
  ASSERT_EQ(project.sources.size(), 3U);
  EXPECT_EQ(project.sources[0].compression, Compression::kZstd);
  EXPECT_EQ(project.sources[0].encoding, Encoding::kLatin1);
  EXPECT_EQ(project.sources[0].options, 1U);
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(project.sources[i].name, "log-" + std::to_string(i) + ".dat");
    EXPECT_EQ(project.sources[i].format, SourceFormat::kCsv);
    EXPECT_EQ(project.sources[i].encoding, Encoding::kGbk);
    EXPECT_EQ(project.sources[i].delimiter, ';');
    EXPECT_THAT(project.sources[i].header, ElementsAre("user", "item"));
  }
  EXPECT_THAT(project.edges[0].sources, ElementsAre(1, 2));
  EXPECT_THAT(project.edges[1].sources, ElementsAre(2));
}

TEST_F(SourceFilesTest, APatternInASectionTakesTheOptionsOfTheFilesItFinds) {
  write("a.csv");
  write("b.csv");
  const Project project =
      read("[sources.\"b.csv\"]\nencoding = \"gbk\"\n[nodes.user]\nsource = \"*.csv\"\nid = \"id\"\n");
  ASSERT_EQ(project.sources.size(), 2U);
  EXPECT_EQ(project.sources[0].encoding, Encoding::kUtf8);
  EXPECT_EQ(project.sources[1].encoding, Encoding::kGbk);
}

TEST_F(SourceFilesTest, ANameWithBracketsThatIsThereIsNoPattern) {
  write("a[1].csv");
  write("a1.csv");
  EXPECT_THAT(names("[nodes.user]\nsource = \"a[1].csv\"\nid = \"id\"\n"), ElementsAre("a[1].csv"));
}

TEST_F(SourceFilesTest, MistakesSayWhereAndWhat) {
  write("a.csv");
  write("a.jsonl");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "out.csv");
  const std::string user = "[nodes.user]\nid = \"id\"\nsource = ";
  EXPECT_THAT(message(user + "\"b*.csv\""), HasSubstr("p.toml:3:10: no file fits 'b*.csv'"));
  EXPECT_THAT(message(user + "\"../*.csv\""), HasSubstr("leads out of the data root"));
  EXPECT_THAT(message(user + "\"o*.csv\""), HasSubstr("leads out of the data root"));
  EXPECT_THAT(message(user + "\"*\""), HasSubstr("leads out of the data root"));
  EXPECT_THAT(message(user + "[\"a.csv\", \"*.csv\"]"), HasSubstr("leads out"));
  EXPECT_THAT(message(user + "[\"a.csv\", \"a*.csv\"]"), HasSubstr("names a file twice"));
  const auto with = [&](const std::string& sources) { return message(sources + user + "\"a.csv\""); };
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\nencodin = \"gbk\"\n"),
              HasSubstr("did you mean 'encoding'?"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\nencoding = \"gkb\"\n"), HasSubstr("did you mean 'gbk'?"));
  EXPECT_THAT(with("[sources.x]\n"), HasSubstr("cannot tell the format of 'x'"));
  EXPECT_THAT(with("[sources.x]\nfiles = []\n"), HasSubstr("is empty"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\n[sources.y]\nfiles = \"*.csv\"\n"),
              HasSubstr("leads out"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\n[sources.y]\nfiles = \"a?csv\"\n"),
              HasSubstr("'a.csv' is also in [sources.x]"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\ndelimiter = \"::\"\n"), HasSubstr("one ASCII character"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\nformat = \"parquet\"\ngrowing = true\n"),
              HasSubstr("cannot grow"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.jsonl\"\ndelimiter = \";\"\n"), HasSubstr("no delimited text"));
  EXPECT_THAT(with("[sources.x]\nfiles = \"a.csv\"\nheader = [\"a\", \"a\"]\n"), HasSubstr("'a' twice"));
}

TEST_F(SourceFilesTest, WhatCannotBeLookedThroughIsAnError) {
  write("a/b/x.csv");
  write("a/c/x.csv");
  const auto folder = std::filesystem::canonical(folder_.path());
  const auto fails = [&](const std::string& source) {
    return message("[nodes.user]\nid = \"id\"\nsource = \"" + source + "\"\n");
  };
  const auto pattern_fails = [&](const char* pattern, const PatternLimits& limits = {}) {
    try {
      matching_files(folder, pattern, limits);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(pattern_fails("**/*.csv", {.entries = 10}), "accepted");
  EXPECT_THAT(pattern_fails("**/*.csv", {.entries = 9}), HasSubstr("more than 9 files and folders"));
  EXPECT_THAT(fails(std::string(300, 'n') + ".csv"), HasSubstr("File name too long"));
  std::filesystem::create_directory_symlink("loop", folder_ / "loop");
  EXPECT_THAT(matching_files(folder, "*/*/x.csv"), ElementsAre("a/b/x.csv", "a/c/x.csv"));
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(folder_ / "a/c", std::filesystem::perms::none);
  {
    const test::Unprivileged unprivileged;
    ASSERT_TRUE(unprivileged.ok());
    for (const char* pattern : {"a/c/*.csv", "**/*.csv", "a/*/x.csv", "a/*/*.csv", "a/c/x.cs[v]"}) {
      EXPECT_THAT(pattern_fails(pattern), ::testing::AllOf(HasSubstr((folder / "a/c").string()),
                                                           HasSubstr("Permission denied"), HasSubstr("hint")))
          << pattern;
    }
    EXPECT_THAT(fails("a/c/x.csv"), HasSubstr("Permission denied"));
    EXPECT_THAT(matching_files(folder, "a/b*/*.csv"), ElementsAre("a/b/x.csv"));
  }
  std::filesystem::permissions(folder_ / "a/c", std::filesystem::perms::owner_all);
}

// Patterns, folders of Parquet files, sections and whole data roots that are gone.
TEST_F(SourceFilesTest, NothingIsLookedForWhereTheSourcesAreNotNeeded) {
  const std::string text = R"([project]
data_root = "gone"
[sources.log]
files = ["log-*.dat", "more"]
format = "csv"
[sources.parts]
files = "parts"
[nodes.user]
source = ["users", "users/*.csv", "a.csv", "parts"]
id = "id"
[nodes.item]
[edges.buys]
source = "log"
from = "user:a"
to = "item:b"
)";
  const Project project = read(text, Sources::kMayBeMissing);
  EXPECT_EQ(project.schema.graph.edge_types().size(), 1U);
  std::vector<std::string> names;
  for (const SourceFile& file : project.sources) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("a.csv", "more"));
  EXPECT_THROW(read(text), Error);
  EXPECT_THROW(read("[nodes.user]\nid = \"id\"\nsource = \"../*.csv\"\n", Sources::kMayBeMissing), Error);
}

TEST_F(SourceFilesTest, APatternWithoutFilesIsFineWhereTheyAreNotNeeded) {
  const Project project =
      read("[nodes.user]\nid = \"id\"\nsource = \"logs/*.csv\"\n", Sources::kMayBeMissing);
  EXPECT_TRUE(project.sources.empty());
  EXPECT_EQ(project.schema.from_event, std::vector<std::uint8_t>{0});
}

TEST(SourceFiles, TheMeaningOfAFileFollowsItsOptions) {
  const Shop shop;
  const std::uint64_t before = shop.project().fingerprint(0);
  EXPECT_NE(shop.project({"sources.u={files=\"users.csv\",encoding=\"gbk\"}"}).fingerprint(0), before);
  EXPECT_NE(shop.project({"sources.u={files=\"users.csv\",delimiter=\";\"}"}).fingerprint(0), before);
  EXPECT_NE(shop.project({"sources.u={files=\"users.csv\",header=[\"user_id\"]}"}).fingerprint(0), before);
  EXPECT_NE(shop.project({"sources.u={files=\"users.csv\",format=\"tsv\"}"}).fingerprint(0), before);
  for (const char* same :
       {"", ",encoding=\"utf-8\"", ",delimiter=\",\"", ",format=\"csv\"", ",growing=true"}) {
    EXPECT_EQ(shop.project({std::string("sources.u={files=\"users.csv\"") + same + "}"}).fingerprint(0),
              before)
        << same;
  }
}

// Stores made before [sources.*] was there have this fingerprint in their ledgers.
TEST_F(SourceFilesTest, AFileReadAsEverKeepsItsFingerprint) {
  write("users.csv");
  write("log.tsv");
  const Project project = read(R"(
[nodes.user]
source = "users.csv"
id = "id"
fields.age = { kind = "number" }
[nodes.item]
[edges.buys]
source = "log.tsv"
from = "user:who"
to = "item:what"
time = { column = "ts", unit = "s" }
[clean]
missing = ["n/a"]
)");
  EXPECT_EQ(project.fingerprint(0),
            hash64("3:n/a;4:node;4:user;2:id;7:untimed;3:age;6:number;3:age;0:;5:field;"));
  EXPECT_EQ(project.fingerprint(0), std::uint64_t{7010373788682323894});
  EXPECT_EQ(project.fingerprint(1),
            hash64("3:n/a;4:edge;4:buys;4:user;3:who;4:item;4:what;2:ts;1:s;4:none;0:;4:drop;"));
  EXPECT_EQ(project.fingerprint(1), std::uint64_t{5792284886957437503});
}

// Chinese as GBK below a header in ASCII: every row is bad, and the message says what to do.
TEST(SourceFiles, RowsInAnotherEncodingHintAtIt) {
  Shop shop;
  shop.write("users.csv", "user_id,signup,age,city\nann,100,31,\xC9\xCF\xBA\xA3\nbob,100,31,\xB1\xB1\n");
  for (const std::uint64_t bulk_from : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    const Project project = shop.project({"clean.max_bad_rows=0.05"});
    GraphStore store = shop.open(project);
    try {
      ingest(project, store, {.bulk_from_bytes = bulk_from});
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("2 invalid UTF-8"));
      EXPECT_THAT(error.what(), HasSubstr("[sources.\"users.csv\"] encoding = \"gbk\""));
    }
  }
}

// New files of a pattern are new sources: the ids of what was there stay.
TEST(SourceFiles, NewFilesOfAPatternAreTakenByTheNextIngest) {
  Shop shop;
  shop.write("day/2.csv", "user,item,action,time\nann,1,buy,1000\n");
  const std::vector<std::string> sets = {"edges.buys.source=\"day/*\"", "edges.views.source=\"day/*\""};
  EXPECT_EQ(shop.ingest(sets).new_edges[0], 1U);
  shop.write("day/1.csv", "user,item,action,time\nnew,7,buy,1000\n");
  shop.write("day/3.csv.gz", "");
  const IngestReport report = shop.ingest(sets);
  EXPECT_EQ(report.new_edges[0], 1U);
  EXPECT_EQ(report.new_nodes[0], 1U);
  const Project project = shop.project(sets);
  const GraphStore store = shop.open(project);
  const std::vector<LedgerEntry> ledger = store.ledger();
  ASSERT_EQ(ledger.size(), 7U);
  EXPECT_EQ(ledger[3].name, "day/2.csv");
  EXPECT_EQ(ledger[5].name, "day/1.csv");
  EXPECT_EQ(ledger[6].name, "day/3.csv.gz");
  EXPECT_EQ(store.find_node(0, "ann"), graph::NodeId{0});
}

}  // namespace
}  // namespace weft::storage
