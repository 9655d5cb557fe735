#include "encoders/image/outline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

// A regular polygon (sides = 0: a disc) of dark blue on light gray.
Image shape_image(int sides, double cx, double cy, double radius, double turn = 0) {
  return paint(64, 64, [&](double x, double y) {
    const double dx = x + 0.5 - cx;
    const double dy = y + 0.5 - cy;
    double reach = radius;
    if (sides > 0) {
      const double step = 2 * std::numbers::pi / sides;
      double angle = std::fmod(std::atan2(dy, dx) - turn + 4 * std::numbers::pi, step) - step / 2;
      reach = radius * std::cos(step / 2) / std::cos(angle);
    }
    const bool in = dx * dx + dy * dy < reach * reach;
    return in ? std::array<int, 3>{20, 30, 120} : std::array<int, 3>{225, 225, 220};
  });
}

Outline outline_of(const Image& image) {
  return trace_outline(find_foreground(make_picture(image)));
}

TEST(Outline, ADiscIsWhereItWasDrawnAndRound) {
  const Outline disc = outline_of(shape_image(0, 40, 24, 12));
  EXPECT_NEAR(disc.area, std::numbers::pi * 144 / 4096, 0.004);
  EXPECT_NEAR(disc.x, 0.25, 0.02);
  EXPECT_NEAR(disc.y, -0.25, 0.02);
  EXPECT_LT(disc.stretch, 0.03);
  for (const float h : disc.harmonics) EXPECT_LT(h, 0.03);
}

TEST(Outline, HarmonicsTellPolygonsApart) {
  for (const double turn : {0.0, 0.4}) {
    for (int sides = 3; sides <= 6; ++sides) {
      const Outline polygon = outline_of(shape_image(sides, 32, 32, 24, turn));
      const auto highest = std::max_element(polygon.harmonics.begin(), polygon.harmonics.end());
      EXPECT_EQ(highest - polygon.harmonics.begin() + 1, sides) << turn;
    }
  }
}

TEST(Outline, HuMomentsAndCropDoNotMoveWithTheShape) {
  const Outline a = outline_of(shape_image(3, 22, 24, 14));
  const Outline b = outline_of(shape_image(3, 40, 41, 14));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(a.hu[i], b.hu[i], 0.05);
  for (std::size_t i = 0; i < a.cropped.size(); ++i) EXPECT_NEAR(a.cropped[i], b.cropped[i], 0.15);
}

TEST(Outline, AnEmptyPictureHasNone) {
  const Image plain = paint(30, 30, [](double, double) { return std::array<int, 3>{9, 99, 199}; });
  const Foreground foreground = find_foreground(make_picture(plain));
  EXPECT_LT(*std::max_element(foreground.mask.begin(), foreground.mask.end()), 0.01F);
  EXPECT_EQ(trace_outline(foreground).area, 0);
}

}  // namespace
}  // namespace weft::encoders
