#include "encoders/audio/spectrogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "encoders/math/fft.h"

namespace weft::encoders {
namespace {

constexpr double kLowest = 50;
constexpr double kHighest = 7'600;
constexpr float kFloor = 1e-10F;

double to_mel(double hz) {
  return 2595 * std::log10(1 + hz / 700);
}
double to_hz(double mel) {
  return 700 * (std::pow(10, mel / 2595) - 1);
}

std::vector<float> hann_window() {
  std::vector<float> window(kFrame);
  for (std::size_t i = 0; i < kFrame; ++i) {
    window[i] =
        static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kFrame));
  }
  return window;
}

DenseMatrix make_mel_filters() {
  std::array<double, kMels + 2> edges{};
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(kMels + 1);
    edges[i] = to_hz(to_mel(kLowest) + share * (to_mel(kHighest) - to_mel(kLowest)));
  }
  DenseMatrix filters(kMels, kBins);
  for (std::size_t m = 0; m < kMels; ++m) {
    for (std::size_t b = 0; b < kBins; ++b) {
      const double hz = static_cast<double>(b) * static_cast<double>(kAudioRate) / kFrame;
      const double rise = (hz - edges[m]) / (edges[m + 1] - edges[m]);
      const double fall = (edges[m + 2] - hz) / (edges[m + 2] - edges[m + 1]);
      filters.row(m)[b] = static_cast<float>(std::max(0.0, std::min(rise, fall)));
    }
  }
  return filters;
}

// The bins where a filter is not zero.
struct BinRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::array<BinRange, kMels> filter_ranges(const DenseMatrix& filters) {
  std::array<BinRange, kMels> ranges{};
  for (std::size_t m = 0; m < kMels; ++m) {
    std::size_t begin = 0;
    std::size_t end = kBins;
    while (begin < end && filters.row(m)[begin] == 0) ++begin;
    while (end > begin && filters.row(m)[end - 1] == 0) --end;
    ranges[m] = {.begin = begin, .end = end};
  }
  return ranges;
}

DenseMatrix make_dct() {
  DenseMatrix dct(kCepstra, kMels);
  for (std::size_t c = 0; c < kCepstra; ++c) {
    const double scale = std::sqrt((c == 0 ? 1.0 : 2.0) / kMels);
    for (std::size_t m = 0; m < kMels; ++m) {
      const double angle = std::numbers::pi * static_cast<double>(c) * (static_cast<double>(m) + 0.5) / kMels;
      dct.row(c)[m] = static_cast<float>(scale * std::cos(angle));
    }
  }
  return dct;
}

}  // namespace

DenseMatrix power_spectra(std::span<const float> samples) {
  static const RealFft fft(kFrame);
  static const std::vector<float> window = hann_window();
  DenseMatrix out(samples.size() / kHop + 1, kBins);
  std::array<float, kFrame> frame{};
  std::array<std::complex<float>, kBins> spectrum{};
  std::array<float, kFrame> work{};
  const auto count = static_cast<std::ptrdiff_t>(samples.size());
  for (std::size_t f = 0; f < out.rows(); ++f) {
    const std::ptrdiff_t first =
        static_cast<std::ptrdiff_t>(f * kHop) - static_cast<std::ptrdiff_t>(kFrame / 2);
    for (std::size_t i = 0; i < kFrame; ++i) {
      const std::ptrdiff_t at = first + static_cast<std::ptrdiff_t>(i);
      frame[i] = at >= 0 && at < count ? samples[static_cast<std::size_t>(at)] * window[i] : 0.0F;
    }
    fft.transform(frame, spectrum, work);
    for (std::size_t b = 0; b < kBins; ++b) {
      const float re = spectrum[b].real();
      const float im = spectrum[b].imag();
      out.row(f)[b] = (re * re + im * im) / static_cast<float>(kFrame);
    }
  }
  return out;
}

const DenseMatrix& mel_filters() {
  static const DenseMatrix filters = make_mel_filters();
  return filters;
}

DenseMatrix log_mel(const DenseMatrix& power) {
  const DenseMatrix& filters = mel_filters();
  static const std::array<BinRange, kMels> ranges = filter_ranges(filters);
  DenseMatrix out(power.rows(), kMels);
  for (std::size_t f = 0; f < power.rows(); ++f) {
    for (std::size_t m = 0; m < kMels; ++m) {
      float sum = 0;
      for (std::size_t b = ranges[m].begin; b < ranges[m].end; ++b)
        sum += filters.row(m)[b] * power.row(f)[b];
      out.row(f)[m] = std::log(std::max(sum, kFloor));
    }
  }
  return out;
}

DenseMatrix cepstra(const DenseMatrix& mel) {
  static const DenseMatrix dct = make_dct();
  DenseMatrix out(mel.rows(), kCepstra);
  for (std::size_t f = 0; f < mel.rows(); ++f) {
    for (std::size_t c = 0; c < kCepstra; ++c) {
      float sum = 0;
      for (std::size_t m = 0; m < kMels; ++m) sum += dct.row(c)[m] * mel.row(f)[m];
      out.row(f)[c] = sum;
    }
  }
  return out;
}

}  // namespace weft::encoders
