#include "encoders/math/fft.h"

#include <gtest/gtest.h>

#include <numbers>
#include <random>

namespace weft::encoders {
namespace {

TEST(RealFft, IsTheDiscreteFourierTransform) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (const std::size_t n : {4U, 8U, 64U, 512U}) {
    const RealFft fft(n);
    std::vector<float> samples(n);
    for (float& s : samples) s = uniform(random);
    std::vector<std::complex<float>> spectrum(fft.bins());
    std::vector<float> work(n);
    fft.transform(samples, spectrum, work);
    for (std::size_t k = 0; k < fft.bins(); ++k) {
      std::complex<double> sum = 0;
      for (std::size_t t = 0; t < n; ++t) {
        const double angle = -2 * std::numbers::pi * static_cast<double>(k * t % n) / static_cast<double>(n);
        sum += std::polar(1.0, angle) * static_cast<double>(samples[t]);
      }
      EXPECT_NEAR(spectrum[k].real(), sum.real(), 2e-5) << n << " " << k;
      EXPECT_NEAR(spectrum[k].imag(), sum.imag(), 2e-5) << n << " " << k;
    }
  }
}

}  // namespace
}  // namespace weft::encoders
