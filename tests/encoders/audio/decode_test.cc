#include "encoders/audio/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "tests/encoders/media.h"

// libsndfile 1.2 does not free what libvorbis allocated when an OGG file's headers are broken.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the leak checker's own name
extern "C" const char* __lsan_default_suppressions() {
  return "leak:vorbis_info_init\n";
}  // NOLINT

namespace weft::encoders {
namespace {

using ::testing::HasSubstr;

std::string reason(std::string_view bytes, const AudioLimits& limits = {}) {
  try {
    decode_audio(bytes, limits);
  } catch (const Error& error) {
    return error.summary();
  }
  return "no error";
}

TEST(DecodeAudio, EveryLosslessKindGivesTheSamples) {
  const std::vector<float> tone = sine(440, 8'000, 0.2);
  for (const int format :
       {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_FLOAT,
        SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_AIFF | SF_FORMAT_PCM_16}) {
    const Waveform wave = decode_audio(sound_bytes(tone, 8'000, 1, format));
    EXPECT_EQ(wave.sample_rate, 8'000U);
    ASSERT_EQ(wave.samples.size(), tone.size()) << std::hex << format;
    for (std::size_t i = 0; i < tone.size(); ++i) ASSERT_NEAR(wave.samples[i], tone[i], 1e-4);
  }
}

TEST(DecodeAudio, VorbisIsNearTheSamples) {
  const std::vector<float> tone = sine(440, 16'000, 0.5);
  const Waveform wave = decode_audio(sound_bytes(tone, 16'000, 1, SF_FORMAT_OGG | SF_FORMAT_VORBIS));
  ASSERT_EQ(wave.samples.size(), tone.size());
  double difference = 0;
  for (std::size_t i = 2'000; i < 6'000; ++i)
    difference = std::max<double>(difference, std::abs(wave.samples[i] - tone[i]));
  EXPECT_LT(difference, 0.05);
}

TEST(DecodeAudio, ChannelsAreMixedAndWhatIsNoNumberIsSilence) {
  const Waveform stereo = decode_audio(wav_bytes({0.5F, 0.25F, -0.5F, 0.5F}, 8'000, 2));
  ASSERT_EQ(stereo.samples.size(), 2U);
  EXPECT_NEAR(stereo.samples[0], 0.375, 1e-4);
  EXPECT_NEAR(stereo.samples[1], 0, 1e-4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Waveform odd =
      decode_audio(sound_bytes({nan, 1e20F, 0.5F}, 8'000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT));
  EXPECT_EQ(odd.samples, (std::vector<float>{0, 8, 0.5F}));
}

TEST(DecodeAudio, LimitsAndOtherFilesHaveAReason) {
  const std::string bytes = wav_bytes(sine(440, 8'000, 3), 8'000);
  EXPECT_EQ(decode_audio(bytes, {.max_seconds = 2}).samples.size(), 16'000U);
  EXPECT_THAT(reason(bytes, {.max_bytes = 100}), HasSubstr("at most 100"));
  EXPECT_THAT(reason(wav_bytes(std::vector<float>(80), 8'000, 4), {.max_channels = 3}),
              HasSubstr("4 channels"));
  EXPECT_THAT(reason(wav_bytes(std::vector<float>(80), 500)), HasSubstr("500 Hz"));
  EXPECT_EQ(reason(""), "empty file");
  EXPECT_THAT(reason("no sound at all"), HasSubstr("no sound file"));
  EXPECT_THAT(reason(wav_bytes({}, 8'000)), HasSubstr("without samples"));
}

TEST(DecodeAudio, EveryCutWavAndFlacIsBrokenAndEveryFlipIsSurvived) {
  const std::vector<float> tone = sine(440, 8'000, 0.05);
  for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_OGG | SF_FORMAT_VORBIS}) {
    const std::string good = sound_bytes(tone, 8'000, 1, format);
    const bool states_length = (format & SF_FORMAT_TYPEMASK) != SF_FORMAT_OGG;
    const std::size_t stride = good.size() > 2'000 ? 7 : 1;
    for (std::size_t i = 0; i < good.size(); i += stride) {
      const std::string what = reason(std::string_view(good).substr(0, i));
      if (states_length) {
        EXPECT_NE(what, "no error") << std::hex << format << " cut at " << std::dec << i;
      }
      for (const int change : {1 << (i % 8), 0xFF}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ change);
        try {
          for (const float s : decode_audio(bad).samples) ASSERT_TRUE(std::abs(s) <= 8);
        } catch (const Error& error) {
          EXPECT_FALSE(error.summary().empty());
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::encoders
