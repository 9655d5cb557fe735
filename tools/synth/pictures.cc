#include "tools/synth/pictures.h"

#include <spng.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numbers>

#include "base/error.h"
#include "tools/synth/random.h"

// clang-format off
#include <jpeglib.h>  // after cstdio: it needs FILE
// clang-format on

namespace weft::synth {
namespace {

using Colour = std::array<double, 3>;  // red, green, blue in [0, 1]

// Hue in degrees, saturation and value in [0, 1].
Colour from_hsv(double hue, double saturation, double value) {
  Colour out{};
  const std::array<double, 3> shifts = {5, 3, 1};
  for (std::size_t c = 0; c < 3; ++c) {
    const double k = std::fmod(shifts[c] + hue / 60, 6);
    out[c] = value - value * saturation * std::max(0.0, std::min({k, 4 - k, 1.0}));
  }
  return out;
}

// Distribution function of the standard normal: latents become shares that fill their range evenly.
double share_of(double latent) {
  return 0.5 * std::erfc(-latent / std::numbers::sqrt2);
}

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
}

struct Style {
  Colour body{}, background{};
  double texture_angle = 0, texture_frequency = 0, texture_phase = 0;
  double centre_x = 0, centre_y = 0, radius = 0;
  double lobes = 0, lobe_depth = 0, turn = 0;
};

Style style_of(const Item& item, Stream& random) {
  Style style;
  // Hue runs over three quarters of the circle, so that its ends stay apart.
  const double hue = 270 * share_of(item.look[0] + 0.15 * random.normal());
  const double value = 0.35 + 0.6 * share_of(item.look[1] + 0.15 * random.normal());
  const double place = share_of(item.look[2] + 0.15 * random.normal());
  style.body = from_hsv(hue, random.uniform(0.65, 0.8), value);
  const double grey = random.uniform(0.88, 0.98);
  style.background = {grey, grey, grey};
  style.texture_angle = (0.05 + 0.8 * place) * std::numbers::pi;
  style.texture_frequency = 0.45 + 0.35 * place;
  style.texture_phase = random.uniform(0, 2 * std::numbers::pi);
  style.centre_x = kPictureSize * random.uniform(0.45, 0.55);
  style.centre_y = kPictureSize * random.uniform(0.45, 0.55);
  style.radius = kPictureSize * random.uniform(0.36, 0.42);
  // Round shapes at one end of the dimension, stars at the other; the number of lobes comes with the
  // category.
  style.lobes = 3 + item.category % 5;
  style.lobe_depth = 0.02 + 0.3 * place;
  style.turn = random.uniform(0, 2 * std::numbers::pi);
  return style;
}

bool inside(const Style& style, double x, double y) {
  const double dx = x - style.centre_x, dy = y - style.centre_y;
  const double edge =
      style.radius *
      (1 - style.lobe_depth + style.lobe_depth * std::cos(style.lobes * std::atan2(dy, dx) + style.turn));
  return dx * dx + dy * dy < edge * edge;
}

}  // namespace

Picture draw_picture(const World& world, std::uint32_t item) {
  Stream random(world.options().seed, Purpose::kPicture, item);
  const Style style = style_of(world.items()[item], random);
  Picture out{.width = kPictureSize, .height = kPictureSize, .rgb = {}};
  out.rgb.reserve(out.width * out.height * 3);
  const double along_x = std::cos(style.texture_angle) * style.texture_frequency * 2;
  const double along_y = std::sin(style.texture_angle) * style.texture_frequency * 2;
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const auto px = static_cast<double>(x), py = static_cast<double>(y);
      const bool body = inside(style, px, py);
      const double wave =
          body ? 0.82 + 0.18 * std::sin(along_x * px + along_y * py + style.texture_phase) : 1;
      const double grain = 0.015 * random.normal();
      const Colour& colour = body ? style.body : style.background;
      for (const double channel : colour) out.rgb.push_back(to_byte(channel * wave + grain));
    }
  }
  return out;
}

namespace {

// libjpeg reports errors by calling a function that must not return.
struct JpegErrors {
  jpeg_error_mgr manager{};
  std::jmp_buf escape{};
  std::array<char, JMSG_LENGTH_MAX> text{};
};

void jpeg_failed(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);  // its first member
  (*info->err->format_message)(info, errors->text.data());
  std::longjmp(errors->escape, 1);
}

struct JpegBuffer {
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
};

// False with errors.text set if libjpeg failed. Holds nothing with a destructor, since an error jumps out of
// it.
bool compress(const Picture& picture, int quality, jpeg_compress_struct& info, JpegErrors& errors,
              JpegBuffer& out) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out.bytes, &out.size);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    // libjpeg only reads the row, but its type is not const.
    auto* row =
        const_cast<JSAMPLE*>(picture.rgb.data() + std::size_t{info.next_scanline} * picture.width * 3);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

std::string encode_jpeg(const Picture& picture, int quality) {
  jpeg_compress_struct info{};
  JpegErrors errors;
  JpegBuffer buffer;
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jpeg_failed;
  const bool ok = compress(picture, quality, info, errors, buffer);
  jpeg_destroy_compress(&info);
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(buffer.bytes, std::free);
  if (!ok) throw Error(std::string("cannot encode a picture: ") + errors.text.data());
  return {reinterpret_cast<const char*>(bytes.get()), buffer.size};
}

std::string encode_png(const Picture& picture) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  WEFT_CHECK(context != nullptr);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(picture.width);
  header.height = static_cast<std::uint32_t>(picture.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  int failed = spng_set_ihdr(context.get(), &header);
  if (failed == 0) {
    failed = spng_encode_image(context.get(), picture.rgb.data(), picture.rgb.size(), SPNG_FMT_PNG,
                               SPNG_ENCODE_FINALIZE);
  }
  std::size_t size = 0;
  const std::unique_ptr<void, void (*)(void*)> bytes(
      failed == 0 ? spng_get_png_buffer(context.get(), &size, &failed) : nullptr, std::free);
  if (failed != 0 || bytes == nullptr)
    throw Error(std::string("cannot encode a picture: ") + spng_strerror(failed));
  return {static_cast<const char*>(bytes.get()), size};
}

}  // namespace weft::synth
