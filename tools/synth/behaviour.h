// What users do: visits over the whole log, each with impressions, browsing, perhaps a search, carts and
// purchases; reviews some days after a purchase. All of it is drawn from the user's taste at the time of the
// visit.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "tools/synth/random.h"
#include "tools/synth/world.h"

namespace weft::synth {

enum class Action : std::uint8_t { kImpression, kSearch, kBrowse, kCart, kPurchase, kReview };

inline constexpr std::uint32_t kNothing = 0xffffffff;

// One line of a log. `visit` and `step` name it within the user; `step` counts within the visit.
struct Event {
  std::int64_t time = 0;  // seconds since 1970: the start of the visit; for a review, when it was written
  std::uint32_t user = 0;
  std::uint32_t item = 0;  // for a search: what was looked for
  std::uint32_t visit = 0;
  std::uint16_t step = 0;
  Action action = Action::kBrowse;
  std::uint8_t detail =
      0;  // review: rating 1 to 5; search: 1 if the item was clicked; impression: place on the page
};

// The log's order: by time, then by user, visit and step.
bool before(const Event& a, const Event& b);

// Draws items for one user at one time, in proportion to exp(sharpness * utility) over the items listed by
// then. Exact: over all items. Otherwise over kCandidates drawn through category preference and popularity,
// with weights that correct for how they were drawn (sampling and importance resampling, Rubin 1988). Not
// thread-safe: one per thread.
class Choice {
 public:
  static constexpr std::size_t kCandidates = 512;

  Choice(const World& world, bool exact);

  void set_user(const User& user);
  // How many visits in a row one set_time serves: drawn candidates are used again, as tastes hardly move
  // meanwhile.
  std::uint32_t visits_served() const { return exact_ ? 1 : 4; }
  // False if no item is listed yet.
  bool set_time(std::int64_t time, Stream& random);
  std::uint32_t browse(Stream& random) const;
  std::uint32_t purchase(Stream& random) const;
  std::uint32_t popular(Stream& random) const;  // by popularity alone

 private:
  void weigh_all(std::int64_t time);
  void weigh_some(std::int64_t time, Stream& random);
  void add(std::uint32_t item, double utility, double log_proposal);

  const World& world_;
  bool exact_;
  const User* user_ = nullptr;
  Taste taste_;
  std::vector<float> brand_;
  std::vector<std::vector<std::uint32_t>> category_items_;  // [kCategories]
  std::vector<std::vector<double>> category_sums_;          // running sums of popularity within the category
  std::vector<double> popular_sums_;
  std::vector<std::uint32_t> candidates_;
  std::vector<double> browse_sums_, purchase_sums_;
  std::int64_t time_ = 0;
};

// All events of one user over the log, in order of time.
std::vector<Event> user_events(const World& world, const User& user, Choice& choice);

// How many visits these events of one user come from.
std::size_t visits_of(std::span<const Event> events);

}  // namespace weft::synth
