// Ranking metrics of one user's list. docs/metrics.md gives the formulas in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::gnn {

// Metrics of a list cut at k, for binary relevance.
struct RankMetrics {
  double recall = 0;     // hits / relevant
  double precision = 0;  // hits / k
  double ndcg = 0;       // gain 1 / log2(rank + 1), over the best list of min(k, relevant) hits
  double mrr = 0;        // 1 / rank of the first hit, 0 without one
  double map = 0;        // sum over hits of precision at their rank, / min(k, relevant)
  double hit_rate = 0;   // 1 with a hit, else 0
  RankMetrics& operator+=(const RankMetrics& other);
  RankMetrics operator/(double count) const;
};

// `hit_ranks`: the ranks (from 1, ascending) at which relevant items stand in the list; those past k are
// ignored. `relevant` > 0: how many relevant items the user has, in the list or not. k > 0.
RankMetrics rank_metrics(std::span<const std::uint32_t> hit_ranks, std::size_t relevant, std::size_t k);

// Probability that a random relevant item scores above a random other candidate, ties count half. -1 if there
// is no other. `others`: the scores of the candidates that are not relevant. O(candidates x relevant)
// vectorised, or with sorting where there are many relevant items.
double area_under_curve(std::span<const float> relevant, std::span<const float> others);

// 1 - mean cosine over the pairs of a list. `rows` [n, dim]: the items' vectors; zero vectors are left out.
// -1 with fewer than two left.
double intra_list_diversity(std::span<const float> rows, std::size_t dim);

// Share of the pairs of a list whose categories differ. -1 with fewer than two items.
double category_diversity(std::span<const std::uint32_t> categories);

}  // namespace weft::gnn
