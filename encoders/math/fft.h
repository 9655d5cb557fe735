// Discrete Fourier transforms of power-of-two lengths: radix 2, tables made once (Cooley and Tukey, Math.
// Comp. 19, 1965).
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace weft::encoders {

// Thread-safe once constructed.
class RealFft {
 public:
  // `size`: a power of two, at least 4.
  explicit RealFft(std::size_t size);
  std::size_t size() const { return size_; }
  std::size_t bins() const { return size_ / 2 + 1; }

  // Spectrum [bins] of `samples` [size]: sum over t of x[t] exp(-2 pi i k t / size). `work`: [size],
  // scratch.
  void transform(std::span<const float> samples, std::span<std::complex<float>> spectrum,
                 std::span<float> work) const;

 private:
  std::size_t size_;
  std::vector<std::size_t> reversed_;          // [size / 2], bit reversal
  std::vector<std::complex<float>> twiddles_;  // [size / 2], exp(-2 pi i k / size)
  // The twiddles of each pass over size / 2 values, one pass after the other, so that inner loops run over
  // neighbours.
  std::vector<float> pass_re_, pass_im_;
};

}  // namespace weft::encoders
