#include "encoders/image/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

// The definition, in two dimensions at once.
double plain_resize(const std::vector<float>& plane, std::size_t w, std::size_t h, std::size_t tw,
                    std::size_t th, std::size_t x, std::size_t y) {
  const double sx = static_cast<double>(w) / static_cast<double>(tw);
  const double sy = static_cast<double>(h) / static_cast<double>(th);
  double sum = 0;
  double total = 0;
  for (std::size_t v = 0; v < h; ++v) {
    for (std::size_t u = 0; u < w; ++u) {
      const double dx =
          std::abs(static_cast<double>(u) + 0.5 - (static_cast<double>(x) + 0.5) * sx) / std::max(1.0, sx);
      const double dy =
          std::abs(static_cast<double>(v) + 0.5 - (static_cast<double>(y) + 0.5) * sy) / std::max(1.0, sy);
      const double weight = std::max(0.0, 1 - dx) * std::max(0.0, 1 - dy);
      sum += weight * plane[v * w + u];
      total += weight;
    }
  }
  return sum / total;
}

TEST(Resize, IsTheTriangleFilter) {
  std::mt19937 random(5);
  for (const auto& [w, h, tw, th] : std::vector<std::array<std::size_t, 4>>{
           {20, 14, 7, 5}, {5, 3, 11, 9}, {8, 8, 8, 8}, {1, 1, 4, 4}, {9, 1, 2, 3}, {100, 7, 3, 20}}) {
    std::vector<float> plane(w * h);
    for (float& v : plane) v = static_cast<float>(random() % 1000);
    const std::vector<float> out = resize(plane, w, h, tw, th);
    for (std::size_t y = 0; y < th; ++y) {
      for (std::size_t x = 0; x < tw; ++x) {
        ASSERT_NEAR(out[y * tw + x], plain_resize(plane, w, h, tw, th, x, y), 0.01)
            << w << "x" << h << " " << x << "," << y;
      }
    }
  }
}

TEST(Lab, KnownColours) {
  const Lab white = to_lab(1, 1, 1);
  EXPECT_NEAR(white.lightness, 100, 0.02);
  EXPECT_NEAR(white.green_red, 0, 0.05);
  EXPECT_NEAR(white.blue_yellow, 0, 0.05);
  EXPECT_NEAR(to_lab(0, 0, 0).lightness, 0, 0.01);
  const Lab red = to_lab(1, 0, 0);  // 53.24, 80.09, 67.20 in every table
  EXPECT_NEAR(red.lightness, 53.24, 0.05);
  EXPECT_NEAR(red.green_red, 80.09, 0.1);
  EXPECT_NEAR(red.blue_yellow, 67.20, 0.1);
  const Lab blue = to_lab(0, 0, 1);
  EXPECT_NEAR(blue.lightness, 32.30, 0.05);
  EXPECT_NEAR(blue.green_red, 79.19, 0.1);
  EXPECT_NEAR(blue.blue_yellow, -107.86, 0.1);
}

TEST(Hsv, KnownColours) {
  EXPECT_EQ(to_hsv(1, 0, 0).hue, 0);
  EXPECT_EQ(to_hsv(0, 1, 0).hue, 2);
  EXPECT_EQ(to_hsv(0, 0, 1).hue, 4);
  EXPECT_EQ(to_hsv(1, 0, 1).hue, 5);
  EXPECT_EQ(to_hsv(0.5F, 0.5F, 0.5F).saturation, 0);
  EXPECT_EQ(to_hsv(0, 0, 0).value, 0);
  EXPECT_FLOAT_EQ(to_hsv(0.5F, 0.25F, 0.25F).saturation, 0.5F);
}

TEST(MakePicture, KeepsMeansAndAspect) {
  const Image image = gradient_image(96, 48);
  const Picture picture = make_picture(image);
  EXPECT_EQ(picture.aspect, 2);
  double want = 0;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) want += image.rgb[i] / 255.0;
  double got = 0;
  for (const float v : picture.red) got += v;
  EXPECT_NEAR(got / kPixels, want / (96 * 48), 0.002);
  const Lab lab = to_lab(picture.red[77], picture.green[77], picture.blue[77]);
  EXPECT_EQ(picture.lightness[77], lab.lightness);
}

}  // namespace
}  // namespace weft::encoders
