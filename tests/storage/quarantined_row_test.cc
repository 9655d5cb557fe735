// Bad rows that come after something was forgotten: what the quarantine says of them, by both ways in.
#include "storage/quarantined_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "storage/forget.h"
#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// By reason and line: what is quoted of the row, detail and excerpt.
using Quoted = std::map<std::string, std::string>;

Quoted quoted(const GraphStore& store, const std::string& source) {
  std::map<std::uint16_t, std::string> names;
  for (const LedgerEntry& entry : store.ledger()) names[entry.source] = entry.name;
  Quoted out;
  store.visit_quarantine([&](const QuarantinedRow& row) {
    if (names[row.source] == source)
      out[row.reason + " " + std::to_string(row.line)] = row.detail + row.excerpt;
    return true;
  });
  return out;
}

class QuarantinedRows : public ::testing::TestWithParam<bool> {
 protected:
  QuarantinedRows() {
    shop_.ingest(sets_, in_batches());
    project_ = shop_.project(sets_);
  }
  static IngestOptions in_batches() { return {.bulk_from_bytes = ~std::uint64_t{0}}; }
  graph::NodeTypeId type(const char* name) const { return *project_.schema.graph.find_node_type(name); }
  // In bulk or in batches.
  IngestReport ingest_more() {
    IngestOptions options = in_batches();
    if (GetParam()) options.bulk_from_bytes = 0;
    GraphStore store = shop_.open(project_);
    IngestReport report = ingest(project_, store, options);
    EXPECT_EQ(report.bulk, GetParam()) << report.path_reason;
    return report;
  }
  void forget(const char* name, const std::string& id) {
    GraphStore store = shop_.open(project_);
    ASSERT_TRUE(forget_node(store, type(name), id, forget_options(project_, type(name))).known);
    finish_forgetting(store, project_.workspace);
  }

  Shop shop_;
  std::vector<std::string> sets_ = {"clean.max_bad_rows=0.99"};
  Project project_;
};
INSTANTIATE_TEST_SUITE_P(EitherWay, QuarantinedRows, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "InBulk" : "InBatches"; });

TEST_P(QuarantinedRows, SayNothingWhereTheyNameWhatWasForgotten) {
  forget("user", "bob");
  shop_.append("events.csv",
               "bob,2,buy,never\n"   // line 10
               "ann,2,buy,never\n"   // 11
               "bob,2\n"             // 12: nobody knows what the columns are
               "ann,bobby,buy,no\n"  // 13
               "ann,2,buy,5000\n");
  ingest_more();
  const GraphStore store = shop_.open(project_);
  Quoted rows = quoted(store, "events.csv");
  EXPECT_EQ(rows.at("invalid time 10"), "");
  EXPECT_THAT(rows.at("invalid time 11"), HasSubstr("ann,2,buy,never"));
  EXPECT_EQ(rows.at("wrong number of columns 12"), "");
  EXPECT_THAT(rows.at("invalid time 13"), HasSubstr("bobby"));
}

TEST_P(QuarantinedRows, OfWhatAFieldMakesTheSame) {
  forget("tags", "old");
  shop_.append("items.jsonl",
               "p\"}\n"  // ends the last row
               "{\"item_id\": 6, \"tags\": \"red|old\", \"offer\": {\"price\": \"dear\"}}\n"
               "{\"item_id\": 7, \"tags\": \"red\", \"offer\": {\"price\": \"dear\"}}\n");
  ingest_more();
  const GraphStore store = shop_.open(project_);
  for (const auto& [reason, text] : quoted(store, "items.jsonl")) {
    if (!reason.starts_with("invalid number")) continue;
    EXPECT_EQ(text, "") << "its picture's path is not looked for";
  }
}

TEST_P(QuarantinedRows, AsTheStoreCallsThem) {
  shop_.write("names.csv", "old,new\n77,bob\n78,ann\n");
  sets_.push_back("sources.\"late.csv\".columns.customer={rename=\"user\",ids=\"names.csv\"}");
  sets_.push_back("edges.buys.source=[\"events.csv\",\"late.csv\"]");
  shop_.write("late.csv", "customer,item,action,time\n78,1,buy,3000\n");
  project_ = shop_.project(sets_);
  ingest_more();
  forget("user", "bob");
  shop_.append("late.csv", "77,1,buy,never\n78,1,buy,never\n79,1,buy,never\n78,2,buy,4000\n");
  ingest_more();
  const GraphStore store = shop_.open(project_);
  Quoted rows = quoted(store, "late.csv");
  EXPECT_EQ(rows.at("invalid time 3"), "");
  EXPECT_THAT(rows.at("invalid time 4"), HasSubstr("78,1,buy,never"));
  EXPECT_THAT(rows.at("invalid time 5"), HasSubstr("79,1,buy,never"));
}

TEST_P(QuarantinedRows, CountsOfCleaningStayThoseOfTheRows) {
  Shop other;
  other.ingest(sets_, in_batches());
  EXPECT_THAT(quoted(shop_.open(project_), "events.csv"), Not(IsEmpty()));
  forget("user", "ann");
  for (Shop* shop : {&shop_, &other})
    shop->append("events.csv", "eve,1,buy,never\nn/a,1,buy,never\neve,1,buy,5000\n");
  const IngestReport report = ingest_more();
  const IngestReport wanted = other.ingest(sets_, in_batches());
  EXPECT_EQ(report.cleaned.missing, wanted.cleaned.missing);
}

}  // namespace
}  // namespace weft::storage
