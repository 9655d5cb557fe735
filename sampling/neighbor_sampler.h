// Samples neighbourhoods on the CPU. Picks come from Philox4x32-10 counters (sampling/philox.h,
// sampling/picks.h), so that they depend on seed, step, node, relation, hop and root alone: never on threads,
// batch order or device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "graph/graph_view.h"
#include "graph/live_view.h"
#include "sampling/live_rows.h"
#include "sampling/subgraph.h"
#include "sampling/visited_neighbours.h"

namespace weft::sampling {

enum class PickLaw {
  kUniform,     // every edge alike
  kMostRecent,  // the newest
  kWeighted,    // in proportion to the edges' weights; a relation without weights: uniform
  kLabor,       // layer-neighbour sampling: uniform, the fan-out on average, fewer distinct nodes
};
enum class Replacement { kWithout, kWith };

struct ExpansionState;

inline constexpr std::uint32_t kAllNeighbours = 0xFFFFFFFFu;  // as a fan-out: the full neighbourhood

struct SamplerOptions {
  std::uint64_t seed = 0;
  // [hop][relation id]: how many neighbours at most; 0: the relation is not followed at that hop.
  std::vector<std::vector<std::uint32_t>> fan_outs = {};
  PickLaw law = PickLaw::kUniform;  // see sampling/picks.h and sampling/weighted_picks.h
  // kWith: as many independent draws as the fan-out from each row that has an edge to pick. kAllNeighbours
  // takes each edge once all the same. Uniform and weighted laws only.
  Replacement replacement = Replacement::kWithout;
  // Relations beside those of edges, whose rows are the nodes that walks visit.
  std::vector<WalkRelation> walks = {};
  // Speed only: node types whose relabel arrays (8 bytes a node, each thread) would be larger use a hash
  // table instead.
  std::uint64_t relabel_bytes = std::uint64_t{1} << 30;
};

// The same fan-out for every relation of the schema, a value a hop.
std::vector<std::vector<std::uint32_t>> uniform_fan_outs(const graph::Schema& schema,
                                                         const std::vector<std::uint32_t>& per_hop);

// Thread-safe; all mutable state lives in Scratch, one a thread. The graph behind the view must outlive the
// sampler.
//
// Order of a subgraph: seeds as given; then hop by hop, relation by relation (ascending, then those of
// walks), row by row (local order), pick by pick (sampling/picks.h); a node's local id is the order of its
// first appearance. Each hop expands the nodes that appeared in the hop before. The redundant half of a
// symmetric edge type is never followed, whatever its fan-out.
//
// Excluded events: no edge of one is ever picked, and the law over the other edges is as if they were not
// there. A uniform row first picks among all; only if that hits an excluded edge does it pick again, from the
// allowed ones alone and with fresh draws: both ways give every allowed k-subset the same probability. A
// weighted row keeps its allowed picks and draws the missing ones from the allowed weight that is left; a row
// with replacement draws those again that hit. Walks neither go along an edge of one nor, from a bounded
// seed, along one at or after the bound.
class NeighborSampler {
 public:
  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;

   private:
    friend class NeighborSampler;
    struct State;
    std::unique_ptr<State> state_;
  };

  // Throws Error (kUsage) if the fan-outs do not fit the schema, there are more than 255 hops, a fan-out
  // other than kAllNeighbours is above 2^24 where the law draws weights or replaces, the law has no form with
  // replacement, or walks are not as make_walker() wants them.
  NeighborSampler(graph::GraphView graph, SamplerOptions options);
  // On a snapshot and what came after it: the subgraphs that a sampler on the compacted snapshot gives, but
  // for edge ids, which are the live view's.
  NeighborSampler(graph::LiveGraphView graph, SamplerOptions options);

  // Fills `out`. Step 0 is inference; training steps count from 1.
  void sample(const SeedBatch& seeds, std::uint32_t step, Scratch& scratch, Subgraph& out) const;

  const SamplerOptions& options() const { return options_; }
  // Of a live view: the snapshot's rows with the live node counts.
  const graph::GraphView& graph() const { return graph_; }

 private:
  // What both constructors have in common; `make`: the walker of a relation of walks by its number.
  void follow(const std::function<RandomWalker(std::size_t)>& make);
  void follow_walks(const std::function<RandomWalker(std::size_t)>& make);
  void expand_walks(std::size_t number, std::size_t hop, std::uint32_t step, ExpansionState& state,
                    Subgraph& out) const;

  graph::GraphView graph_;
  std::vector<LiveRelation> live_;  // [relation id]; empty: a snapshot alone
  SamplerOptions options_;
  std::vector<RelationId> followed_;   // relations with a fan-out at some hop, ascending; those of walks last
  std::vector<std::size_t> walks_;     // of options_.walks those with a fan-out at some hop
  std::vector<RandomWalker> walkers_;  // of these
  std::vector<std::uint8_t> hashed_;   // [node type]: shared frontiers relabel through a hash table
};

}  // namespace weft::sampling
