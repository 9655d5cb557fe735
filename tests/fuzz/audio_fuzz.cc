// Sound files, up to a length that a fuzzer can afford.
// Parser: encoders/audio/decode.cc
#include <sndfile.h>

#include <cmath>

#include "encoders/audio/decode.h"
#include "tests/encoders/media.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

Seeds seeds() {
  using namespace encoders;
  const std::vector<float> tone = sine(440, 8000, 0.05);
  return {.accepted = {wav_bytes(tone, 8000), wav_bytes(tone, 16000, 2),
                       sound_bytes(tone, 8000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT),
                       sound_bytes(tone, 8000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16),
                       sound_bytes(tone, 8000, 1, SF_FORMAT_AIFF | SF_FORMAT_PCM_24),
                       sound_bytes(tone, 8000, 1, SF_FORMAT_AU | SF_FORMAT_ULAW)},
          .others = {}};
}

void run(std::string_view input) {
  const encoders::AudioLimits limits{.max_seconds = 2, .max_channels = 4, .max_bytes = 1 << 20};
  parses([&] {
    const encoders::Waveform sound = encoders::decode_audio(input, limits);
    FUZZ_CHECK(sound.sample_rate >= 1000 && sound.sample_rate <= 384'000);
    FUZZ_CHECK(!sound.samples.empty() && sound.samples.size() <= limits.max_seconds * sound.sample_rate);
    for (const float sample : sound.samples) FUZZ_CHECK(std::isfinite(sample));
  });
}

}  // namespace weft::fuzz
