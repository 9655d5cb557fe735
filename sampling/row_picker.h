// Chooses the picks of a chunk's rows by the law of its relation: the part of expansion.h that is about laws.
// Internal to sampling/.
#pragma once

#include "sampling/expansion.h"
#include "sampling/weight_search.h"

namespace weft::sampling {

// Rows of up to so many picks are written at one length, without a jump on how many they are: what is too
// much is overwritten by the next row.
inline constexpr std::uint32_t kRun = 16;

class RowPicker {
 public:
  RowPicker(const RelationHop& job, ExpansionState& state, const Subgraph& out)
      : job_(job), state_(state), out_(out) {}

  // Whether start() does some of the work, a stage before pick().
  bool starts_early() const {
    return job_.law == PickLaw::kWeighted && job_.replacement == Replacement::kWithout;
  }
  void start(Chunk& chunk);
  // From the rows' starts and lengths: cuts the lengths to what is before the bounds, then fills count,
  // picked and positions.
  void pick(Chunk& chunk);
  // Given the picks and their edge ids: picks again where an excluded event was hit, by the law over the
  // other edges. True if positions changed. There are never more picks than before.
  bool leave_out_excluded(Chunk& chunk);

 private:
  void bound(Chunk& chunk) const;
  void make_room_for_picks(Chunk& chunk) const;
  void newest(Chunk& chunk) const;
  void uniform(Chunk& chunk);
  std::uint32_t proposals() const;
  std::uint32_t asked(std::uint32_t length) const;
  WeightQuestions questions(Chunk& chunk);
  void propose_weighted(Chunk& chunk);
  void settle_weighted_rows(Chunk& chunk);
  void with_replacement(Chunk& chunk);
  void labor(Chunk& chunk);

  std::uint32_t tree_of(std::uint32_t row) const { return state_.trees ? out_.trees[job_.row_type][row] : 0; }
  DrawStream stream(Purpose purpose, std::uint32_t row) const;
  bool is_excluded(std::uint32_t tree, EdgeId edge) const {
    return state_.excluded.contains(tree, job_.events[edge]);
  }
  const std::uint64_t* sums_of(const Chunk& chunk, std::uint32_t i) const {
    return job_.csr.weight_sums.data() + chunk.start[i];
  }
  bool hits_excluded(const Chunk& chunk) const;
  void find_hidden(const Chunk& chunk, std::uint32_t i, std::uint32_t tree);

  // Each appends a row's picks among its allowed edges to state.again. `begin`: the row's first pick in the
  // chunk.
  void newest_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree);
  void uniform_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree);
  void weighted_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree, std::uint32_t begin);
  void replaced_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree, std::uint32_t begin);

  const RelationHop& job_;
  ExpansionState& state_;
  const Subgraph& out_;
};

}  // namespace weft::sampling
