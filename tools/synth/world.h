// The hidden truth of the synthetic shop: items as latent vectors, users as tastes over the same dimensions,
// and the utility that a user has for an item at a time. All of it follows from the options' seed; users are
// computed on demand, so memory grows with items alone.
//
//   utility(u, i, t) = <taste_u(t), latent_i> + category and brand preference + price sensitivity + log
//   popularity_i
//
// An item's latent has three parts, each told by one kind of content alone: `text` (words of title and
// description), `look` (its picture) and `mood` (its clip). Tastes turn slowly from a first to a last vector
// (drift).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/synth/synth.h"

namespace weft::synth {

inline constexpr std::size_t kCategories = 24;
inline constexpr std::size_t kTextDims = 2;
inline constexpr std::size_t kLookDims = 3;
inline constexpr std::size_t kMoodDims = 2;
inline constexpr std::int64_t kSecondsPerDay = 86400;
inline constexpr std::int64_t kLogEnd = 1'767'225'600;  // 2026-01-01T00:00:00Z, seconds since 1970

struct Item {
  std::uint16_t category = 0;
  std::uint16_t brand = 0;
  std::array<float, kTextDims> text{};
  std::array<float, kLookDims> look{};
  std::array<float, kMoodDims> mood{};
  float log_popularity = 0;
  float price_level = 0;  // deviation of the logarithm of the price within its category
  float price = 0;
  std::int64_t listed = 0;  // seconds since 1970: cannot be seen or bought before
};

// A user's taste at one time.
struct Taste {
  std::array<float, kCategories> category{};
  std::array<float, kTextDims> text{};
  std::array<float, kLookDims> look{};
  std::array<float, kMoodDims> mood{};
  float price = 0;
};

struct User {
  std::uint64_t index = 0;
  std::int64_t signup = 0;  // seconds since 1970; may lie before the log begins
  double activity = 1;      // relative number of visits
  bool chinese = false;     // writes reviews and queries in Chinese
  int age = 0;
  std::size_t city = 0;
  Taste first, last;  // at the beginning and the end of the log
};

class World {
 public:
  explicit World(const SynthOptions& options);

  const SynthOptions& options() const { return options_; }
  std::span<const Item> items() const { return items_; }
  std::size_t brands() const { return brand_category_.size(); }
  std::int64_t log_start() const { return kLogEnd - options_.days * kSecondsPerDay; }

  User user(std::uint64_t index) const;
  Taste taste(const User& user, std::int64_t time) const;
  float brand_preference(std::uint64_t user, std::uint16_t brand) const;
  // Brand preferences of one user, [brands()].
  std::vector<float> brand_preferences(std::uint64_t user) const;

  // Popularity included; whether the item is listed yet is not looked at.
  static float utility(const Taste& taste, float brand_preference, const Item& item);

 private:
  Item make_item(std::uint64_t index) const;

  SynthOptions options_;
  std::vector<std::uint16_t> brand_category_;  // the category that a brand mostly makes
  std::vector<std::array<float, kTextDims>> brand_text_;
  std::vector<std::array<float, kLookDims>> brand_look_;
  std::vector<float> brand_popularity_;
  std::array<std::array<float, kMoodDims>, kCategories> category_mood_{};
  std::vector<Item> items_;
};

}  // namespace weft::synth
