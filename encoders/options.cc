#include "encoders/options.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr std::int64_t kMaxDim = 4'096;
constexpr std::int64_t kMaxFit = 1'000'000;

std::size_t size_in(const TomlSection& section, const char* key, std::size_t fallback, std::int64_t low,
                    std::int64_t high) {
  return static_cast<std::size_t>(
      section.get_integer_in(key, static_cast<std::int64_t>(fallback), low, high));
}

void parse_ngrams(const TomlSection& section, TermOptions& terms) {
  if (!section.has("ngrams")) return;
  const std::vector<double> values = section.get_numbers("ngrams");
  if (values.empty()) {
    terms = {.ngram_min = 0, .ngram_max = 0};
    return;
  }
  const auto is_length = [](double v) { return v >= 1 && v <= 8 && v == std::floor(v); };
  if (values.size() != 2 || !is_length(values[0]) || !is_length(values[1]) || values[0] > values[1]) {
    section.fail("ngrams", "is no range of lengths", "[shortest, longest], each 1 to 8, or [] for none",
                 "ngrams = [3, 5]");
  }
  terms = {.ngram_min = static_cast<std::size_t>(values[0]),
           .ngram_max = static_cast<std::size_t>(values[1])};
}

TextOptions parse_text(const TomlSection& section) {
  TextOptions o;
  o.dim = size_in(section, "dim", o.dim, 1, kMaxDim);
  o.whiten = section.get_number_in("whiten", o.whiten, 0, 1);
  o.tfidf.min_df = size_in(section, "min_df", o.tfidf.min_df, 1, 1'000'000);
  o.tfidf.max_features = size_in(section, "max_features", o.tfidf.max_features, 2, 5'000'000);
  o.tfidf.max_bytes = size_in(section, "max_bytes", o.tfidf.max_bytes, 64, 1'000'000);
  o.seed = size_in(section, "seed", o.seed, 0, std::numeric_limits<std::int32_t>::max());
  parse_ngrams(section, o.tfidf.terms);
  section.check_no_unknown_keys();
  return o;
}

ReductionOptions parse_reduction(const TomlSection& section, ReductionOptions o) {
  o.dim = size_in(section, "dim", o.dim, 1, kMaxDim);
  o.whiten = section.get_number_in("whiten", o.whiten, 0, 1);
  return o;
}

ImageOptions parse_image(const TomlSection& section) {
  ImageOptions o;
  o.reduction = parse_reduction(section, o.reduction);
  o.limits.max_pixels = size_in(section, "max_pixels", o.limits.max_pixels, 1, 1'000'000'000);
  o.max_fit = size_in(section, "max_fit", o.max_fit, 1, kMaxFit);
  section.check_no_unknown_keys();
  return o;
}

AudioOptions parse_audio(const TomlSection& section) {
  AudioOptions o;
  o.reduction = parse_reduction(section, o.reduction);
  o.limits.max_seconds = size_in(section, "max_seconds", o.limits.max_seconds, 1, 36'000);
  o.max_fit = size_in(section, "max_fit", o.max_fit, 1, kMaxFit);
  section.check_no_unknown_keys();
  return o;
}

}  // namespace

EncoderOptions parse_encoder_options(const TomlSection& section) {
  EncoderOptions options{.text = parse_text(section.section("text")),
                         .image = parse_image(section.section("image")),
                         .audio = parse_audio(section.section("audio"))};
  section.check_no_unknown_keys();
  return options;
}

std::unique_ptr<Encoder> fit_encoder(Modality modality, std::span<const Asset> assets,
                                     const EncoderOptions& options, ThreadPool* pool) {
  switch (modality) {
    case Modality::kText:
      return std::make_unique<TextEncoder>(TextEncoder::fit(assets, options.text, pool));
    case Modality::kImage:
      return std::make_unique<ImageEncoder>(ImageEncoder::fit(assets, options.image, pool));
    case Modality::kAudio:
      return std::make_unique<AudioEncoder>(AudioEncoder::fit(assets, options.audio, pool));
  }
  WEFT_CHECK(false);
}

std::uint64_t options_hash(Modality modality, const EncoderOptions& options) {
  // An encoder that has learnt from nothing is nothing but its options and version.
  return hash64(fit_encoder(modality, {}, options)->fingerprint());
}

std::size_t max_fit(Modality modality, const EncoderOptions& options) {
  switch (modality) {
    case Modality::kText:
      return std::numeric_limits<std::size_t>::max();
    case Modality::kImage:
      return options.image.max_fit;
    case Modality::kAudio:
      return options.audio.max_fit;
  }
  WEFT_CHECK(false);
}

void save_encoder(const Encoder& encoder, const std::filesystem::path& file, Files& files) {
  if (const auto* text = dynamic_cast<const TextEncoder*>(&encoder)) {
    text->save(file, files);
  } else if (const auto* image = dynamic_cast<const ImageEncoder*>(&encoder)) {
    image->save(file, files);
  } else if (const auto* audio = dynamic_cast<const AudioEncoder*>(&encoder)) {
    audio->save(file, files);
  } else {
    throw Error("an encoder of this kind cannot be saved",
                {.file = file.string(), .value = encoder.fingerprint()});
  }
}

std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file, Files& files) {
  const std::string kind = model_file_kind(file, files);
  if (kind == "text") return std::make_unique<TextEncoder>(TextEncoder::load(file, files));
  if (kind == "image") return std::make_unique<ImageEncoder>(ImageEncoder::load(file, files));
  if (kind == "audio") return std::make_unique<AudioEncoder>(AudioEncoder::load(file, files));
  throw Error("holds an unknown kind of encoder",
              {.file = file.string(), .value = kind, .expected = "text, image or audio"});
}

}  // namespace weft::encoders
