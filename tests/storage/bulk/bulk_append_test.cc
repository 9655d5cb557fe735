// Bulk loads into a store that holds data, against batches of the same files: the same entries in every
// column family, the same snapshot, the same report, however bulk loads and batches follow each other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/fault_files.h"
#include "storage/change_log.h"
#include "storage/forget.h"
#include "storage/fresh_graph.h"
#include "storage/ingest.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/bulk/random_shop.h"
#include "tests/storage/bulk/store_entries.h"
#include "tests/storage/bulk/two_paths.h"
#include "tests/storage/small_store.h"
#include "tests/storage/sources/parquet_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const IngestOptions kInBatches{.batch_rows = 700, .bulk_from_bytes = ~std::uint64_t{0}};

struct Side {
  const Project& project;
  GraphStore& store;
};

// What is new in the files goes into both: into `mixed` in bulk, with some memory and threads, or in batches;
// into the oracle in batches.
IngestReport expect_same_round(std::mt19937_64& random, const Side& mixed, const Side& oracle,
                               bool takes_bulk) {
  const std::size_t memory = random() % 2 == 0 ? std::size_t{1} << 10 : std::size_t{64} << 20;
  const IngestReport report =
      ingest(mixed.project, mixed.store, takes_bulk ? in_bulk(memory, 1 + random() % 3) : kInBatches);
  EXPECT_EQ(report.bulk, takes_bulk) << report.path_reason;
  expect_same_report(report, ingest(oracle.project, oracle.store, kInBatches));
  expect_same_entries(mixed.store, oracle.store);
  EXPECT_THAT(verify_store(mixed.store).problems, ElementsAre());
  return report;
}

// A shop whose files grow, and which gets new ones in between.
class GrowingShop : public RandomShop {
 public:
  GrowingShop(std::uint64_t seed, int rows) : RandomShop(seed, rows), random_(seed), rows_(rows) {
    std::string text = kShopToml;
    const auto replace = [&](const std::string& what, const std::string& by) {
      for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    };
    replace("\"users.csv\"", "[\"users.csv\", \"people*.csv\"]");
    replace("\"events.csv\"", "\"events*.csv\"");
    if (seed % 3 == 1) replace("fields.age", "conflicts = \"recency\"\nfields.age");
    if (seed % 3 == 2) replace("fields.age", "conflicts = \"priority\"\nfields.age");
    write("shop.toml", text);
    write("people.csv", "user_id,signup,age,city\nu1,10,20,Bonn\n");
  }

  void grow() {
    ++round_;
    std::string events, late = "user,item,action,time\n", people;
    for (int i = 0; i < rows_; ++i) {
      const bool later = below(3) != 0;
      std::string row = fmt::format("u{},{},{},{}\n", below(rows_ / 6 + 50 * round_), below(rows_ / 12 + 9),
                                    below(3) == 0 ? "view" : "buy",
                                    later ? 100'000 * (round_ + 1) + below(1000) : below(100'000));
      if (!old_.empty() && below(5) == 0) row = old_[random_() % old_.size()];
      old_.push_back(row);
      (below(2) == 0 ? events : late) += row;
    }
    append("events.csv", events);
    write(fmt::format("events{}.csv", round_), late);
    for (int i = 0; i < rows_ / 10; ++i)
      people +=
          fmt::format("u{},{},{},{}\n", below(rows_ / 4), below(2) == 0 ? "" : std::to_string(below(3000)),
                      below(5) == 0 ? "" : std::to_string(below(90)), below(2) == 0 ? "Rome" : "Oslo");
    write(fmt::format("people{}.csv", round_), "user_id,signup,age,city\n" + people);
    append("users.csv", people);
    // The row that was cut short is whole now, or bad for good; and the next one is cut short again.
    std::string items = below(2) == 0 ? "p\"}\n" : "\n";
    for (int i = 0; i < rows_ / 10; ++i) {
      items += fmt::format("{{\"item_id\": {}, \"title\": \"item {}\"", below(rows_ / 8), below(1000));
      if (below(2) == 0) items += fmt::format(", \"brand\": \"b{}\"", below(8));
      if (below(2) == 0) items += fmt::format(", \"tags\": [\"t{}\", \"t{}\"]", below(9), below(9));
      if (below(3) == 0) items += fmt::format(", \"photo\": \"{}.jpg\"", below(6));
      items += "}\n";
    }
    append("items.jsonl", items + (below(2) == 0 ? "{\"item_id\": 5, \"title\": \"Lam" : ""));
    std::string reviews;
    for (int i = 0; i < rows_ / 10; ++i) {
      reviews += fmt::format("{{\"user\": \"u{}\", \"item\": {}, \"stars\": {}, \"body\": \"text {}\"}}\n",
                             below(rows_), below(rows_ / 4), below(5), below(3));
    }
    append("reviews.jsonl", reviews);
    if (below(2) == 0) append("follows.tsv", fmt::format("u{}\tu{}\nu2\tu3\n", below(60), below(60)));
    if (round_ == 1) write("images/2.jpg", "\xFF\xD8\xFF picture 2 \xFF\xD9");
  }

 private:
  int below(int count) { return static_cast<int>(random_() % static_cast<std::uint64_t>(count)); }

  std::mt19937_64 random_;
  int rows_, round_ = 0;
  std::vector<std::string> old_;
};

TEST(BulkAppend, RoundsOfBulkAndBatchesAsInBatchesAlone) {
  std::uint64_t bulk_loads = 0, repeats = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    GrowingShop shop(seed, 1500);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 4; ++round) {
      SCOPED_TRACE(fmt::format("seed {}, round {}", seed, round));
      const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
      GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
      const IngestReport report =
          expect_same_round(random, {mixed, bulk}, {oracle, batches}, random() % 3 != 0);
      EXPECT_EQ(export_snapshot(bulk, mixed.workspace, mixed.data_root).info.checksum,
                export_snapshot(batches, oracle.workspace, oracle.data_root).info.checksum);
      bulk_loads += round > 0 && report.bulk ? 1 : 0;
      repeats += round > 0 && report.bulk ? report.duplicates : 0;
      if (HasFailure()) return;
      shop.grow();
    }
  }
  EXPECT_GT(bulk_loads, 7U);
  EXPECT_GT(repeats, 500U);
}

constexpr const char* kLikes = R"([nodes.user]
source = "users.csv"
id = "user"
fields.age = { kind = "number" }
[nodes.video]
[nodes.note]
source = "notes.csv"
fields.text = { kind = "text" }
[edges.likes]
source = "likes*.csv"
from = "user:user"
to = "video:video"
time = { column = "ts", unit = "s" }
weight = "stars"
delete = { column = "op", values = "d" }
[edges.knows]
source = "knows*.csv"
from = "user:user"
to = "user:video"
symmetric = true
time = { column = "ts", unit = "s" }
delete = { column = "op", values = "d", takes = "same" }
[edges.noted]
source = "notes.csv"
from = "user:user"
to = "note"
)";

TEST(BulkAppend, DeletionsOfTheLoadAndOfTheStoreAsInBatches) {
  std::vector<std::uint64_t> deleted(2, 0);
  std::uint64_t bulk_loads = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Shop shop;
    shop.write("shop.toml", kLikes);
    shop.write("users.csv", "user,age\nu1,3\n");
    shop.write("notes.csv", "user,text\nu1,hello\n");
    std::mt19937_64 random(seed);
    const auto below = [&](int many) {
      return static_cast<int>(random() % static_cast<std::uint64_t>(many));
    };
    std::vector<std::string> rows;
    for (int round = 0; round < 5; ++round) {
      SCOPED_TRACE(fmt::format("seed {}, round {}", seed, round));
      for (const char* file : {"likes", "knows"}) {
        std::string text = "user,video,ts,stars,op\n";
        for (int i = 0; i < 800; ++i) {
          // Few pairs, so that most deletions find something, before them or behind.
          std::string row = fmt::format("u{},u{},{},{},{}\n", below(20 + 5 * round), below(12),
                                        below(10) == 0 ? 1000 * round + below(40) : below(40), 1 + below(3),
                                        below(round % 2 == 0 ? 9 : 3) == 0 ? "d" : "");
          if (!rows.empty() && below(5) == 0) row = rows[random() % rows.size()];
          rows.push_back(row);
          text += row;
        }
        shop.write(fmt::format("{}{}.csv", file, round), text);
      }
      shop.append("users.csv", fmt::format("u{},{}\n", below(30), below(90)));
      shop.append("notes.csv", fmt::format("u{},text {}\n", below(30), round));
      const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
      GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
      const IngestReport report =
          expect_same_round(random, {mixed, bulk}, {oracle, batches}, random() % 4 != 0);
      if (HasFailure()) return;
      if (round == 0 || !report.bulk) continue;
      ++bulk_loads;
      for (std::size_t type = 0; type < 2; ++type) deleted[type] += report.deleted_edges[type];
    }
  }
  EXPECT_GT(bulk_loads, 10U);
  EXPECT_GT(deleted[0], 1000U);
  EXPECT_GT(deleted[1], 1000U);
}

// An edge of the store whose row made a node, which the project as it is now does not know of: its node loses
// its edges with it, and that is for batches.
TEST(BulkAppend, ADeletionThatTakesTheEdgesOfANodeGoesInBatches) {
  Shop shop;
  std::string first = kLikes;
  const auto replace = [&](const std::string& what, const std::string& by) {
    first.replace(first.find(what), what.size(), by);
  };
  replace("source = \"notes.csv\"\nfields", "source = \"likes0.csv\"\nfields");
  replace("source = \"likes*.csv\"", "source = \"likes0.csv\"");
  replace("delete = { column = \"op\", values = \"d\" }\n", "");
  replace("source = \"notes.csv\"\nfrom", "source = \"likes0.csv\"\nfrom");
  shop.write("shop.toml", first);
  shop.write("users.csv", "user,age\nu1,3\n");
  shop.write("likes0.csv", "user,video,ts,stars,op,text\nu1,v1,5,1,,fine\nu2,v1,5,1,,good\n");
  shop.write("knows0.csv", "user,video,ts,stars,op\nu1,u2,5,1,\n");
  for (const char* name : {"mixed", "oracle"}) {
    const Project project = shop.in(name);
    GraphStore store = shop.open(project);
    ingest(project, store, kInBatches);
  }
  std::string second = kLikes;
  second.replace(second.find("likes*.csv"), 10, "likes1.csv");
  shop.write("shop.toml", second);
  shop.write("notes.csv", "user,text\nu1,hello\n");
  shop.write("likes1.csv", "user,video,ts,stars,op\nu1,v1,9,1,d\nu3,v1,9,1,\n");
  const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
  GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
  const IngestReport report = ingest(mixed, bulk, in_bulk(1 << 12));
  EXPECT_FALSE(report.bulk);
  EXPECT_THAT(report.path_reason, HasSubstr("made nodes"));
  EXPECT_EQ(report.deleted_edges[0], 1U);
  expect_same_report(report, ingest(oracle, batches, kInBatches));
  expect_same_entries(bulk, batches);
}

// A picture that was not there when a row was first read: only the row's repeat names it before others do,
// and a repeat says nothing.
TEST(BulkAppend, WhatARepeatAloneNamesTakesNoIdBeforeOthers) {
  Shop shop;
  shop.write("shop.toml", R"([nodes.user]
[nodes.item]
source = "rows*.csv"
id = "item"
fields.photo = { kind = "image", path = "{photo}", as_node = true }
[edges.buys]
source = "rows*.csv"
from = "user:user"
to = "item:item"
time = { column = "ts", unit = "s" }
[clean]
max_bad_media = 1
)");
  shop.write("rows0.csv", "user,item,photo,ts\na,1,p.jpg,5\n");
  for (const char* name : {"mixed", "oracle"}) {
    const Project project = shop.in(name);
    GraphStore store = shop.open(project);
    EXPECT_EQ(ingest(project, store, kInBatches).media_missing, 1U);
  }
  for (const char* picture : {"p.jpg", "q.jpg"})
    shop.write(picture, fmt::format("\xFF\xD8\xFF {} \xFF\xD9", picture));
  shop.write("rows1.csv", "user,item,photo,ts\na,1,p.jpg,5\nb,2,q.jpg,6\nc,3,p.jpg,7\nd,4,q.jpg,8\n");
  const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
  GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
  const IngestReport report = ingest(mixed, bulk, in_bulk(1 << 12));
  EXPECT_TRUE(report.bulk) << report.path_reason;
  EXPECT_EQ(report.duplicates, 1U);
  expect_same_report(report, ingest(oracle, batches, kInBatches));
  expect_same_entries(bulk, batches);
  EXPECT_THAT(verify_store(bulk).problems, ElementsAre());
}

TEST(BulkAppend, WhatWasForgottenStaysOut) {
  GrowingShop shop(7, 600);
  for (const char* workspace : {"mixed", "oracle"}) {
    const Project project = shop.in(workspace);
    GraphStore store = shop.open(project);
    ingest(project, store, kInBatches);
    for (const char* user : {"u1", "u2", "u3"}) forget_node(store, 0, user);
    finish_forgetting(store, project.workspace);
  }
  shop.grow();
  const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
  GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
  const IngestReport report = ingest(mixed, bulk, in_bulk(1 << 10));
  EXPECT_TRUE(report.bulk) << report.path_reason;
  const IngestReport wanted = ingest(oracle, batches, kInBatches);
  EXPECT_GT(wanted.forgotten, 10U);
  EXPECT_EQ(report.forgotten, wanted.forgotten);
  expect_same_report(report, wanted);
  EXPECT_TRUE(dump(bulk) == dump(batches));
  EXPECT_THAT(verify_store(bulk).problems, ElementsAre());
}

TEST(BulkAppend, TheLogOfChangesEndsAndTheNextSnapshotIsWhole) {
  GrowingShop shop(4, 800);
  const Project project = shop.in("mixed");
  {
    GraphStore store = shop.open(project);
    ingest(project, store, kInBatches);
    const FreshOptions fresh{.how = Freshen::kDelta};
    freshen(store, project.workspace, project.data_root, fresh);
    ASSERT_TRUE(change_log(store));
    shop.write("people_b.csv", "user_id,signup,age,city\nnobody,10,20,Bonn\n");
    const Project more = shop.in("mixed");
    ingest(more, store, kInBatches);
    EXPECT_FALSE(freshen(store, more.workspace, more.data_root, fresh).delta.empty());
    EXPECT_TRUE(PrefixScan(store.impl(), kMeta, "change/").valid());
  }
  shop.grow();
  const Project grown = shop.in("mixed");
  GraphStore store = shop.open(grown);
  EXPECT_TRUE(ingest(grown, store, in_bulk(1 << 20)).bulk);
  EXPECT_FALSE(change_log(store));
  EXPECT_FALSE(PrefixScan(store.impl(), kMeta, "change").valid());
  const FreshGraph fresh = freshen(store, grown.workspace, grown.data_root, {.how = Freshen::kDelta});
  EXPECT_TRUE(fresh.wrote_snapshot);
  EXPECT_TRUE(fresh.delta.empty());
  EXPECT_EQ(fresh.sequence, store.info().sequence);
  EXPECT_THAT(verify_store(store).problems, ElementsAre());
}

TEST(BulkAppend, AParquetFileJoins) {
  GrowingShop shop(5, 600);
  for (const char* workspace : {"mixed", "oracle"}) {
    const Project project = shop.in(workspace);
    GraphStore store = shop.open(project);
    ingest(project, store, kInBatches);
  }
  write_parquet(shop.folder() / "events.parquet",
                {{"user", arrow::utf8(), "[\"u1\", \"new\", \"u2\"]"},
                 {"item", arrow::utf8(), "[\"1\", \"2\", null]"},
                 {"action", arrow::utf8(), "[\"buy\", \"view\", \"buy\"]"},
                 {"time", arrow::int64(), "[1, 999999, 3]"}},
                100);
  std::string text = real_files().read_whole(shop.folder() / "shop.toml");
  for (std::size_t at = 0; (at = text.find("\"events*.csv\"", at)) != std::string::npos; at += 30)
    text.replace(at, 13, "[\"events*.csv\", \"events.parquet\"]");
  shop.write("shop.toml", text);
  const Project mixed = shop.in("mixed"), oracle = shop.in("oracle");
  GraphStore bulk = shop.open(mixed), batches = shop.open(oracle);
  const IngestReport report = ingest(mixed, bulk, in_bulk(1 << 10));
  EXPECT_TRUE(report.bulk) << report.path_reason;
  EXPECT_GE(report.rows, 3U);
  expect_same_report(report, ingest(oracle, batches, kInBatches));
  expect_same_entries(bulk, batches);
}

TEST(BulkAppend, AChangedFileOrTooManyBadRowsLeaveTheStoreAsItWas) {
  for (const bool changed : {false, true}) {
    GrowingShop shop(6, 600);
    {
      const Project project = shop.in("mixed");
      GraphStore store = shop.open(project);
      ingest(project, store, kInBatches);
    }
    shop.grow();
    if (changed) {
      std::string users = real_files().read_whole(shop.folder() / "users.csv");
      users[users.find('\n') + 2] ^= 1;
      shop.write("users.csv", users);
    } else {
      shop.write("events9.csv", "user,item,action,time\nu1,1,buy,never\nu2,1,buy,never\n");
    }
    const Project project = shop.in("mixed");
    GraphStore store = shop.open(project);
    const std::vector<std::string> before = entries_of(store);
    const std::string in_batches = test::error_of([&] { ingest(project, store, kInBatches); });
    EXPECT_TRUE(entries_of(store) == before);
    EXPECT_EQ(test::error_of([&] { ingest(project, store, in_bulk(1 << 12)); }), in_batches);
    EXPECT_THAT(in_batches, HasSubstr(changed ? "has changed" : "events9.csv"));
    EXPECT_TRUE(entries_of(store) == before);
    EXPECT_FALSE(std::filesystem::exists(project.workspace.bulk()));
  }
}

}  // namespace
}  // namespace weft::storage
