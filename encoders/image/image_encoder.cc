#include "encoders/image/image_encoder.h"

#include <utility>

#include "base/error.h"
#include "encoders/checked_json.h"
#include "encoders/fit_descriptors.h"
#include "encoders/image/descriptor.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr const char* kKind = "image";
// Goes up with any change of decoding, measuring or layout.
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMaxDim = 4'096;

}  // namespace

std::vector<float> ImageEncoder::describe(const Asset& asset, const ImageLimits& limits) {
  if (asset.kind != AssetKind::kMedia) throw Error("is no picture file");
  return describe_picture(make_picture(decode_image(asset.data, limits)));
}

ImageEncoder ImageEncoder::fit(std::span<const Asset> assets, const ImageOptions& options, ThreadPool* pool) {
  WEFT_CHECK(options.reduction.dim > 0 && options.reduction.dim <= kMaxDim);
  const DenseMatrix descriptors = describe_sample(
      assets, options.max_fit, descriptor_size(image_groups()),
      [&](const Asset& asset) { return describe(asset, options.limits); }, pool);
  return {options, Reduction::fit(descriptors, image_groups(), options.reduction, pool)};
}

ImageEncoder::ImageEncoder(ImageOptions options, Reduction reduction)
    : options_(options), reduction_(std::move(reduction)) {
  fingerprint_ = model_fingerprint(kKind, kVersion, to_bytes());
}

void ImageEncoder::encode_one(const Asset& asset, std::span<float> out) const {
  reduction_.apply(describe(asset, options_.limits), out);
}

std::string ImageEncoder::to_bytes() const {
  ModelFileWriter writer(kKind, kVersion,
                         {{"dim", options_.reduction.dim},
                          {"whiten", options_.reduction.whiten},
                          {"max_pixels", options_.limits.max_pixels},
                          {"max_side", options_.limits.max_side},
                          {"max_bytes", options_.limits.max_bytes},
                          {"enough_side", options_.limits.enough_side},
                          {"max_fit", options_.max_fit}});
  reduction_.save(writer);
  return writer.bytes();
}

void ImageEncoder::save(const std::filesystem::path& file, Files& files) const {
  files.replace_whole(file, to_bytes());
}

ImageEncoder ImageEncoder::load(const std::filesystem::path& file, Files& files) {
  const ModelFile model = ModelFile::read(file, kKind, kVersion, files);
  const auto number = [&](const char* key) {
    return json_member<std::uint64_t>(model.settings(), key, file);
  };
  const ImageOptions options{
      .reduction = {.dim = number("dim"), .whiten = json_member<double>(model.settings(), "whiten", file)},
      .limits = {.max_pixels = number("max_pixels"),
                 .max_side = number("max_side"),
                 .max_bytes = number("max_bytes"),
                 .enough_side = number("enough_side")},
      .max_fit = number("max_fit")};
  if (options.reduction.dim == 0 || options.reduction.dim > kMaxDim) {
    throw Error("states an impossible dimension",
                {.file = file.string(), .value = std::to_string(options.reduction.dim)});
  }
  return {options, Reduction::load(model, descriptor_size(image_groups()), options.reduction.dim)};
}

}  // namespace weft::encoders
