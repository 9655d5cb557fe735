#include "encoders/descriptor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "encoders/checked_json.h"
#include "encoders/math/randomized_svd.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr double kCut = 6;  // standard deviations
// A value that hardly varies within its group is noise: its deviation counts as at least this share of the
// group's.
constexpr double kLeastDeviation = 0.1;

struct Moments {
  std::vector<double> mean;
  std::vector<double> deviation;
};

Moments moments_of(const DenseMatrix& rows) {
  Moments m{.mean = std::vector<double>(rows.cols(), 0.0),
            .deviation = std::vector<double>(rows.cols(), 0.0)};
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t j = 0; j < rows.cols(); ++j) m.mean[j] += rows.row(i)[j];
  }
  const auto n = static_cast<double>(std::max<std::size_t>(1, rows.rows()));
  for (double& v : m.mean) v /= n;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t j = 0; j < rows.cols(); ++j) {
      const double d = rows.row(i)[j] - m.mean[j];
      m.deviation[j] += d * d;
    }
  }
  for (double& v : m.deviation) v = std::sqrt(v / n);
  return m;
}

}  // namespace

std::size_t descriptor_size(std::span<const DescriptorGroup> groups) {
  std::size_t size = 0;
  for (const DescriptorGroup& group : groups) size += group.size;
  return size;
}

void DescriptorBuilder::add(float value) {
  values_.push_back(std::isfinite(value) ? value : 0.0F);
}

void DescriptorBuilder::add(std::span<const float> values) {
  for (const float value : values) add(value);
}

void DescriptorBuilder::end_group(std::string_view name) {
  WEFT_CHECK(group_ < groups_.size() && groups_[group_].name == name);
  WEFT_CHECK(values_.size() - group_begin_ == groups_[group_].size);
  group_begin_ = values_.size();
  ++group_;
}

std::vector<float> DescriptorBuilder::take() {
  WEFT_CHECK(group_ == groups_.size());
  return std::move(values_);
}

Reduction Reduction::fit(const DenseMatrix& descriptors, std::span<const DescriptorGroup> groups,
                         const ReductionOptions& options, ThreadPool* pool) {
  const std::size_t size = descriptor_size(groups);
  WEFT_CHECK(descriptors.cols() == size && options.dim > 0);
  const Moments moments = moments_of(descriptors);
  Reduction result;
  result.mean_.assign(moments.mean.begin(), moments.mean.end());
  std::size_t at = 0;
  for (const DescriptorGroup& group : groups) {
    double square = 0;
    for (std::size_t j = at; j < at + group.size; ++j) square += moments.deviation[j] * moments.deviation[j];
    const double least = kLeastDeviation * std::sqrt(square / static_cast<double>(group.size));
    const double weight = std::sqrt(group.weight / static_cast<double>(group.size));
    for (std::size_t j = at; j < at + group.size; ++j) {
      const double deviation = std::max(moments.deviation[j], least);
      result.scale_.push_back(deviation > 1e-12 ? static_cast<float>(weight / deviation) : 0.0F);
      result.limit_.push_back(static_cast<float>(kCut * weight));
    }
    at += group.size;
  }

  DenseMatrix scaled(descriptors.rows(), size);
  for (std::size_t i = 0; i < scaled.rows(); ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      const float v = (descriptors.row(i)[j] - result.mean_[j]) * result.scale_[j];
      scaled.row(i)[j] = std::clamp(v, -result.limit_[j], result.limit_[j]);
    }
  }
  const TruncatedSvd svd = randomized_svd(DenseOperator(scaled), {.rank = options.dim}, pool);
  const std::size_t rank = svd.singular_values.size();
  // The spread along direction m is s_m / sqrt(n); after whitening, spread^(1 - whiten).
  const double n = std::sqrt(static_cast<double>(std::max<std::size_t>(1, descriptors.rows())));
  std::vector<double> factor(rank);
  double total = 0;
  for (std::size_t m = 0; m < rank; ++m) {
    const double spread = svd.singular_values[m] / n;
    factor[m] = std::pow(spread, -options.whiten);
    total += spread * spread * factor[m] * factor[m];
  }
  const double unit = total > 0 ? std::sqrt(static_cast<double>(rank) / total) : 0;
  result.directions_ = DenseMatrix(size, rank);
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t m = 0; m < rank; ++m) {
      result.directions_.row(j)[m] = static_cast<float>(svd.right.row(j)[m] * factor[m] * unit);
    }
  }
  return result;
}

void Reduction::apply(std::span<const float> descriptor, std::span<float> out) const {
  WEFT_CHECK(descriptor.size() == mean_.size() && out.size() >= directions_.cols());
  constexpr std::size_t kStripe = DenseMatrix::kStripe;
  std::vector<float> sums(directions_.stride(), 0.0F);
  for (std::size_t j = 0; j < descriptor.size(); ++j) {
    const float v = std::clamp((descriptor[j] - mean_[j]) * scale_[j], -limit_[j], limit_[j]);
    const float* row = directions_.row(j);
    for (std::size_t s = 0; s < sums.size(); s += kStripe) {
      for (std::size_t c = 0; c < kStripe; ++c) sums[s + c] += v * row[s + c];
    }
  }
  std::fill(out.begin(), out.end(), 0.0F);
  std::copy_n(sums.begin(), directions_.cols(), out.begin());
}

void Reduction::save(ModelFileWriter& writer) const {
  writer.add("mean", mean_);
  writer.add("scale", scale_);
  writer.add("limit", limit_);
  std::vector<float> packed;
  packed.reserve(directions_.rows() * directions_.cols());
  for (std::size_t i = 0; i < directions_.rows(); ++i) {
    packed.insert(packed.end(), directions_.row(i), directions_.row(i) + directions_.cols());
  }
  writer.add("rank", std::vector<std::uint64_t>{directions_.cols()});
  writer.add("directions", packed);
}

Reduction Reduction::load(const ModelFile& file, std::size_t size, std::size_t dim) {
  Reduction result;
  result.mean_ = file.floats("mean", size);
  result.scale_ = file.floats("scale", size);
  result.limit_ = file.floats("limit", size);
  const std::uint64_t rank = file.integers("rank", 1)[0];
  if (rank > dim) {
    throw Error("states an impossible size",
                {.file = file.file().string(), .field = "rank", .value = std::to_string(rank)});
  }
  const std::vector<float> packed = file.floats("directions", size * rank);
  result.directions_ = DenseMatrix(size, rank);
  for (std::size_t i = 0; i < size; ++i) {
    std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(i * rank), rank, result.directions_.row(i));
  }
  // Not-a-number in a file whose checksum is right would still break the promise of finite values.
  for (const std::vector<float>* values : std::initializer_list<const std::vector<float>*>{
           &result.mean_, &result.scale_, &result.limit_, &packed}) {
    for (const float v : *values) {
      if (!std::isfinite(v)) throw Error("holds a number that is not finite", {.file = file.file().string()});
    }
  }
  return result;
}

}  // namespace weft::encoders
