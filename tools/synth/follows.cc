// Who follows whom in the synthetic shop.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tools/synth/row_writer.h"
#include "tools/synth/shop.h"

namespace weft::synth {
namespace {

constexpr std::uint64_t kFollowRows = 201;  // dirt stream

double likeness(const Taste& a, const Taste& b) {
  double sum = 0;
  for (std::size_t d = 0; d < kCategories; ++d) sum += double{a.category[d]} * b.category[d];
  for (std::size_t d = 0; d < kTextDims; ++d) sum += double{a.text[d]} * b.text[d];
  for (std::size_t d = 0; d < kLookDims; ++d) sum += double{a.look[d]} * b.look[d];
  for (std::size_t d = 0; d < kMoodDims; ++d) sum += double{a.mood[d]} * b.mood[d];
  return sum;
}

// Whom a user follows: of some users met by chance, those of like taste and those who are well known.
std::vector<std::uint64_t> followed_by(const World& world, const User& user, Stream& random) {
  constexpr std::size_t kMet = 24;
  const std::uint64_t users = world.options().users;
  std::vector<std::pair<double, std::uint64_t>> met;
  for (std::size_t m = 0; m < kMet; ++m) {
    // Low numbers are met more often, but ids are shuffled: a few users are known to many.
    const double skewed = std::pow(random.uniform(), 1.7);
    const auto v = std::min(static_cast<std::uint64_t>(skewed * static_cast<double>(users)), users - 1);
    if (v == user.index) continue;
    met.emplace_back(likeness(user.first, world.user(v).first) + 0.5 * random.normal(), v);
  }
  std::sort(met.begin(), met.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const std::size_t count = random.poisson(3 * user.activity);
  std::vector<std::uint64_t> out;
  for (const auto& [like, v] : met) {
    if (out.size() == count) break;
    if (std::find(out.begin(), out.end(), v) == out.end()) out.push_back(v);
  }
  return out;
}

}  // namespace

void write_follows(const Shop& shop) {
  const SynthOptions& options = shop.world.options();
  RowWriter out = open_table(shop, "follows", kFollowRows);
  out.header("time,follower,followed");
  shop.progress.begin("follows", options.users, "users");
  for (std::uint64_t u = 0; u < options.users; ++u) {
    Stream random(options.seed, Purpose::kFollows, u);
    const User user = shop.world.user(u);
    for (const std::uint64_t v : followed_by(shop.world, user, random)) {
      const std::int64_t from = std::max({user.signup, shop.world.user(v).signup, shop.world.log_start()});
      const auto wait = static_cast<std::int64_t>(random.uniform() * static_cast<double>(kLogEnd - from));
      out.row(fmt::format("{},{},{}", from + wait, shop.ids.user(u), shop.ids.user(v)));
    }
    shop.progress.advance(u + 1);
  }
  out.close();
  shop.report.follows = out.rows();
  count_dirt(shop, out);
  shop.progress.end();
}

}  // namespace weft::synth
