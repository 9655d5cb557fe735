// TF-IDF over the terms of texts: sublinear term frequency, smoothed inverse document frequency, unit length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "encoders/math/randomized_svd.h"
#include "encoders/text/tokenizer.h"

namespace weft {
class ThreadPool;
}

namespace weft::encoders {

struct TfidfOptions {
  TermOptions terms = {};
  std::size_t min_df = 2;             // a term in fewer texts is left out
  std::size_t max_features = 60'000;  // terms kept, those in most texts first; words fill at most half
  std::size_t max_bytes = 8'192;      // of a text; the rest is ignored
};

struct WeightedTerm {
  std::uint32_t feature = 0;
  float weight = 0;
};

// Immutable; thread-safe. A feature is a position in `terms`.
class Tfidf {
 public:
  // Counts the terms of `texts`. Memory is bounded: past 16 million distinct terms, those in fewest
  // texts so far are dropped.
  static Tfidf fit(std::span<const std::string_view> texts, const TfidfOptions& options, ThreadPool* pool);
  // From what was stored: terms()[i] with weight idf()[i].
  Tfidf(std::vector<TermId> terms, std::vector<float> idf, const TfidfOptions& options);

  // Ascending by feature. For each family (words, n-grams): weight (1 + ln tf) * idf, scaled to length 1;
  // then both together to length 1. Empty if no term is known.
  std::vector<WeightedTerm> weigh(std::string_view text) const;

  const std::vector<TermId>& terms() const { return terms_; }  // ascending
  const std::vector<float>& idf() const { return idf_; }       // ln((1 + texts) / (1 + df)) + 1
  const TfidfOptions& options() const { return options_; }

 private:
  std::uint32_t find(TermId term) const;

  TfidfOptions options_;
  std::vector<TermId> terms_;
  std::vector<float> idf_;
  std::vector<std::uint32_t> table_;  // open addressing: feature + 1, 0 = free
};

// The weights of texts as rows, empty ones left out, in an evenly spread order, up to about `max_nonzeros`.
SparseMatrix weigh_all(const Tfidf& tfidf, std::span<const std::string_view> texts, std::size_t max_nonzeros,
                       ThreadPool* pool);

}  // namespace weft::encoders
