// Small pictures and sounds made in code, and their files' bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "encoders/image/decode.h"

namespace weft::encoders {

// A picture by a function of its pixels.
template <typename Colour>  // (x, y) -> std::array<int, 3>
Image paint(std::size_t width, std::size_t height, const Colour& colour) {
  Image image{.width = width, .height = height};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (const int c : colour(static_cast<double>(x), static_cast<double>(y))) {
        image.rgb.push_back(static_cast<std::uint8_t>(c < 0 ? 0 : c > 255 ? 255 : c));
      }
    }
  }
  return image;
}

// Smooth colours in all directions.
Image gradient_image(std::size_t width, std::size_t height);

enum class JpegKind { kBaseline, kProgressive, kGray, kCmyk };
std::string jpeg_bytes(const Image& image, JpegKind kind = JpegKind::kBaseline, int quality = 95);

// `type`: an spng_color_type; `depth` bits a sample, little-endian, rows packed.
std::string png_bytes(std::size_t width, std::size_t height, int type, int depth,
                      const std::vector<std::uint8_t>& pixels);
std::string png_bytes(const Image& image);
std::string webp_bytes(const Image& image);  // lossless

// Interleaved samples as a file: `format` is one of libsndfile's, such as SF_FORMAT_WAV | SF_FORMAT_PCM_16.
std::string sound_bytes(const std::vector<float>& samples, int rate, int channels, int format);
std::string wav_bytes(const std::vector<float>& samples, int rate, int channels = 1);

std::vector<float> sine(double hz, int rate, double seconds, double amplitude = 0.5);

}  // namespace weft::encoders
