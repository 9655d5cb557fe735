#include "tools/synth/truth.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

TEST(Truth, AffinityIsTheUtilityInTheMiddleOfTheTestPeriod) {
  SynthOptions options = small_options();
  options.media = false;
  const SmallShop shop(options);
  const NpyMatrix affinity = read_npy(shop.path() / "truth" / "affinity.npy");
  ASSERT_EQ(affinity.rows, options.users);
  ASSERT_EQ(affinity.columns, options.items);
  const World world(options);
  const Ids ids(options);
  const auto users = read_lines(shop.path() / "truth" / "users.txt");
  const std::int64_t begin = shop.report.test_start_ms / 1000;
  std::size_t late = 0;
  for (std::uint64_t u = 0; u < options.users; ++u) {
    EXPECT_EQ(users[u], ids.user(u));
    const Taste taste = world.taste(world.user(u), (begin + kLogEnd) / 2);
    for (std::size_t i = 0; i < options.items; ++i) {
      const Item& item = world.items()[i];
      const float utility = World::utility(taste, world.brand_preference(u, item.brand), item);
      const float score = affinity.values[u * options.items + i];
      if (item.listed <= begin) {
        EXPECT_NEAR(score, utility, 1e-5);
      } else {
        ++late;
        EXPECT_LT(score, utility);
      }
    }
  }
  EXPECT_GT(late, 0U);
  const NpyMatrix look = read_npy(shop.path() / "truth" / "item_look.npy");
  ASSERT_EQ(look.rows, options.items);
  ASSERT_EQ(look.columns, kLookDims);
  EXPECT_EQ(look.values[kLookDims + 1], world.items()[1].look[1]);
}

}  // namespace
}  // namespace weft::synth
