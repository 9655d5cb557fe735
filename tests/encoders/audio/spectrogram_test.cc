#include "encoders/audio/spectrogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>

#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

std::vector<float> noise(std::size_t n) {
  std::mt19937 random(4);
  std::vector<float> out(n);
  for (float& v : out) v = static_cast<float>(random() % 2000) / 1000 - 1;
  return out;
}

TEST(PowerSpectra, AreThePlainTransformOfWindowedFrames) {
  const std::vector<float> samples = noise(1'000);
  const DenseMatrix power = power_spectra(samples);
  ASSERT_EQ(power.rows(), 1'000 / kHop + 1);
  ASSERT_EQ(power.cols(), kBins);
  for (const std::size_t frame : {0U, 3U, 6U}) {
    for (const std::size_t bin : {0U, 1U, 17U, 100U, 256U}) {
      std::complex<double> sum = 0;
      for (std::size_t i = 0; i < kFrame; ++i) {
        const long at = static_cast<long>(frame * kHop + i) - 256;
        if (at < 0 || at >= 1'000) continue;
        const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / 512);
        sum += std::polar(window * samples[static_cast<std::size_t>(at)],
                          -2 * std::numbers::pi * static_cast<double>(bin * i % 512) / 512);
      }
      EXPECT_NEAR(power.row(frame)[bin], std::norm(sum) / 512, 1e-4) << frame << " " << bin;
    }
  }
}

TEST(MelFilters, AreTrianglesOnTheMelScale) {
  const auto mel = [](double hz) { return 2595 * std::log10(1 + hz / 700); };
  const DenseMatrix& filters = mel_filters();
  const double step = (mel(7'600) - mel(50)) / (kMels + 1);
  for (std::size_t m = 0; m < kMels; ++m) {
    // Edges in Hz by the inverse of the scale; a triangle is straight in Hz.
    const auto hz_of = [&](double position) {
      return 700 * (std::pow(10, (mel(50) + step * position) / 2595) - 1);
    };
    const double low = hz_of(static_cast<double>(m));
    const double top = hz_of(static_cast<double>(m) + 1);
    const double high = hz_of(static_cast<double>(m) + 2);
    for (std::size_t b = 0; b < kBins; ++b) {
      const double hz = static_cast<double>(b) * 31.25;
      const double want = hz <= low || hz >= high ? 0
                          : hz < top              ? (hz - low) / (top - low)
                                                  : (high - hz) / (high - top);
      EXPECT_NEAR(filters.row(m)[b], want, 1e-5) << m << " " << b;
    }
  }
}

TEST(LogMelAndCepstra, FollowTheirFormulas) {
  const DenseMatrix power = power_spectra(noise(800));
  const DenseMatrix mel = log_mel(power);
  const DenseMatrix cepstrum = cepstra(mel);
  for (std::size_t f = 0; f < power.rows(); ++f) {
    for (std::size_t m = 0; m < kMels; ++m) {
      double sum = 0;
      for (std::size_t b = 0; b < kBins; ++b)
        sum += static_cast<double>(mel_filters().row(m)[b]) * power.row(f)[b];
      EXPECT_NEAR(mel.row(f)[m], std::log(std::max(sum, 1e-10)), 1e-4);
    }
    for (std::size_t c = 0; c < kCepstra; ++c) {
      double sum = 0;
      for (std::size_t m = 0; m < kMels; ++m) {
        sum += mel.row(f)[m] *
               std::cos(std::numbers::pi * static_cast<double>(c) * (static_cast<double>(m) + 0.5) / kMels);
      }
      EXPECT_NEAR(cepstrum.row(f)[c], sum * std::sqrt((c == 0 ? 1.0 : 2.0) / kMels), 1e-3);
    }
  }
}

TEST(LogMel, ATonesLoudestBandIsItsOwn) {
  for (const double hz : {300.0, 1'000.0, 4'000.0}) {
    const DenseMatrix mel = log_mel(power_spectra(sine(hz, 16'000, 0.3)));
    const float* row = mel.row(15);
    const auto band = static_cast<std::size_t>(std::max_element(row, row + kMels) - row);
    const auto bin = static_cast<std::size_t>(std::lround(hz / 31.25));
    EXPECT_GT(mel_filters().row(band)[bin], 0.4F) << hz;
  }
}

}  // namespace
}  // namespace weft::encoders
