#include "encoders/text/text_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/thread_pool.h"
#include "tests/encoders/temp_folder.h"

namespace weft::encoders {
namespace {

// Texts of three topics, words drawn at random; two in English, one in Chinese.
std::vector<std::string> topic_texts(std::size_t count, std::uint32_t seed) {
  const std::vector<std::vector<std::string>> topics = {
      {"guitar ", "string ", "acoustic ", "pick ", "amplifier ", "chord "},
      {"kettle ", "boiling ", "kitchen ", "teapot ", "water ", "mug "},
      {"手机", "屏幕", "电池", "充电", "摄像头", "信号"}};
  std::mt19937 random(seed);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (int w = 0; w < 6; ++w) text += topics[i % 3][random() % 6];
    texts.push_back(text);
  }
  return texts;
}

std::vector<Asset> assets_of(const std::vector<std::string>& texts) {
  std::vector<Asset> assets;
  for (const std::string& t : texts) assets.push_back(Asset::text(t));
  return assets;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

TEST(TextEncoder, TextsOfOneTopicAreNearAndOthersFar) {
  const std::vector<std::string> texts = topic_texts(300, 1);
  const TextEncoder encoder = TextEncoder::fit(assets_of(texts), {.dim = 3});
  // Spelt otherwise: full width, capitals, plural, an unknown word.
  const std::vector<std::string> queries = {"ＧＵＩＴＡＲ Strings", "KETTLES, boiling!", "手機的电池和屏幕"};
  const Encoded out = encoder.encode(assets_of(queries));
  const Encoded train = encoder.encode(assets_of(texts));
  for (std::size_t q = 0; q < 3; ++q) {
    ASSERT_EQ(out.present[q], 1);
    double near = 0;
    double far = 0;
    for (std::size_t i = 0; i < texts.size(); ++i)
      (i % 3 == q ? near : far) += cosine(out.row(q), train.row(i));
    EXPECT_GT(near / 100, 0.3) << q;
    EXPECT_LT(far / 200, 0.05) << q;
  }
}

TEST(TextEncoder, RowsHaveTheStatedLengthAndMissingOnesAreZero) {
  const TextEncoder encoder = TextEncoder::fit(assets_of(topic_texts(200, 2)), {.dim = 16});
  const std::vector<Asset> assets = {Asset::text("guitar pick"), Asset::missing(), Asset::text(""),
                                     Asset::text("zzqqxx"), Asset::media("guitar")};
  const Encoded out = encoder.encode(assets);
  EXPECT_THAT(out.present, ::testing::ElementsAre(1, 0, 0, 0, 0));
  double square = 0;
  for (const float v : out.row(0)) square += v * v;
  EXPECT_NEAR(square, 16, 1e-3);
  for (std::size_t i = 16; i < out.values.size(); ++i) EXPECT_EQ(out.values[i], 0);
  ASSERT_EQ(out.failures.size(), 3U);
  EXPECT_EQ(out.failures[0].reason, "no known word");
  EXPECT_EQ(out.failures[2].reason, "is no text");
}

TEST(TextEncoder, IsTheSameOnAnyNumberOfThreads) {
  const std::vector<std::string> texts = topic_texts(3000, 3);
  ThreadPool two(2);
  const TextEncoder a = TextEncoder::fit(assets_of(texts), {.dim = 12});
  const TextEncoder b = TextEncoder::fit(assets_of(texts), {.dim = 12}, &two);
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(a.encode(assets_of(texts)).values, b.encode(assets_of(texts), &two).values);
  EXPECT_NE(a.fingerprint(), TextEncoder::fit(assets_of(topic_texts(3000, 4)), {.dim = 12}).fingerprint());
  EXPECT_NE(a.fingerprint(), TextEncoder::fit(assets_of(texts), {.dim = 13}).fingerprint());
}

TEST(TextEncoder, SavedAndLoadedIsTheSameToTheBit) {
  const TempFolder temp;
  const std::vector<std::string> texts = topic_texts(400, 5);
  const TextEncoder encoder = TextEncoder::fit(assets_of(texts), {.dim = 20, .whiten = 0.25});
  encoder.save(temp.path() / "text.weftenc");
  const TextEncoder loaded = TextEncoder::load(temp.path() / "text.weftenc");
  EXPECT_EQ(loaded.fingerprint(), encoder.fingerprint());
  EXPECT_EQ(loaded.dim(), 20U);
  EXPECT_EQ(loaded.encode(assets_of(texts)).values, encoder.encode(assets_of(texts)).values);
}

TEST(TextEncoder, ADamagedFileIsAnError) {
  const TempFolder temp;
  const auto file = temp.path() / "text.weftenc";
  TextEncoder::fit(assets_of({"aa bb", "aa cc", "bb cc"}), {.dim = 2, .tfidf = {.min_df = 1}}).save(file);
  const std::string good = real_files().read_whole(file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    real_files().write_whole(file, bad);
    EXPECT_THROW(TextEncoder::load(file), Error) << i;
    real_files().write_whole(file, good.substr(0, i));
    EXPECT_THROW(TextEncoder::load(file), Error) << i;
  }
  EXPECT_THROW(TextEncoder::load(temp.path() / "none"), Error);
}

TEST(TextEncoder, FewTextsFillTheRestWithZeros) {
  const std::vector<std::string> texts = {"red shoe", "blue shoe", "red hat", "blue hat shoe"};
  const TextEncoder encoder = TextEncoder::fit(assets_of(texts), {.dim = 64, .tfidf = {.min_df = 1}});
  const Encoded out = encoder.encode(assets_of(texts));
  EXPECT_EQ(out.dim, 64U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(out.present[i], 1);
    for (std::size_t d = 4; d < 64; ++d) EXPECT_EQ(out.row(i)[d], 0);
  }
  const TextEncoder none = TextEncoder::fit({}, {.dim = 4});
  EXPECT_EQ(none.encode(assets_of(texts)).present[0], 0);
  const std::vector<std::string> equal = {"same", "same", "same"};
  for (const float v : TextEncoder::fit(assets_of(equal), {.dim = 4}).encode(assets_of(equal)).values)
    EXPECT_EQ(v, 0);
}

TEST(TextEncoder, AnyBytesAreEncodedOrRefused) {
  const TextEncoder encoder = TextEncoder::fit(assets_of(topic_texts(100, 6)), {.dim = 4});
  std::mt19937 random(9);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = topic_texts(3, 7)[2];
    for (int k = 0; k < 5; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    const Encoded out = encoder.encode(std::vector<Asset>{Asset::text(bytes)});
    for (const float v : out.values) ASSERT_TRUE(std::isfinite(v));
  }
}

}  // namespace
}  // namespace weft::encoders
