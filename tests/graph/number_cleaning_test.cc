#include "graph/number_cleaning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace weft::graph {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

// ---- The oracle: each rule by its definition, value by value.

std::vector<double> seen_of(const std::vector<double>& values, const std::vector<std::uint8_t>& visible) {
  std::vector<double> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (visible[i] != 0 && !std::isnan(values[i])) seen.push_back(values[i]);
  }
  return seen;
}

double mean_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum / static_cast<double>(v.size());
}

double deviation_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += std::pow(x - mean_of(v), 2);
  return std::sqrt(sum / static_cast<double>(v.size()));
}

// By rank: the value below which `share` of the steps between values lie.
double quantile_of(std::vector<double> v, double share) {
  std::sort(v.begin(), v.end());
  const double at = share * static_cast<double>(v.size() - 1);
  const double low = v[static_cast<std::size_t>(std::floor(at))];
  const double high = v[static_cast<std::size_t>(std::ceil(at))];
  return low + (at - std::floor(at)) * (high - low);
}

double mad_of(const std::vector<double>& v) {
  std::vector<double> distances;
  for (const double x : v) distances.push_back(std::abs(x - quantile_of(v, 0.5)));
  return quantile_of(distances, 0.5);
}

// Assigns every value to its nearest centre (the lower of two) until nothing moves.
std::vector<double> kmeans_of(const std::vector<double>& v, std::size_t clusters) {
  std::vector<double> centres;
  for (std::size_t k = 0; k < clusters; ++k)
    centres.push_back(quantile_of(v, (static_cast<double>(k) + 0.5) / static_cast<double>(clusters)));
  for (int round = 0; round < 100; ++round) {
    std::vector<std::vector<double>> members(clusters);
    for (const double x : v) {
      std::size_t best = 0;
      for (std::size_t k = 1; k < clusters; ++k) {
        if (x > (centres[k - 1] + centres[k]) / 2) best = k;
      }
      members[best].push_back(x);
    }
    std::vector<double> moved = centres;
    for (std::size_t k = 0; k < clusters; ++k) {
      std::sort(members[k].begin(), members[k].end());
      if (!members[k].empty()) moved[k] = mean_of(members[k]);
    }
    if (moved == centres) break;
    centres = moved;
  }
  return centres;
}

bool is_outlier(const std::vector<double>& seen, const NumberRules& rules, double x) {
  switch (rules.outliers) {
    case OutlierRule::kNone:
      return false;
    case OutlierRule::kDeviation:
      return std::abs(x - mean_of(seen)) > rules.limit * deviation_of(seen);
    case OutlierRule::kMad:
      return std::abs(x - quantile_of(seen, 0.5)) > rules.limit * 1.4826 * mad_of(seen);
    case OutlierRule::kIqr: {
      const double low = quantile_of(seen, 0.25), high = quantile_of(seen, 0.75);
      return x < low - rules.limit * (high - low) || x > high + rules.limit * (high - low);
    }
    case OutlierRule::kKmeans: {
      const std::vector<double> centres = kmeans_of(seen, rules.clusters);
      const auto distance = [&](double y) {
        double nearest = HUGE_VAL;
        for (const double c : centres) nearest = std::min(nearest, std::abs(y - c));
        return nearest;
      };
      double squares = 0;
      for (const double y : seen) squares += std::pow(distance(y), 2);
      return distance(x) > rules.limit * std::sqrt(squares / static_cast<double>(seen.size()));
    }
  }
  return false;
}

struct Column {
  std::vector<double> values;
  std::vector<std::uint8_t> visible;
};

// Two groups, some values far off, some missing, some that training does not see.
Column random_column(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> near(0, 1);
  Column column;
  for (std::size_t i = 0; i < size; ++i) {
    double value = near(random) + (random() % 3 == 0 ? 40 : 0);
    if (random() % 25 == 0) value = near(random) * 500;
    column.values.push_back(random() % 8 == 0 ? kNan : value);
    column.visible.push_back(random() % 4 == 0 ? 0 : 1);
  }
  return column;
}

constexpr OutlierRule kAllRules[] = {OutlierRule::kNone, OutlierRule::kDeviation, OutlierRule::kMad,
                                     OutlierRule::kIqr, OutlierRule::kKmeans};

TEST(NumberCleaning, EveryRuleAsByItsDefinition) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Column column = random_column(seed, 120);
    const std::vector<double> seen = seen_of(column.values, column.visible);
    for (const OutlierRule rule : kAllRules) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", rule " + std::to_string(static_cast<int>(rule)));
      const NumberRules rules{.outliers = rule,
                              .limit = rule == OutlierRule::kIqr ? 1.5 : 3,
                              .clusters = 2 + seed % 3,
                              .clip = false,
                              .missing = seed % 2 == 0 ? MissingRule::kMean : MissingRule::kMedian,
                              .scale = seed % 3 == 0 ? ScaleRange::kMinmax : ScaleRange::kZscore};
      const NumberConstants constants = fit_numbers(column.values, column.visible, rules);
      std::vector<double> kept;
      for (const double x : seen) {
        if (!is_outlier(seen, rules, x)) kept.push_back(x);
      }
      for (const double x : column.values) {
        if (std::isnan(x)) continue;
        EXPECT_EQ(constants.is_outlier(x), is_outlier(seen, rules, x)) << x;
      }
      const double fill = rules.missing == MissingRule::kMean ? mean_of(kept) : quantile_of(kept, 0.5);
      EXPECT_NEAR(*constants.fill, fill, 1e-9 * (1 + std::abs(fill)));
      EXPECT_EQ(constants.clean(kNan), constants.fill);
      const bool minmax = rules.scale == ScaleRange::kMinmax;
      const auto [low, high] = std::minmax_element(kept.begin(), kept.end());
      EXPECT_NEAR(constants.centre, minmax ? *low : mean_of(kept), 1e-9 * (1 + std::abs(*high)));
      EXPECT_NEAR(constants.width, minmax ? *high - *low : deviation_of(kept), 1e-9 * (1 + std::abs(*high)));
    }
  }
}

TEST(NumberCleaning, ConstantsNeverSeeWhatTrainingDoesNot) {
  for (const OutlierRule rule : kAllRules) {
    Column column = random_column(7, 200);
    const NumberRules rules{.outliers = rule, .missing = MissingRule::kMean};
    const NumberConstants before = fit_numbers(column.values, column.visible, rules);
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (column.visible[i] == 0) column.values[i] = 1e9;
    }
    EXPECT_EQ(fit_numbers(column.values, column.visible, rules), before);
  }
}

TEST(NumberCleaning, ClippedToTheNearestValueThatIsNoOutlier) {
  const NumberConstants constants{.inside = {{0, 10}, {20, 30}}, .fill = 5};
  EXPECT_EQ(constants.clean(-4), 0);
  EXPECT_EQ(constants.clean(7), 7);
  EXPECT_EQ(constants.clean(12), 10);
  EXPECT_EQ(constants.clean(19), 20);
  EXPECT_EQ(constants.clean(1e300), 30);
  EXPECT_EQ(constants.clean(kNan), 5);
  NumberConstants missing = constants;
  missing.clip = false;
  EXPECT_EQ(missing.clean(12), 5);
  missing.fill = {};
  EXPECT_EQ(missing.clean(12), std::nullopt);
  EXPECT_EQ(missing.clean(HUGE_VAL), std::nullopt) << "infinity is no value";
}

TEST(NumberCleaning, ColumnsWithoutSpreadOrValues) {
  for (const OutlierRule rule : kAllRules) {
    const NumberRules rules{.outliers = rule, .missing = MissingRule::kMedian};
    const std::vector<double> same(9, 3.5);
    const std::vector<std::uint8_t> all(9, 1), none(9, 0);
    const NumberConstants constants = fit_numbers(same, all, rules);
    EXPECT_FALSE(constants.is_outlier(4));
    EXPECT_EQ(constants.width, 1);
    EXPECT_EQ(constants.fill, 3.5);
    EXPECT_EQ(fit_numbers(same, none, rules), NumberConstants{});
  }
}

}  // namespace
}  // namespace weft::graph
