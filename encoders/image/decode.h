// Picture files to pixels: JPEG (baseline and progressive; gray and CMYK too), PNG (all depths, palettes,
// transparency) and WebP (still pictures), told apart by their first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::encoders {

struct ImageLimits {
  std::size_t max_pixels =
      64'000'000;  // width x height as the header states them; checked before anything is decoded
  std::size_t max_side = 32'768;
  std::size_t max_bytes = 64 << 20;  // of the file
  // Pixels that are wanted along the shorter side: a JPEG whose half, quarter or eighth still has as many is
  // decoded at that size. 0: always in full.
  std::size_t enough_side = 0;
};

// 8-bit sRGB; what was transparent is blended over white.
struct Image {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> rgb = {};  // [height, width, 3]
};

// Throws Error with a reason: another format, over a limit, cut, damaged. Never returns a picture that is
// only partly there.
Image decode_image(std::string_view bytes, const ImageLimits& limits = {});

}  // namespace weft::encoders
