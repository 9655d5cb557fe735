// Draws items that a user is not known to like, with exact rejection through the positive index.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/ids.h"
#include "graph/positive_index.h"

namespace weft::sampling {

enum class NegativeLaw { kUniform, kPopularity };

struct NegativeOptions {
  std::uint64_t seed = 0;
  NegativeLaw law = NegativeLaw::kUniform;
  double popularity_power = 0.75;  // kPopularity: probability ~ count^power
};

// Thread-safe. Candidates are the target nodes [0, targets); with first-seen times, only nodes first seen before the bound
// qualify (a node without a time always does). Draws depend on (seed, step, row position key, draw) alone.
class NegativeSampler {
 public:
  // `counts` [targets]: occurrences in train, for kPopularity and log_probability; `first_seen` [targets] or empty.
  NegativeSampler(const graph::PositiveIndex& positives, std::span<const std::uint64_t> counts,
                  std::span<const graph::TimeMs> first_seen, NegativeOptions options);

  // Writes `per_row` negatives for each row: out [rows.size() x per_row]. keys[i] names row i's random stream (the supervision
  // event's number). A row whose every candidate is a positive (or not yet seen) gets kNoNode: the caller masks it. After a few
  // rejections a draw falls back to exact selection among the allowed candidates, so it always ends.
  void draw(std::span<const graph::NodeId> rows, std::span<const std::uint32_t> keys, std::span<const graph::TimeMs> before,
            std::uint32_t step, std::size_t per_row, std::span<graph::NodeId> out) const;

  // log of the probability with which `target` is proposed: the log-Q correction of sampled softmax.
  double log_probability(graph::NodeId target) const;

 private:
  const graph::PositiveIndex& positives_;
  std::vector<std::uint64_t> cumulative_;  // fixed-point running weights
  std::span<const graph::TimeMs> first_seen_;
  NegativeOptions options_;
};

}  // namespace weft::sampling
