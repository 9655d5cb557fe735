#include "tools/synth/world.h"

#include <algorithm>
#include <cmath>

#include "tools/synth/random.h"

namespace weft::synth {
namespace {

// How strongly each part of the taste steers choices: deviation of its term over a random user and item.
// Frozen together with SynthOptions' defaults; see docs/synth.md before changing any.
constexpr std::size_t kGroupSize = 4;
constexpr double kGroupWeight = 0.7;
constexpr double kCategoryWeight = 0.3;
constexpr double kBrandWeight = 0.15;
constexpr double kTextWeight = 0.7;  // per dimension
constexpr double kLookWeight = 0.62;
constexpr double kMoodWeight = 0.7;
constexpr double kCommonTaste = 0.4;  // mean over users, per dimension: what everybody likes a little
constexpr double kCommonPrice = -0.2;
constexpr double kPriceWeight = 0.25;
constexpr double kPopularityTail =
    0.6;  // log popularity is exponential with this mean: a power law of exponent 1/mean
constexpr double kBrandPopularity = 0.2;
constexpr double kBrandShare =
    0.4;  // share of an item's text and look latents (as correlation) that its brand sets
constexpr double kCategoryMoodShare = 0.3;
constexpr double kDriftMin = 0.1, kDriftMax = 0.4;  // radians that a taste turns over the whole log

constexpr double kListedFromStart = 0.55;
constexpr double kListedLate = 0.10;
constexpr double kLateBegins = 0.85;  // of the log

template <std::size_t N>
std::array<float, N> normals(Stream& random, double scale) {
  std::array<float, N> out;
  for (float& value : out) value = static_cast<float>(scale * random.normal());
  return out;
}

template <std::size_t N>
std::array<float, N> blend(const std::array<float, N>& shared, double correlation, Stream& random) {
  const double own = std::sqrt(1 - correlation * correlation);
  std::array<float, N> out;
  for (std::size_t d = 0; d < N; ++d)
    out[d] = static_cast<float>(correlation * shared[d] + own * random.normal());
  return out;
}

template <std::size_t N>
std::array<float, N> turn(const std::array<float, N>& from, const std::array<float, N>& to, double cosine,
                          double sine) {
  std::array<float, N> out;
  for (std::size_t d = 0; d < N; ++d) out[d] = static_cast<float>(cosine * from[d] + sine * to[d]);
  return out;
}

Taste turn(const Taste& from, const Taste& to, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {.category = turn(from.category, to.category, c, s),
          .text = turn(from.text, to.text, c, s),
          .look = turn(from.look, to.look, c, s),
          .mood = turn(from.mood, to.mood, c, s),
          .price = static_cast<float>(c * from.price + s * to.price)};
}

// A taste's deviation from what everybody likes. Categories come in groups of kGroupSize that are liked
// together.
Taste random_taste(Stream& random) {
  Taste taste{.text = normals<kTextDims>(random, kTextWeight),
              .look = normals<kLookDims>(random, kLookWeight),
              .mood = normals<kMoodDims>(random, kMoodWeight),
              .price = static_cast<float>(kPriceWeight * random.normal())};
  double group = 0;
  for (std::size_t c = 0; c < kCategories; ++c) {
    if (c % kGroupSize == 0) group = kGroupWeight * random.normal();
    taste.category[c] = static_cast<float>(group + kCategoryWeight * random.normal());
  }
  return taste;
}

template <std::size_t N>
float dot(const std::array<float, N>& a, const std::array<float, N>& b) {
  float sum = 0;
  for (std::size_t d = 0; d < N; ++d) sum += a[d] * b[d];
  return sum;
}

}  // namespace

World::World(const SynthOptions& options) : options_(options) {
  const std::size_t brand_count = std::clamp<std::size_t>(options.items / 25, 8, 2000);
  for (std::size_t b = 0; b < brand_count; ++b) {
    Stream random(options.seed, Purpose::kBrand, b);
    brand_category_.push_back(static_cast<std::uint16_t>(random.below(kCategories)));
    brand_text_.push_back(normals<kTextDims>(random, 1));
    brand_look_.push_back(normals<kLookDims>(random, 1));
    brand_popularity_.push_back(static_cast<float>(kBrandPopularity * random.normal()));
  }
  for (std::size_t c = 0; c < kCategories; ++c) {
    Stream random(options.seed, Purpose::kBrand, c, 1);
    category_mood_[c] = normals<kMoodDims>(random, 1);
  }
  items_.reserve(options.items);
  for (std::uint64_t i = 0; i < options.items; ++i) items_.push_back(make_item(i));
}

Item World::make_item(std::uint64_t index) const {
  Stream random(options_.seed, Purpose::kItem, index);
  Item item;
  item.brand = static_cast<std::uint16_t>(random.below(brands()));
  item.category = random.chance(0.4) ? brand_category_[item.brand]
                                     : static_cast<std::uint16_t>(random.below(kCategories));
  item.text = blend(brand_text_[item.brand], kBrandShare, random);
  item.look = blend(brand_look_[item.brand], kBrandShare, random);
  item.mood = blend(category_mood_[item.category], kCategoryMoodShare, random);
  item.log_popularity =
      static_cast<float>(kPopularityTail * random.exponential()) + brand_popularity_[item.brand];
  item.price_level = static_cast<float>(random.normal());
  const double base = 8.0 * std::pow(1.25, static_cast<double>(item.category * 7 % kCategories));
  item.price = static_cast<float>(std::round(base * std::exp(0.45 * item.price_level) * 100) / 100);
  const double phase = random.uniform();
  double share = 0;  // of the log, at which the item is listed
  if (phase >= kListedFromStart) share = random.uniform(0, kLateBegins);
  if (phase >= 1 - kListedLate) share = random.uniform(kLateBegins, 0.99);
  const double seconds = share * static_cast<double>(options_.days * kSecondsPerDay);
  item.listed = log_start() + static_cast<std::int64_t>(seconds);
  if (share == 0)
    item.listed -= static_cast<std::int64_t>(random.uniform(0, 365) * static_cast<double>(kSecondsPerDay));
  return item;
}

User World::user(std::uint64_t index) const {
  Stream random(options_.seed, Purpose::kUser, index);
  User user;
  user.index = index;
  const auto log_seconds = static_cast<double>(options_.days * kSecondsPerDay);
  const double joined = random.chance(0.5) ? random.uniform(-0.5, 0) : random.uniform(0, 0.93);
  user.signup = log_start() + static_cast<std::int64_t>(joined * log_seconds);
  user.activity = std::min(5.0, std::exp(0.6 * random.normal() - 0.18));
  user.chinese = random.chance(0.3);
  user.city = random.below(40);
  Stream tastes(options_.seed, Purpose::kTaste, index);
  user.first = random_taste(tastes);
  const Taste other = random_taste(tastes);
  user.last = turn(user.first, other, tastes.uniform(kDriftMin, kDriftMax));
  // Age tells a little about mood: the one thing known of a user before the first visit.
  const double age = 40 + 10 * user.first.mood[0] / kMoodWeight + 9 * random.normal();
  user.age = static_cast<int>(std::clamp(age, 16.0, 85.0));
  return user;
}

Taste World::taste(const User& user, std::int64_t time) const {
  const double share =
      static_cast<double>(time - log_start()) / static_cast<double>(options_.days * kSecondsPerDay);
  const double s = std::clamp(share, 0.0, 1.0);
  const auto mix = [s](float common, float a, float b) {
    return static_cast<float>(common + (1 - s) * a + s * b);
  };
  constexpr float kLiked = static_cast<float>(kCommonTaste);
  Taste out;
  for (std::size_t d = 0; d < kCategories; ++d)
    out.category[d] = mix(0, user.first.category[d], user.last.category[d]);
  for (std::size_t d = 0; d < kTextDims; ++d)
    out.text[d] = mix(kLiked, user.first.text[d], user.last.text[d]);
  for (std::size_t d = 0; d < kLookDims; ++d)
    out.look[d] = mix(kLiked, user.first.look[d], user.last.look[d]);
  for (std::size_t d = 0; d < kMoodDims; ++d)
    out.mood[d] = mix(kLiked, user.first.mood[d], user.last.mood[d]);
  out.price = mix(static_cast<float>(kCommonPrice), user.first.price, user.last.price);
  return out;
}

float World::brand_preference(std::uint64_t user, std::uint16_t brand) const {
  return static_cast<float>(kBrandWeight * Stream(options_.seed, Purpose::kBrandTaste, user, brand).normal());
}

std::vector<float> World::brand_preferences(std::uint64_t user) const {
  std::vector<float> out(brands());
  for (std::size_t b = 0; b < out.size(); ++b) out[b] = brand_preference(user, static_cast<std::uint16_t>(b));
  return out;
}

float World::utility(const Taste& taste, float brand_preference, const Item& item) {
  return taste.category[item.category] + brand_preference + dot(taste.text, item.text) +
         dot(taste.look, item.look) + dot(taste.mood, item.mood) + taste.price * item.price_level +
         item.log_popularity;
}

}  // namespace weft::synth
