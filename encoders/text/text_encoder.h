// Texts to vectors without a pretrained model: terms, TF-IDF and a truncated SVD, all learnt from the shop's
// own texts (latent semantic analysis: Deerwester et al., JASIS 41(6), 1990).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"
#include "encoders/encoder.h"
#include "encoders/math/dense_matrix.h"
#include "encoders/text/tfidf.h"

namespace weft::encoders {

struct TextOptions {
  std::size_t dim = 128;
  TfidfOptions tfidf = {};
  // 0: each direction keeps its spread; 1: all get the same spread. Between: what is common weighs less, what
  // is rare is not blown up.
  double whiten = 0.5;
  std::uint64_t seed = 1;
  std::size_t max_fit_nonzeros = 48'000'000;  // of the TF-IDF matrix: bounds memory to about 1 GB
};

// A row is of length sqrt(dim). Fewer independent directions in the texts than `dim`: the last values are
// zero. A text without a known term is not present ("no known word").
class TextEncoder final : public RowEncoder {
 public:
  // Learns from the texts among `assets`; others are skipped. Works without any text too: nothing is present
  // then.
  static TextEncoder fit(std::span<const Asset> assets, const TextOptions& options,
                         ThreadPool* pool = nullptr);
  // A damaged file, or one of another kind or version, is an Error.
  static TextEncoder load(const std::filesystem::path& file, Files& files = real_files());
  // Replaces the file whole.
  void save(const std::filesystem::path& file, Files& files = real_files()) const;

  std::string fingerprint() const override { return fingerprint_; }
  std::size_t dim() const override { return options_.dim; }
  const TextOptions& options() const { return options_; }
  const Tfidf& tfidf() const { return tfidf_; }

 protected:
  void encode_one(const Asset& asset, std::span<float> out) const override;
  std::size_t grain() const override { return 64; }

 private:
  TextEncoder(TextOptions options, Tfidf tfidf, DenseMatrix projection, std::vector<float> offset);
  std::string to_bytes() const;

  TextOptions options_;
  Tfidf tfidf_;
  DenseMatrix projection_;     // [terms, rank], rank <= dim
  std::vector<float> offset_;  // [rank], added after the projection
  std::string fingerprint_;
};

}  // namespace weft::encoders
