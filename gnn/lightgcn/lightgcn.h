// LightGCN (He et al. 2020, arXiv:2002.02126): one free vector per user and item, propagated over the whole
// training graph, and the mean over layers 0 .. L as the result.
//
// The propagation A = D^-1/2 Adj D^-1/2 is linear, so the gradient of a batch is the same propagation of the
// gradient of its rows: nothing is kept for a backward pass. The last layer forward, and the first one
// backward, touch the batch's nodes and their neighbours alone. Supervised pairs are not masked from the
// propagation, as published.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/huge_pages.h"
#include "base/thread_pool.h"
#include "gnn/evaluation/embedding_scorer.h"
#include "gnn/kernels/adam.h"
#include "gnn/lightgcn/bipartite_graph.h"
#include "gnn/vector_state.h"
#include "graph/positive_index.h"

namespace weft::gnn {

enum class EmbeddingRegularization {
  kPerTriple,  // l2 / 2 x sum over the batch's triples of the squared norms of their three vectors / batch
               // (the paper's code)
  kDistinctNodes,  // l2 x sum over the batch's distinct nodes / batch (PyTorch Geometric)
};

struct LightGcnOptions {
  std::size_t dim = 64;
  std::size_t layers = 3;
  double l2 = 1e-4;  // on the free vectors
  EmbeddingRegularization regularization = EmbeddingRegularization::kPerTriple;
  AdamOptions adam = {};
  double init_deviation = 0.1;  // free vectors begin as normal draws
  std::uint64_t seed = 1;
};

// (user, item it likes, item it is not known to like).
struct Triple {
  graph::NodeId user = 0;
  graph::NodeId positive = 0;
  graph::NodeId negative = 0;
};

using LightGcnState = VectorState;  // rows: users first

class LightGcn {
 public:
  // `pairs`: the training pairs, copied into the graph. `pool` must outlive the model. The same to the last
  // bit for any number of threads. Memory: 7 matrices [nodes, dim] and the graph.
  LightGcn(const graph::PositiveIndex& pairs, std::size_t users, std::size_t items,
           const LightGcnOptions& options, ThreadPool& pool);

  // One Adam step on the mean BPR loss of the triples plus the penalty; returns that sum before the step. At
  // least one triple.
  double step(std::span<const Triple> triples);
  // Counts a step in which there was nothing to learn; returns 0.
  double skip_step() { return ++state_.step, 0.0; }
  // The loss and its gradient [nodes, dim] without a step.
  struct LossGradient {
    double loss = 0;
    std::vector<float> gradient = {};
  };
  LossGradient loss_gradient(std::span<const Triple> triples);

  // The result: mean over layers [nodes, dim].
  std::vector<float> embeddings() const;
  EmbeddingScorer scorer() const;

  const BipartiteGraph& graph() const { return graph_; }
  const LightGcnOptions& options() const { return options_; }
  const LightGcnState& state() const { return state_; }
  // Takes over a state of the same shape.
  void set_state(LightGcnState state);
  void set_parameters(std::span<const float> parameters);

 private:
  void collect_nodes(std::span<const Triple> triples);
  void forward();
  double loss_rows(std::span<const Triple> triples);
  double add_penalty(std::span<const Triple> triples);
  void backward_to_last_layer();
  void refresh_scaled();
  // Calls finish(first, last, gradient) with gradient [last - first, dim] for chunks of all nodes.
  void finish_gradient(const std::function<void(std::size_t, std::size_t, std::span<float>)>& finish);
  // Gathered from at random: rows should begin on cache lines.
  using Matrix = HugeVector<float>;
  void propagate(const Matrix& from, Matrix& to) const;

  LightGcnOptions options_;
  BipartiteGraph graph_;
  ThreadPool& pool_;
  LightGcnState state_;
  Matrix scaled_;             // [nodes, dim], parameters / sqrt(degree)
  Matrix layer_a_, layer_b_;  // [nodes, dim]
  // The batch: its distinct nodes in order of first appearance.
  std::vector<std::uint32_t> batch_nodes_;
  std::vector<std::uint32_t> slot_;           // [nodes], place in batch_nodes_ or kNoSlot
  std::vector<std::uint64_t> batch_offsets_;  // running degrees, to balance work
  std::vector<float> final_;                  // [batch nodes, dim], mean over layers
  std::vector<float> seeds_;                  // [batch nodes, dim], gradient of final_ / (L + 1)
  std::vector<float> penalty_;  // [batch nodes], factor of the node's own vector in the gradient
};

}  // namespace weft::gnn
