// Another sample rate for a sound, by windowed-sinc interpolation (J. O. Smith, "Digital Audio Resampling
// Home Page").
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace weft::encoders {

// `samples` at `from` Hz as they would be at `to` Hz: ceil(n * to / from) samples, what lies above either
// rate's half is taken out (Hann-windowed sinc, 16 zero crossings a side, filters exact for the rates'
// ratio). Equal rates: a copy.
std::vector<float> resample(std::span<const float> samples, std::size_t from, std::size_t to);

}  // namespace weft::encoders
