#include "encoders/math/fft.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace weft::encoders {
namespace {

// std::complex's operator* handles infinities, which costs a call; samples are finite.
inline std::complex<float> multiply(std::complex<float> a, std::complex<float> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Butterflies between values `reach` apart.
inline void pass(float* __restrict re, float* __restrict im, const float* __restrict wr,
                 const float* __restrict wi, std::size_t reach) {
  float* __restrict far_re = re + reach;
  float* __restrict far_im = im + reach;
  for (std::size_t k = 0; k < reach; ++k) {
    const float odd_re = wr[k] * far_re[k] - wi[k] * far_im[k];
    const float odd_im = wr[k] * far_im[k] + wi[k] * far_re[k];
    far_re[k] = re[k] - odd_re;
    far_im[k] = im[k] - odd_im;
    re[k] += odd_re;
    im[k] += odd_im;
  }
}

}  // namespace

RealFft::RealFft(std::size_t size) : size_(size), reversed_(size / 2, 0), twiddles_(size / 2) {
  WEFT_CHECK(size >= 4 && std::has_single_bit(size));
  const std::size_t half = size / 2;
  for (std::size_t i = 1; i < half; ++i) reversed_[i] = reversed_[i / 2] / 2 + (i % 2 == 1 ? half / 2 : 0);
  for (std::size_t k = 0; k < half; ++k) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    twiddles_[k] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  for (std::size_t width = 2; width <= half; width *= 2) {
    for (std::size_t k = 0; k < width / 2; ++k) {
      pass_re_.push_back(twiddles_[k * (size / width)].real());
      pass_im_.push_back(twiddles_[k * (size / width)].imag());
    }
  }
}

void RealFft::transform(std::span<const float> samples, std::span<std::complex<float>> spectrum,
                        std::span<float> work) const {
  const std::size_t half = size_ / 2;
  WEFT_CHECK(samples.size() == size_ && spectrum.size() == bins() && work.size() == size_);
  float* re = work.data();
  float* im = work.data() + half;
  // Even and odd samples as one complex signal of half the length.
  for (std::size_t i = 0; i < half; ++i) {
    re[reversed_[i]] = samples[2 * i];
    im[reversed_[i]] = samples[2 * i + 1];
  }
  const float* wr = pass_re_.data();
  const float* wi = pass_im_.data();
  for (std::size_t width = 2; width <= half; width *= 2) {
    const std::size_t reach = width / 2;
    for (std::size_t start = 0; start < half; start += width) pass(re + start, im + start, wr, wi, reach);
    wr += reach;
    wi += reach;
  }
  spectrum[0] = {re[0] + im[0], 0};
  spectrum[half] = {re[0] - im[0], 0};
  for (std::size_t k = 1; k < half; ++k) {
    const std::complex<float> a{re[k], im[k]};
    const std::complex<float> b{re[half - k], -im[half - k]};
    const std::complex<float> even = (a + b) * 0.5F;
    const std::complex<float> difference = (a - b) * 0.5F;
    const std::complex<float> odd{difference.imag(), -difference.real()};  // times -i
    spectrum[k] = even + multiply(twiddles_[k], odd);
  }
}

}  // namespace weft::encoders
