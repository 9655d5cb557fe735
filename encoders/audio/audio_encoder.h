// Sounds to vectors without a pretrained model: measurements (audio/descriptor.h), standardised and reduced
// by what the shop's own clips show.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/files.h"
#include "encoders/audio/decode.h"
#include "encoders/descriptor.h"
#include "encoders/encoder.h"

namespace weft::encoders {

struct AudioOptions {
  ReductionOptions reduction = {.dim = 128};
  AudioLimits limits = {};
  std::size_t max_fit = 20'000;  // clips to learn from at most, evenly spread over those given
};

// Sounds are mixed to mono and brought to 16 kHz; what an 8 kHz clip lacks above 4 kHz is silence, the same
// for all such.
class AudioEncoder final : public RowEncoder {
 public:
  // Learns from the usable sounds among `assets`.
  static AudioEncoder fit(std::span<const Asset> assets, const AudioOptions& options,
                          ThreadPool* pool = nullptr);
  // A damaged file, or one of another kind or version, is an Error.
  static AudioEncoder load(const std::filesystem::path& file, Files& files = real_files());
  // Replaces the file whole.
  void save(const std::filesystem::path& file, Files& files = real_files()) const;

  std::string fingerprint() const override { return fingerprint_; }
  std::size_t dim() const override { return options_.reduction.dim; }
  const AudioOptions& options() const { return options_; }

  // Decodes, resamples and measures one sound. Throws Error with a reason.
  static std::vector<float> describe(const Asset& asset, const AudioLimits& limits);

 protected:
  void encode_one(const Asset& asset, std::span<float> out) const override;

 private:
  AudioEncoder(AudioOptions options, Reduction reduction);
  std::string to_bytes() const;

  AudioOptions options_;
  Reduction reduction_;
  std::string fingerprint_;
};

}  // namespace weft::encoders
