// What a surface looks like: edges and their directions, local patterns, periodic structure.
#pragma once

#include <vector>

#include "encoders/image/picture.h"

namespace weft::encoders {

// Sobel gradients of a plane, edges repeated.
struct Gradients {
  Plane strength;   // in units of the plane per pixel
  Plane direction;  // 0 .. 2 pi, where the plane rises
};
Gradients find_gradients(const Plane& plane);

inline constexpr std::size_t kCells = 8;           // a side
inline constexpr std::size_t kCellDirections = 9;  // unsigned, over 180 degrees
// Histograms of gradient directions in kCells x kCells cells, each divided by the strength in its 3 x 3
// neighbourhood: [kCells, kCells, kCellDirections] (after Dalal and Triggs, CVPR 2005).
std::vector<float> cell_directions(const Gradients& gradients);

inline constexpr std::size_t kDirections = 18;  // unsigned
// Gradient strength by direction, weighted by `mask`, as square roots of shares. [kDirections]
std::vector<float> direction_histogram(const Gradients& gradients, const Plane& mask);

inline constexpr std::size_t kLocalPatterns = 59;
// Uniform local binary patterns of 8 neighbours at distance `radius`, weighted by `mask`, as square roots of
// shares: [kLocalPatterns] (Ojala, Pietikainen and Maenpaa, IEEE PAMI 24(7), 2002). `least`: a difference
// below it is no difference.
std::vector<float> local_patterns(const Plane& plane, const Plane& mask, std::size_t radius, float least);

inline constexpr std::size_t kRadialBands = 16;
inline constexpr std::size_t kSectorBands = 6;
inline constexpr std::size_t kSectors = 8;
// The Hann-windowed power spectrum in bands of frequency (log-spaced rings), and in coarser rings by
// direction; logarithms of shares: [kRadialBands + kSectorBands * kSectors].
std::vector<float> spectrum_bands(const Plane& plane);

}  // namespace weft::encoders
