#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tests/tools/synth/shop_fixture.h"
#include "tools/synth/world.h"

namespace weft::synth {
namespace {

double likeness(const Taste& a, const Taste& b) {
  double sum = 0;
  for (std::size_t c = 0; c < kCategories; ++c) sum += double{a.category[c]} * b.category[c];
  for (std::size_t d = 0; d < kTextDims; ++d) sum += double{a.text[d]} * b.text[d];
  for (std::size_t d = 0; d < kLookDims; ++d) sum += double{a.look[d]} * b.look[d];
  for (std::size_t d = 0; d < kMoodDims; ++d) sum += double{a.mood[d]} * b.mood[d];
  return sum;
}

TEST(Follows, ArePairsOfLikeTasteInTime) {
  SynthOptions options = small_options();
  options.users = 400;
  options.dirt = 0;
  options.media = false;
  const SmallShop shop(options);
  const World world(options);
  std::map<std::string, std::uint64_t> number;
  for (const std::string& id : read_lines(shop.path() / "truth" / "users.txt"))
    number.emplace(id, number.size());
  const auto lines = read_lines(shop.path() / "follows.csv");
  EXPECT_EQ(lines[0], "time,follower,followed");
  ASSERT_EQ(lines.size(), shop.report.follows + 1);
  ASSERT_GT(lines.size(), 500U);
  std::set<std::pair<std::string, std::string>> pairs;
  std::map<std::string, int> followers;
  double followed = 0, any = 0;
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const auto cells = split_row(lines[n]);
    ASSERT_EQ(cells.size(), 3U);
    EXPECT_NE(cells[1], cells[2]);
    EXPECT_TRUE(pairs.emplace(cells[1], cells[2]).second);
    const User a = world.user(number.at(cells[1])), b = world.user(number.at(cells[2]));
    EXPECT_GE(std::stoll(cells[0]), std::max(a.signup, b.signup));
    EXPECT_LT(std::stoll(cells[0]), kLogEnd);
    ++followers[cells[2]];
    const auto rows = static_cast<double>(lines.size() - 1);
    followed += likeness(a.first, b.first) / rows;
    any += likeness(a.first, world.user((n * 37) % options.users).first) / rows;
  }
  EXPECT_GT(followed, any + 2);  // likeness of two random tastes deviates by about 3
  int most = 0;
  for (const auto& [user, count] : followers) most = std::max(most, count);
  EXPECT_GT(most, 12);  // some are known to many: three is the mean
}

}  // namespace
}  // namespace weft::synth
