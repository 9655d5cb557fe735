#include "encoders/text/text_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "encoders/checked_json.h"
#include "encoders/math/for_ranges.h"
#include "encoders/math/randomized_svd.h"
#include "encoders/math/symmetric_eigen.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr const char* kKind = "text";
// Goes up with any change of normalising, cutting, weighting or layout.
constexpr std::uint64_t kVersion = 2;
constexpr std::uint64_t kMaxDim = 4'096;
constexpr std::uint64_t kMaxFeatures = 100'000'000;

// What follows the singular vectors: centring, rotation to independent directions, scaling.
struct Rotation {
  std::vector<double> transform;  // [rank, rank]
  std::vector<double> offset;     // [rank]
  std::size_t rank = 0;
};

// The directions of the spread of `rows` [n, k] around their mean, scaled by spread^-whiten.
Rotation fit_rotation(const DenseMatrix& rows, double whiten, ThreadPool* pool) {
  const std::size_t k = rows.cols();
  const auto n = static_cast<double>(rows.rows());
  std::vector<double> mean(k, 0.0);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t j = 0; j < k; ++j) mean[j] += rows.row(i)[j];
  }
  for (double& m : mean) m /= n;
  std::vector<double> covariance = gram_matrix(rows, pool);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) covariance[i * k + j] = covariance[i * k + j] / n - mean[i] * mean[j];
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(covariance), k);
  Rotation result;
  for (std::size_t m = 0; m < k; ++m) {
    // Below: rounding noise, which whitening would blow up. (All texts equal: nothing is left, see
    // encode_one.)
    if (!(eigen.values[m] > 1e-9) || eigen.values[m] < 1e-7 * eigen.values[0]) break;
    const double scale = std::pow(eigen.values[m], -0.5 * whiten);
    double offset = 0;
    for (std::size_t j = 0; j < k; ++j) {
      result.transform.push_back(eigen.vectors[m * k + j] * scale);
      offset -= result.transform.back() * mean[j];
    }
    result.offset.push_back(offset);
    ++result.rank;
  }
  return result;
}

nlohmann::json settings_of(const TextOptions& o, std::size_t features, std::size_t rank) {
  return {{"dim", o.dim},
          {"ngram_min", o.tfidf.terms.ngram_min},
          {"ngram_max", o.tfidf.terms.ngram_max},
          {"min_df", o.tfidf.min_df},
          {"max_features", o.tfidf.max_features},
          {"max_bytes", o.tfidf.max_bytes},
          {"whiten", o.whiten},
          {"seed", o.seed},
          {"max_fit_nonzeros", o.max_fit_nonzeros},
          {"features", features},
          {"rank", rank}};
}

TextOptions options_of(const ModelFile& file) {
  const auto number = [&](const char* key) {
    return json_member<std::uint64_t>(file.settings(), key, file.file());
  };
  TextOptions o{.dim = number("dim"),
                .tfidf = {.terms = {.ngram_min = number("ngram_min"), .ngram_max = number("ngram_max")},
                          .min_df = number("min_df"),
                          .max_features = number("max_features"),
                          .max_bytes = number("max_bytes")},
                .whiten = json_member<double>(file.settings(), "whiten", file.file()),
                .seed = number("seed"),
                .max_fit_nonzeros = number("max_fit_nonzeros")};
  if (o.dim == 0 || o.dim > kMaxDim) {
    throw Error("states an impossible dimension",
                {.file = file.file().string(), .value = std::to_string(o.dim)});
  }
  return o;
}

}  // namespace

TextEncoder TextEncoder::fit(std::span<const Asset> assets, const TextOptions& options, ThreadPool* pool) {
  WEFT_CHECK(options.dim > 0 && options.dim <= kMaxDim);
  std::vector<std::string_view> texts;
  for (const Asset& asset : assets) {
    if (asset.kind == AssetKind::kText) texts.push_back(asset.data);
  }
  Tfidf tfidf = Tfidf::fit(texts, options.tfidf, pool);
  const SparseMatrix weights = weigh_all(tfidf, texts, options.max_fit_nonzeros, pool);
  const SparseOperator op(weights);
  // One direction more than asked for: centring takes one away.
  const TruncatedSvd svd =
      randomized_svd(op, {.rank = options.dim + 1, .power_iterations = 2, .seed = options.seed}, pool);
  if (svd.singular_values.empty()) {
    DenseMatrix none(tfidf.terms().size(), 0);
    return {options, std::move(tfidf), std::move(none), {}};
  }
  Rotation rotation = fit_rotation(op.times(svd.right, pool), options.whiten, pool);
  rotation.rank = std::min(rotation.rank, options.dim);
  rotation.transform.resize(rotation.rank * svd.right.cols());
  DenseMatrix projection = times_transposed(svd.right, rotation.transform, rotation.rank, pool);
  std::vector<float> offset(rotation.offset.begin(),
                            rotation.offset.begin() + static_cast<std::ptrdiff_t>(rotation.rank));
  return {options, std::move(tfidf), std::move(projection), std::move(offset)};
}

TextEncoder::TextEncoder(TextOptions options, Tfidf tfidf, DenseMatrix projection, std::vector<float> offset)
    : options_(options),
      tfidf_(std::move(tfidf)),
      projection_(std::move(projection)),
      offset_(std::move(offset)) {
  fingerprint_ = model_fingerprint(kKind, kVersion, to_bytes());
}

void TextEncoder::encode_one(const Asset& asset, std::span<float> out) const {
  if (asset.kind != AssetKind::kText) throw Error("is no text");
  const std::vector<WeightedTerm> terms = tfidf_.weigh(asset.data);
  if (terms.empty()) throw Error("no known word");
  const std::size_t rank = offset_.size();
  constexpr std::size_t kStripe = DenseMatrix::kStripe;
  std::vector<float> sums(projection_.stride(), 0.0F);
  std::copy(offset_.begin(), offset_.end(), sums.begin());
  for (const WeightedTerm& term : terms) {
    const float* row = projection_.row(term.feature);
    for (std::size_t s = 0; s < sums.size(); s += kStripe) {
      for (std::size_t c = 0; c < kStripe; ++c) sums[s + c] += term.weight * row[s + c];
    }
  }
  double square = 0;
  for (std::size_t i = 0; i < rank; ++i) square += static_cast<double>(sums[i]) * sums[i];
  std::fill(out.begin(), out.end(), 0.0F);
  if (square < 1e-20) return;  // exactly the mean of all texts: known, and nothing to tell
  const double scale = std::sqrt(static_cast<double>(options_.dim) / square);
  for (std::size_t i = 0; i < rank; ++i) out[i] = static_cast<float>(sums[i] * scale);
}

std::string TextEncoder::to_bytes() const {
  const std::size_t rank = offset_.size();
  ModelFileWriter writer(kKind, kVersion, settings_of(options_, tfidf_.terms().size(), rank));
  writer.add("terms", tfidf_.terms());
  writer.add("idf", tfidf_.idf());
  writer.add("offset", offset_);
  std::vector<float> packed;
  packed.reserve(projection_.rows() * rank);
  for (std::size_t i = 0; i < projection_.rows(); ++i)
    packed.insert(packed.end(), projection_.row(i), projection_.row(i) + rank);
  writer.add("projection", packed);
  return writer.bytes();
}

void TextEncoder::save(const std::filesystem::path& file, Files& files) const {
  files.replace_whole(file, to_bytes());
}

TextEncoder TextEncoder::load(const std::filesystem::path& file, Files& files) {
  const ModelFile model = ModelFile::read(file, kKind, kVersion, files);
  const TextOptions options = options_of(model);
  const auto features = json_member<std::uint64_t>(model.settings(), "features", file);
  const auto rank = json_member<std::uint64_t>(model.settings(), "rank", file);
  if (features > kMaxFeatures || rank > options.dim) {
    throw Error("states an impossible size", {.file = file.string(), .value = std::to_string(features)});
  }
  const std::vector<float> packed = model.floats("projection", features * rank);
  DenseMatrix projection(features, rank);
  for (std::size_t i = 0; i < features; ++i) {
    std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(i * rank), rank, projection.row(i));
  }
  return {options, Tfidf(model.integers("terms", features), model.floats("idf", features), options.tfidf),
          std::move(projection), model.floats("offset", rank)};
}

}  // namespace weft::encoders
