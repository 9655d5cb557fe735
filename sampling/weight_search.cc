#include "sampling/weight_search.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
// GCC 12 takes the undefined upper lanes within the intrinsics themselves for a mistake.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define WEFT_X86 1
#endif

namespace weft::sampling {
namespace {

// One step of edge_at_weight for some weights of one row, of which n edges are left to look through from each
// `low`.
void search_step(const std::uint64_t* sums, std::uint32_t n, const std::uint64_t* weights, std::uint32_t* low,
                 std::uint32_t count) {
  const std::uint32_t half = n / 2;
  const std::uint32_t next = std::max((n - half) / 2, 1u) - 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t from = low[i];
    const std::uint32_t to = from + (half & (0u - (sums[from + half - 1] <= weights[i] ? 1u : 0u)));
    low[i] = to;
    __builtin_prefetch(sums + to + next);
  }
}

// All rows with a length step by step, in turns; those of length 0 are left alone.
void search_in_step(const WeightQuestions& q) {
  std::uint32_t longest = 0;
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    longest = std::max(longest, q.lengths[r]);
    if (q.lengths[r] > 0) std::fill_n(q.edges + r * q.each, q.asked[r], 0u);
  }
  for (; longest > 1; longest -= longest / 2) {
    for (std::size_t r = 0; r < q.rows.size(); ++r) {
      const std::uint32_t n = q.lengths[r];
      if (n <= 1) continue;
      q.lengths[r] = n - n / 2;
      search_step(q.sums + q.rows[r].start, n, q.weights + r * q.each, q.edges + r * q.each, q.asked[r]);
    }
  }
}

// Longer rows are looked through by interpolation: running sums are close to a line, so that a guess by the
// row's total alone lands within a few edges, the fewer the shorter the row. In rows longer than kOneGuess a
// step of the secant method from there is a second guess.
constexpr std::uint32_t kOneGuess = 512;
constexpr std::uint32_t kWindow = 16;  // sums that are counted around the last guess: two lines

// Where n sums that end at `total` reach x, if they are `at` of them at `sum`.
std::uint32_t guess(double at, double x, double sum, double edges_per_weight, std::uint32_t n) {
  const double to = at + (x - sum) * edges_per_weight;
  return static_cast<std::uint32_t>(std::clamp(to, 0.0, static_cast<double>(n - 1)));
}

// Of the row that begins at `start` and has n sums: from the begin of a cache line, if the row's ends allow.
std::uint32_t window_begin(std::uint32_t middle, std::uint32_t start, std::uint32_t n) {
  const std::uint32_t line = (start + middle) / 8 * 8;
  const std::uint32_t wanted = (start + middle) % 8 < 4 ? line - std::min(line, 8u) : line;
  return std::clamp(wanted, start, start + n - kWindow) - start;
}

// Counts around the guess in `edge`; true, and `edge` is the first sum that exceeds x, if it lies there.
// `count_up_to`: how many of kWindow sums do not exceed x.
template <typename Count>
inline __attribute__((always_inline)) bool is_in_window(const std::uint64_t* sums, const FloydRow& row,
                                                        std::uint64_t x, const Count& count_up_to,
                                                        std::uint32_t& edge) {
  const std::uint32_t begin = window_begin(edge, row.start, row.length);
  const std::uint32_t count = count_up_to(sums + row.start + begin, x);
  edge = begin + count;
  return count < kWindow && (count > 0 || begin == 0);
}

// Weights that interpolation did not find, looked for by halving, a few in step.
class LeftOver {
 public:
  LeftOver(const std::uint64_t* sums, const std::uint64_t* weights, std::uint32_t* edges)
      : sums_(sums), weights_(weights), edges_(edges) {}
  void add(const FloydRow& row, std::size_t weight) {
    items_[count_++] = {sums_ + row.start, row.length, weight};
    edges_[weight] = 0;
    __builtin_prefetch(sums_ + row.start + row.length / 2 - 1);
    if (count_ == items_.size()) settle();
  }
  void settle() {
    bool any = count_ > 0;
    while (any) {
      any = false;
      for (std::size_t i = 0; i < count_; ++i) {
        Item& item = items_[i];
        if (item.left <= 1) continue;
        search_step(item.sums, item.left, weights_ + item.weight, edges_ + item.weight, 1);
        item.left -= item.left / 2;
        any |= item.left > 1;
      }
    }
    count_ = 0;
  }

 private:
  struct Item {
    const std::uint64_t* sums;
    std::uint32_t left;
    std::size_t weight;
  };
  const std::uint64_t* sums_;
  const std::uint64_t* weights_;
  std::uint32_t* edges_;
  std::array<Item, 32> items_ = {};
  std::size_t count_ = 0;
};

double edges_per_weight(const WeightQuestions& q, const FloydRow& row) {
  return static_cast<double>(row.length) / static_cast<double>(q.sums[row.start + row.length - 1]);
}

void prefetch_window(const std::uint64_t* sums, const FloydRow& row, std::uint32_t middle) {
  const std::uint64_t* const window = sums + row.start + window_begin(middle, row.start, row.length);
  __builtin_prefetch(window);
  __builtin_prefetch(window + kWindow - 1);
}

// The second guesses, of the longest rows.
void guess_again(const WeightQuestions& q) {
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    const FloydRow& row = q.rows[r];
    if (row.length <= kOneGuess) continue;
    const double per_weight = edges_per_weight(q, row);
    for (std::size_t i = r * q.each; i < r * q.each + q.asked[r]; ++i) {
      const std::uint32_t at = q.edges[i];
      q.edges[i] = guess(at, static_cast<double>(q.weights[i]), static_cast<double>(q.sums[row.start + at]),
                         per_weight, row.length);
      prefetch_window(q.sums, row, q.edges[i]);
    }
  }
}

// The rows longer than kInterpolatedRow, around the last guesses.
template <typename Count>
inline __attribute__((always_inline)) void search_windows(const WeightQuestions& q,
                                                          const Count& count_up_to) {
  LeftOver left(q.sums, q.weights, q.edges);
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    if (q.rows[r].length <= kInterpolatedRow) continue;
    for (std::size_t i = r * q.each; i < r * q.each + q.asked[r]; ++i) {
      if (!is_in_window(q.sums, q.rows[r], q.weights[i], count_up_to, q.edges[i])) left.add(q.rows[r], i);
    }
  }
  left.settle();
}

std::uint32_t count_window(const std::uint64_t* sums, std::uint64_t x) {
  std::uint32_t count = 0;
  for (std::uint32_t p = 0; p < kWindow; ++p) count += sums[p] <= x ? 1 : 0;
  return count;
}

void search_weights_generic(const WeightQuestions& q) {
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    const std::uint32_t n = q.rows[r].length;
    q.lengths[r] = n <= kInterpolatedRow ? n : 0;
  }
  guess_again(q);
  search_in_step(q);
  search_windows(q, count_window);
}

#ifdef WEFT_X86
// 16 weights of a row of n sums.
__attribute__((target("avx512f,avx512vl"))) void count_sums(const std::uint64_t* sums, std::uint32_t n,
                                                            const std::uint64_t* weights, std::uint32_t count,
                                                            std::uint32_t* edges) {
  const __m512i one = _mm512_set1_epi64(1);
  const auto valid_a = static_cast<__mmask8>(count >= 8 ? 0xFFu : (1u << count) - 1);
  const auto valid_b = static_cast<__mmask8>(count >= 16 ? 0xFFu : count > 8 ? (1u << (count - 8)) - 1 : 0u);
  const __m512i a = _mm512_maskz_loadu_epi64(valid_a, weights);
  const __m512i b = _mm512_maskz_loadu_epi64(valid_b, weights + 8);
  __m512i edge_a = _mm512_setzero_si512();
  __m512i edge_b = _mm512_setzero_si512();
  for (std::uint32_t p = 0; p + 1 < n; ++p) {
    const __m512i sum = _mm512_set1_epi64(static_cast<long long>(sums[p]));
    edge_a = _mm512_mask_add_epi64(edge_a, _mm512_cmple_epu64_mask(sum, a), edge_a, one);
    edge_b = _mm512_mask_add_epi64(edge_b, _mm512_cmple_epu64_mask(sum, b), edge_b, one);
  }
  _mm256_mask_storeu_epi32(edges, valid_a, _mm512_cvtepi64_epi32(edge_a));
  _mm256_mask_storeu_epi32(edges + 8, valid_b, _mm512_cvtepi64_epi32(edge_b));
}

__attribute__((target("avx512f,avx512vl"))) std::uint32_t count_window_avx512(const std::uint64_t* sums,
                                                                              std::uint64_t x) {
  const __m512i weight = _mm512_set1_epi64(static_cast<long long>(x));
  const unsigned low = _mm512_cmple_epu64_mask(_mm512_loadu_si512(sums), weight);
  const unsigned high = _mm512_cmple_epu64_mask(_mm512_loadu_si512(sums + 8), weight);
  return static_cast<std::uint32_t>(__builtin_popcount(low | high << 8));
}

__attribute__((target("avx512f,avx512vl"))) void search_weights_avx512(const WeightQuestions& q) {
  guess_again(q);
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    const FloydRow& row = q.rows[r];
    if (row.length > kInterpolatedRow) continue;
    for (std::uint32_t i = 0; i < q.asked[r]; i += 16) {
      const std::size_t first = r * q.each + i;
      count_sums(q.sums + row.start, row.length, q.weights + first, q.each - i, q.edges + first);
    }
  }
  search_windows(q, count_window_avx512);
}
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

}  // namespace

void guess_weights(const WeightQuestions& q) {
  for (std::size_t r = 0; r < q.rows.size(); ++r) {
    const FloydRow& row = q.rows[r];
    if (row.length <= kInterpolatedRow) continue;
    const double per_weight = edges_per_weight(q, row);
    for (std::size_t i = r * q.each; i < r * q.each + q.asked[r]; ++i) {
      const std::uint32_t to = q.edges[i] =
          guess(0, static_cast<double>(q.weights[i]), 0, per_weight, row.length);
      if (row.length <= kOneGuess) {
        prefetch_window(q.sums, row, to);
      } else {
        __builtin_prefetch(q.sums + row.start + to);
      }
    }
  }
}

void search_weights(const WeightQuestions& questions) {
#ifdef WEFT_X86
  static const bool wide = pick_instructions() == "avx512";
  if (wide) return search_weights_avx512(questions);
#endif
  search_weights_generic(questions);
}

namespace internal {

bool search_weights_with(const std::string& instructions, const WeightQuestions& questions) {
  if (instructions == "generic") {
    guess_weights(questions);
    search_weights_generic(questions);
    return true;
  }
#ifdef WEFT_X86
  if (instructions == "avx512" && __builtin_cpu_supports("avx512f") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0) {
    guess_weights(questions);
    search_weights_avx512(questions);
    return true;
  }
#endif
  return false;
}

}  // namespace internal

}  // namespace weft::sampling
