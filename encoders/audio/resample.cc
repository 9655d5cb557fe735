#include "encoders/audio/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"

namespace weft::encoders {
namespace {

constexpr double kZeroCrossings = 16;
constexpr double kRolloff = 0.95;  // the pass band ends a little below half the lower rate
// Rates without a common divisor would need as many filters as the target rate has samples a second: past
// this many positions between two samples, the nearest is taken.
constexpr std::size_t kMaxPhases = 1'024;

double windowed_sinc(double x, double cutoff, double half_width) {
  if (std::abs(x) >= half_width) return 0;
  const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * x / half_width);
  const double angle = std::numbers::pi * x * cutoff;
  return cutoff * window * (std::abs(angle) < 1e-9 ? 1 : std::sin(angle) / angle);
}

struct Filters {
  std::size_t phases = 1;
  std::ptrdiff_t half = 0;  // taps before the position's sample
  std::size_t taps = 0;
  std::vector<float> values = {};  // [phases, taps]
};

// Filter for a position p / phases after an input sample. Each sums to 1, so that a constant stays one.
Filters make_filters(std::size_t phases, double cutoff) {
  const double half_width = kZeroCrossings / cutoff;
  Filters filters{.phases = phases, .half = static_cast<std::ptrdiff_t>(std::ceil(half_width))};
  filters.taps = 2 * static_cast<std::size_t>(filters.half) + 1;
  filters.values.resize(phases * filters.taps);
  for (std::size_t p = 0; p < phases; ++p) {
    const double position = static_cast<double>(p) / static_cast<double>(phases);
    std::vector<double> row(filters.taps);
    double sum = 0;
    for (std::size_t t = 0; t < filters.taps; ++t) {
      row[t] = windowed_sinc(static_cast<double>(static_cast<std::ptrdiff_t>(t) - filters.half) - position,
                             cutoff, half_width);
      sum += row[t];
    }
    for (std::size_t t = 0; t < filters.taps; ++t)
      filters.values[p * filters.taps + t] = static_cast<float>(row[t] / sum);
  }
  return filters;
}

}  // namespace

std::vector<float> resample(std::span<const float> samples, std::size_t from, std::size_t to) {
  WEFT_CHECK(from > 0 && to > 0);
  if (from == to) return {samples.begin(), samples.end()};
  const std::size_t divisor = std::gcd(from, to);
  const std::size_t up = to / divisor;
  const std::size_t down = from / divisor;
  const double cutoff = kRolloff * std::min(1.0, static_cast<double>(to) / static_cast<double>(from));
  const Filters filters = make_filters(std::min(up, kMaxPhases), cutoff);
  std::vector<float> out((samples.size() * up + down - 1) / down);
  const auto count = static_cast<std::ptrdiff_t>(samples.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t position = i * down;  // in 1 / up of an input sample
    const auto whole = static_cast<std::ptrdiff_t>(position / up);
    const std::size_t phase = position % up * filters.phases / up;
    const float* filter = &filters.values[phase * filters.taps];
    const std::ptrdiff_t first = whole - filters.half;
    const std::ptrdiff_t begin = std::max<std::ptrdiff_t>(0, -first);
    const std::ptrdiff_t end =
        std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(filters.taps), count - first);
    float sum = 0;
    for (std::ptrdiff_t t = begin; t < end; ++t)
      sum += filter[t] * samples[static_cast<std::size_t>(first + t)];
    out[i] = sum;
  }
  return out;
}

}  // namespace weft::encoders
