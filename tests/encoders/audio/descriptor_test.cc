#include "encoders/audio/descriptor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "encoders/audio/spectrogram.h"
#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

std::vector<float> group(const std::vector<float>& descriptor, std::string_view name) {
  std::size_t at = 0;
  for (const DescriptorGroup& g : audio_groups()) {
    const auto begin = descriptor.begin() + static_cast<std::ptrdiff_t>(at);
    if (g.name == name) return {begin, begin + static_cast<std::ptrdiff_t>(g.size)};
    at += g.size;
  }
  ADD_FAILURE() << name;
  return {};
}

std::vector<float> clicks(double per_second, double seconds) {
  std::vector<float> out(static_cast<std::size_t>(seconds * kAudioRate), 0.0F);
  std::mt19937 random(2);
  const auto step = static_cast<std::size_t>(kAudioRate / per_second);
  for (std::size_t i = step / 2; i + 400 < out.size(); i += step) {
    for (std::size_t k = 0; k < 400; ++k) out[i + k] = static_cast<float>(random() % 2000) / 1000 - 1;
  }
  return out;
}

TEST(AudioDescriptor, NotesAreWhereTheyAreOnTheKeyboard) {
  for (const auto& [hz, semitone] : {std::pair<double, long>{261.63, 12}, {440, 21}, {880, 33}}) {
    const std::vector<float> notes = group(describe_audio(sine(hz, 16'000, 1)), "notes");
    EXPECT_EQ(std::max_element(notes.begin(), notes.begin() + 48) - notes.begin(), semitone);
    EXPECT_EQ(std::max_element(notes.begin() + 48, notes.end()) - notes.begin() - 48, semitone % 12);
  }
}

TEST(AudioDescriptor, RhythmFindsTheBeat) {
  for (const double per_second : {2.0, 4.0, 5.0}) {
    const std::vector<float> rhythm = group(describe_audio(clicks(per_second, 3)), "rhythm");
    EXPECT_NEAR(std::exp(rhythm[24]), 100 / per_second, 1.5) << per_second;  // frames of 10 ms between beats
    EXPECT_GT(rhythm[25], 0.5F);
    EXPECT_NEAR(rhythm[26], per_second, 0.5);  // beginnings a second
  }
}

TEST(AudioDescriptor, LoudnessIsOneValueAndChangesNoOther) {
  std::vector<float> tone = sine(500, 16'000, 0.5);
  const std::vector<float> loud = describe_audio(tone);
  for (float& s : tone) s *= 0.125F;
  const std::vector<float> soft = describe_audio(tone);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < loud.size(); ++i) {
    if (std::abs(loud[i] - soft[i]) < 1e-2) continue;
    ++changed;
    EXPECT_NEAR(loud[i] - soft[i], std::log(8.0), 1e-3);
  }
  EXPECT_EQ(changed, 1U);
}

TEST(AudioDescriptor, NoiseIsFlatAndATonesCentreIsItsPitch) {
  std::mt19937 random(3);
  std::vector<float> noise(16'000);
  for (float& s : noise) s = static_cast<float>(random() % 2000) / 1000 - 1;
  const std::vector<float> of_noise = group(describe_audio(noise), "spectrum");
  const std::vector<float> of_tone = group(describe_audio(sine(1'000, 16'000, 1)), "spectrum");
  EXPECT_NEAR(of_tone[0], std::log(1'020.0), 0.02);  // centroid
  EXPECT_NEAR(of_noise[0], std::log(4'020.0), 0.05);
  EXPECT_GT(of_noise[6], -1.0F);  // flatness
  EXPECT_LT(of_tone[6], -5.0F);
}

TEST(AudioDescriptor, IsFiniteForSoundsOfAnyKind) {
  std::vector<float> wild(5'000);
  std::mt19937 random(5);
  for (float& s : wild) s = random() % 2 == 0 ? 8.0F : -8.0F;
  for (const std::vector<float>& samples :
       {std::vector<float>(1, 0.0F), std::vector<float>(1, 1.0F), std::vector<float>(16'000, 0.0F),
        std::vector<float>(777, 0.5F), wild, std::vector<float>(100'000, 1e-7F)}) {
    const std::vector<float> d = describe_audio(samples);
    ASSERT_EQ(d.size(), descriptor_size(audio_groups()));
    for (const float v : d) ASSERT_TRUE(std::isfinite(v));
  }
}

}  // namespace
}  // namespace weft::encoders
