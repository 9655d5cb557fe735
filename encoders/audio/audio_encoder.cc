#include "encoders/audio/audio_encoder.h"

#include <utility>

#include "base/error.h"
#include "encoders/audio/descriptor.h"
#include "encoders/audio/resample.h"
#include "encoders/audio/spectrogram.h"
#include "encoders/checked_json.h"
#include "encoders/fit_descriptors.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr const char* kKind = "audio";
// Goes up with any change of decoding, measuring or layout.
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMaxDim = 4'096;

}  // namespace

std::vector<float> AudioEncoder::describe(const Asset& asset, const AudioLimits& limits) {
  if (asset.kind != AssetKind::kMedia) throw Error("is no sound file");
  const Waveform wave = decode_audio(asset.data, limits);
  return describe_audio(resample(wave.samples, wave.sample_rate, kAudioRate));
}

AudioEncoder AudioEncoder::fit(std::span<const Asset> assets, const AudioOptions& options, ThreadPool* pool) {
  WEFT_CHECK(options.reduction.dim > 0 && options.reduction.dim <= kMaxDim);
  const DenseMatrix descriptors = describe_sample(
      assets, options.max_fit, descriptor_size(audio_groups()),
      [&](const Asset& asset) { return describe(asset, options.limits); }, pool);
  return {options, Reduction::fit(descriptors, audio_groups(), options.reduction, pool)};
}

AudioEncoder::AudioEncoder(AudioOptions options, Reduction reduction)
    : options_(options), reduction_(std::move(reduction)) {
  fingerprint_ = model_fingerprint(kKind, kVersion, to_bytes());
}

void AudioEncoder::encode_one(const Asset& asset, std::span<float> out) const {
  reduction_.apply(describe(asset, options_.limits), out);
}

std::string AudioEncoder::to_bytes() const {
  ModelFileWriter writer(kKind, kVersion,
                         {{"dim", options_.reduction.dim},
                          {"whiten", options_.reduction.whiten},
                          {"max_seconds", options_.limits.max_seconds},
                          {"max_channels", options_.limits.max_channels},
                          {"max_bytes", options_.limits.max_bytes},
                          {"max_fit", options_.max_fit}});
  reduction_.save(writer);
  return writer.bytes();
}

void AudioEncoder::save(const std::filesystem::path& file, Files& files) const {
  files.replace_whole(file, to_bytes());
}

AudioEncoder AudioEncoder::load(const std::filesystem::path& file, Files& files) {
  const ModelFile model = ModelFile::read(file, kKind, kVersion, files);
  const auto number = [&](const char* key) {
    return json_member<std::uint64_t>(model.settings(), key, file);
  };
  const AudioOptions options{
      .reduction = {.dim = number("dim"), .whiten = json_member<double>(model.settings(), "whiten", file)},
      .limits = {.max_seconds = number("max_seconds"),
                 .max_channels = number("max_channels"),
                 .max_bytes = number("max_bytes")},
      .max_fit = number("max_fit")};
  if (options.reduction.dim == 0 || options.reduction.dim > kMaxDim) {
    throw Error("states an impossible dimension",
                {.file = file.string(), .value = std::to_string(options.reduction.dim)});
  }
  return {options, Reduction::load(model, descriptor_size(audio_groups()), options.reduction.dim)};
}

}  // namespace weft::encoders
