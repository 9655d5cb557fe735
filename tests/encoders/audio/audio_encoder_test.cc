#include "encoders/audio/audio_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "base/error.h"
#include "base/thread_pool.h"
#include "tests/encoders/media.h"
#include "tests/encoders/temp_folder.h"

namespace weft::encoders {
namespace {

// One-second clips at 8 kHz: a note, harsh or soft (overtones), beating slow or fast.
struct Clip {
  std::string bytes;
  bool harsh = false;
  bool fast = false;
};
std::vector<Clip> clips(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Clip> out;
  for (std::size_t i = 0; i < count; ++i) {
    Clip clip{.bytes = {}, .harsh = random() % 2 == 0, .fast = random() % 2 == 0};
    const double hz = 150 + random() % 200;
    const double beat = clip.fast ? 7 + random() % 3 : 2 + random() % 2;
    std::vector<float> samples(8'000);
    for (std::size_t t = 0; t < samples.size(); ++t) {
      const double time = static_cast<double>(t) / 8'000;
      double tone = 0;
      for (int h = 1; h <= (clip.harsh ? 9 : 2); ++h)
        tone += std::sin(2 * std::numbers::pi * hz * h * time) / (clip.harsh ? 1 : h);
      const double envelope = std::exp(-4 * std::fmod(time * beat, 1.0));
      const double hiss = static_cast<double>(random() % 1000) / 1000 - 0.5;
      samples[t] = static_cast<float>(0.08 * tone * envelope + 0.01 * hiss);
    }
    clip.bytes = wav_bytes(samples, 8'000);
    out.push_back(clip);
  }
  return out;
}

std::vector<Asset> assets_of(const std::vector<Clip>& clips) {
  std::vector<Asset> assets;
  for (const Clip& c : clips) assets.push_back(Asset::media(c.bytes));
  return assets;
}

TEST(AudioEncoder, VectorsTellTimbreAndRhythmOfUnseenClips) {
  const std::vector<Clip> train = clips(120, 1);
  const std::vector<Clip> test = clips(80, 2);
  const AudioEncoder encoder = AudioEncoder::fit(assets_of(train), {.reduction = {.dim = 32}});
  const Encoded a = encoder.encode(assets_of(train));
  const Encoded b = encoder.encode(assets_of(test));
  for (const bool rhythm : {false, true}) {
    std::vector<double> difference(32, 0.0);  // of the two classes' means; a linear rule
    std::vector<double> middle(32, 0.0);
    double count[2] = {0, 0};
    for (const Clip& c : train) count[(rhythm ? c.fast : c.harsh) ? 1 : 0] += 1;
    for (std::size_t i = 0; i < train.size(); ++i) {
      const bool yes = rhythm ? train[i].fast : train[i].harsh;
      for (std::size_t d = 0; d < 32; ++d) {
        difference[d] += (yes ? 1 : -1) * a.row(i)[d] / count[yes ? 1 : 0];
        middle[d] += a.row(i)[d] / count[yes ? 1 : 0] / 2;
      }
    }
    double right = 0;
    for (std::size_t i = 0; i < test.size(); ++i) {
      double score = 0;
      for (std::size_t d = 0; d < 32; ++d) score += difference[d] * (b.row(i)[d] - middle[d]);
      right += (score > 0) == (rhythm ? test[i].fast : test[i].harsh) ? 1 : 0;
    }
    EXPECT_GT(right / 80, 0.95) << (rhythm ? "rhythm" : "timbre");
  }
}

TEST(AudioEncoder, MissingAndBrokenSoundsAreZeroRowsWithReasons) {
  const std::vector<Clip> train = clips(30, 3);
  const AudioEncoder encoder = AudioEncoder::fit(assets_of(train), {.reduction = {.dim = 6}});
  const std::string& good = train[0].bytes;
  const Encoded out = encoder.encode(std::vector<Asset>{Asset::missing(), Asset::media(good),
                                                        Asset::media(std::string_view(good).substr(0, 5'000)),
                                                        Asset::text("la la")});
  EXPECT_THAT(out.present, ::testing::ElementsAre(0, 1, 0, 0));
  ASSERT_EQ(out.failures.size(), 2U);
  EXPECT_EQ(out.failures[0].reason, "WAV ends before its header says");
  EXPECT_EQ(out.failures[1].reason, "is no sound file");
  for (std::size_t d = 12; d < 24; ++d) EXPECT_EQ(out.values[d], 0);
}

TEST(AudioEncoder, IsTheSameOnAnyNumberOfThreadsAndAfterSaving) {
  const TempFolder temp;
  const std::vector<Clip> train = clips(40, 4);
  const std::vector<Asset> assets = assets_of(train);
  ThreadPool pool(2);
  const AudioOptions options{.reduction = {.dim = 12}, .limits = {.max_seconds = 30}};
  const AudioEncoder one = AudioEncoder::fit(assets, options);
  const AudioEncoder two = AudioEncoder::fit(assets, options, &pool);
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  const std::vector<float> values = one.encode(assets).values;
  EXPECT_EQ(values, two.encode(assets, &pool).values);
  one.save(temp.path() / "audio.weftenc");
  const AudioEncoder loaded = AudioEncoder::load(temp.path() / "audio.weftenc");
  EXPECT_EQ(loaded.fingerprint(), one.fingerprint());
  EXPECT_EQ(loaded.options().limits.max_seconds, 30U);
  EXPECT_EQ(loaded.encode(assets).values, values);
  std::string bytes = real_files().read_whole(temp.path() / "audio.weftenc");
  bytes[bytes.size() / 2] ^= 1;
  real_files().write_whole(temp.path() / "bad", bytes);
  EXPECT_THROW(AudioEncoder::load(temp.path() / "bad"), Error);
}

}  // namespace
}  // namespace weft::encoders
