#include "sampling/negative_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "sampling/picks.h"

namespace weft::sampling {
namespace {

constexpr double kLargestWeight = 268435456.0;  // 2^28: the fixed-point weight of the most popular target

std::vector<std::uint64_t> fixed_point_weights(std::span<const std::uint64_t> counts, double power) {
  const std::uint64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  std::vector<std::uint64_t> weights(counts.size(), power == 0 ? 1 : 0);
  if (power == 0) return weights;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const double share = std::pow(static_cast<double>(counts[i]) / static_cast<double>(most), power);
    weights[i] = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(share * kLargestWeight)));
  }
  return weights;
}

}  // namespace

// What is known about one row while its negatives are drawn.
struct NegativeSampler::Row {
  std::span<const graph::NodeId> positives = {};
  std::uint64_t ranks = 0;  // candidates seen before the bound are the ranks [0, ranks)
  std::uint64_t total = 0;  // their weight
  bool hidden_ready = false;
  std::vector<std::uint64_t> hidden = {};  // ranks of the positives among them, ascending
  std::vector<std::uint64_t> allowed_before =
      {};                     // [hidden]: weight of the allowed candidates below hidden[i]
  std::uint64_t allowed = 0;  // weight of all allowed candidates
};

NegativeSampler::NegativeSampler(const graph::PositiveIndex& positives, std::span<const std::uint64_t> counts,
                                 std::span<const graph::TimeMs> first_seen, NegativeOptions options)
    : positives_(positives), options_(options), targets_(counts.size()) {
  if (!(options.popularity_power >= 0 && options.popularity_power <= 4)) {
    throw Error("the power of popularity negatives is out of range",
                {.field = "popularity_power",
                 .value = fmt::format("{}", options.popularity_power),
                 .expected = "0 to 4"},
                ErrorKind::kUsage);
  }
  if (!first_seen.empty() && first_seen.size() != counts.size()) {
    throw Error("first-seen times and counts differ in size",
                {.value = std::to_string(first_seen.size()), .expected = std::to_string(counts.size())},
                ErrorKind::kUsage);
  }
  if (!first_seen.empty()) {
    order_.resize(targets_);
    std::iota(order_.begin(), order_.end(), graph::NodeId{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](graph::NodeId a, graph::NodeId b) { return first_seen[a] < first_seen[b]; });
    rank_.resize(targets_);
    seen_.resize(targets_);
    for (std::size_t rank = 0; rank < targets_; ++rank) {
      rank_[order_[rank]] = static_cast<std::uint32_t>(rank);
      seen_[rank] = first_seen[order_[rank]];
    }
  }
  if (options.law == NegativeLaw::kPopularity) {
    const std::vector<std::uint64_t> weights = fixed_point_weights(counts, options.popularity_power);
    cumulative_.assign(targets_ + 1, 0);
    for (std::size_t rank = 0; rank < targets_; ++rank)
      cumulative_[rank + 1] = cumulative_[rank] + weights[node_at(rank)];
  }
}

NegativeTables NegativeSampler::tables() const {
  const auto data = [](const auto& values) { return values.empty() ? nullptr : values.data(); };
  return {.targets = targets_,
          .cumulative = data(cumulative_),
          .order = data(order_),
          .rank = data(rank_),
          .seen = data(seen_)};
}

// Candidates seen before the bound.
std::uint64_t NegativeSampler::ranks_before(graph::TimeMs before) const {
  if (seen_.empty() || before == graph::kEndOfTime) return targets_;
  return static_cast<std::uint64_t>(std::lower_bound(seen_.begin(), seen_.end(), before) - seen_.begin());
}

// The rank whose weight covers `weight`, among the first `ranks`.
std::uint64_t NegativeSampler::rank_at(std::uint64_t weight, std::uint64_t ranks) const {
  if (cumulative_.empty()) return weight;
  const auto begin = cumulative_.begin() + 1;
  return static_cast<std::uint64_t>(
      std::upper_bound(begin, begin + static_cast<std::ptrdiff_t>(ranks), weight) - begin);
}

// Finds the positives' ranks and the weight they take away. False if no candidate is left.
bool NegativeSampler::hide_positives(Row& row) const {
  if (row.hidden_ready) return row.allowed > 0;
  row.hidden_ready = true;
  for (const graph::NodeId node : row.positives) {
    if (node >= targets_) continue;
    const std::uint64_t rank = rank_.empty() ? node : rank_[node];
    if (rank < row.ranks) row.hidden.push_back(rank);
  }
  if (!rank_.empty()) std::sort(row.hidden.begin(), row.hidden.end());
  std::uint64_t taken = 0;
  for (const std::uint64_t rank : row.hidden) {
    row.allowed_before.push_back(weight_before(rank) - taken);
    taken += weight_before(rank + 1) - weight_before(rank);
  }
  row.allowed = row.total - taken;
  return row.allowed > 0;
}

// The allowed candidate that covers `at`, a weight below row.allowed.
graph::NodeId NegativeSampler::draw_allowed(const Row& row, std::uint64_t at) const {
  const auto above = std::upper_bound(row.allowed_before.begin(), row.allowed_before.end(), at);
  const auto below =
      static_cast<std::size_t>(above - row.allowed_before.begin());  // positives that lie lower
  std::uint64_t taken = 0;
  if (below > 0) {
    const std::uint64_t last = row.hidden[below - 1];
    taken = weight_before(last + 1) - row.allowed_before[below - 1];
  }
  return node_at(rank_at(at + taken, row.ranks));
}

void NegativeSampler::draw(std::span<const graph::NodeId> rows, std::span<const std::uint32_t> keys,
                           std::span<const graph::TimeMs> before, std::uint32_t step, std::size_t per_row,
                           std::span<graph::NodeId> out) const {
  WEFT_CHECK(keys.size() == rows.size() && out.size() == rows.size() * per_row);
  WEFT_CHECK(before.empty() || before.size() == rows.size());
  WEFT_CHECK(per_row < (std::size_t{1} << 27));  // draw numbers stay below 2^31
  const PhiloxKey key = pick_key(options_.seed, step);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Row row{.ranks = before.empty() ? targets_ : ranks_before(before[i])};
    if (rows[i] < positives_.rows()) row.positives = positives_.targets(rows[i]);
    row.total = weight_before(row.ranks);
    const DrawStream proposals{key, rows[i], purpose_word(Purpose::kNegatives, 0, 0), keys[i]};
    // Where most candidates are positives, proposing is a waste.
    const std::uint32_t proposals_tried = 2 * row.positives.size() > row.ranks ? 0 : kNegativeProposals;
    const DrawStream exact{key, rows[i], purpose_word(Purpose::kNegativesExact, 0, 0), keys[i]};
    for (std::size_t j = 0; j < per_row; ++j) {
      graph::NodeId chosen = graph::kNoNode;
      for (std::uint32_t attempt = 0; attempt < proposals_tried && row.total > 0; ++attempt) {
        const auto pair = static_cast<std::uint32_t>(j * kNegativeProposals + attempt);
        const graph::NodeId node = node_at(rank_at(bounded64(proposals, pair, row.total), row.ranks));
        if (std::binary_search(row.positives.begin(), row.positives.end(), node)) continue;
        chosen = node;
        break;
      }
      if (chosen == graph::kNoNode && row.total > 0 && hide_positives(row)) {
        chosen = draw_allowed(row, bounded64(exact, static_cast<std::uint32_t>(j), row.allowed));
      }
      out[i * per_row + j] = chosen;
    }
  }
}

double NegativeSampler::log_probability(graph::NodeId target, graph::TimeMs before) const {
  WEFT_CHECK(target < targets_);
  const std::uint64_t rank = rank_.empty() ? target : rank_[target];
  const std::uint64_t ranks = ranks_before(before);
  const std::uint64_t weight = weight_before(rank + 1) - weight_before(rank);
  if (weight == 0 || rank >= ranks) return -std::numeric_limits<double>::infinity();
  return std::log(static_cast<double>(weight)) - std::log(static_cast<double>(weight_before(ranks)));
}

}  // namespace weft::sampling
