// Product pictures: a shape on a plain background. Colour, lightness and the direction of the texture follow
// the look part of the item's latent (a third each); place, size, background and grain are chance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/synth/world.h"

namespace weft::synth {

inline constexpr std::size_t kPictureSize = 64;

struct Picture {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // [height, width, 3]
};

Picture draw_picture(const World& world, std::uint32_t item);

std::string encode_jpeg(const Picture& picture, int quality);
std::string encode_png(const Picture& picture);

}  // namespace weft::synth
