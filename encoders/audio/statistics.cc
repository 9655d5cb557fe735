#include "encoders/audio/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace weft::encoders {

MeanAndDeviation mean_and_deviation(std::span<const float> values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const float v : values) sum += v;
  const double mean = sum / n;
  double square = 0;
  for (const float v : values) square += (v - mean) * (v - mean);
  return {.mean = static_cast<float>(mean), .deviation = static_cast<float>(std::sqrt(square / n))};
}

float percentile(std::span<float> values, double share) {
  WEFT_CHECK(!values.empty());
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = static_cast<std::ptrdiff_t>(std::lround(share * last));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

std::vector<float> column(const DenseMatrix& rows, std::size_t c, std::size_t begin, std::size_t end) {
  std::vector<float> out(end - begin);
  for (std::size_t i = begin; i < end; ++i) out[i - begin] = rows.row(i)[c];
  return out;
}

DenseMatrix deltas(const DenseMatrix& rows) {
  DenseMatrix out(rows.rows(), rows.cols());
  const auto last = static_cast<std::ptrdiff_t>(rows.rows()) - 1;
  const auto at = [&](std::ptrdiff_t i) {
    return rows.row(static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(i, 0, last)));
  };
  for (std::ptrdiff_t i = 0; i <= last; ++i) {
    float* to = out.row(static_cast<std::size_t>(i));
    for (std::size_t c = 0; c < rows.cols(); ++c) {
      to[c] = (at(i + 1)[c] - at(i - 1)[c] + 2 * (at(i + 2)[c] - at(i - 2)[c])) / 10;
    }
  }
  return out;
}

std::vector<float> autocorrelation(std::span<const float> values, std::size_t max_lag) {
  std::vector<float> out(max_lag + 1, 0.0F);
  const float mean = mean_and_deviation(values).mean;
  double power = 0;
  for (const float v : values) power += static_cast<double>(v - mean) * (v - mean);
  if (power < 1e-12) return out;
  for (std::size_t lag = 0; lag <= max_lag && lag < values.size(); ++lag) {
    double sum = 0;
    for (std::size_t i = lag; i < values.size(); ++i)
      sum += static_cast<double>(values[i] - mean) * (values[i - lag] - mean);
    out[lag] = static_cast<float>(sum / power);
  }
  return out;
}

}  // namespace weft::encoders
