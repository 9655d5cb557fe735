// Pictures to vectors without a pretrained model: measurements (image/descriptor.h), standardised and reduced
// by what the shop's own pictures show.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/files.h"
#include "encoders/descriptor.h"
#include "encoders/encoder.h"
#include "encoders/image/decode.h"

namespace weft::encoders {

struct ImageOptions {
  ReductionOptions reduction = {.dim = 128, .whiten = 0.25};
  ImageLimits limits = {.enough_side = 128};
  std::size_t max_fit = 20'000;  // pictures to learn from at most, evenly spread over those given
};

// for all such.
class ImageEncoder final : public RowEncoder {
 public:
  // Learns from the usable pictures among `assets`.
  static ImageEncoder fit(std::span<const Asset> assets, const ImageOptions& options,
                          ThreadPool* pool = nullptr);
  // A damaged file, or one of another kind or version, is an Error.
  static ImageEncoder load(const std::filesystem::path& file, Files& files = real_files());
  // Replaces the file whole.
  void save(const std::filesystem::path& file, Files& files = real_files()) const;

  std::string fingerprint() const override { return fingerprint_; }
  std::size_t dim() const override { return options_.reduction.dim; }
  const ImageOptions& options() const { return options_; }

  // Decodes, resizes and measures one picture. Throws Error with a reason.
  static std::vector<float> describe(const Asset& asset, const ImageLimits& limits);

 protected:
  void encode_one(const Asset& asset, std::span<float> out) const override;

 private:
  ImageEncoder(ImageOptions options, Reduction reduction);
  std::string to_bytes() const;

  ImageOptions options_;
  Reduction reduction_;
  std::string fingerprint_;
};

}  // namespace weft::encoders
