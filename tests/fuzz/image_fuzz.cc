// Picture files, up to a size that a fuzzer can afford.
// Parser: encoders/image/decode.cc encoders/image/decode_jpeg.cc
#include <spng.h>

#include "encoders/image/decode.h"
#include "tests/encoders/media.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

Seeds seeds() {
  using namespace encoders;
  const Image image = gradient_image(19, 13);
  return {
      .accepted = {jpeg_bytes(image), jpeg_bytes(image, JpegKind::kProgressive),
                   jpeg_bytes(image, JpegKind::kGray), jpeg_bytes(image, JpegKind::kCmyk), png_bytes(image),
                   webp_bytes(image),
                   png_bytes(3, 2, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, std::vector<std::uint8_t>(12, 128)),
                   png_bytes(9, 2, SPNG_COLOR_TYPE_GRAYSCALE, 1, std::vector<std::uint8_t>(4, 0xA5))},
      .others = {}};
}

void run(std::string_view input) {
  const encoders::ImageLimits limits{
      .max_pixels = 1 << 16, .max_side = 4096, .max_bytes = 1 << 20, .enough_side = 0};
  parses([&] {
    const encoders::Image image = encoders::decode_image(input, limits);
    FUZZ_CHECK(image.width > 0 && image.height > 0 && image.width * image.height <= limits.max_pixels);
    FUZZ_CHECK(image.rgb.size() == image.width * image.height * 3);
  });
}

}  // namespace weft::fuzz
