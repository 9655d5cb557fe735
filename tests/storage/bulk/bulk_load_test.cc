// The bulk path against the path in batches, which is its oracle: the same keys and values, the same
// snapshot.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/fault_files.h"
#include "storage/bulk/rows_turned.h"
#include "storage/ingest.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/graph/random_graph.h"
#include "tests/storage/bulk/random_shop.h"
#include "tests/storage/bulk/two_paths.h"
#include "tests/storage/small_store.h"
#include "tests/storage/sources/parquet_file.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const IngestOptions kInBatches{.bulk_from_bytes = ~std::uint64_t{0}};

struct Outcome {
  IngestReport report = {};
  std::string dump = {};
  std::string ledger = {};
  std::string quarantine = {};
  std::uint64_t checksum = 0;  // of the snapshot
  bool beside = false;         // the bulk load wrote the snapshot itself
  std::string error = {};
};

Outcome outcome_of(const Shop& shop, const IngestOptions& options) {
  std::filesystem::remove_all(shop.folder() / "shop.weft");
  const Project project = shop.project();
  GraphStore store = shop.open(project);
  Outcome out;
  try {
    out.report = ingest(project, store, options);
  } catch (const Error& error) {
    out.error = error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(project.workspace.bulk()));
  EXPECT_THAT(verify_store(store).problems, ElementsAre());
  out.dump = dump(store);
  for (const LedgerEntry& entry : store.ledger())
    out.ledger += fmt::format("{} {} {} {:x} {} {} {} {:x}\n", entry.source, entry.name, entry.bytes,
                              entry.prefix_hash, entry.lines, entry.rows, entry.bad_rows, entry.fingerprint);
  if (!out.error.empty()) return out;
  out.quarantine = real_files().read_whole(project.workspace.quarantine_file());
  const ExportedSnapshot exported = export_snapshot(store, project.workspace, project.data_root);
  out.checksum = exported.info.checksum;
  out.beside = exported.reused;
  // Whoever wrote it, it is what a scan of the store gives, manifest and all.
  const std::filesystem::path scanned = shop.folder() / "shop.weft/scanned";
  scan_into_snapshot(store, scanned, project.data_root.string(), {});
  const auto written = graph::folder_content(exported.folder);
  EXPECT_TRUE(written == graph::folder_content(scanned));
  EXPECT_NO_THROW(graph::Snapshot::open(exported.folder, graph::Verify::kChecksums));
  return out;
}

void expect_same(const Outcome& bulk, const Outcome& batches) {
  EXPECT_EQ(bulk.error, batches.error);
  EXPECT_TRUE(bulk.dump == batches.dump);  // too long to print
  EXPECT_EQ(bulk.ledger, batches.ledger);
  EXPECT_EQ(bulk.quarantine, batches.quarantine);
  EXPECT_EQ(bulk.checksum, batches.checksum);
  EXPECT_EQ(bulk.beside, bulk.report.bulk);
  expect_same_report(bulk.report, batches.report);
}

TEST(BulkIngest, TheShopAsInBatches) {
  const Shop shop;
  const Outcome batches = outcome_of(shop, kInBatches);
  const Outcome bulk = outcome_of(shop, in_bulk(1 << 20));
  EXPECT_TRUE(bulk.report.bulk);
  EXPECT_FALSE(batches.report.bulk);
  expect_same(bulk, batches);
}

TEST(BulkIngest, RandomShopsWithDirtAsInBatchesWhateverThreadsAndMemory) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const RandomShop shop(seed, 4000);
    const Outcome batches = outcome_of(shop, kInBatches);
    ASSERT_EQ(batches.error, "");
    expect_same(outcome_of(shop, in_bulk(std::size_t{256} << 20, 1)), batches);
    expect_same(outcome_of(shop, in_bulk(1 << 10, 1 + seed % 3)), batches);
  }
}

// The shop's project file with rules of every kind.
std::string with_rules() {
  std::string text = kShopToml;
  const std::string timed = R"(time = { column = "time", unit = "s" })";
  for (std::size_t at = text.find(timed); at != std::string::npos; at = text.find(timed, at))
    text.replace(at, timed.size(), R"(time = { column = "time" })");
  return text + R"(
[sources."events.csv".columns]
user = { ids = { u1 = "ann", u2 = "ann" }, prefix = "events:" }
action = { values = { look = "view" }, allowed = ["buy", "view"], on_bad = "drop" }
time = { time = { unit = "s" }, range = ["1970-01-01", "1970-01-02"] }
[nodes.user.columns]
age = { range = [1, 80], on_bad = "missing", default = 33 }
city = { tidy = ["html", "space"], missing = ["Rome"] }
[nodes.item.columns]
tags = { values = { t1 = "t0" }, allowed = ["t0", "t2", "t3", "t4"], on_bad = "missing" }
"offer.price" = { factor = 3 }
[edges.rates.columns]
stars = { scale = { from = [0, 4], to = [1, 5] } }
)";
}

TEST(BulkIngest, RulesForColumnsActAsInBatches) {
  for (std::uint64_t seed = 11; seed <= 13; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomShop shop(seed, 2000);
    shop.write("shop.toml", with_rules());
    const Outcome batches = outcome_of(shop, kInBatches);
    ASSERT_EQ(batches.error, "");
    ASSERT_EQ(batches.report.cleaned.rules.size(), 8U);
    for (std::size_t rule = 0; rule < 8; ++rule) {
      const StepCounts& steps = batches.report.cleaned.rules[rule];
      EXPECT_GT(std::accumulate(steps.begin(), steps.end(), std::uint64_t{0}), 0U) << "rule " << rule;
    }
    EXPECT_GT(batches.report.cleaned.dropped_rows, 0U);
    EXPECT_EQ(batches.report.rows, batches.report.events + batches.report.filtered +
                                       batches.report.quarantined_rows + batches.report.cleaned.dropped_rows);
    expect_same(outcome_of(shop, in_bulk(std::size_t{64} << 20, 2)), batches);
    expect_same(outcome_of(shop, in_bulk(1 << 10, 3)), batches);
  }
}

TEST(BulkIngest, AValueThatStopsLeavesTheStoreAsItWas) {
  RandomShop shop(14, 500);
  shop.write("shop.toml",
             std::string(kShopToml) + "[nodes.user.columns]\nage = { range = [0, 90], on_bad = \"stop\" }\n");
  const Outcome batches = outcome_of(shop, kInBatches);
  EXPECT_THAT(batches.error, HasSubstr("column 'age': 'x' is no number; nothing was written"));
  EXPECT_THAT(batches.error, HasSubstr("users.csv:"));
  const Outcome bulk = outcome_of(shop, in_bulk(1 << 10));
  EXPECT_EQ(bulk.error, batches.error);
  EXPECT_EQ(bulk.dump, batches.dump);
}

// Parquet and text in other encodings, among the rest.
class MixedShop : public RandomShop {
 public:
  explicit MixedShop(std::uint64_t seed) : RandomShop(seed, 2000) {
    std::mt19937_64 random(seed);
    std::string users = "user_id,signup,age,city\n";
    std::string user = "[", item = "[", action = "[", time = "[";
    for (int i = 0; i < 900; ++i) {
      const char* city = i % 7 == 0 ? "\xC9\xCF\xBA\xA3" : i % 50 == 0 ? "\xCA" : "Rome";
      users += fmt::format("u{},{},{},{}\n", random() % 500, i % 9 == 0 ? "" : "100", random() % 90, city);
      const char* comma = i > 0 ? "," : "";
      user += fmt::format("{}\"u{}\"", comma, random() % 200);
      item += i % 40 == 0 ? comma + std::string("null") : fmt::format("{}\"{}\"", comma, random() % 90);
      action += fmt::format("{}\"{}\"", comma, random() % 3 == 0 ? "view" : "buy");
      time += fmt::format("{}{}", comma, random() % 1000);
    }
    write("users.csv", users);
    write("shop.toml", std::string("[sources.\"users.csv\"]\nencoding = \"gbk\"\n") + kShopToml);
    write_parquet(folder() / "events.parquet",
                  {{"user", arrow::utf8(), user + "]"},
                   {"item", arrow::utf8(), item + "]"},
                   {"action", arrow::utf8(), action + "]"},
                   {"time", arrow::int64(), time + "]"}},
                  100);
    std::string toml = real_files().read_whole(folder() / "shop.toml");
    for (std::size_t at = 0; (at = toml.find("\"events.csv\"", at)) != std::string::npos; at += 30)
      toml.replace(at, 12, "[\"events.csv\", \"events.parquet\"]");
    write("shop.toml", toml);
  }
};

TEST(BulkIngest, ParquetAndOtherEncodingsAsInBatches) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const MixedShop shop(seed);
    const Outcome batches = outcome_of(shop, kInBatches);
    ASSERT_EQ(batches.error, "");
    EXPECT_GT(batches.report.quarantined.at("invalid GBK"), 0U);
    const Outcome bulk = outcome_of(shop, in_bulk(1 << 10));
    EXPECT_TRUE(bulk.report.bulk);
    expect_same(bulk, batches);
    expect_same(outcome_of(shop, in_bulk(std::size_t{64} << 20)), batches);
  }
}

// A node that its event names is the only one of its name if the event has an edge of its own; a row without
// one that comes again names the same node.
TEST(BulkIngest, NodesOfEventsWithAndWithoutEdges) {
  constexpr const char* kToml = R"([nodes.user]
[nodes.note]
source = "notes.csv"
fields.text = { kind = "text" }
fields.topic = { kind = "category", as_node = true }
[edges.wrote]
source = "notes.csv"
from = "user:user"
to = "note"
where = { kind = ["signed", "answer"] }
[edges.answers]
source = "notes.csv"
from = "note"
to = "user:to"
where = { kind = "answer" }
)";
  std::mt19937_64 random(5);
  std::string rows = "kind,user,to,topic,text\n";
  for (int i = 0; i < 3000; ++i) {
    static constexpr const char* kKinds[] = {"signed", "answer", "none"};
    rows += fmt::format("{},u{},u{},{},text {}\n", kKinds[random() % 3], random() % 8, random() % 8,
                        random() % 3, random() % 9);
  }
  Shop shop;
  shop.write("notes.csv", rows);
  shop.write("shop.toml", kToml);
  const Outcome batches = outcome_of(shop, kInBatches);
  ASSERT_EQ(batches.error, "");
  EXPECT_GT(batches.report.duplicates, 500U);
  EXPECT_GT(batches.report.new_nodes.at(1), 900U);
  expect_same(outcome_of(shop, in_bulk(1 << 10)), batches);
  expect_same(outcome_of(shop, in_bulk(std::size_t{64} << 20)), batches);
}

TEST(BulkIngest, SpilledRunsGiveTheSameBytes) {
  const RandomShop shop(7, 20'000);
  const Outcome whole = outcome_of(shop, in_bulk(std::size_t{1} << 30));
  const Outcome spilled = outcome_of(shop, in_bulk(std::size_t{200} << 10));
  EXPECT_EQ(whole.report.spilled_runs, 0U);
  EXPECT_GE(spilled.report.spilled_runs, 8U * 8U) << "at least 8 runs of at least 8 kinds";
  EXPECT_GT(spilled.report.temporary_bytes, whole.report.temporary_bytes);
  expect_same(spilled, whole);
}

TEST(BulkIngest, AfterItNothingIsNew) {
  const RandomShop shop(8, 800);
  const Outcome once = outcome_of(shop, in_bulk(1 << 20));
  const Project project = shop.project();
  GraphStore store = shop.open(project);
  const IngestReport again = ingest(project, store, in_bulk(1 << 20));
  EXPECT_FALSE(again.bulk);
  EXPECT_EQ(again.events, 0U);
  EXPECT_TRUE(dump(store) == once.dump);
}

TEST(BulkIngest, TheSameStoreTakesEventsAfterwards) {
  RandomShop shop(9, 800);
  outcome_of(shop, in_bulk(1 << 20));
  shop.append("events.csv", "u1,1,buy,5000000\nbrand-new,1,buy,5000000\n");
  const Project project = shop.project();
  GraphStore store = shop.open(project);
  const IngestReport report = ingest(project, store);
  EXPECT_EQ(report.events, 2U);
  EXPECT_EQ(report.new_nodes[0], 1U);
  EXPECT_THAT(verify_store(store).problems, ElementsAre());
}

TEST(BulkIngest, TooManyBadRowsLeaveTheStoreAsItWas) {
  for (const char* set : {"clean.max_bad_rows=0.01", "clean.max_bad_media=0"}) {
    const RandomShop shop(10, 800);
    std::string errors[2];
    for (int i = 0; i < 2; ++i) {
      std::filesystem::remove_all(shop.folder() / "shop.weft");
      const Project project = shop.project({set});
      GraphStore store = shop.open(project);
      const std::string before = dump(store);
      try {
        ingest(project, store, i == 0 ? kInBatches : in_bulk(1 << 16));
      } catch (const Error& error) {
        errors[i] = error.what();
      }
      EXPECT_TRUE(dump(store) == before);
      EXPECT_TRUE(store.ledger().empty());
    }
    EXPECT_THAT(errors[0], HasSubstr("nothing was written"));
    EXPECT_EQ(errors[1], errors[0]);
  }
}

TEST(BulkIngest, ARowPastTheLimitIsReadRowByRow) {
  Shop shop;
  std::string text = "user,item,action,time\nann,1,buy,1000\n";
  text += std::string(std::size_t{40} << 20, 'x') + "\nbob,2,buy,2000\n";
  shop.write("events.csv", text);
  const Outcome batches = outcome_of(shop, kInBatches);
  const Outcome bulk = outcome_of(shop, in_bulk(1 << 20));
  EXPECT_FALSE(bulk.report.bulk);
  expect_same(bulk, batches);
}

// A row that comes twice is one event, even if its picture is found only the second time: the second row is
// left out whole, and the picture with it.
TEST(BulkIngest, ARepeatedRowBringsNoNodeThatTheFirstOneLacked) {
  Shop shop;
  shop.write("shop.toml", R"([nodes.user]
[nodes.item]
source = "log.csv"
id = "item"
fields.photo = { kind = "image", path = "{photo}", as_node = true }
[edges.buys]
source = "log.csv"
from = "user:user"
to = "item:item"
[clean]
max_bad_media = 1
)");
  shop.write("images/9.jpg", "\xFF\xD8\xFF picture 9 \xFF\xD9");
  shop.write(
      "log.csv",
      "user,item,photo\nann,1,images/1.jpg\nann,1,images/1.jpg\nbob,2,images/9.jpg\nbob,2,images/9.jpg\n");
  std::size_t photos_lacking = 0;
  for (std::uint64_t n = 1; n <= 12; ++n) {
    SCOPED_TRACE(n);
    std::filesystem::remove_all(shop.folder() / "shop.weft");
    FaultFiles files(real_files());
    const Project project = shop.project();
    GraphStore store = shop.open(project);
    files.fail_nth(FileOperation::kOpen, n);
    try {
      const IngestReport report = ingest(project, store, in_bulk(1 << 20), no_progress(), files);
      EXPECT_EQ(report.duplicates, 2U);
      EXPECT_EQ(report.media_found + report.media_corrupt, 4U);
      EXPECT_THAT(verify_store(store).problems, ElementsAre());
      const graph::EdgeTypeId has_photo = project.schema.graph.edge_type_named("item_photo");
      const std::uint64_t edges = store.info().edge_counts[has_photo];
      EXPECT_GE(edges, 1U);
      photos_lacking += 2 - edges;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("injected"));
    }
  }
  EXPECT_EQ(photos_lacking, 2U) << "the first rows of both users were each read without their picture once";
}

// There is no such snapshot: the load stands, and the export says why.
TEST(BulkIngest, TooGreatWeightsFailTheSnapshotNotTheLoad) {
  for (const bool incoming : {false, true}) {
    Shop shop;
    shop.write("shop.toml", R"([nodes.user]
[nodes.item]
[edges.buys]
source = "log.csv"
from = "user:user"
to = "item:item"
weight = "weight"
)");
    std::string log = "user,item,weight\n";
    for (int i = 0; i < 4096; ++i)
      log += incoming ? fmt::format("u{},one,4294967296\n", i) : fmt::format("one,i{},4294967296\n", i);
    shop.write("log.csv", log);
    const Project project = shop.project();
    GraphStore store = shop.open(project);
    EXPECT_TRUE(ingest(project, store, in_bulk(1 << 20)).bulk);
    EXPECT_EQ(store.info().edge_counts[0], 4096U);
    EXPECT_TRUE(std::filesystem::is_empty(project.workspace.snapshots()));
    try {
      export_snapshot(store, project.workspace, project.data_root);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.summary(), HasSubstr("'one' add up to too much"));
    }
  }
}

TEST(RowsTurned, EachRowComesBackwardsWhateverTheMemory) {
  test::TempFolder folder;
  Scratch scratch(folder / "tmp", real_files());
  for (const std::size_t memory : {std::size_t{0}, std::size_t{2000}, std::size_t{1} << 20}) {
    RowsTurned rows(scratch, memory);
    std::vector<std::pair<graph::NodeId, graph::NodeId>> wanted, turned;
    const auto take = [&](const graph::StreamedEdge& edge) { turned.emplace_back(edge.from, edge.to); };
    std::mt19937_64 random(3);
    for (graph::NodeId row = 0; row < 60; ++row) {
      const std::size_t length = row % 20 == 7 ? 1000 : random() % 40;
      for (std::size_t i = 0; i < length; ++i) {
        wanted.emplace_back(row, static_cast<graph::NodeId>(i));
        rows.put({.from = row, .to = static_cast<graph::NodeId>(length - 1 - i)}, take);
      }
    }
    rows.finish(take);
    EXPECT_EQ(turned, wanted) << memory;
    EXPECT_TRUE(std::filesystem::is_empty(folder / "tmp"));
  }
  EXPECT_GT(scratch.runs(), 0U);
}

TEST(BulkIngest, AFailedFileOperationLeavesTheStoreAsItWas) {
  const RandomShop shop(11, 3000);
  const Outcome wanted = outcome_of(shop, in_bulk(std::size_t{200} << 10));
  for (const FileOperation operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kClose, FileOperation::kOpen,
        FileOperation::kRead, FileOperation::kSync, FileOperation::kSyncFolder, FileOperation::kRename}) {
    for (const std::uint64_t n : {1U, 7U, 60U}) {
      SCOPED_TRACE(fmt::format("operation {}, time {}", static_cast<int>(operation), n));
      std::filesystem::remove_all(shop.folder() / "shop.weft");
      FaultFiles files(real_files());
      const Project project = shop.project();
      GraphStore store = shop.open(project);
      const std::string before = dump(store);
      files.fail_nth(operation, n);
      bool failed = false;
      try {
        ingest(project, store, in_bulk(std::size_t{200} << 10), no_progress(), files);
      } catch (const Error& error) {
        failed = true;
        EXPECT_THAT(error.what(), HasSubstr("injected"));
      }
      EXPECT_FALSE(std::filesystem::exists(project.workspace.bulk()));
      const std::string after = dump(store);
      const auto snapshots = project.workspace.snapshots();
      if (failed && std::filesystem::exists(snapshots)) {
        for (const auto& entry : std::filesystem::directory_iterator(snapshots))
          EXPECT_TRUE(entry.path().extension() == ".tmp" || after == wanted.dump) << entry.path();
      }
      // (A picture that cannot be read counts as damaged and fails nothing.)
      EXPECT_TRUE(!failed || after == before || after == wanted.dump) << "a part of the load is in the store";
      if (!failed || after != before) continue;  // the operation came after the load, or never
      ingest(project, store, in_bulk(std::size_t{200} << 10));
      EXPECT_TRUE(dump(store) == wanted.dump);
    }
  }
}

}  // namespace
}  // namespace weft::storage
