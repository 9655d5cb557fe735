#include "tools/synth/pictures.h"

#include <gtest/gtest.h>
#include <spng.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numbers>

#include "base/error.h"
#include "tests/tools/synth/correlation.h"
#include "tests/tools/synth/shop_fixture.h"
#include "tools/synth/world.h"

// clang-format off
#include <jpeglib.h>  // after cstdio: it needs FILE
// clang-format on

namespace weft::synth {
namespace {

World many_items() {
  SynthOptions options = small_options();
  options.items = 300;
  return World(options);
}

// What simple statistics see: of coloured pixels, where hue lies on the circle, how light they are, and the
// angle that most of the brightness gradient (within the shape) points along.
struct Seen {
  double hue = 0, lightness = 0, angle = 0;
};

Seen look_at(const Picture& p) {
  const auto channel = [&](std::size_t x, std::size_t y, std::size_t c) {
    return double{1} * p.rgb[(y * p.width + x) * 3 + c];
  };
  const auto coloured = [&](std::size_t x, std::size_t y) {
    const double r = channel(x, y, 0), g = channel(x, y, 1), b = channel(x, y, 2);
    return std::max({r, g, b}) - std::min({r, g, b}) > 0.4 * std::max({r, g, b});
  };
  const auto grey = [&](std::size_t x, std::size_t y) {
    return channel(x, y, 0) + channel(x, y, 1) + channel(x, y, 2);
  };
  double sum[3] = {}, count = 0, cosine = 0, sine = 0;
  for (std::size_t y = 1; y + 1 < p.height; ++y) {
    for (std::size_t x = 1; x + 1 < p.width; ++x) {
      if (!coloured(x, y)) continue;
      for (std::size_t c = 0; c < 3; ++c) sum[c] += channel(x, y, c);
      count += 1;
      if (!coloured(x - 1, y) || !coloured(x + 1, y) || !coloured(x, y - 1) || !coloured(x, y + 1)) continue;
      const double gx = grey(x + 1, y) - grey(x - 1, y), gy = grey(x, y + 1) - grey(x, y - 1);
      const double angle = std::atan2(gy, gx);
      cosine += (gx * gx + gy * gy) * std::cos(2 * angle);
      sine += (gx * gx + gy * gy) * std::sin(2 * angle);
    }
  }
  const double hue = std::atan2(std::sqrt(3) * (sum[1] - sum[2]), 2 * sum[0] - sum[1] - sum[2]);
  const double turned =
      hue < -std::numbers::pi / 4 ? hue + 2 * std::numbers::pi : hue;  // the unused quarter is the cut
  double angle = 0.5 * std::atan2(sine, cosine);
  if (angle < -0.05) angle += std::numbers::pi;
  return {.hue = turned, .lightness = std::max({sum[0], sum[1], sum[2]}) / count, .angle = angle};
}

TEST(Pictures, ColourLightnessAndTextureFollowTheLook) {
  const World world = many_items();
  std::vector<double> seen[3], look[3];
  for (std::uint32_t i = 0; i < world.items().size(); ++i) {
    const Seen s = look_at(draw_picture(world, i));
    seen[0].push_back(s.hue);
    seen[1].push_back(s.lightness);
    seen[2].push_back(s.angle);
    for (std::size_t d = 0; d < 3; ++d) look[d].push_back(world.items()[i].look[d]);
  }
  for (std::size_t d = 0; d < 3; ++d) {
    EXPECT_GT(correlation(seen[d], look[d]), 0.85) << "dimension " << d;
    for (std::size_t other = 0; other < 3; ++other) {
      if (other == d) continue;
      EXPECT_LT(std::abs(correlation(seen[d], look[other])), 0.3) << d << " and " << other;
    }
  }
}

TEST(Pictures, SameItemSamePicture) {
  const World world(small_options());
  EXPECT_EQ(draw_picture(world, 4).rgb, draw_picture(world, 4).rgb);
  EXPECT_NE(draw_picture(world, 4).rgb, draw_picture(world, 5).rgb);
}

TEST(Pictures, PngHoldsThePixelsExactly) {
  const Picture picture = draw_picture(World(small_options()), 4);
  const std::string png = encode_png(picture);
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  ASSERT_EQ(spng_set_png_buffer(context.get(), png.data(), png.size()), 0);
  spng_ihdr header{};
  ASSERT_EQ(spng_get_ihdr(context.get(), &header), 0);
  EXPECT_EQ(header.width, kPictureSize);
  EXPECT_EQ(header.height, kPictureSize);
  std::vector<std::uint8_t> pixels(picture.rgb.size());
  ASSERT_EQ(spng_decode_image(context.get(), pixels.data(), pixels.size(), SPNG_FMT_RGB8, 0), 0);
  EXPECT_EQ(pixels, picture.rgb);
}

TEST(Pictures, JpegHoldsThemNearly) {
  const Picture picture = draw_picture(World(small_options()), 4);
  const std::string jpeg = encode_jpeg(picture, 88);
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
  ASSERT_EQ(jpeg_read_header(&info, TRUE), JPEG_HEADER_OK);
  jpeg_start_decompress(&info);
  ASSERT_EQ(info.output_width, kPictureSize);
  ASSERT_EQ(info.output_height, kPictureSize);
  ASSERT_EQ(info.output_components, 3);
  std::vector<std::uint8_t> pixels(picture.rgb.size());
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels.data() + std::size_t{info.output_scanline} * kPictureSize * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  double apart = 0;
  for (std::size_t k = 0; k < pixels.size(); ++k)
    apart += std::abs(double{1} * pixels[k] - picture.rgb[k]) / static_cast<double>(pixels.size());
  EXPECT_LT(apart, 8);
  EXPECT_LT(jpeg.size(), picture.rgb.size() / 2);
}

TEST(Pictures, AnEmptyPictureIsAnErrorAndNotTheEnd) {
  EXPECT_THROW(encode_jpeg(Picture{}, 88), Error);
  EXPECT_THROW(encode_png(Picture{}), Error);
}

}  // namespace
}  // namespace weft::synth
