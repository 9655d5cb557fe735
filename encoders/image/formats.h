// The decoders behind decode_image, one file each. Internal to encoders/image.
#pragma once

#include <string_view>
#include <vector>

#include "encoders/image/decode.h"

namespace weft::encoders {

Image decode_jpeg(std::string_view bytes, const ImageLimits& limits);
Image decode_png(std::string_view bytes, const ImageLimits& limits);
Image decode_webp(std::string_view bytes, const ImageLimits& limits);

// Throws Error if a picture of this size must not be decoded.
void check_image_size(std::size_t width, std::size_t height, const ImageLimits& limits);

// Drops the alpha of [height, width, 4], blending over white.
Image blend_over_white(std::size_t width, std::size_t height, const std::vector<std::uint8_t>& rgba);

}  // namespace weft::encoders
