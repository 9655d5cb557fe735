#include "tools/synth/world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

TEST(World, FollowsTheSeedAlone) {
  const World a(small_options()), b(small_options());
  SynthOptions other = small_options();
  other.seed = 2;
  const World c(other);
  for (std::size_t i = 0; i < a.items().size(); ++i) {
    EXPECT_EQ(a.items()[i].look, b.items()[i].look);
    EXPECT_NE(a.items()[i].look, c.items()[i].look);
  }
}

TEST(World, MoreItemsLeaveTheUsersAsTheyWere) {
  SynthOptions more = small_options();
  more.items *= 2;
  EXPECT_EQ(World(small_options()).user(7).first.mood, World(more).user(7).first.mood);
}

TEST(World, SomeItemsAppearLateAndSomeWereThereBefore) {
  SynthOptions options = small_options();
  options.items = 4000;
  const World world(options);
  const auto late = world.log_start() + static_cast<std::int64_t>(0.85 * options.days * kSecondsPerDay);
  double old = 0, new_ones = 0;
  for (const Item& item : world.items()) {
    EXPECT_LT(item.listed, kLogEnd);
    old += item.listed < world.log_start() ? 1 : 0;
    new_ones += item.listed >= late ? 1 : 0;
  }
  EXPECT_NEAR(old / 4000, 0.55, 0.04);  // five standard errors
  EXPECT_NEAR(new_ones / 4000, 0.10, 0.024);
}

TEST(World, PopularityIsAPowerLaw) {
  SynthOptions options = small_options();
  options.items = 4000;
  const World world(options);
  std::vector<double> weights;
  for (const Item& item : world.items()) weights.push_back(std::exp(double{item.log_popularity}));
  std::sort(weights.rbegin(), weights.rend());
  // Hill's estimator of the tail exponent over the top tenth: 1 / 0.6 by design, blurred by the brands'
  // share.
  double sum = 0;
  for (std::size_t k = 0; k < 400; ++k) sum += std::log(weights[k] / weights[400]);
  EXPECT_NEAR(400 / sum, 1 / 0.6, 0.45);
}

TEST(World, TastesTurnSlowly) {
  const World world(small_options());
  double cosine = 0;
  for (std::uint64_t u = 0; u < 120; ++u) {
    const User user = world.user(u);
    const Taste first = world.taste(user, world.log_start()), last = world.taste(user, kLogEnd);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t c = 0; c < kCategories; ++c) {
      ab += double{first.category[c]} * last.category[c];
      aa += double{first.category[c]} * first.category[c];
      bb += double{last.category[c]} * last.category[c];
    }
    const double similar = ab / std::sqrt(aa * bb);
    EXPECT_GT(similar, 0.75);
    EXPECT_LT(similar, 0.9999);
    cosine += similar / 120;
  }
  EXPECT_GT(cosine, 0.9);
}

TEST(World, UtilityIsTheSumOfItsParts) {
  Taste taste;
  taste.category[3] = 0.5F;
  taste.text[1] = 2;
  taste.look[0] = -1;
  taste.mood[1] = 0.25F;
  taste.price = -0.5F;
  Item item{.category = 3, .log_popularity = 0.125F, .price_level = 2};
  item.text[1] = 0.5F;
  item.look[0] = 3;
  item.mood[1] = 4;
  EXPECT_FLOAT_EQ(World::utility(taste, 0.0625F, item), 0.5F + 0.0625F + 1 - 3 + 1 - 1 + 0.125F);
}

TEST(World, BrandPreferencesAgreeOneByOneAndAllTogether) {
  const World world(small_options());
  const std::vector<float> all = world.brand_preferences(5);
  ASSERT_EQ(all.size(), world.brands());
  for (std::uint16_t b = 0; b < all.size(); ++b) EXPECT_EQ(all[b], world.brand_preference(5, b));
}

}  // namespace
}  // namespace weft::synth
