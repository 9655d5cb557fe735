#include "tools/synth/sounds.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/tools/synth/correlation.h"
#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

double power(std::span<const double> samples) {
  double sum = 0;
  for (const double s : samples) sum += s * s;
  return sum;
}

// Power of the differences over the power: high for bright sounds.
double brightness(const std::vector<double>& clip) {
  std::vector<double> steps;
  for (std::size_t n = 1; n < clip.size(); ++n) steps.push_back(clip[n] - clip[n - 1]);
  return std::log(power(steps) / power(clip));
}

// Deviation of the logarithm of the loudness over frames of 20 ms: high for sharp, separate strikes.
double unsteadiness(const std::vector<double>& clip) {
  std::vector<double> loudness;
  for (std::size_t n = 0; n + 160 <= clip.size(); n += 160)
    loudness.push_back(std::log(power(std::span(clip).subspan(n, 160)) + 1e-3));
  double mean = 0, deviation = 0;
  for (const double l : loudness) mean += l / static_cast<double>(loudness.size());
  for (const double l : loudness) deviation += (l - mean) * (l - mean) / static_cast<double>(loudness.size());
  return std::sqrt(deviation);
}

TEST(Sounds, TimbreAndRhythmFollowTheMood) {
  SynthOptions options = small_options();
  options.items = 200;
  const World world(options);
  std::vector<double> bright, unsteady, mood[2];
  for (std::uint32_t i = 0; i < options.items; ++i) {
    std::vector<double> clip;
    for (const std::int16_t s : play_clip(world, i)) clip.push_back(s / 32768.0);
    bright.push_back(brightness(clip));
    unsteady.push_back(unsteadiness(clip));
    for (std::size_t d = 0; d < 2; ++d) mood[d].push_back(world.items()[i].mood[d]);
  }
  EXPECT_GT(correlation(bright, mood[0]), 0.8);
  EXPECT_GT(correlation(unsteady, mood[1]), 0.6);
  EXPECT_LT(std::abs(correlation(unsteady, mood[0])), 0.5);
}

TEST(Sounds, ClipsAreOneSecondAndNeitherSilentNorClipped) {
  const World world(small_options());
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::vector<std::int16_t> clip = play_clip(world, i);
    ASSERT_EQ(clip.size(), kSampleRate);
    int peak = 0, at_the_end = 0;
    for (const std::int16_t s : clip) {
      peak = std::max(peak, std::abs(int{s}));
      at_the_end += std::abs(int{s}) >= 32767 ? 1 : 0;
    }
    EXPECT_GT(peak, 1000);
    EXPECT_LT(at_the_end, 400);
  }
}

TEST(Sounds, WavIsByteForByteWhatTheFormatSays) {
  const std::string wav = encode_wav({1, -2}, 8000);
  const std::string wanted(
      "RIFF\x28\0\0\0WAVEfmt "
      "\x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x04\0\0\0\x01\0\xfe\xff",
      48);
  EXPECT_EQ(wav, wanted);
}

}  // namespace
}  // namespace weft::synth
