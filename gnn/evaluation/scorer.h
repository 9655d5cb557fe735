// What the evaluator, the baselines and `recommend` ask of a model: a score for every item, for a block of
// users.
#pragma once

#include <cstddef>
#include <span>

#include "graph/ids.h"

namespace weft::gnn {

// Higher is better; scores of one user are compared with each other only. score() is called from several
// threads at once, so it keeps no state of its own; the scores of a user must not depend on the other users
// of the block.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual std::size_t items() const = 0;
  // Writes out [users.size(), items()], row-major. Every score is a number (NaN is an Error in the
  // evaluator); minus infinity is allowed and ranks last.
  virtual void score(std::span<const graph::NodeId> users, std::span<float> out) const = 0;
};

}  // namespace weft::gnn
