// Item-based nearest neighbours on the users' histories (Sarwar et al. 2001, with shrinkage as in Dacrema et
// al. 2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/evaluation/scorer.h"
#include "graph/positive_index.h"

namespace weft::gnn {

struct ItemKnnOptions {
  std::size_t neighbours = 100;  // most similar items kept per item
  double shrinkage = 10;
};

// similarity(i, j) = common users / (sqrt(users of i * users of j) + shrinkage); score(u, i) = sum of
// similarity(i, j) over the items j of u's history that are among i's nearest (ties by lower id).
class ItemKnnScorer final : public Scorer {
 public:
  // `pairs`: the histories that it learns from and scores with; must outlive the scorer. Memory: neighbours x
  // items, and a counter per item and thread. The same for any number of threads.
  ItemKnnScorer(const graph::PositiveIndex& pairs, std::size_t items, const ItemKnnOptions& options,
                ThreadPool& pool);
  std::size_t items() const override { return items_; }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;

 private:
  struct Entry {
    graph::NodeId item;
    float similarity;
  };
  const graph::PositiveIndex& pairs_;
  std::size_t items_;
  std::vector<std::uint64_t> offsets_;  // [items + 1]
  std::vector<Entry> entries_;          // of history item j: the items i that have j among their nearest
};

}  // namespace weft::gnn
