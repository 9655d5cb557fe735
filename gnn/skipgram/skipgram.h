// Skip-gram with negative sampling over nodes of several types: one vector a node, moved so that nodes which
// come near each other on random walks have a large scalar product, and a node and one that was drawn at
// random a small one. Mikolov et al., "Distributed representations of words and phrases and their
// compositionality" (NeurIPS 2013); on walks: Perozzi et al., "DeepWalk" (KDD 2014), node2vec, metapath2vec
// (sampling/random_walk.h). A node has the same vector as a centre and as a context, so that the product of a
// user's and an item's is the model's own score of the two.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/kernels/adam.h"
#include "gnn/vector_state.h"

namespace weft::gnn {

struct SkipGramOptions {
  std::size_t dim = 64;
  AdamOptions adam = {.learning_rate = 0.01};
  double init_deviation = 0.1;  // vectors begin as normal draws
  std::uint64_t seed = 1;
};

// Nodes by their places in the model's table: those of one type after those of the one before.
inline constexpr std::uint32_t kNoPlace = std::numeric_limits<std::uint32_t>::max();

// What a step learns from.
struct SkipGramPairs {
  std::size_t negatives = 0;                // drawn a pair
  std::vector<std::uint32_t> centres = {};  // [pairs]
  std::vector<std::uint32_t> others = {};   // [pairs, 1 + negatives]: the node near the centre, then those
                                            // drawn; kNoPlace: none. Never the centre itself
  std::size_t size() const { return centres.size(); }
};

class SkipGram {
 public:
  // `pool` must outlive the model. The same to the last bit for any number of threads.
  SkipGram(std::size_t nodes, const SkipGramOptions& options, ThreadPool& pool);

  // One Adam step, of the rows that the pairs name alone, on the mean over the pairs of -log sigmoid(centre .
  // near) - sum log sigmoid(-centre . drawn). Returns that mean before the step. Without pairs the step
  // counts and nothing moves.
  double step(const SkipGramPairs& pairs);
  // The loss and its gradient [nodes, dim] without a step.
  struct LossGradient {
    double loss = 0;
    std::vector<float> gradient = {};
  };
  LossGradient loss_gradient(const SkipGramPairs& pairs);

  std::size_t nodes() const { return slot_.size(); }
  const SkipGramOptions& options() const { return options_; }
  const VectorState& state() const { return state_; }
  // Takes over a state of the same shape.
  void set_state(VectorState state);

 private:
  double score(const SkipGramPairs& pairs);
  void collect_rows(const SkipGramPairs& pairs);
  void sum_gradients();

  SkipGramOptions options_;
  ThreadPool& pool_;
  VectorState state_;
  std::vector<float> slopes_;        // [pairs, 1 + negatives], of the loss by the product
  std::vector<std::uint32_t> slot_;  // [nodes], place in rows_ or kNoPlace
  std::vector<std::uint32_t> rows_;  // the step's distinct nodes, in order of first appearance
  // Of each of them the nodes that it is multiplied with, and the slopes.
  std::vector<std::uint32_t> offsets_, columns_;
  std::vector<float> weights_;
  std::vector<float> gradient_;  // [rows, dim]
};

}  // namespace weft::gnn
