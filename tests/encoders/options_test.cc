#include "encoders/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/encoders/fake_encoder.h"
#include "tests/encoders/temp_folder.h"

namespace weft::encoders {
namespace {

using ::testing::HasSubstr;

EncoderOptions parse(const std::string& toml) {
  return parse_encoder_options(TomlFile::parse(toml, "shop.toml").root().section("encoders"));
}

std::string error_of(const std::string& toml) {
  try {
    parse(toml);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(EncoderOptions, AnAbsentSectionGivesTheDefaults) {
  const EncoderOptions o = parse("");
  EXPECT_EQ(o.text.dim, TextOptions{}.dim);
  EXPECT_EQ(o.text.tfidf.terms.ngram_max, 5U);
  EXPECT_EQ(o.image.reduction.dim, ImageOptions{}.reduction.dim);
  EXPECT_EQ(o.audio.limits.max_seconds, 600U);
}

TEST(EncoderOptions, EveryKeyIsRead) {
  const EncoderOptions o = parse(R"(
[encoders.text]
dim = 32
whiten = 0.25
min_df = 3
max_features = 1000
ngrams = [2, 4]
max_bytes = 500
seed = 9
[encoders.image]
dim = 33
whiten = 1
max_pixels = 1000000
max_fit = 50
[encoders.audio]
dim = 34
whiten = 0.0
max_seconds = 20
max_fit = 60
)");
  EXPECT_EQ(o.text.dim, 32U);
  EXPECT_EQ(o.text.whiten, 0.25);
  EXPECT_EQ(o.text.tfidf.min_df, 3U);
  EXPECT_EQ(o.text.tfidf.max_features, 1000U);
  EXPECT_EQ(o.text.tfidf.terms.ngram_min, 2U);
  EXPECT_EQ(o.text.tfidf.terms.ngram_max, 4U);
  EXPECT_EQ(o.text.tfidf.max_bytes, 500U);
  EXPECT_EQ(o.text.seed, 9U);
  EXPECT_EQ(o.image.reduction.dim, 33U);
  EXPECT_EQ(o.image.reduction.whiten, 1);
  EXPECT_EQ(o.image.limits.max_pixels, 1'000'000U);
  EXPECT_EQ(o.image.max_fit, 50U);
  EXPECT_EQ(o.audio.reduction.dim, 34U);
  EXPECT_EQ(o.audio.reduction.whiten, 0);
  EXPECT_EQ(o.audio.limits.max_seconds, 20U);
  EXPECT_EQ(o.audio.max_fit, 60U);
  EXPECT_EQ(parse("[encoders.text]\nngrams = []").text.tfidf.terms.ngram_max, 0U);
}

TEST(EncoderOptions, MistakesAreNamed) {
  EXPECT_THAT(error_of("[encoders.text]\ndims = 4"), HasSubstr("dim"));
  EXPECT_THAT(error_of("[encoders.txt]\ndim = 4"), HasSubstr("text"));
  EXPECT_THAT(error_of("[encoders.text]\ndim = 0"), HasSubstr("dim"));
  EXPECT_THAT(error_of("[encoders.image]\ndim = \"big\""), HasSubstr("dim"));
  EXPECT_THAT(error_of("[encoders.audio]\nwhiten = 1.5"), HasSubstr("whiten"));
  for (const char* value : {"[5, 3]", "[3]", "[0, 2]", "[1, 9]", "[1.5, 3]", "[1, 2, 3]"}) {
    EXPECT_THAT(error_of(std::string("[encoders.text]\nngrams = ") + value), HasSubstr("ngrams")) << value;
  }
}

TEST(FitEncoder, SavesAndLoadsEachKind) {
  const TempFolder temp;
  EncoderOptions options;
  options.text = {.dim = 4, .tfidf = {.min_df = 1}};
  options.image.reduction.dim = 5;
  options.audio.reduction.dim = 6;
  const std::vector<Asset> texts = {Asset::text("red shoe"), Asset::text("blue hat")};
  std::size_t dim = 4;
  for (const Modality modality : {Modality::kText, Modality::kImage, Modality::kAudio}) {
    const std::unique_ptr<Encoder> encoder = fit_encoder(modality, texts, options);
    EXPECT_EQ(encoder->dim(), dim++);
    save_encoder(*encoder, temp.path() / "encoder");
    const std::unique_ptr<Encoder> loaded = load_encoder(temp.path() / "encoder");
    EXPECT_EQ(loaded->fingerprint(), encoder->fingerprint());
    EXPECT_EQ(loaded->encode(texts).values, encoder->encode(texts).values);
  }
  EXPECT_THROW(save_encoder(FakeEncoder(), temp.path() / "fake"), Error);
  real_files().write_whole(temp.path() / "other", "no encoder");
  EXPECT_THROW(load_encoder(temp.path() / "other"), Error);
}

TEST(OptionsHash, ChangesWithTheOptionsOfItsKindOnly) {
  EncoderOptions a;
  EncoderOptions b;
  b.image.reduction.dim = 7;
  EXPECT_EQ(options_hash(Modality::kText, a), options_hash(Modality::kText, b));
  EXPECT_NE(options_hash(Modality::kImage, a), options_hash(Modality::kImage, b));
  EXPECT_EQ(max_fit(Modality::kImage, a), 20'000U);
}

}  // namespace
}  // namespace weft::encoders
