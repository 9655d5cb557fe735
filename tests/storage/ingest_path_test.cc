#include "storage/ingest_path.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/change_log.h"
#include "storage/fresh_graph.h"
#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kAlways = 0, kNever = ~std::uint64_t{0};

IngestPath path_of(const Project& project, const GraphStore& store, std::uint64_t bulk_from) {
  std::vector<std::optional<LedgerEntry>> entries(project.sources.size());
  for (const LedgerEntry& entry : store.ledger()) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (project.sources[i].name == entry.name) entries[i] = entry;
    }
  }
  return choose_path(project, store, entries, {.bulk_from_bytes = bulk_from}, real_files());
}

// Whose logs of events are many files.
class IngestPathTest : public ::testing::Test {
 protected:
  IngestPathTest() {
    std::string text = kShopToml;
    for (std::size_t at = 0; (at = text.find("\"events.csv\"", at)) != std::string::npos; at += 14)
      text.replace(at, 12, "\"events*.csv\"");
    shop_.write("shop.toml", text);
  }

  void write_events(const std::string& name, int rows) {
    std::string text = "user,item,action,time\n";
    for (int i = 0; i < rows; ++i) text += fmt::format("u{},{},buy,{}\n", i, i % 50, 1000 + i);
    shop_.write(name, text);
  }

  Shop shop_;
};

TEST_F(IngestPathTest, AnEmptyStoreByTheSizeOfItsSources) {
  const Project project = shop_.project();
  const GraphStore store = shop_.open(project);
  EXPECT_TRUE(path_of(project, store, kAlways).bulk);
  EXPECT_THAT(path_of(project, store, 500).reason, HasSubstr("KiB are new"));
  const IngestPath path = path_of(project, store, std::uint64_t{3} << 20);
  EXPECT_FALSE(path.bulk);
  EXPECT_THAT(path.reason, HasSubstr("KiB are new, in bulk from 3 MiB on"));
}

TEST_F(IngestPathTest, AStoreThatHoldsDataByWhatIsNew) {
  shop_.ingest();
  {
    const Project project = shop_.project();
    const GraphStore store = shop_.open(project);
    const IngestPath path = path_of(project, store, kAlways);
    EXPECT_TRUE(path.bulk) << "a row that is cut short may be whole now";
  }
  shop_.append("items.jsonl", "p\"}\n");
  shop_.ingest();
  write_events("events2.csv", 100);
  const Project project = shop_.project();
  const GraphStore store = shop_.open(project);
  EXPECT_TRUE(path_of(project, store, kAlways).bulk);
  EXPECT_TRUE(path_of(project, store, 1500).bulk);
  EXPECT_FALSE(path_of(project, store, 2500).bulk);
  EXPECT_FALSE(path_of(project, store, kNever).bulk);
}

TEST_F(IngestPathTest, NothingNewGoesInBatches) {
  shop_.append("items.jsonl", "p\"}\n");
  shop_.ingest();
  const Project project = shop_.project();
  const GraphStore store = shop_.open(project);
  const IngestPath path = path_of(project, store, kAlways);
  EXPECT_FALSE(path.bulk);
  EXPECT_EQ(path.reason, "nothing is new");
}

TEST_F(IngestPathTest, LittleBesideTheNodesOrForADeltaGoesInBatches) {
  write_events("events1.csv", 4000);
  shop_.ingest();
  write_events("events2.csv", 100);
  const Project project = shop_.project();
  GraphStore store = shop_.open(project);
  EXPECT_TRUE(path_of(project, store, kAlways).bulk);
  EXPECT_EQ(path_of(project, store, 1).reason, "little is new beside the store's nodes");
  write_events("events2.csv", 2000);
  EXPECT_TRUE(path_of(project, store, 1).bulk);
  freshen(store, project.workspace, project.data_root, {.how = Freshen::kDelta});
  ASSERT_TRUE(change_log(store));
  EXPECT_EQ(path_of(project, store, 1).reason, "what is new fits a delta on the snapshot");
  EXPECT_TRUE(path_of(project, store, kAlways).bulk);
}

}  // namespace
}  // namespace weft::storage
