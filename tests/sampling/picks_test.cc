#include "sampling/picks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"

namespace weft::sampling {
namespace {

using testing::chi_square_limit;
using testing::chi_square_uniform;

DrawStream stream_of(std::uint32_t node, std::uint64_t seed = 1, std::uint32_t step = 1) {
  return {pick_key(seed, step), node, purpose_word(Purpose::kNeighbours, 3, 1), 0};
}

TEST(Counter, IsLaidOutAsDocumented) {
  const DrawStream stream{{11, 22}, 33, purpose_word(Purpose::kNegatives, 0x0405, 6), 77};
  EXPECT_EQ(stream.purpose, 0x03040506u);
  const PhiloxBlock expected = philox4x32({11, 22}, {{33, 0x03040506u, 9 / 4, 77}});
  EXPECT_EQ(stream.word(9), expected.word[1]);
}

TEST(Counter, KeyTakesAllBitsOfTheSeed) {
  std::set<std::uint32_t> keys;
  for (int bit = 0; bit < 64; ++bit) keys.insert(pick_key(std::uint64_t{1} << bit, 5).k0);
  keys.insert(pick_key(0, 5).k0);
  EXPECT_EQ(keys.size(), 65u);
  EXPECT_EQ(pick_key(123, 5).k1, 5u);
}

TEST(MultiplyHigh, EqualsLongMultiplication) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const PhiloxBlock r = stream_of(i).block(0);
    const std::uint64_t a = std::uint64_t{r.word[0]} << 32 | r.word[1];
    const std::uint64_t b = std::uint64_t{r.word[2]} << 32 | r.word[3];
    const std::uint64_t low = std::uint64_t{r.word[1]} * r.word[3];
    const std::uint64_t cross1 = std::uint64_t{r.word[0]} * r.word[3] + (low >> 32);
    const std::uint64_t cross2 = std::uint64_t{r.word[1]} * r.word[2] + (cross1 & 0xFFFFFFFFu);
    EXPECT_EQ(multiply_high(a, b), std::uint64_t{r.word[0]} * r.word[2] + (cross1 >> 32) + (cross2 >> 32));
  }
}

// n = 3 * 2^30: plain multiply-high would give the values 0 modulo 3 twice the chance of the others (a third
// of the words are rejected). False alarm: one in a million.
TEST(Bounded, HasNoBiasForLargeRanges) {
  constexpr std::uint32_t n = 3u << 30;
  std::vector<std::uint32_t> seen(3);
  const auto nodes = static_cast<std::uint32_t>(testing::rounds(300000));
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const DrawStream stream = stream_of(node, testing::law_seed());
    const std::uint32_t value = bounded(stream, 0, stream.word(0), n);
    ASSERT_LT(value, n);
    ++seen[value % 3];
  }
  testing::expect_chi_square_below(chi_square_uniform(seen), 2, nodes);
}

// Likewise for 64 bits, n = 3 * 2^62. False alarm: one in a million.
TEST(Bounded64, HasNoBiasForLargeRanges) {
  constexpr std::uint64_t n = 3ull << 62;
  std::vector<std::uint32_t> seen(3);
  const auto nodes = static_cast<std::uint32_t>(testing::rounds(150000));
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const DrawStream stream = stream_of(node, testing::law_seed());
    for (std::uint32_t pair = 0; pair < 2; ++pair) ++seen[bounded64(stream, pair, n) % 3];
  }
  testing::expect_chi_square_below(chi_square_uniform(seen), 2, std::uint64_t{2} * nodes);
}

TEST(Floyd, GivesDistinctPicksInRange) {
  std::vector<std::uint32_t> picks(700);
  for (const std::uint32_t n : {2u, 3u, 10u, 63u, 64u, 65u, 66u, 200u, 701u, 100000u, 4000000000u}) {
    for (const std::uint32_t k : {1u, 2u, 9u, 62u, 63u, 64u, 199u, 700u}) {
      if (k >= n) continue;
      for (std::uint32_t node = 0; node < 20; ++node) {
        floyd_picks(stream_of(node), n, k, picks.data());
        EXPECT_EQ(std::set(picks.begin(), picks.begin() + k).size(), k) << n << " " << k;
        EXPECT_LT(*std::max_element(picks.begin(), picks.begin() + k), n);
      }
    }
  }
}

// The form that devices use, 32 steps at a time: all candidates drawn at once, then settled in step order
// (sampling/one_hop.cu).
TEST(Floyd, SettledInTilesEqualsTheSequentialForm) {
  for (const std::uint32_t n : {5u, 33u, 40u, 65u, 101u, 1000u}) {
    for (const std::uint32_t k : {1u, 4u, 31u, 32u, 33u, 64u, 100u}) {
      if (k >= n) continue;
      for (std::uint32_t node = 0; node < 30; ++node) {
        const DrawStream stream = stream_of(node, n);
        std::vector<std::uint32_t> expected(k);
        floyd_picks(stream, n, k, expected.data());
        std::vector<std::uint32_t> picks(k);
        for (std::uint32_t base = 0; base < k; base += 32) {
          const std::uint32_t end = std::min(base + 32, k);
          for (std::uint32_t i = base; i < end; ++i) {
            picks[i] = floyd_candidate(stream, n, k, i);
            for (std::uint32_t earlier = 0; earlier < base; ++earlier) {
              if (picks[i] == picks[earlier]) picks[i] = n - k + i;
            }
          }
          for (std::uint32_t step = base; step < end; ++step) {
            for (std::uint32_t i = step + 1; i < end; ++i) {
              if (picks[i] == picks[step]) picks[i] = n - k + i;
            }
          }
        }
        EXPECT_EQ(picks, expected);
      }
    }
  }
}

// All 2-, 3- and 4-subsets of 6 equally often; every position included equally often for sizes on both sides
// of the filter's 64 bits. False alarm: one in a million each.
TEST(Floyd, GivesEverySubsetTheSameChance) {
  constexpr std::uint32_t n = 6;
  for (std::uint32_t k = 2; k <= 4; ++k) {
    std::map<std::uint32_t, std::uint32_t> subsets;
    const auto nodes = static_cast<std::uint32_t>(testing::rounds(100000));
    for (std::uint32_t node = 0; node < nodes; ++node) {
      std::uint32_t picks[4];
      floyd_picks(stream_of(node, k - 1 + testing::law_seed()), n, k, picks);
      std::uint32_t mask = 0;
      for (std::uint32_t i = 0; i < k; ++i) mask |= 1u << picks[i];
      ++subsets[mask];
    }
    std::vector<std::uint32_t> seen;
    for (const auto& [mask, count] : subsets) seen.push_back(count);
    ASSERT_EQ(seen.size(), k == 3 ? 20u : 15u);
    testing::expect_chi_square_below(chi_square_uniform(seen), static_cast<double>(seen.size()) - 1,
                                     std::uint64_t{k} * nodes);
  }
}

TEST(Floyd, IncludesEveryPositionEquallyOften) {
  for (const std::uint32_t n : {11u, 64u, 65u, 300u}) {
    constexpr std::uint32_t k = 10;
    std::vector<double> seen(n);
    const auto rounds = static_cast<std::uint32_t>(testing::rounds(60000));
    for (std::uint32_t node = 0; node < rounds; ++node) {
      std::uint32_t picks[k];
      floyd_picks(stream_of(node, n - 1 + testing::law_seed()), n, k, picks);
      for (const std::uint32_t pick : picks) ++seen[pick];
    }
    // Inclusions of one round are not independent: their covariance is p(1-p) n/(n-1) (I - J/n), so the sum
    // of squares over that factor has n - 1 degrees of freedom.
    const double p = static_cast<double>(k) / n;
    double sum = 0;
    for (const double count : seen) sum += (count - rounds * p) * (count - rounds * p);
    const double statistic = sum / (rounds * p * (1 - p) * n / (n - 1.0));
    testing::expect_chi_square_below(statistic, n - 1.0, std::uint64_t{k} * rounds);
  }
}

// A different seed, step, node, root, relation, hop or purpose gives other picks.
TEST(Floyd, DependsOnEveryPartOfTheCounter) {
  const auto picks = [](DrawStream stream) {
    std::vector<std::uint32_t> result(8);
    floyd_picks(stream, 1000000, 8, result.data());
    return result;
  };
  const DrawStream base{pick_key(1, 2), 3, purpose_word(Purpose::kNeighbours, 4, 5), 6};
  std::vector<DrawStream> streams(8, base);
  streams[1].key = pick_key(2, 2);
  streams[2].key = pick_key(1, 3);
  streams[3].node = 4;
  streams[4].purpose = purpose_word(Purpose::kNeighboursAllowed, 4, 5);
  streams[5].purpose = purpose_word(Purpose::kNeighbours, 5, 5);
  streams[6].purpose = purpose_word(Purpose::kNeighbours, 4, 6);
  streams[7].root = 7;
  std::set<std::vector<std::uint32_t>> distinct;
  for (const DrawStream& stream : streams) distinct.insert(picks(stream));
  EXPECT_EQ(distinct.size(), streams.size());
  EXPECT_EQ(picks(base), picks(base));
}

TEST(CountEarlier, EqualsALoop) {
  for (std::uint32_t n = 0; n < 40; ++n) {
    std::vector<std::int64_t> times;
    for (std::uint32_t i = 0; i < n; ++i) times.push_back(stream_of(n).word(i) % 15);
    std::sort(times.begin(), times.end());
    for (std::int64_t before = -1; before < 17; ++before) {
      std::uint32_t expected = 0;
      for (const std::int64_t time : times) expected += time < before ? 1 : 0;
      EXPECT_EQ(count_earlier(times.data(), n, before), expected);
    }
  }
}

}  // namespace
}  // namespace weft::sampling
