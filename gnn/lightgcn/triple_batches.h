// The (user, positive, negative) triples of each training step of pairwise models.
#pragma once

#include <cstdint>
#include <vector>

#include "gnn/lightgcn/lightgcn.h"
#include "graph/positive_index.h"
#include "sampling/negative_sampler.h"

namespace weft::gnn {

// Every pair once an epoch, in an order that (seed, epoch) give; one negative a pair, uniform over the items
// that the user has no pair with. Depends on seed, epoch and batch alone.
class TripleBatches {
 public:
  // `pairs` must outlive it. Throws Error if there is no pair, or more than 2^32 - 1.
  TripleBatches(const graph::PositiveIndex& pairs, std::size_t items, std::size_t batch_size,
                std::uint64_t seed);
  std::uint64_t batches() const { return (order_.size() + batch_size_ - 1) / batch_size_; }
  // Shuffles; epochs count from 0.
  void begin_epoch(std::uint64_t epoch);
  // The triples of a batch of the epoch begun last; fewer than its pairs where users have every item. Valid
  // until the next call.
  const std::vector<Triple>& triples(std::uint64_t batch);

 private:
  const graph::PositiveIndex& pairs_;
  std::size_t batch_size_;
  std::uint64_t seed_;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> counts_;
  sampling::NegativeSampler negatives_;
  std::vector<graph::NodeId> users_;  // [pairs]
  std::vector<std::uint32_t> order_;  // [pairs]
  std::vector<graph::NodeId> rows_, drawn_;
  std::vector<std::uint32_t> keys_;
  std::vector<Triple> triples_;
};

}  // namespace weft::gnn
