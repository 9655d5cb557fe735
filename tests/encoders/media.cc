#include "tests/encoders/media.h"

// jpeglib.h needs FILE and size_t before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <sndfile.h>
#include <spng.h>
#include <webp/encode.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>

#include "base/error.h"

namespace weft::encoders {

Image gradient_image(std::size_t width, std::size_t height) {
  return paint(width, height, [&](double x, double y) {
    return std::array<int, 3>{static_cast<int>(255 * x / static_cast<double>(width)),
                              static_cast<int>(255 * y / static_cast<double>(height)),
                              static_cast<int>(128 + 100 * std::sin(x / 3))};
  });
}

std::string jpeg_bytes(const Image& image, JpegKind kind, int quality) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &data, &size);
  encoder.image_width = static_cast<JDIMENSION>(image.width);
  encoder.image_height = static_cast<JDIMENSION>(image.height);
  encoder.input_components = kind == JpegKind::kCmyk ? 4 : kind == JpegKind::kGray ? 1 : 3;
  encoder.in_color_space = kind == JpegKind::kCmyk   ? JCS_CMYK
                           : kind == JpegKind::kGray ? JCS_GRAYSCALE
                                                     : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  if (kind == JpegKind::kProgressive) jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<std::uint8_t> row;
  for (std::size_t y = 0; y < image.height; ++y) {
    row.clear();
    for (std::size_t x = 0; x < image.width; ++x) {
      const std::uint8_t* rgb = &image.rgb[(y * image.width + x) * 3];
      if (kind == JpegKind::kGray) {
        row.push_back(static_cast<std::uint8_t>((rgb[0] * 299 + rgb[1] * 587 + rgb[2] * 114) / 1000));
      } else {
        // CMYK as Adobe writes it: 255 is no ink, and here no black.
        row.insert(row.end(), rgb, rgb + 3);
        if (kind == JpegKind::kCmyk) row.push_back(255);
      }
    }
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&encoder, &rows, 1);
  }
  jpeg_finish_compress(&encoder);
  std::string bytes(reinterpret_cast<char*>(data), size);
  std::free(data);
  jpeg_destroy_compress(&encoder);
  return bytes;
}

std::string png_bytes(std::size_t width, std::size_t height, int type, int depth,
                      const std::vector<std::uint8_t>& pixels) {
  spng_ctx* context = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(width);
  header.height = static_cast<std::uint32_t>(height);
  header.color_type = static_cast<std::uint8_t>(type);
  header.bit_depth = static_cast<std::uint8_t>(depth);
  spng_set_ihdr(context, &header);
  if (type == SPNG_COLOR_TYPE_INDEXED) {
    spng_plte palette{};
    palette.n_entries = 3;
    palette.entries[0] = {255, 0, 0, 0};
    palette.entries[1] = {0, 255, 0, 0};
    palette.entries[2] = {0, 0, 255, 0};
    spng_set_plte(context, &palette);
    spng_trns transparency{};
    transparency.n_type3_entries = 3;
    transparency.type3_alpha[0] = 255;
    transparency.type3_alpha[1] = 255;
    transparency.type3_alpha[2] = 0;
    spng_set_trns(context, &transparency);
  }
  const int code =
      spng_encode_image(context, pixels.data(), pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  WEFT_CHECK(code == 0);
  std::size_t size = 0;
  int error = 0;
  void* data = spng_get_png_buffer(context, &size, &error);
  WEFT_CHECK(error == 0);
  std::string bytes(static_cast<char*>(data), size);
  std::free(data);
  spng_ctx_free(context);
  return bytes;
}

std::string png_bytes(const Image& image) {
  return png_bytes(image.width, image.height, SPNG_COLOR_TYPE_TRUECOLOR, 8, image.rgb);
}

std::string webp_bytes(const Image& image) {
  std::uint8_t* data = nullptr;
  const auto width = static_cast<int>(image.width);
  const std::size_t size =
      WebPEncodeLosslessRGB(image.rgb.data(), width, static_cast<int>(image.height), width * 3, &data);
  std::string bytes(reinterpret_cast<char*>(data), size);
  WebPFree(data);
  return bytes;
}

namespace {

struct Sink {
  std::string bytes;
  sf_count_t at = 0;
};
sf_count_t sink_size(void* user) {
  return static_cast<sf_count_t>(static_cast<Sink*>(user)->bytes.size());
}
sf_count_t sink_seek(sf_count_t offset, int whence, void* user) {
  auto& sink = *static_cast<Sink*>(user);
  sink.at = offset + (whence == SEEK_CUR ? sink.at : whence == SEEK_END ? sink_size(user) : 0);
  return sink.at;
}
sf_count_t sink_read(void* to, sf_count_t count, void* user) {
  auto& sink = *static_cast<Sink*>(user);
  const sf_count_t n = std::min(count, sink_size(user) - sink.at);
  std::memcpy(to, sink.bytes.data() + sink.at, static_cast<std::size_t>(n));
  sink.at += n;
  return n;
}
sf_count_t sink_write(const void* from, sf_count_t count, void* user) {
  auto& sink = *static_cast<Sink*>(user);
  const auto end = static_cast<std::size_t>(sink.at + count);
  if (sink.bytes.size() < end) sink.bytes.resize(end);
  std::memcpy(sink.bytes.data() + sink.at, from, static_cast<std::size_t>(count));
  sink.at += count;
  return count;
}
sf_count_t sink_tell(void* user) {
  return static_cast<Sink*>(user)->at;
}

}  // namespace

std::string sound_bytes(const std::vector<float>& samples, int rate, int channels, int format) {
  Sink sink;
  SF_VIRTUAL_IO io{
      .get_filelen = sink_size, .seek = sink_seek, .read = sink_read, .write = sink_write, .tell = sink_tell};
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open_virtual(&io, SFM_WRITE, &info, &sink);
  WEFT_CHECK(file != nullptr);
  sf_writef_float(file, samples.data(), static_cast<sf_count_t>(samples.size()) / channels);
  sf_close(file);
  return sink.bytes;
}

std::string wav_bytes(const std::vector<float>& samples, int rate, int channels) {
  return sound_bytes(samples, rate, channels, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
}

std::vector<float> sine(double hz, int rate, double seconds, double amplitude) {
  std::vector<float> out(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] =
        static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  }
  return out;
}

}  // namespace weft::encoders
