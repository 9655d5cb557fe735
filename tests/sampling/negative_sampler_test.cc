#include "sampling/negative_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "base/error.h"
#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"

namespace weft::sampling {
namespace {

using graph::kNoNode;
using graph::NodeId;
using graph::TimeMs;
using testing::chi_square;
using testing::chi_square_limit;

graph::PositiveIndex positives_of(const std::vector<std::vector<NodeId>>& rows, NodeId targets) {
  graph::EdgeList list;
  for (NodeId row = 0; row < rows.size(); ++row) {
    for (const NodeId target : rows[row]) {
      list.from.push_back(row);
      list.to.push_back(target);
      list.events.push_back(list.from.size());
    }
  }
  graph::sort_outgoing(list);
  const graph::Csr csr = graph::build_outgoing(list, rows.size(), targets);
  return graph::PositiveIndex(csr.view(), {});
}

std::vector<NodeId> range(NodeId begin, NodeId end) {
  std::vector<NodeId> result(end - begin);
  std::iota(result.begin(), result.end(), begin);
  return result;
}

std::vector<NodeId> draw_one_row(const NegativeSampler& sampler, NodeId row, std::size_t count,
                                 TimeMs before = graph::kEndOfTime, std::uint32_t key = 9,
                                 std::uint32_t step = 1) {
  std::vector<NodeId> out(count);
  sampler.draw(std::vector{row}, std::vector{key}, std::vector{before}, step, count, out);
  return out;
}

// The law by its definition: weight count^power (1 for uniform), 0 for positives and for targets not yet
// seen.
std::vector<double> expected_counts(const std::vector<std::uint64_t>& counts, const std::vector<TimeMs>& seen,
                                    const std::vector<NodeId>& positives, const NegativeOptions& options,
                                    TimeMs before, double draws) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool popular = options.law == NegativeLaw::kPopularity;
    double weight = popular ? std::pow(static_cast<double>(counts[i]), options.popularity_power) : 1.0;
    if (std::count(positives.begin(), positives.end(), i) != 0) weight = 0;
    if (!seen.empty() && seen[i] >= before) weight = 0;
    weights.push_back(weight);
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight *= draws / total;
  return weights;
}

// Pools seen and expected over the candidates with any chance; the others must never be drawn. False alarm:
// one in a million.
void expect_law(const std::vector<NodeId>& drawn, const std::vector<double>& expected) {
  std::vector<std::uint64_t> seen(expected.size());
  for (const NodeId node : drawn) {
    ASSERT_LT(node, expected.size());
    ++seen[node];
  }
  std::vector<std::uint64_t> pooled_seen;
  std::vector<double> pooled_expected;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == 0) {
      EXPECT_EQ(seen[i], 0u) << "node " << i << " may not be drawn";
    } else {
      pooled_seen.push_back(seen[i]);
      pooled_expected.push_back(expected[i]);
    }
  }
  if (pooled_seen.size() > 1) {
    testing::expect_chi_square_below(chi_square(pooled_seen, pooled_expected),
                                     static_cast<double>(pooled_seen.size()) - 1, drawn.size());
  }
}

struct Case {
  const char* name;
  NegativeLaw law;
  bool timed;
  std::vector<NodeId> positives;
};

class NegativeLaws : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Cases, NegativeLaws,
    ::testing::Values(Case{"uniform_few", NegativeLaw::kUniform, false, {3, 7, 8}},
                      Case{"uniform_none", NegativeLaw::kUniform, false, {}},
                      Case{"uniform_nine_tenths", NegativeLaw::kUniform, false, range(0, 90)},
                      Case{"uniform_four_tenths", NegativeLaw::kUniform, false, range(30, 70)},
                      Case{"uniform_timed", NegativeLaw::kUniform, true, {1, 5, 60, 99}},
                      Case{"uniform_timed_nine_tenths", NegativeLaw::kUniform, true, range(5, 95)},
                      Case{"popularity_few", NegativeLaw::kPopularity, false, {99, 98, 50}},
                      Case{"popularity_four_tenths", NegativeLaw::kPopularity, false, range(60, 100)},
                      Case{"popularity_nine_tenths", NegativeLaw::kPopularity, false, range(10, 100)},
                      Case{"popularity_timed", NegativeLaw::kPopularity, true, {99, 4, 3}},
                      Case{"popularity_timed_nine_tenths", NegativeLaw::kPopularity, true, range(8, 98)}),
    [](const auto& test) { return test.param.name; });

TEST_P(NegativeLaws, HoldOverTheAllowedCandidates) {
  const Case& test = GetParam();
  std::vector<std::uint64_t> counts;
  std::vector<TimeMs> seen;
  for (std::uint64_t i = 0; i < 100; ++i) {
    counts.push_back(i % 10 == 1 ? 0 : i * i);  // some targets were never counted
    if (test.timed) seen.push_back(i % 5 == 0 ? graph::kNoTime : static_cast<TimeMs>((i * 37) % 100));
  }
  const auto positives = positives_of({{}, test.positives}, 100);
  const NegativeOptions options{.seed = 3 + testing::law_seed(), .law = test.law, .popularity_power = 0.75};
  const NegativeSampler sampler(positives, counts, seen, options);
  const auto draws = static_cast<std::size_t>(testing::rounds(200000));
  for (const TimeMs before : {TimeMs{60}, graph::kEndOfTime}) {
    expect_law(draw_one_row(sampler, 1, draws, before),
               expected_counts(counts, seen, test.positives, options, before, draws));
  }
}

TEST(NegativeSampler, FindsTheOnlyAllowedCandidate) {
  for (const NodeId left : {0u, 500u, 999u}) {
    std::vector<NodeId> liked = range(0, 1000);
    liked.erase(liked.begin() + left);
    const auto positives = positives_of({liked}, 1000);
    const std::vector<std::uint64_t> counts(1000, 3);
    for (const NegativeLaw law : {NegativeLaw::kUniform, NegativeLaw::kPopularity}) {
      const NegativeSampler sampler(positives, counts, {}, {.law = law});
      EXPECT_EQ(draw_one_row(sampler, 0, 50), std::vector<NodeId>(50, left));
    }
  }
}

TEST(NegativeSampler, GivesNoNodeToAUserWhoLikesAll) {
  const auto positives = positives_of({range(0, 1000)}, 1000);
  const std::vector<std::uint64_t> counts(1000, 3);
  for (const NegativeLaw law : {NegativeLaw::kUniform, NegativeLaw::kPopularity}) {
    const NegativeSampler sampler(positives, counts, {}, {.law = law});
    EXPECT_EQ(draw_one_row(sampler, 0, 5), std::vector<NodeId>(5, kNoNode));
  }
}

TEST(NegativeSampler, GivesNoNodeWhereNothingWasSeenYet) {
  const auto positives = positives_of({{}}, 3);
  const std::vector<std::uint64_t> counts(3, 1);
  const std::vector<TimeMs> seen = {10, 20, 30};
  for (const NegativeLaw law : {NegativeLaw::kUniform, NegativeLaw::kPopularity}) {
    const NegativeSampler sampler(positives, counts, seen, {.law = law});
    EXPECT_EQ(draw_one_row(sampler, 0, 4, 10), std::vector<NodeId>(4, kNoNode));
    EXPECT_EQ(draw_one_row(sampler, 0, 4, 11), std::vector<NodeId>(4, 0));
  }
}

TEST(NegativeSampler, TakesARowBeyondTheIndexAsOneWithoutPositives) {
  const auto positives = positives_of({{0, 1}}, 4);
  const NegativeSampler sampler(positives, std::vector<std::uint64_t>(4, 1), {}, {});
  const auto drawn = draw_one_row(sampler, 77, 200);
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()), (std::set<NodeId>{0, 1, 2, 3}));
}

// A million draws for a user who likes nine tenths of a catalogue of ten thousand: no positive, and it ends.
// Ten million with WEFT_LAW_ROUNDS=50.
TEST(NegativeSampler, NeverDrawsAPositiveForAHeavyUser) {
  std::mt19937 random(5);
  std::vector<NodeId> liked;
  for (NodeId i = 0; i < 10000; ++i) {
    if (random() % 10 != 0) liked.push_back(i);
  }
  const auto positives = positives_of({liked}, 10000);
  std::vector<std::uint64_t> counts(10000);
  for (auto& count : counts) count = random() % 100;
  for (const NegativeLaw law : {NegativeLaw::kUniform, NegativeLaw::kPopularity}) {
    const NegativeSampler sampler(positives, counts, {}, {.seed = 7 + testing::law_seed(), .law = law});
    std::size_t wrong = 0;
    const auto draws = std::max<std::size_t>(1000000, testing::rounds(200000));
    RecordProperty("draws", std::to_string(draws));
    for (const NodeId node : draw_one_row(sampler, 0, draws))
      wrong += positives.contains(0, node) || node >= 10000 ? 1 : 0;
    EXPECT_EQ(wrong, 0u);
  }
}

// Row order, batch size and position do not matter; row, key, step and seed do.
TEST(NegativeSampler, DrawsDependOnRowKeyStepAndSeedAlone) {
  const auto positives = positives_of({{1, 2}, {3}, {}, {9}}, 500);
  const std::vector<std::uint64_t> counts(500, 2);
  const NegativeSampler sampler(positives, counts, {}, {.seed = 3});
  const std::vector<NodeId> rows = {0, 1, 2, 3, 1};
  const std::vector<std::uint32_t> keys = {10, 11, 12, 13, 14};
  std::vector<NodeId> together(rows.size() * 6);
  sampler.draw(rows, keys, {}, 7, 6, together);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto alone = draw_one_row(sampler, rows[i], 6, graph::kEndOfTime, keys[i], 7);
    EXPECT_TRUE(
        std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(i * 6)));
  }
  const auto base = draw_one_row(sampler, 2, 6, graph::kEndOfTime, 12, 7);
  EXPECT_NE(base, draw_one_row(sampler, 2, 6, graph::kEndOfTime, 13, 7));
  EXPECT_NE(base, draw_one_row(sampler, 2, 6, graph::kEndOfTime, 12, 8));
  EXPECT_NE(base, draw_one_row(NegativeSampler(positives, counts, {}, {.seed = 4}), 2, 6, graph::kEndOfTime,
                               12, 7));
}

TEST(NegativeSampler, LogProbabilityIsThatOfTheProposals) {
  const auto positives = positives_of({{}}, 4);
  const std::vector<std::uint64_t> counts = {1, 16, 0, 81};
  const NegativeSampler uniform(positives, counts, {}, {});
  EXPECT_NEAR(uniform.log_probability(2), std::log(0.25), 1e-12);
  const std::vector<TimeMs> seen = {5, 3, 9, 1};  // ranks differ from ids
  const NegativeSampler popular(positives, counts, seen,
                                {.law = NegativeLaw::kPopularity, .popularity_power = 0.5});
  EXPECT_NEAR(popular.log_probability(0), std::log(1.0 / 14), 1e-6);
  EXPECT_NEAR(popular.log_probability(1), std::log(4.0 / 14), 1e-6);
  EXPECT_EQ(popular.log_probability(2), -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(popular.log_probability(3), std::log(9.0 / 14), 1e-6);
  const std::vector<TimeMs> appeared = {10, 30, 20, 40};
  const NegativeSampler timed(positives, counts, appeared, {.law = NegativeLaw::kUniform});
  EXPECT_NEAR(timed.log_probability(2, 25), std::log(0.5), 1e-12) << "two of four are there by then";
  EXPECT_EQ(timed.log_probability(1, 25), -std::numeric_limits<double>::infinity());
}

TEST(NegativeSampler, PowerZeroIsUniform) {
  const auto positives = positives_of({{}}, 3);
  const std::vector<std::uint64_t> counts = {0, 5, 1000};
  const NegativeSampler sampler(positives, counts, {},
                                {.law = NegativeLaw::kPopularity, .popularity_power = 0});
  for (NodeId i = 0; i < 3; ++i) EXPECT_NEAR(sampler.log_probability(i), std::log(1.0 / 3), 1e-12);
}

TEST(NegativeSampler, RefusesBadOptions) {
  const auto positives = positives_of({{}}, 3);
  const std::vector<std::uint64_t> counts(3, 1);
  const std::vector<TimeMs> seen(2, 1);
  EXPECT_THROW(NegativeSampler(positives, counts, {}, {.popularity_power = -1}), Error);
  EXPECT_THROW(NegativeSampler(positives, counts, {}, {.popularity_power = std::nan("")}), Error);
  EXPECT_THROW(NegativeSampler(positives, counts, seen, {}), Error);
}

}  // namespace
}  // namespace weft::sampling
