// jpeglib.h needs FILE and size_t before it, jerror.h needs jpeglib.h.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "encoders/image/formats.h"

namespace weft::encoders {
namespace {

// More are no picture but an attack: every scan costs a pass over all pixels.
constexpr int kMaxScans = 200;

// libjpeg reports through callbacks and must not return from an error: it jumps back to where decoding began.
// Everything that lives across the jump is in here or trivial.
struct Session {
  jpeg_decompress_struct decoder{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf back{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  Image image{};
  std::vector<std::uint8_t> cmyk{};  // one row
  std::size_t refused_width = 0;
  std::size_t refused_height = 0;
};

Session& session_of(j_common_ptr common) {
  return *static_cast<Session*>(common->client_data);
}

[[noreturn]] void jump_back(j_common_ptr common) {
  Session& session = session_of(common);
  (*common->err->format_message)(common, session.message.data());
  std::longjmp(session.back, 1);  // NOLINT: the library's own way out of an error
}

// Stray bytes and odd headers lose nothing. After any other warning pixels are made up: the file is broken.
bool is_harmless(int code) {
  switch (code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
      return true;
    default:
      return false;
  }
}

void on_message(j_common_ptr common, int level) {
  if (level < 0 && !is_harmless(common->err->msg_code)) jump_back(common);
}

void on_progress(j_common_ptr common) {
  if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number > kMaxScans) {
    Session& session = session_of(common);
    std::strncpy(session.message.data(), "too many scans", session.message.size() - 1);
    std::longjmp(session.back, 1);  // NOLINT
  }
}

void ignore_output(j_common_ptr) {}

// The smallest of the sizes 1/8, 1/4, 1/2, 1 that still has `enough` pixels along the shorter side.
unsigned scale_denominator(const jpeg_decompress_struct& decoder, std::size_t enough) {
  const std::size_t shorter = std::min(decoder.image_width, decoder.image_height);
  unsigned denominator = 1;
  while (enough > 0 && denominator < 8 && shorter / (denominator * 2) >= enough) denominator *= 2;
  return denominator;
}

void read_rows(Session& session, unsigned flip) {
  jpeg_decompress_struct& decoder = session.decoder;
  const std::size_t width = decoder.output_width;
  const bool cmyk = decoder.output_components == 4;
  while (decoder.output_scanline < decoder.output_height) {
    std::uint8_t* rgb =
        session.image.rgb.data() + static_cast<std::size_t>(decoder.output_scanline) * width * 3;
    JSAMPROW row = cmyk ? session.cmyk.data() : rgb;
    jpeg_read_scanlines(&decoder, &row, 1);
    for (std::size_t i = 0; cmyk && i < width; ++i) {
      const unsigned black = session.cmyk[4 * i + 3] ^ flip;
      for (std::size_t c = 0; c < 3; ++c) {
        rgb[3 * i + c] = static_cast<std::uint8_t>((session.cmyk[4 * i + c] ^ flip) * black / 255);
      }
    }
  }
}

enum class Outcome { kDone, kBroken, kTooLarge };

// No object with a destructor may live in this frame or below: errors jump over it.
Outcome run(Session& session, std::string_view bytes, const ImageLimits& limits) {
  jpeg_decompress_struct& decoder = session.decoder;
  if (setjmp(session.back) != 0) return Outcome::kBroken;  // NOLINT
  jpeg_create_decompress(&decoder);
  decoder.progress = &session.progress;
  jpeg_mem_src(&decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&decoder, TRUE);
  const std::size_t width = decoder.image_width;
  const std::size_t height = decoder.image_height;
  if (width == 0 || height == 0 || width > limits.max_side || height > limits.max_side ||
      width > limits.max_pixels / height) {
    session.refused_width = width;
    session.refused_height = height;
    return Outcome::kTooLarge;
  }
  const bool cmyk = decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
  decoder.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  decoder.scale_num = 1;
  decoder.scale_denom = scale_denominator(decoder, limits.enough_side);
  jpeg_start_decompress(&decoder);
  session.image.width = decoder.output_width;
  session.image.height = decoder.output_height;
  session.image.rgb.resize(session.image.width * session.image.height * 3);
  if (cmyk) session.cmyk.resize(session.image.width * 4);
  // Adobe writes CMYK inverted: 255 is no ink.
  read_rows(session, decoder.saw_Adobe_marker != 0 ? 0 : 255);
  jpeg_finish_decompress(&decoder);
  return Outcome::kDone;
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const ImageLimits& limits) {
  Session session;
  session.decoder.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = jump_back;
  session.errors.emit_message = on_message;
  session.errors.output_message = ignore_output;
  session.progress.progress_monitor = on_progress;
  session.decoder.client_data = &session;
  Outcome outcome = Outcome::kBroken;
  try {
    outcome = run(session, bytes, limits);
  } catch (...) {  // no memory
    jpeg_destroy_decompress(&session.decoder);
    throw;
  }
  jpeg_destroy_decompress(&session.decoder);
  if (outcome == Outcome::kTooLarge) check_image_size(session.refused_width, session.refused_height, limits);
  if (outcome != Outcome::kDone) throw Error(std::string("broken JPEG: ") + session.message.data());
  return std::move(session.image);
}

}  // namespace weft::encoders
