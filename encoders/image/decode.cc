#include "encoders/image/decode.h"

#include <fmt/format.h>
#include <spng.h>
#include <webp/decode.h>

#include <memory>
#include <new>

#include "base/error.h"
#include "encoders/image/formats.h"

namespace weft::encoders {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxChunkBytes = 16 << 20;  // of a PNG's texts and profiles, which are not used

void check_png(int code) {
  if (code != 0) throw Error(fmt::format("broken PNG: {}", spng_strerror(code)));
}

}  // namespace

void check_image_size(std::size_t width, std::size_t height, const ImageLimits& limits) {
  if (width == 0 || height == 0) throw Error("picture without pixels");
  if (width > limits.max_side || height > limits.max_side || width > limits.max_pixels / height) {
    throw Error(fmt::format("picture of {} x {} pixels (at most {}, {} a side)", width, height,
                            limits.max_pixels, limits.max_side));
  }
}

Image blend_over_white(std::size_t width, std::size_t height, const std::vector<std::uint8_t>& rgba) {
  Image out{.width = width, .height = height};
  out.rgb.resize(width * height * 3);
  for (std::size_t i = 0; i < width * height; ++i) {
    const unsigned alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      out.rgb[3 * i + c] =
          static_cast<std::uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return out;
}

Image decode_png(std::string_view bytes, const ImageLimits& limits) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), &spng_ctx_free);
  if (!context) throw std::bad_alloc();
  check_png(spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunkBytes));
  check_png(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()));
  spng_ihdr header{};
  check_png(spng_get_ihdr(context.get(), &header));
  check_image_size(header.width, header.height, limits);
  std::size_t size = 0;
  check_png(spng_decoded_image_size(context.get(), SPNG_FMT_RGBA8, &size));
  if (size != static_cast<std::size_t>(header.width) * header.height * 4) throw Error("broken PNG: size");
  std::vector<std::uint8_t> rgba(size);
  check_png(spng_decode_image(context.get(), rgba.data(), size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS));
  return blend_over_white(header.width, header.height, rgba);
}

Image decode_webp(std::string_view bytes, const ImageLimits& limits) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) throw Error("broken WebP: header");
  if (features.has_animation != 0) throw Error("animated WebP");
  if (features.width <= 0 || features.height <= 0) throw Error("picture without pixels");
  const auto width = static_cast<std::size_t>(features.width);
  const auto height = static_cast<std::size_t>(features.height);
  check_image_size(width, height, limits);
  std::vector<std::uint8_t> rgba(width * height * 4);
  if (WebPDecodeRGBAInto(data, bytes.size(), rgba.data(), rgba.size(), static_cast<int>(width * 4)) ==
      nullptr) {
    throw Error("broken or cut WebP");
  }
  return blend_over_white(width, height, rgba);
}

Image decode_image(std::string_view bytes, const ImageLimits& limits) {
  if (bytes.empty()) throw Error("empty file");
  if (bytes.size() > limits.max_bytes) {
    throw Error(fmt::format("picture file of {} bytes (at most {})", bytes.size(), limits.max_bytes));
  }
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return decode_jpeg(bytes, limits);
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) return decode_png(bytes, limits);
  if (bytes.size() >= 12 && bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP"sv) {
    return decode_webp(bytes, limits);
  }
  throw Error("no JPEG, PNG or WebP picture");
}

}  // namespace weft::encoders
