#include "gnn/evaluation/metrics.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace weft::gnn {

RankMetrics& RankMetrics::operator+=(const RankMetrics& other) {
  recall += other.recall;
  precision += other.precision;
  ndcg += other.ndcg;
  mrr += other.mrr;
  map += other.map;
  hit_rate += other.hit_rate;
  return *this;
}

RankMetrics RankMetrics::operator/(double count) const {
  return {.recall = recall / count,
          .precision = precision / count,
          .ndcg = ndcg / count,
          .mrr = mrr / count,
          .map = map / count,
          .hit_rate = hit_rate / count};
}

RankMetrics rank_metrics(std::span<const std::uint32_t> hit_ranks, std::size_t relevant, std::size_t k) {
  WEFT_CHECK(relevant > 0 && k > 0);
  RankMetrics result;
  std::size_t hits = 0;
  double gain = 0;
  double precision_sum = 0;
  for (const std::uint32_t rank : hit_ranks) {
    if (rank > k) break;
    ++hits;
    gain += 1.0 / std::log2(rank + 1.0);
    precision_sum += static_cast<double>(hits) / rank;
  }
  if (hits == 0) return result;
  const std::size_t best_hits = std::min(k, relevant);
  double best_gain = 0;
  for (std::size_t rank = 1; rank <= best_hits; ++rank)
    best_gain += 1.0 / std::log2(static_cast<double>(rank) + 1.0);
  result.recall = static_cast<double>(hits) / static_cast<double>(relevant);
  result.precision = static_cast<double>(hits) / static_cast<double>(k);
  result.ndcg = gain / best_gain;
  result.mrr = 1.0 / hit_ranks[0];
  result.map = precision_sum / static_cast<double>(best_hits);
  result.hit_rate = 1;
  return result;
}

namespace {

// Twice the number of (relevant, other) pairs won, a tie counting one.
std::uint64_t doubled_wins_by_scan(std::span<const float> relevant, std::span<const float> others) {
  std::uint64_t wins = 0;
  for (const float score : relevant) {
    std::uint32_t below = 0;
    std::uint32_t not_above = 0;
    for (const float other : others) {
      below += other < score ? 1U : 0U;
      not_above += other <= score ? 1U : 0U;
    }
    wins += below + std::uint64_t{not_above};
  }
  return wins;
}

std::uint64_t doubled_wins_by_sort(std::span<const float> relevant, std::span<const float> others) {
  std::vector<float> sorted(others.begin(), others.end());
  std::sort(sorted.begin(), sorted.end());
  std::uint64_t wins = 0;
  for (const float score : relevant) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), score);
    wins +=
        static_cast<std::uint64_t>(low - sorted.begin()) + static_cast<std::uint64_t>(high - sorted.begin());
  }
  return wins;
}

}  // namespace

double area_under_curve(std::span<const float> relevant, std::span<const float> others) {
  if (relevant.empty() || others.empty()) return -1;
  constexpr std::size_t kScanAtMost = 256;
  const std::uint64_t wins = relevant.size() <= kScanAtMost ? doubled_wins_by_scan(relevant, others)
                                                            : doubled_wins_by_sort(relevant, others);
  return 0.5 * static_cast<double>(wins) / static_cast<double>(relevant.size()) /
         static_cast<double>(others.size());
}

double intra_list_diversity(std::span<const float> rows, std::size_t dim) {
  WEFT_CHECK(dim > 0 && rows.size() % dim == 0);
  // The sum of all pairs' cosines is (|sum of unit vectors|^2 - n) / 2.
  std::vector<double> sum(dim, 0.0);
  std::size_t used = 0;
  for (std::size_t row = 0; row < rows.size(); row += dim) {
    double squares = 0;
    for (std::size_t d = 0; d < dim; ++d) squares += static_cast<double>(rows[row + d]) * rows[row + d];
    if (squares == 0) continue;
    const double scale = 1.0 / std::sqrt(squares);
    for (std::size_t d = 0; d < dim; ++d) sum[d] += rows[row + d] * scale;
    ++used;
  }
  if (used < 2) return -1;
  double squares = 0;
  for (const double value : sum) squares += value * value;
  const auto n = static_cast<double>(used);
  return 1.0 - (squares - n) / (n * (n - 1));
}

double category_diversity(std::span<const std::uint32_t> categories) {
  const std::size_t n = categories.size();
  if (n < 2) return -1;
  std::vector<std::uint32_t> sorted(categories.begin(), categories.end());
  std::sort(sorted.begin(), sorted.end());
  std::uint64_t same = 0;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    while (end < n && sorted[end] == sorted[begin]) ++end;
    same += static_cast<std::uint64_t>(end - begin) * (end - begin - 1) / 2;
    begin = end;
  }
  return 1.0 - static_cast<double>(same) / (static_cast<double>(n) * (static_cast<double>(n) - 1) / 2);
}

}  // namespace weft::gnn
