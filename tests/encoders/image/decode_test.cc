#include "encoders/image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spng.h>

#include <array>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

using ::testing::HasSubstr;

double mean_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
  return sum / static_cast<double>(a.rgb.size());
}

std::string reason(std::string_view bytes, const ImageLimits& limits = {}) {
  try {
    decode_image(bytes, limits);
  } catch (const Error& error) {
    return error.summary();
  }
  return "no error";
}

TEST(DecodeImage, EveryKindOfJpeg) {
  const Image image = gradient_image(40, 30);
  for (const JpegKind kind : {JpegKind::kBaseline, JpegKind::kProgressive, JpegKind::kCmyk}) {
    const Image decoded = decode_image(jpeg_bytes(image, kind));
    EXPECT_EQ(decoded.width, 40U);
    EXPECT_EQ(decoded.height, 30U);
    EXPECT_LT(mean_difference(decoded, image), 4) << static_cast<int>(kind);
  }
  const Image gray = decode_image(jpeg_bytes(image, JpegKind::kGray));
  for (std::size_t i = 0; i < gray.rgb.size(); i += 3) {
    ASSERT_EQ(gray.rgb[i], gray.rgb[i + 1]);
    ASSERT_EQ(gray.rgb[i], gray.rgb[i + 2]);
    const double luma = 0.299 * image.rgb[i] + 0.587 * image.rgb[i + 1] + 0.114 * image.rgb[i + 2];
    ASSERT_NEAR(gray.rgb[i], luma, 12);
  }
}

TEST(DecodeImage, LosslessKindsAreExact) {
  const Image image = gradient_image(17, 11);
  EXPECT_EQ(decode_image(png_bytes(image)).rgb, image.rgb);
  EXPECT_EQ(decode_image(webp_bytes(image)).rgb, image.rgb);
}

TEST(DecodeImage, PngWithSixteenBitsGrayPaletteAndAlpha) {
  // 16 bits: the higher byte stays.
  const Image wide = decode_image(
      png_bytes(2, 1, SPNG_COLOR_TYPE_TRUECOLOR, 16, {0, 0x12, 0, 0x34, 0, 0x56, 255, 255, 0, 0, 0, 0x80}));
  EXPECT_EQ(wide.rgb, (std::vector<std::uint8_t>{0x12, 0x34, 0x56, 255, 0, 0x80}));
  const Image gray = decode_image(png_bytes(2, 1, SPNG_COLOR_TYPE_GRAYSCALE, 8, {7, 200}));
  EXPECT_EQ(gray.rgb, (std::vector<std::uint8_t>{7, 7, 7, 200, 200, 200}));
  const Image bits = decode_image(png_bytes(8, 1, SPNG_COLOR_TYPE_GRAYSCALE, 1, {0b10110000}));
  EXPECT_EQ(bits.rgb[0], 255);
  EXPECT_EQ(bits.rgb[3], 0);
  // Palette red, green, blue, and blue is transparent: white.
  const Image palette = decode_image(png_bytes(3, 1, SPNG_COLOR_TYPE_INDEXED, 8, {0, 1, 2}));
  EXPECT_EQ(palette.rgb, (std::vector<std::uint8_t>{255, 0, 0, 0, 255, 0, 255, 255, 255}));
  const Image alpha =
      decode_image(png_bytes(2, 1, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, {100, 0, 200, 255, 0, 0, 0, 51}));
  EXPECT_EQ(alpha.rgb, (std::vector<std::uint8_t>{100, 0, 200, 204, 204, 204}));
}

TEST(DecodeImage, LargeJpegIsDecodedSmallerIfThatIsEnough) {
  const std::string bytes = jpeg_bytes(gradient_image(400, 260));
  const Image small = decode_image(bytes, {.enough_side = 64});
  EXPECT_EQ(small.width, 100U);
  EXPECT_EQ(small.height, 65U);
  EXPECT_EQ(decode_image(bytes, {.enough_side = 200}).width, 400U);
  EXPECT_EQ(decode_image(bytes).width, 400U);
}

TEST(DecodeImage, LimitsAreCheckedBeforeDecoding) {
  const Image image = gradient_image(20, 10);
  for (const std::string& bytes : {jpeg_bytes(image), png_bytes(image), webp_bytes(image)}) {
    EXPECT_THAT(reason(bytes, {.max_pixels = 199}), HasSubstr("20 x 10"));
    EXPECT_THAT(reason(bytes, {.max_side = 19}), HasSubstr("20 x 10"));
    EXPECT_THAT(reason(bytes, {.max_bytes = 10}), HasSubstr("at most 10"));
    EXPECT_EQ(reason(bytes, {.max_pixels = 200, .max_side = 20}), "no error");
  }
  // A header that promises four thousand million pixels.
  std::string bomb = png_bytes(image);
  bomb.replace(16, 8, std::string("\0\0\xFF\xFF\0\0\xFF\xFF", 8));
  EXPECT_NE(reason(bomb), "no error");
}

TEST(DecodeImage, OtherFilesHaveAReason) {
  EXPECT_EQ(reason(""), "empty file");
  EXPECT_EQ(reason("GIF89a......"), "no JPEG, PNG or WebP picture");
  EXPECT_EQ(reason("<html>404</html>"), "no JPEG, PNG or WebP picture");
}

TEST(DecodeImage, AJpegCutInHalfIsBrokenAndNotGray) {
  const Image image = gradient_image(64, 64);
  for (const JpegKind kind : {JpegKind::kBaseline, JpegKind::kProgressive}) {
    const std::string bytes = jpeg_bytes(image, kind);
    EXPECT_THAT(reason(std::string_view(bytes).substr(0, bytes.size() / 2)), HasSubstr("broken JPEG"));
    EXPECT_THAT(reason(std::string_view(bytes).substr(0, bytes.size() - 2)), HasSubstr("Premature end"));
  }
}

TEST(DecodeImage, EveryCutIsAnErrorOrLosesNothingAndEveryFlipIsSurvived) {
  const Image image = gradient_image(13, 9);
  const std::vector<std::string> files = {jpeg_bytes(image),
                                          jpeg_bytes(image, JpegKind::kProgressive),
                                          jpeg_bytes(image, JpegKind::kCmyk),
                                          png_bytes(image),
                                          webp_bytes(image),
                                          png_bytes(3, 1, SPNG_COLOR_TYPE_INDEXED, 8, {0, 1, 2})};
  for (std::size_t f = 0; f < files.size(); ++f) {
    const std::string& good = files[f];
    const Image whole = decode_image(good);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
      try {
        const Image cut = decode_image(std::string_view(good).substr(0, i), {.max_pixels = 1 << 20});
        EXPECT_EQ(cut.rgb, whole.rgb) << "file " << f << " cut at " << i;
      } catch (const Error&) {
        ++refused;
      }
      for (const int change : {1 << (i % 8), 0xFF}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ change);
        try {
          const Image image_of_bad = decode_image(bad, {.max_pixels = 1 << 20});
          EXPECT_EQ(image_of_bad.rgb.size(), image_of_bad.width * image_of_bad.height * 3);
        } catch (const Error& error) {
          EXPECT_FALSE(error.summary().empty());
        }
      }
    }
    EXPECT_GT(refused, good.size() * 8 / 10) << f;
  }
}

}  // namespace
}  // namespace weft::encoders
