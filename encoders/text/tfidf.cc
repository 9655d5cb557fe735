#include "encoders/text/tfidf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "encoders/math/for_ranges.h"
#include "encoders/text/normalise.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kMaxTermsPerShard = (16 << 20) / kShards;
constexpr std::size_t kBatch = 2'048;  // texts counted between two looks at the memory

struct IdentityHash {  // terms are hashes already
  std::size_t operator()(TermId id) const { return id >> 1; }
};
using Counts = std::unordered_map<TermId, std::uint32_t, IdentityHash>;

std::size_t shard_of(TermId id) {
  return id >> 60;
}
static_assert(kShards == 1 << 4);

std::vector<TermId> distinct_terms(std::string_view text, const TfidfOptions& options) {
  std::vector<TermId> terms = terms_of(normalise(utf8_prefix(text, options.max_bytes)), options.terms);
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

// In how many texts each term is. The number of threads decides nothing: texts are cut in fixed batches, and
// each shard is counted by one thread in the order of the texts.
std::array<Counts, kShards> count_documents(std::span<const std::string_view> texts,
                                            const TfidfOptions& options, ThreadPool* pool) {
  std::array<Counts, kShards> shards;
  std::vector<std::vector<TermId>> batch;
  for (std::size_t first = 0; first < texts.size(); first += kBatch) {
    batch.assign(std::min(kBatch, texts.size() - first), {});
    for_ranges(pool, batch.size(), 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) batch[i] = distinct_terms(texts[first + i], options);
    });
    for_ranges(pool, kShards, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        for (const std::vector<TermId>& terms : batch) {
          // The terms of one shard are neighbours: they share the highest bits.
          auto it = std::lower_bound(terms.begin(), terms.end(), static_cast<TermId>(s) << 60);
          for (; it != terms.end() && shard_of(*it) == s; ++it) ++shards[s][*it];
        }
        for (std::uint32_t seen = 1; shards[s].size() > kMaxTermsPerShard; ++seen) {
          std::erase_if(shards[s], [&](const auto& e) { return e.second <= seen; });
        }
      }
    });
  }
  return shards;
}

struct TermCount {
  TermId id = 0;
  std::uint32_t texts = 0;
};

// The terms in most texts, of one family.
std::vector<TermCount> most_frequent(const std::array<Counts, kShards>& shards, TermFamily family,
                                     std::size_t min_df) {
  std::vector<TermCount> found;
  for (const Counts& shard : shards) {
    for (const auto& [id, texts] : shard) {
      if (texts >= min_df && family_of(id) == family) found.push_back({id, texts});
    }
  }
  std::sort(found.begin(), found.end(), [](const TermCount& a, const TermCount& b) {
    return a.texts != b.texts ? a.texts > b.texts : a.id < b.id;
  });
  return found;
}

}  // namespace

Tfidf Tfidf::fit(std::span<const std::string_view> texts, const TfidfOptions& options, ThreadPool* pool) {
  const std::array<Counts, kShards> shards = count_documents(texts, options, pool);
  std::vector<TermCount> words = most_frequent(shards, TermFamily::kWord, options.min_df);
  std::vector<TermCount> ngrams = most_frequent(shards, TermFamily::kNgram, options.min_df);
  // Words get half of the room, or what n-grams leave over.
  const std::size_t half = options.max_features / 2;
  const std::size_t room = options.max_features - std::min(ngrams.size(), options.max_features - half);
  words.resize(std::min(words.size(), room));
  ngrams.resize(std::min(ngrams.size(), options.max_features - words.size()));
  words.insert(words.end(), ngrams.begin(), ngrams.end());
  std::sort(words.begin(), words.end(), [](const TermCount& a, const TermCount& b) { return a.id < b.id; });

  std::vector<TermId> terms;
  std::vector<float> idf;
  for (const TermCount& term : words) {
    terms.push_back(term.id);
    idf.push_back(
        static_cast<float>(std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + term.texts)) + 1));
  }
  return {std::move(terms), std::move(idf), options};
}

Tfidf::Tfidf(std::vector<TermId> terms, std::vector<float> idf, const TfidfOptions& options)
    : options_(options), terms_(std::move(terms)), idf_(std::move(idf)) {
  WEFT_CHECK(terms_.size() == idf_.size());
  table_.assign(std::bit_ceil(terms_.size() * 2 + 1), 0);
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    std::size_t slot = (terms_[i] >> 1) & (table_.size() - 1);
    while (table_[slot] != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

std::uint32_t Tfidf::find(TermId term) const {
  std::size_t slot = (term >> 1) & (table_.size() - 1);
  while (table_[slot] != 0 && terms_[table_[slot] - 1] != term) slot = (slot + 1) & (table_.size() - 1);
  return table_[slot];
}

std::vector<WeightedTerm> Tfidf::weigh(std::string_view text) const {
  std::vector<std::uint32_t> features;
  for (const TermId term : terms_of(normalise(utf8_prefix(text, options_.max_bytes)), options_.terms)) {
    if (const std::uint32_t found = find(term); found != 0) features.push_back(found - 1);
  }
  std::sort(features.begin(), features.end());
  std::vector<WeightedTerm> out;
  std::array<double, 2> squares{};  // by family
  for (std::size_t i = 0; i < features.size();) {
    std::size_t end = i;
    while (end < features.size() && features[end] == features[i]) ++end;
    const double weight = (1 + std::log(static_cast<double>(end - i))) * idf_[features[i]];
    out.push_back({.feature = features[i], .weight = static_cast<float>(weight)});
    squares[static_cast<std::size_t>(family_of(terms_[features[i]]))] += weight * weight;
    i = end;
  }
  const double families = (squares[0] > 0 ? 1 : 0) + (squares[1] > 0 ? 1 : 0);
  for (WeightedTerm& term : out) {
    const double square = squares[static_cast<std::size_t>(family_of(terms_[term.feature]))];
    term.weight = static_cast<float>(term.weight / std::sqrt(square * families));
  }
  return out;
}

SparseMatrix weigh_all(const Tfidf& tfidf, std::span<const std::string_view> texts, std::size_t max_nonzeros,
                       ThreadPool* pool) {
  SparseMatrix matrix{.cols = tfidf.terms().size()};
  // A stride near the golden section of the count, coprime to it, visits every text once and is even from the
  // start.
  std::size_t stride =
      std::max<std::size_t>(1, static_cast<std::size_t>(0.6180339887 * static_cast<double>(texts.size())));
  while (std::gcd(stride, std::max<std::size_t>(1, texts.size())) != 1) ++stride;
  std::vector<std::vector<WeightedTerm>> batch;
  for (std::size_t first = 0; first < texts.size() && matrix.values.size() < max_nonzeros; first += kBatch) {
    batch.assign(std::min(kBatch, texts.size() - first), {});
    for_ranges(pool, batch.size(), 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        // 128 bits are not needed: texts fit in memory, so their count squared is far below 2^64.
        batch[i] = tfidf.weigh(texts[(first + i) * stride % texts.size()]);
      }
    });
    for (const std::vector<WeightedTerm>& row : batch) {
      if (row.empty()) continue;
      for (const WeightedTerm& term : row) {
        matrix.columns.push_back(term.feature);
        matrix.values.push_back(term.weight);
      }
      matrix.offsets.push_back(matrix.values.size());
    }
  }
  return matrix;
}

}  // namespace weft::encoders
