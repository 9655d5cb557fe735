// The limit that memory sets for neighbour sampling: reading, with prefetch and nothing else, the addresses
// that some batches must read: row offsets, targets, edge ids, and the relabel entries of the targets (read
// and written).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/huge_pages.h"
#include "graph/graph_view.h"
#include "sampling/subgraph.h"

namespace weft::sampling::benchmarks {

class BareGather {
 public:
  // The graph behind the view must outlive this.
  explicit BareGather(const graph::GraphView& graph);

  // Adds a sampled batch. Not while a gather runs.
  void add(const Subgraph& batch);
  void clear() { batches_.clear(); }
  std::size_t batches() const { return batches_.size(); }
  std::uint64_t edges(std::size_t batch) const { return batches_[batch].edges; }

  // Relabel entries, one thread's.
  using Labels =
      std::vector<HugeVector<std::uint64_t>>;  // [node type][node]; in huge pages, as the sampler's
  Labels make_labels() const;
  // Reads one batch's addresses. The sum is there so that nothing can be left out. Thread-safe, with labels
  // of its own.
  std::uint64_t gather(std::size_t batch, Labels& labels) const;

 private:
  struct Step {
    RelationId relation;
    std::vector<NodeId> rows;
    std::vector<std::uint32_t> positions;
  };
  struct Batch {
    std::vector<Step> steps;
    std::uint64_t edges = 0;
  };

  const graph::GraphView& graph_;
  std::vector<std::vector<std::uint32_t>> position_of_;  // [relation][edge id]; empty: the identity
  std::vector<Batch> batches_;
};

}  // namespace weft::sampling::benchmarks
