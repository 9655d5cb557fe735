#include "tools/synth/behaviour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/error.h"

namespace weft::synth {
namespace {

constexpr double kBrowseSharpness = 0.8;
constexpr double kPurchasesPerVisit = 0.7;
constexpr double kViewsPerVisit = 3;
constexpr double kImpressionsPerVisit = 5;
constexpr double kRepeat = 0.02;    // chance to buy an item again when the draw falls on one owned already
constexpr double kSearches = 0.35;  // of visits begin with a search
constexpr double kReviewed = 0.45;  // of purchases
constexpr std::size_t kTries = 64;

// Relative visits per hour of the day: quiet nights, busy evenings.
constexpr std::array<double, 24> kHours = {2, 1, 1, 1, 1, 1, 2, 3,  5,  6,  7, 7,
                                           8, 7, 6, 6, 6, 7, 8, 10, 12, 12, 9, 5};

std::int64_t visit_time(const World& world, const User& user, Stream& random) {
  static const auto hour_sums = [] {
    std::array<double, 24> sums{};
    std::partial_sum(kHours.begin(), kHours.end(), sums.begin());
    return sums;
  }();
  const std::int64_t first = std::max(user.signup, world.log_start());
  const auto span = static_cast<double>(kLogEnd - first);
  const auto moment = first + static_cast<std::int64_t>(random.uniform() * span);
  const auto hour = static_cast<std::int64_t>(random.by_running_sums(hour_sums));
  const std::int64_t of_day = hour * 3600 + static_cast<std::int64_t>(random.below(3600));
  return std::max(moment / kSecondsPerDay * kSecondsPerDay + of_day, first);
}

// Stars follow how well the item suits the taste, popularity (which stands for quality here) and chance.
std::uint8_t rating_of(const World& world, const User& user, const Event& purchase, Stream& random) {
  const Item& item = world.items()[purchase.item];
  const float utility =
      World::utility(world.taste(user, purchase.time), world.brand_preference(user.index, item.brand), item);
  const double stars = 2.4 + 0.45 * utility + 0.7 * random.normal();
  return static_cast<std::uint8_t>(std::clamp(std::lround(stars), 1L, 5L));
}

// One visit's events, without reviews.
class Visit {
 public:
  Visit(const Choice& choice, std::unordered_set<std::uint32_t>& owned, Stream& random,
        std::vector<Event>& out)
      : choice_(choice), owned_(owned), random_(random), out_(out) {}

  void run(const Event& blank) {
    blank_ = blank;
    if (random_.chance(kSearches)) search();
    const std::size_t views = random_.poisson(kViewsPerVisit);
    for (std::size_t v = 0; v < views; ++v) {
      const std::uint32_t item = choice_.browse(random_);
      emit(Action::kBrowse, item);
      if (random_.chance(0.12)) emit(Action::kCart, item);
    }
    impressions();
    const double draw = random_.uniform();  // 0, 1 or 2 purchases, kPurchasesPerVisit on average
    const int purchases = draw < 0.45 ? 0 : draw < 0.85 ? 1 : 2;
    for (int p = 0; p < purchases; ++p) purchase();
  }

 private:
  void emit(Action action, std::uint32_t item, std::uint8_t detail = 0) {
    Event event = blank_;
    event.item = item;
    event.step = step_++;
    event.action = action;
    event.detail = detail;
    out_.push_back(event);
  }

  void search() {
    const std::uint32_t item = choice_.browse(random_);
    const bool clicked = random_.chance(0.75);
    emit(Action::kSearch, item, clicked ? 1 : 0);
    if (clicked) emit(Action::kBrowse, item);
  }

  void impressions() {
    const std::size_t count = random_.poisson(kImpressionsPerVisit);
    for (std::size_t p = 0; p < count; ++p) {
      const std::uint32_t item = random_.chance(0.5) ? choice_.popular(random_) : choice_.browse(random_);
      if (item != kNothing)
        emit(Action::kImpression, item, static_cast<std::uint8_t>(std::min<std::size_t>(p + 1, 255)));
    }
  }

  void purchase() {
    std::uint32_t item = choice_.purchase(random_);
    for (std::size_t tries = 0; owned_.contains(item); ++tries) {
      if (random_.chance(kRepeat)) break;
      if (tries == kTries) return;  // owns all that pleases
      item = choice_.purchase(random_);
    }
    owned_.insert(item);
    if (random_.chance(0.95)) emit(Action::kBrowse, item);
    if (random_.chance(0.9)) emit(Action::kCart, item);
    emit(Action::kPurchase, item);
  }

  const Choice& choice_;
  std::unordered_set<std::uint32_t>& owned_;
  Stream& random_;
  std::vector<Event>& out_;
  Event blank_;
  std::uint16_t step_ = 0;
};

}  // namespace

bool before(const Event& a, const Event& b) {
  return std::tie(a.time, a.user, a.visit, a.step) < std::tie(b.time, b.user, b.visit, b.step);
}

Choice::Choice(const World& world, bool exact)
    : world_(world), exact_(exact), category_items_(kCategories), category_sums_(kCategories) {
  const auto items = world.items();
  double sum = 0;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const double weight = std::exp(static_cast<double>(items[i].log_popularity));
    auto& sums = category_sums_[items[i].category];
    category_items_[items[i].category].push_back(i);
    sums.push_back((sums.empty() ? 0 : sums.back()) + weight);
    popular_sums_.push_back(sum += weight);
  }
}

void Choice::set_user(const User& user) {
  user_ = &user;
  brand_ = world_.brand_preferences(user.index);
}

bool Choice::set_time(std::int64_t time, Stream& random) {
  WEFT_CHECK(user_ != nullptr);
  time_ = time;
  taste_ = world_.taste(*user_, time);
  candidates_.clear();
  browse_sums_.clear();
  purchase_sums_.clear();
  if (exact_) {
    weigh_all(time);
  } else {
    weigh_some(time, random);
  }
  return !candidates_.empty();
}

void Choice::weigh_all(std::int64_t time) {
  const auto items = world_.items();
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (items[i].listed <= time) add(i, World::utility(taste_, brand_[items[i].brand], items[i]), 0);
  }
}

void Choice::weigh_some(std::int64_t time, Stream& random) {
  std::array<double, kCategories> sums{};
  double sum = 0;
  for (std::size_t c = 0; c < kCategories; ++c) {
    const double mass = category_sums_[c].empty() ? 0 : category_sums_[c].back();
    sums[c] = sum += mass * std::exp(static_cast<double>(taste_.category[c]));
  }
  for (std::size_t draw = 0; draw < kCandidates; ++draw) {
    const std::size_t c = random.by_running_sums(sums);
    const std::uint32_t i = category_items_[c][random.by_running_sums(category_sums_[c])];
    const Item& item = world_.items()[i];
    if (item.listed > time) continue;
    add(i, World::utility(taste_, brand_[item.brand], item), taste_.category[c] + item.log_popularity);
  }
}

void Choice::add(std::uint32_t item, double utility, double log_proposal) {
  candidates_.push_back(item);
  const double browse = std::exp(kBrowseSharpness * utility - log_proposal);
  const double purchase = std::exp(utility - log_proposal);
  browse_sums_.push_back((browse_sums_.empty() ? 0 : browse_sums_.back()) + browse);
  purchase_sums_.push_back((purchase_sums_.empty() ? 0 : purchase_sums_.back()) + purchase);
}

std::uint32_t Choice::browse(Stream& random) const {
  return candidates_[random.by_running_sums(browse_sums_)];
}

std::uint32_t Choice::purchase(Stream& random) const {
  return candidates_[random.by_running_sums(purchase_sums_)];
}

std::uint32_t Choice::popular(Stream& random) const {
  for (std::size_t tries = 0; tries < kTries; ++tries) {
    const auto item = static_cast<std::uint32_t>(random.by_running_sums(popular_sums_));
    if (world_.items()[item].listed <= time_) return item;
  }
  return kNothing;
}

std::vector<Event> user_events(const World& world, const User& user, Choice& choice) {
  Stream random(world.options().seed, Purpose::kVisits, user.index);
  choice.set_user(user);
  const double present = static_cast<double>(kLogEnd - std::max(user.signup, world.log_start())) /
                         static_cast<double>(kLogEnd - world.log_start());
  const double mean = world.options().purchases_per_user / kPurchasesPerVisit * user.activity * present;
  std::vector<std::int64_t> times(random.poisson(std::min(mean, 700.0)));
  for (std::int64_t& time : times) time = visit_time(world, user, random);
  std::sort(times.begin(), times.end());

  std::vector<Event> out;
  std::unordered_set<std::uint32_t> owned;
  bool offered = false;
  for (std::uint32_t v = 0; v < times.size(); ++v) {
    if (v % choice.visits_served() == 0) offered = choice.set_time(times[v], random);
    if (!offered) continue;
    Visit visit(choice, owned, random, out);
    visit.run({.time = times[v], .user = static_cast<std::uint32_t>(user.index), .visit = v});
  }
  const std::size_t visited = out.size();
  for (std::size_t e = 0; e < visited; ++e) {
    if (out[e].action != Action::kPurchase || !random.chance(kReviewed)) continue;
    Event review = out[e];
    review.action = Action::kReview;
    review.time +=
        static_cast<std::int64_t>((1 + 6 * random.exponential()) * static_cast<double>(kSecondsPerDay));
    review.detail = rating_of(world, user, out[e], random);
    if (review.time < kLogEnd) out.push_back(review);
  }
  std::sort(out.begin(), out.end(), before);
  return out;
}

std::size_t visits_of(std::span<const Event> events) {
  std::unordered_set<std::uint32_t> visits;
  for (const Event& event : events) visits.insert(event.visit);
  return visits.size();
}

}  // namespace weft::synth
