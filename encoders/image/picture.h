// A picture at the one size at which all measurements are taken, in several colour spaces.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoders/image/decode.h"

namespace weft::encoders {

inline constexpr std::size_t kSide = 64;  // pixels; pictures are stretched to a square
inline constexpr std::size_t kPixels = kSide * kSide;

// [kSide, kSide], row-major.
using Plane = std::vector<float>;

// `plane` [height, width] to [to_height, to_width] by a triangle filter, as wide as a step of the source
// where that is wider than a pixel: every source pixel counts when shrinking, neighbours are blended when
// enlarging.
std::vector<float> resize(std::span<const float> plane, std::size_t width, std::size_t height,
                          std::size_t to_width, std::size_t to_height);

struct Picture {
  double aspect = 1;                        // width / height of the original
  Plane red, green, blue;                   // 0 .. 1, sRGB
  Plane lightness, green_red, blue_yellow;  // CIE L*a*b* (D65): 0 .. 100, about -100 .. 100
};

Picture make_picture(const Image& image);

struct Lab {
  float lightness = 0;
  float green_red = 0;
  float blue_yellow = 0;
};
// sRGB in 0 .. 1.
Lab to_lab(float red, float green, float blue);

struct Hsv {
  float hue = 0;  // 0 .. 6
  float saturation = 0;
  float value = 0;
};
Hsv to_hsv(float red, float green, float blue);

}  // namespace weft::encoders
