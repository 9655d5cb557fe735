#include "encoders/audio/decode.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace weft::encoders {
namespace {

constexpr int kMinRate = 1'000;
constexpr int kMaxRate = 384'000;
constexpr std::size_t kFramesPerRead = 4'096;

// The file in memory, as libsndfile's callbacks want it.
struct Source {
  std::string_view bytes;
  sf_count_t at = 0;
};

sf_count_t size_of(void* user) {
  return static_cast<sf_count_t>(static_cast<Source*>(user)->bytes.size());
}

sf_count_t seek(sf_count_t offset, int whence, void* user) {
  auto& source = *static_cast<Source*>(user);
  const sf_count_t size = size_of(user);
  const sf_count_t base = whence == SEEK_CUR ? source.at : whence == SEEK_END ? size : 0;
  // A header may ask for any offset, even one whose sum would overflow.
  if (offset > size - base || offset < -base) return -1;
  source.at = base + offset;
  return source.at;
}

sf_count_t read(void* to, sf_count_t count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const sf_count_t taken = std::clamp<sf_count_t>(count, 0, size_of(user) - source.at);
  if (taken > 0) std::memcpy(to, source.bytes.data() + source.at, static_cast<std::size_t>(taken));
  source.at += taken;
  return taken;
}

sf_count_t write(const void*, sf_count_t, void*) {
  return 0;
}
sf_count_t tell(void* user) {
  return static_cast<Source*>(user)->at;
}

// RIFF files state the size of their data; libsndfile silently reads less if the file was cut. False if it
// was.
bool riff_is_whole(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE") return true;
  std::size_t at = 12;
  while (at + 8 <= bytes.size()) {
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at + 4, sizeof(size));
    // Writers that stream leave 0 or the largest number where they could not know.
    if (bytes.substr(at, 4) == "data")
      return size == 0 || size == 0xFFFFFFFFU || size <= bytes.size() - at - 8;
    at += 8 + static_cast<std::size_t>(size) + size % 2;
  }
  return false;
}

void check_format(const SF_INFO& info, const AudioLimits& limits) {
  if (info.channels < 1 || static_cast<std::size_t>(info.channels) > limits.max_channels) {
    throw Error(fmt::format("sound with {} channels (at most {})", info.channels, limits.max_channels));
  }
  if (info.samplerate < kMinRate || info.samplerate > kMaxRate) {
    throw Error(
        fmt::format("sound with a sample rate of {} Hz ({} to {})", info.samplerate, kMinRate, kMaxRate));
  }
  if (info.frames <= 0) throw Error("sound without samples");
}

}  // namespace

Waveform decode_audio(std::string_view bytes, const AudioLimits& limits) {
  if (bytes.empty()) throw Error("empty file");
  if (bytes.size() > limits.max_bytes) {
    throw Error(fmt::format("sound file of {} bytes (at most {})", bytes.size(), limits.max_bytes));
  }
  if (!riff_is_whole(bytes)) throw Error("WAV ends before its header says");
  Source source{.bytes = bytes};
  SF_VIRTUAL_IO io{.get_filelen = size_of, .seek = seek, .read = read, .write = write, .tell = tell};
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &source),
                                                         &sf_close);
  if (!file) throw Error(fmt::format("no sound file that can be read: {}", sf_strerror(nullptr)));
  check_format(info, limits);

  const auto channels = static_cast<std::size_t>(info.channels);
  const std::size_t wanted = std::min(static_cast<std::size_t>(info.frames),
                                      limits.max_seconds * static_cast<std::size_t>(info.samplerate));
  Waveform out{.sample_rate = static_cast<std::size_t>(info.samplerate)};
  std::vector<float> buffer(kFramesPerRead * channels);
  // The header's frame count is not trusted for the allocation: samples are added as they come.
  while (out.samples.size() < wanted) {
    const std::size_t ask = std::min(kFramesPerRead, wanted - out.samples.size());
    const sf_count_t got = sf_readf_float(file.get(), buffer.data(), static_cast<sf_count_t>(ask));
    if (got <= 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += buffer[i * channels + c];
      const float value = sum / static_cast<float>(channels);
      // Float files can hold anything.
      out.samples.push_back(std::isfinite(value) ? std::clamp(value, -8.0F, 8.0F) : 0.0F);
    }
  }
  if (sf_error(file.get()) != SF_ERR_NO_ERROR)
    throw Error(fmt::format("broken sound file: {}", sf_strerror(file.get())));
  if (out.samples.empty()) throw Error("sound without samples");
  // MPEG lengths are guesses, and a stream may not state its own.
  const bool states_length =
      info.frames != SF_COUNT_MAX && (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG;
  if (states_length && out.samples.size() < wanted) throw Error("sound ends before its header says");
  return out;
}

}  // namespace weft::encoders
