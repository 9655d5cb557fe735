// Statistics of values over time. Internal to encoders/audio.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoders/math/dense_matrix.h"

namespace weft::encoders {

struct MeanAndDeviation {
  float mean = 0;
  float deviation = 0;
};
MeanAndDeviation mean_and_deviation(std::span<const float> values);

// The value below which `share` of the values lie (nearest rank). `values` must not be empty; their order is
// changed.
float percentile(std::span<float> values, double share);

// Column c of the rows [begin, end).
std::vector<float> column(const DenseMatrix& rows, std::size_t c, std::size_t begin, std::size_t end);

// Differences over time by regression over two rows to each side, ends repeated: what speech recognition
// calls deltas.
DenseMatrix deltas(const DenseMatrix& rows);

// The normalised autocorrelation of `values` minus their mean, at lags 0 .. max_lag; zeros where there is no
// variation or the lag is past the end.
std::vector<float> autocorrelation(std::span<const float> values, std::size_t max_lag);

}  // namespace weft::encoders
