#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

std::set<std::string> known_ids(const std::filesystem::path& file) {
  const auto lines = read_lines(file);
  return {lines.begin(), lines.end()};
}

TEST(EventLogs, RowsAreWholeInOrderAndOfKnownUsersAndItems) {
  SynthOptions options = small_options();
  options.dirt = 0;
  options.media = false;
  const SmallShop shop(options);
  const auto users = known_ids(shop.path() / "truth" / "users.txt"),
             items = known_ids(shop.path() / "truth" / "items.txt");
  const auto lines = read_lines(shop.path() / "events.csv");
  EXPECT_EQ(lines[0], "time,user_id,item_id,action,visit,step");
  std::map<std::string, std::uint64_t> actions;
  long long last = 0;
  std::vector<long long> purchase_times;
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const auto cells = split_row(lines[n]);
    ASSERT_EQ(cells.size(), 6U);
    EXPECT_GE(std::stoll(cells[0]), last);
    last = std::stoll(cells[0]);
    EXPECT_TRUE(users.contains(cells[1]));
    EXPECT_TRUE(items.contains(cells[2]));
    ++actions[cells[3]];
    if (cells[3] == "purchase") purchase_times.push_back(last);
  }
  EXPECT_EQ(actions.size(), 3U);
  EXPECT_EQ(actions["browse"], shop.report.browses);
  EXPECT_EQ(actions["cart"], shop.report.carts);
  EXPECT_EQ(actions["purchase"], shop.report.purchases);
  EXPECT_GT(actions["browse"], actions["cart"]);
  EXPECT_GT(actions["cart"], actions["purchase"]);

  // The last tenth of the purchases lies past the reported start of the test period, up to an hour's
  // purchases.
  const auto past = std::count_if(purchase_times.begin(), purchase_times.end(),
                                  [&](long long t) { return t * 1000 >= shop.report.test_start_ms; });
  EXPECT_NEAR(static_cast<double>(past), 0.1 * static_cast<double>(purchase_times.size()), 10);
}

TEST(EventLogs, SearchesAndReviewsAreReadable) {
  SynthOptions options = small_options();
  options.dirt = 0;
  options.media = false;
  const SmallShop shop(options);
  const JsonRows searches = read_jsonl(shop.path() / "searches.jsonl");
  EXPECT_EQ(searches.rows.size(), shop.report.searches);
  std::map<std::string, std::size_t> results;
  for (const auto& row : searches.rows) {
    EXPECT_FALSE(row["query"].get<std::string>().empty());
    ++results[row["result"]];
    EXPECT_EQ(row["item_id"].is_null(), row["result"] == "none");
  }
  EXPECT_GT(results["click"], results["none"]);
  EXPECT_GT(results["none"], 0U);

  const JsonRows reviews = read_jsonl(shop.path() / "reviews.jsonl");
  EXPECT_EQ(reviews.rows.size(), shop.report.reviews);
  const std::regex iso(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");
  std::map<std::string, std::size_t> languages;
  std::string last;
  for (const auto& row : reviews.rows) {
    const auto time = row["time"].get<std::string>();
    EXPECT_TRUE(std::regex_match(time, iso)) << time;
    EXPECT_GE(time, last);
    last = time;
    EXPECT_GE(row["rating"].get<int>(), 1);
    EXPECT_LE(row["rating"].get<int>(), 5);
    ++languages[row["lang"]];
  }
  EXPECT_EQ(languages["zh"], shop.report.reviews_chinese);
  EXPECT_GT(languages["en"], languages["zh"]);
  EXPECT_GT(languages["zh"], 0U);
}

TEST(EventLogs, DirtLeavesEveryTrueRowWhole) {
  SynthOptions clean = small_options();
  clean.media = false;
  clean.dirt = 0;
  SynthOptions dirty = clean;
  dirty.dirt = 0.2;
  const SmallShop a(clean), b(dirty);
  for (const char* name :
       {"events.csv", "impressions.csv", "searches.jsonl", "reviews.jsonl", "follows.csv"}) {
    const auto true_rows = read_lines(a.path() / name);
    const auto dirty_rows = read_lines(b.path() / name);
    const std::set<std::string> there(dirty_rows.begin(), dirty_rows.end());
    for (const std::string& row : true_rows) EXPECT_TRUE(there.contains(row)) << name << ": " << row;
    const auto extra =
        static_cast<double>(dirty_rows.size() - true_rows.size()) / static_cast<double>(true_rows.size());
    EXPECT_GT(extra, 0.05) << name;
    EXPECT_LT(extra, 0.25) << name;
  }
}

}  // namespace
}  // namespace weft::synth
