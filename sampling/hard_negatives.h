// Hard negatives: of some candidates, those to which the model gives the highest scores.
#pragma once

#include <cstdint>
#include <span>

#include "graph/ids.h"

namespace weft::sampling {

// For each row, `per_row` of its candidates: distinct ones with the highest scores, after the first `skip`
// are left out (the very highest are the likeliest to be positives that nobody has seen yet), the highest
// first; equal scores in the order of candidates. candidates, scores: [rows, pool]; out: [rows, per_row].
// Candidates come from NegativeSampler, so that none is a known positive or not yet seen; kNoNode among them
// and candidates whose score is no number are never taken, and kNoNode fills up rows that have too few.
// Aborts (WEFT_CHECK) on sizes that do not fit.
void hard_negatives(std::span<const graph::NodeId> candidates, std::span<const float> scores,
                    std::size_t pool, std::size_t skip, std::size_t per_row, std::span<graph::NodeId> out);

}  // namespace weft::sampling
