// Random sets of pairs for tests, as a positive index and as a plain set.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "graph/csr.h"
#include "graph/positive_index.h"

namespace weft::gnn {

using Pairs = std::set<std::pair<graph::NodeId, graph::NodeId>>;

inline graph::PositiveIndex index_of(const Pairs& pairs, std::size_t rows) {
  std::vector<std::uint64_t> offsets(rows + 1, 0);
  std::vector<graph::NodeId> targets;
  for (const auto& [row, target] : pairs) {
    ++offsets[row + 1];
    targets.push_back(target);
  }
  for (std::size_t r = 0; r < rows; ++r) offsets[r + 1] += offsets[r];
  return {graph::CsrView{.offsets = offsets, .targets = targets}, {}};
}

// Each pair with probability `share`, none of those in `without`.
inline Pairs random_pairs(std::mt19937& random, std::size_t rows, std::size_t targets, double share,
                          const Pairs& without = {}) {
  Pairs pairs;
  for (graph::NodeId r = 0; r < rows; ++r) {
    for (graph::NodeId t = 0; t < targets; ++t) {
      const bool drawn = std::uniform_real_distribution<double>()(random) < share;
      if (drawn && !without.contains({r, t})) pairs.insert({r, t});
    }
  }
  return pairs;
}

}  // namespace weft::gnn
