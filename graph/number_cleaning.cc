#include "graph/number_cleaning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace weft::graph {
namespace {

constexpr double kMadOfNormal = 1.4826;  // a normal's deviation over its median distance from the median
constexpr int kMaxRounds = 100;

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments(std::span<const double> values) {
  Moments out;
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  out.mean = sum / count;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  out.deviation = std::sqrt(squares / count);
  return out;
}

bool is_spread(double width, double centre) {
  return width > 1e-12 * (1 + std::abs(centre));
}

// Centres of clusters of a sorted list, ascending. Clusters in one dimension are runs of it.
std::vector<double> centres_of(std::span<const double> sorted, std::size_t clusters) {
  std::vector<double> centres;
  for (std::size_t k = 0; k < clusters; ++k)
    centres.push_back(quantile(sorted, (static_cast<double>(k) + 0.5) / static_cast<double>(clusters)));
  for (int round = 0; round < kMaxRounds; ++round) {
    std::vector<double> moved = centres;
    auto begin = sorted.begin();
    for (std::size_t k = 0; k < clusters; ++k) {
      // The lower centre takes what lies half way.
      const auto end = k + 1 == clusters
                           ? sorted.end()
                           : std::upper_bound(begin, sorted.end(), (centres[k] + centres[k + 1]) / 2);
      double sum = 0;
      for (auto value = begin; value != end; ++value) sum += *value;
      if (end != begin) moved[k] = sum / static_cast<double>(end - begin);
      begin = end;
    }
    if (moved == centres) break;
    centres = std::move(moved);
  }
  return centres;
}

double nearest_distance(const std::vector<double>& centres, double value) {
  double nearest = std::abs(value - centres[0]);
  for (const double centre : centres) nearest = std::min(nearest, std::abs(value - centre));
  return nearest;
}

std::vector<NumberInterval> around_centres(std::span<const double> sorted, const NumberRules& rules) {
  const std::vector<double> centres = centres_of(sorted, std::max<std::size_t>(rules.clusters, 1));
  double squares = 0;
  for (const double value : sorted) {
    const double distance = nearest_distance(centres, value);
    squares += distance * distance;
  }
  const double radius = rules.limit * std::sqrt(squares / static_cast<double>(sorted.size()));
  std::vector<NumberInterval> intervals;
  if (!is_spread(radius, centres.back())) return intervals;
  for (const double centre : centres) {
    const NumberInterval next{centre - radius, centre + radius};
    if (!intervals.empty() && next.low <= intervals.back().high)
      intervals.back().high = std::max(intervals.back().high, next.high);
    else
      intervals.push_back(next);
  }
  return intervals;
}

std::vector<NumberInterval> around(double low, double high, double spread, double limit) {
  if (!is_spread(spread, low)) return {};
  return {{low - limit * spread, high + limit * spread}};
}

std::vector<NumberInterval> intervals_of(std::span<const double> sorted, const NumberRules& rules) {
  switch (rules.outliers) {
    case OutlierRule::kNone:
      break;
    case OutlierRule::kDeviation: {
      const Moments all = moments(sorted);
      return around(all.mean, all.mean, all.deviation, rules.limit);
    }
    case OutlierRule::kMad: {
      const double median = quantile(sorted, 0.5);
      std::vector<double> distances;
      distances.reserve(sorted.size());
      for (const double value : sorted) distances.push_back(std::abs(value - median));
      std::sort(distances.begin(), distances.end());
      return around(median, median, kMadOfNormal * quantile(distances, 0.5), rules.limit);
    }
    case OutlierRule::kIqr: {
      const double low = quantile(sorted, 0.25), high = quantile(sorted, 0.75);
      return around(low, high, high - low, rules.limit);
    }
    case OutlierRule::kKmeans:
      return around_centres(sorted, rules);
  }
  return {};
}

}  // namespace

double quantile(std::span<const double> sorted, double share) {
  WEFT_CHECK(!sorted.empty());
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

bool NumberConstants::is_outlier(double value) const {
  return !inside.empty() && std::none_of(inside.begin(), inside.end(), [&](const NumberInterval& interval) {
    return value >= interval.low && value <= interval.high;
  });
}

std::optional<double> NumberConstants::clean(double value) const {
  if (!std::isfinite(value)) return fill;
  if (!is_outlier(value)) return value;
  if (!clip) return fill;
  // Beyond all of them no distances are compared: great ones are equal in floating point.
  if (value < inside.front().low) return inside.front().low;
  for (std::size_t i = 0; i + 1 < inside.size(); ++i) {
    const double below = inside[i].high, above = inside[i + 1].low;
    if (value < above) return value - below <= above - value ? below : above;
  }
  return inside.back().high;
}

NumberConstants fit_numbers(std::span<const double> values, std::span<const std::uint8_t> visible,
                            const NumberRules& rules) {
  WEFT_CHECK(values.size() == visible.size());
  NumberConstants out{.clip = rules.clip};
  // In the order of the nodes: sums, and so the constants of a column without rules, depend on it.
  std::vector<double> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (visible[i] != 0 && std::isfinite(values[i])) seen.push_back(values[i]);
  }
  if (seen.empty()) return out;
  std::vector<double> sorted;
  if (rules.outliers != OutlierRule::kNone) {
    sorted = seen;
    std::sort(sorted.begin(), sorted.end());
    out.inside = intervals_of(sorted, rules);
    std::vector<double> kept;
    for (const double value : seen) {
      if (const auto cleaned = out.clean(value)) kept.push_back(*cleaned);
    }
    seen = std::move(kept);
    if (seen.empty()) return out;
  }
  const Moments all = moments(seen);
  if (rules.missing == MissingRule::kMean) out.fill = all.mean;
  if (rules.missing == MissingRule::kMedian) {
    sorted = seen;
    std::sort(sorted.begin(), sorted.end());
    out.fill = quantile(sorted, 0.5);
  }
  const auto [low, high] = std::minmax_element(seen.begin(), seen.end());
  out.centre = rules.scale == ScaleRange::kMinmax ? *low : all.mean;
  const double width = rules.scale == ScaleRange::kMinmax ? *high - *low : all.deviation;
  out.width = is_spread(width, out.centre) ? width : 1;
  return out;
}

}  // namespace weft::graph
