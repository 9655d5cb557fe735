// Short-time spectra of a sound and what is read off them: mel bands and cepstra.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoders/math/dense_matrix.h"

namespace weft::encoders {

// How sounds are cut, for samples at kAudioRate.
inline constexpr std::size_t kAudioRate = 16'000;  // Hz
inline constexpr std::size_t kFrame = 512;         // samples, 32 ms, Hann window
inline constexpr std::size_t kHop = 160;           // samples, 10 ms
inline constexpr std::size_t kBins = kFrame / 2 + 1;
inline constexpr std::size_t kMels = 40;  // 50 to 7,600 Hz
inline constexpr std::size_t kCepstra = 20;

// Power spectra |X|^2 / kFrame of frames centred at 0, kHop, 2 kHop ... (zeros before the start and past the
// end): [frames, kBins], frames = samples / kHop + 1.
DenseMatrix power_spectra(std::span<const float> samples);

// Triangular mel filters of equal height: [kMels, kBins]. mel(f) = 2595 log10(1 + f / 700).
const DenseMatrix& mel_filters();

// Natural logarithm of mel band energies: [frames, kMels]; energies below 1e-10 count as that.
DenseMatrix log_mel(const DenseMatrix& power);

// Orthonormal DCT-II along the bands: [frames, kCepstra].
DenseMatrix cepstra(const DenseMatrix& log_mel);

}  // namespace weft::encoders
