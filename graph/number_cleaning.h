// Cleaning that looks at a whole column of numbers: outliers, missing values, scale. Its constants are fitted
// on the values that training may see, kept with what was trained, and used as they are on all later values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace weft::graph {

enum class OutlierRule {
  kNone,
  kDeviation,  // farther from the mean than `limit` standard deviations
  kMad,        // farther from the median than `limit` times 1.4826 the median distance from it
  kIqr,        // `limit` inter-quartile ranges below the first or above the third quartile
  kKmeans,     // farther from the nearest of `clusters` centres than `limit` times the root mean square of
               // such distances
};
enum class MissingRule { kFlag, kMean, kMedian };
enum class ScaleRange { kZscore, kMinmax };

struct NumberRules {
  OutlierRule outliers = OutlierRule::kNone;
  double limit = 3;
  std::size_t clusters = 3;
  bool clip = true;  // an outlier takes the nearest value that is none; false: it counts as missing
  MissingRule missing = MissingRule::kFlag;
  ScaleRange scale = ScaleRange::kZscore;
  bool operator==(const NumberRules&) const = default;
};

struct NumberInterval {
  double low = 0, high = 0;
  bool operator==(const NumberInterval&) const = default;
};

struct NumberConstants {
  std::vector<NumberInterval> inside =
      {};  // ascending, apart; what lies in none is an outlier. None: no rule
  bool clip = true;
  std::optional<double> fill = {};  // for missing values; none: they stay missing
  double centre = 0, width = 1;     // (value - centre) / width is the scaled value
  bool operator==(const NumberConstants&) const = default;

  bool is_outlier(double value) const;
  // Not scaled yet; nothing if missing. A value that is not finite is missing.
  std::optional<double> clean(double value) const;
  double scaled(double value) const { return (value - centre) / width; }
};

// The median of a sorted list, and other quantiles by linear interpolation (R's type 7); the list must not be
// empty.
double quantile(std::span<const double> sorted, double share);

// Fits on values[i] where visible[i] is not 0 and the value is finite; without any, constants that change
// nothing. Outliers first, then what stands for missing values, then the scale, each on what the one before
// left. A column without spread (no deviation, a median distance or range of 0) has no outliers and a width
// of 1. k-means is Lloyd's, begun at equal quantiles, so the outcome is the same each time.
NumberConstants fit_numbers(std::span<const double> values, std::span<const std::uint8_t> visible,
                            const NumberRules& rules);

}  // namespace weft::graph
