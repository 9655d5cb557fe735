// The ranking task that a snapshot and a split define: which items each user is to be shown, what is masked,
// and who is cold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/positive_index.h"
#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::gnn {

// Immutable once made; cheap to share by reference between threads. Pairs are distinct (user, item) pairs of
// target edges.
struct LinkTask {
  graph::EdgeTypeId target = 0;
  graph::NodeTypeId user_type = 0;  // source type of the target edges
  graph::NodeTypeId item_type = 0;
  std::size_t users = 0;
  std::size_t items = 0;

  graph::PositiveIndex train = {};
  graph::PositiveIndex train_valid = {};
  graph::PositiveIndex all = {};
  // What evaluation asks for: validation pairs that are not in train; test pairs that are in neither.
  graph::PositiveIndex valid_targets = {};
  graph::PositiveIndex test_targets = {};

  std::vector<std::uint64_t> item_counts = {};  // [items], target edges in train, repeats counted
  std::vector<std::uint64_t> user_counts = {};  // [users]
  std::vector<std::uint8_t> item_warm = {};     // [items], 1: has a target edge in train
  std::vector<std::uint8_t> user_warm = {};     // [users]

  // The relevant pairs of a part (kValid or kTest) and the pairs left out of its ranking (train, or train and
  // validation).
  const graph::PositiveIndex& targets(graph::Part part) const;
  const graph::PositiveIndex& mask(graph::Part part) const;
};

// Throws Error if the split was made for another snapshot (sizes differ).
LinkTask make_link_task(const graph::Snapshot& snapshot, const graph::Split& split);

// Which items are ranked.
enum class CandidateRule {
  kAll,        // every item of the type
  kFirstSeen,  // items first seen before the part ends: in validation of a time split, none that appears only
               // in the test period
};

// [items], 1: is ranked. Items that never had a time are always ranked; so is every target of the part.
std::vector<std::uint8_t> candidates(const graph::Snapshot& snapshot, const graph::Split& split,
                                     const LinkTask& task, graph::Part part, CandidateRule rule);

}  // namespace weft::gnn
