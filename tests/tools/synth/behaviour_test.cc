#include "tools/synth/behaviour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

std::vector<Event> all_events(const World& world, bool exact) {
  Choice choice(world, exact);
  std::vector<Event> out;
  for (std::uint64_t u = 0; u < world.options().users; ++u) {
    for (const Event& event : user_events(world, world.user(u), choice)) out.push_back(event);
  }
  return out;
}

TEST(UserEvents, RespectTimeSignupAndListing) {
  const World world(small_options());
  for (const Event& e : all_events(world, true)) {
    EXPECT_GE(e.time, world.log_start());
    EXPECT_LT(e.time, kLogEnd);
    EXPECT_GE(e.time, world.user(e.user).signup);
    EXPECT_GE(e.time, world.items()[e.item].listed);
  }
}

TEST(UserEvents, AreInOrderAndRarelyRepeatAPurchase) {
  SynthOptions options = small_options();
  options.items = 600;  // a small shop is soon bought empty by those who know what they like
  const World world(options);
  Choice choice(world, true);
  std::size_t purchases = 0, repeats = 0;
  for (std::uint64_t u = 0; u < 120; ++u) {
    const std::vector<Event> events = user_events(world, world.user(u), choice);
    EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), before));
    std::set<std::uint32_t> owned;
    for (const Event& e : events) {
      if (e.action != Action::kPurchase) continue;
      ++purchases;
      repeats += owned.insert(e.item).second ? 0 : 1;
    }
  }
  EXPECT_GT(purchases, 700U);
  EXPECT_LT(static_cast<double>(repeats), 0.05 * static_cast<double>(purchases));
}

TEST(UserEvents, ReviewsFollowAPurchaseAndItsSuitability) {
  const World world(small_options());
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> bought;
  double liked[2] = {}, count[2] = {};
  for (const Event& e : all_events(world, true)) {
    if (e.action == Action::kPurchase) bought.try_emplace({e.user, e.item}, e.time);
    if (e.action != Action::kReview) continue;
    ASSERT_GE(e.detail, 1);
    ASSERT_LE(e.detail, 5);
    const auto purchase = bought.find({e.user, e.item});
    ASSERT_NE(purchase, bought.end());
    EXPECT_GE(e.time, purchase->second + kSecondsPerDay);
    const Item& item = world.items()[e.item];
    const int high = e.detail >= 4 ? 1 : 0;
    liked[high] += World::utility(world.taste(world.user(e.user), e.time),
                                  world.brand_preference(e.user, item.brand), item);
    count[high] += 1;
  }
  ASSERT_GT(count[0], 20);
  ASSERT_GT(count[1], 20);
  EXPECT_GT(liked[1] / count[1], liked[0] / count[0] + 0.5);
}

// The exact choice against the definition: frequencies of many draws against exp(utility) normalised over
// listed items.
TEST(Choice, ExactDrawsFollowTheSoftmax) {
  const World world(small_options());
  const User user = world.user(3);
  const std::int64_t time = world.log_start() + 300 * kSecondsPerDay;
  Choice choice(world, true);
  choice.set_user(user);
  Stream random(9, Purpose::kVisits, 0);
  ASSERT_TRUE(choice.set_time(time, random));
  std::vector<double> wanted;
  double total = 0;
  for (const Item& item : world.items()) {
    const float utility =
        World::utility(world.taste(user, time), world.brand_preference(3, item.brand), item);
    wanted.push_back(item.listed <= time ? std::exp(double{utility}) : 0);
    total += wanted.back();
  }
  constexpr int kDraws = 200000;
  std::vector<int> counts(wanted.size());
  for (int n = 0; n < kDraws; ++n) ++counts[choice.purchase(random)];
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double p = wanted[i] / total;
    EXPECT_NEAR(counts[i], kDraws * p, 5 * std::sqrt(kDraws * p) + 1e-9) << "item " << i;
  }
}

// Importance resampling approximates it: redrawing the candidates each time, it closes nearly all of the
// distance between its proposal (category and popularity alone) and the softmax, measured by the mean
// logarithm of the softmax's share.
TEST(Choice, SampledDrawsComeCloseToTheSoftmax) {
  SynthOptions options = small_options();
  options.items = 2000;
  const World world(options);
  const User user = world.user(3);
  const std::int64_t time = kLogEnd - 1;
  Choice choice(world, false);
  choice.set_user(user);
  Stream random(9, Purpose::kVisits, 0);
  const Taste taste = world.taste(user, time);
  std::vector<double> wanted, proposed;
  double total = 0, total_proposed = 0;
  for (const Item& item : world.items()) {
    const float utility = World::utility(taste, world.brand_preference(3, item.brand), item);
    total += wanted.emplace_back(std::exp(double{utility}));
    total_proposed +=
        proposed.emplace_back(std::exp(double{taste.category[item.category]} + item.log_popularity));
  }
  constexpr int kRounds = 1000, kPerRound = 20;
  double drawn = 0, expected = 0, proposal = 0;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(choice.set_time(time, random));
    for (int n = 0; n < kPerRound; ++n)
      drawn += std::log(wanted[choice.purchase(random)] / total) / (kRounds * kPerRound);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    expected += wanted[i] / total * std::log(wanted[i] / total);
    proposal += proposed[i] / total_proposed * std::log(wanted[i] / total);
  }
  EXPECT_GT(expected - proposal, 1);
  EXPECT_LT(std::abs(drawn - expected), 0.1 * (expected - proposal))
      << drawn << ' ' << expected << ' ' << proposal;
}

TEST(Choice, NothingIsListedLongBeforeTheLog) {
  const World world(small_options());
  for (const bool exact : {true, false}) {
    Choice choice(world, exact);
    const User user = world.user(0);
    choice.set_user(user);
    Stream random(1, Purpose::kVisits, 0);
    EXPECT_FALSE(choice.set_time(0, random));
  }
}

}  // namespace
}  // namespace weft::synth
