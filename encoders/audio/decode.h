// Sound files to samples: WAV, FLAC, OGG and what else libsndfile reads, from memory.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace weft::encoders {

struct AudioLimits {
  std::size_t max_seconds = 600;      // longer files are used up to here
  std::size_t max_channels = 8;       // more: Error
  std::size_t max_bytes = 256 << 20;  // of the file; more: Error
};

// Mono: the mean of the channels. Samples are finite, in about [-1, 1].
struct Waveform {
  std::size_t sample_rate = 0;  // Hz, 1,000 to 384,000
  std::vector<float> samples = {};
};

// Throws Error with a reason: no sound file, empty, too many channels, sample rate out of range, ends before
// its header says.
Waveform decode_audio(std::string_view bytes, const AudioLimits& limits = {});

}  // namespace weft::encoders
