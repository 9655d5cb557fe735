#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/tools/synth/shop_fixture.h"
#include "tools/synth/shop.h"

namespace weft::synth {
namespace {

TEST(Ids, AreUniqueAndShuffled) {
  const SynthOptions options = small_options();
  const Ids ids(options);
  std::set<std::string> users;
  int ascending = 0;
  for (std::uint64_t u = 0; u < options.users; ++u) {
    users.insert(ids.user(u));
    if (u > 0) ascending += ids.user(u - 1) < ids.user(u) ? 1 : 0;
  }
  EXPECT_EQ(users.size(), options.users);
  EXPECT_NEAR(ascending, 60, 25);
  EXPECT_NE(ids.visit(1, 1), ids.visit(1, 2));
  EXPECT_NE(ids.visit(1, 1), ids.visit(2, 1));
}

TEST(Catalogue, CleanShopHasEveryFieldAndFile) {
  SynthOptions options = small_options();
  options.dirt = 0;
  const SmallShop shop(options);
  const JsonRows items = read_jsonl(shop.path() / "items.jsonl");
  ASSERT_EQ(items.rows.size(), options.items);
  EXPECT_EQ(items.broken + items.repeated, 0U);
  std::size_t pngs = 0;
  for (const auto& item : items.rows) {
    for (const char* field : {"item_id", "title", "description", "category", "brand"})
      EXPECT_TRUE(item[field].is_string());
    EXPECT_GT(item["price"].get<double>(), 0);
    EXPECT_EQ(item["tags"].size(), 3U);
    const std::string photo = read_file(shop.path() / item["photo"].get<std::string>());
    const bool png = photo.compare(1, 3, "PNG") == 0;
    pngs += png ? 1 : 0;
    EXPECT_TRUE(png || photo.compare(0, 3, "\xff\xd8\xff") == 0);
    EXPECT_EQ(read_file(shop.path() / item["clip"].get<std::string>()).size(), 44U + 2 * 8000);
  }
  EXPECT_GT(pngs, 2U);
  EXPECT_LT(pngs, options.items / 2);
  EXPECT_EQ(shop.report.photos, options.items);
  EXPECT_EQ(shop.report.dirty_rows + shop.report.dirty_media, 0U);
  const auto users = read_lines(shop.path() / "users.csv");
  ASSERT_EQ(users.size(), options.users + 1);
  for (std::size_t n = 1; n < users.size(); ++n) EXPECT_EQ(split_row(users[n]).size(), 5U);
}

TEST(Catalogue, DirtyMediaAreMissingCutNoisyOrEmpty) {
  SynthOptions options = small_options();
  options.dirt = 0.5;
  const SmallShop shop(options);
  std::size_t unnamed = 0, missing = 0, cut = 0, empty = 0, whole = 0;
  std::set<std::string> seen;
  for (const auto& item : read_jsonl(shop.path() / "items.jsonl").rows) {
    if (!seen.insert(item["item_id"]).second) continue;
    if (!item.contains("clip")) {
      ++unnamed;
      continue;
    }
    const auto path = shop.path() / item["clip"].get<std::string>();
    if (!std::filesystem::exists(path)) {
      ++missing;
      continue;
    }
    const std::size_t size = std::filesystem::file_size(path);
    empty += size == 0 ? 1 : 0;
    cut += size == 8022 ? 1 : 0;
    whole += size == 16044 && read_file(path).compare(0, 4, "RIFF") == 0 ? 1 : 0;
  }
  EXPECT_EQ(seen.size(), options.items);
  for (const std::size_t kind : {unnamed, missing, cut, empty}) EXPECT_GT(kind, 1U);
  EXPECT_NEAR(static_cast<double>(whole), 45, 25);
  EXPECT_GT(shop.report.dirty_media, 50U);
}

TEST(Catalogue, WithoutMediaThereIsNoMentionOfThem) {
  SynthOptions options = small_options();
  options.media = false;
  const SmallShop shop(options);
  EXPECT_FALSE(std::filesystem::exists(shop.path() / "photos"));
  EXPECT_FALSE(std::filesystem::exists(shop.path() / "clips"));
  for (const auto& item : read_jsonl(shop.path() / "items.jsonl").rows) EXPECT_FALSE(item.contains("photo"));
}

}  // namespace
}  // namespace weft::synth
