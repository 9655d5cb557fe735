// Draws items that a user is not known to like, with exact rejection through the positive index.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/ids.h"
#include "graph/positive_index.h"
#include "sampling/negative_draws.h"

namespace weft::sampling {

enum class NegativeLaw { kUniform, kPopularity };

struct NegativeOptions {
  std::uint64_t seed = 0;
  NegativeLaw law = NegativeLaw::kUniform;
  double popularity_power = 0.75;  // kPopularity: probability ~ count^power
};

// Thread-safe. Candidates are the target nodes [0, targets); with first-seen times, only nodes first seen
// before the bound qualify (a node without a time always does). Under kPopularity a target that was never
// counted is no candidate unless the power is 0. Draws depend on (seed, step, row, row position key, draw)
// alone.
//
// Law: every draw is independent and follows the proposal law conditioned on the allowed candidates. A few
// proposals are tried; if all are positives, the exact conditional law is drawn directly: both ways have the
// same law, so their mixture has it too.
class NegativeSampler {
 public:
  // `counts` [targets]: occurrences in train, for kPopularity and log_probability; `first_seen` [targets] or
  // empty. The positives must outlive the sampler. Throws Error (kUsage) on a power outside [0, 4] or sizes
  // that differ.
  NegativeSampler(const graph::PositiveIndex& positives, std::span<const std::uint64_t> counts,
                  std::span<const graph::TimeMs> first_seen, NegativeOptions options);

  // Writes `per_row` negatives for each row: out [rows.size() x per_row]. keys[i] names row i's random stream
  // (the supervision event's number); `before` is empty or has a bound a row. A row whose every candidate is
  // a positive (or not yet seen) gets kNoNode: the caller masks it. A row beyond the positive index has no
  // positives.
  void draw(std::span<const graph::NodeId> rows, std::span<const std::uint32_t> keys,
            std::span<const graph::TimeMs> before, std::uint32_t step, std::size_t per_row,
            std::span<graph::NodeId> out) const;

  // log of the probability with which `target` is proposed under a bound when nothing is excluded: the log-Q
  // correction of sampled softmax. Minus infinity for a target that is never proposed, or not seen by then.
  double log_probability(graph::NodeId target, graph::TimeMs before = graph::kEndOfTime) const;

 private:
  friend class DeviceNegatives;
  // Views of the tables, without the positives.
  NegativeTables tables() const;
  const graph::PositiveIndex& positives() const { return positives_; }
  const NegativeOptions& options() const { return options_; }

  struct Row;
  // Candidates have ranks: ordered by first-seen time, then id, so that the ones seen before a bound are a
  // prefix.
  std::uint64_t weight_before(std::uint64_t rank) const {
    return cumulative_.empty() ? rank : cumulative_[rank];
  }
  std::uint64_t ranks_before(graph::TimeMs before) const;
  std::uint64_t rank_at(std::uint64_t weight, std::uint64_t ranks) const;
  graph::NodeId node_at(std::uint64_t rank) const {
    return order_.empty() ? static_cast<graph::NodeId>(rank) : order_[rank];
  }
  bool hide_positives(Row& row) const;
  graph::NodeId draw_allowed(const Row& row, std::uint64_t at) const;

  const graph::PositiveIndex& positives_;
  NegativeOptions options_;
  std::uint64_t targets_ = 0;
  std::vector<std::uint64_t>
      cumulative_;  // [targets + 1] by rank, fixed-point weight of all lower ranks; empty: uniform
  std::vector<graph::NodeId> order_;  // [targets] by rank; empty: the identity
  std::vector<std::uint32_t> rank_;   // [targets] by node; empty: the identity
  std::vector<graph::TimeMs> seen_;   // [targets] by rank, ascending; empty: all are always seen
};

}  // namespace weft::sampling
