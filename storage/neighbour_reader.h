// Live neighbourhood reads for serving: the newest edges of one node or of many, from iterators that are kept
// between reads.
//
// A reader stands at one state of the store, the same for all relations: as of its making, or of the last
// refresh(). One thread at a time; make one for each thread. It must not outlive the store. It keeps old
// files and buffers of the database alive, so refresh it now and then, or let it go when it is idle.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "storage/graph_store.h"

namespace weft::storage {

// The lists of many nodes; [i] is that of the i-th node asked for.
struct NeighbourLists {
  std::vector<std::pair<std::size_t, std::size_t>> ranges = {};  // [node], first and end in `neighbours`
  std::vector<Neighbour> neighbours = {};

  std::size_t size() const { return ranges.size(); }
  std::span<const Neighbour> operator[](std::size_t node) const {
    return std::span(neighbours).subspan(ranges[node].first, ranges[node].second - ranges[node].first);
  }
};

class NeighbourReader {
 public:
  explicit NeighbourReader(const GraphStore& store);
  NeighbourReader(NeighbourReader&&) noexcept;
  NeighbourReader& operator=(NeighbourReader&&) noexcept;
  ~NeighbourReader();

  // Moves on to the latest acknowledged batch (a reading store: to where it last caught up). Costs next to
  // nothing if there is none.
  void refresh();

  // As GraphStore::neighbours. The span is valid until the next call.
  std::span<const Neighbour> newest(graph::NodeRef node, graph::RelationId relation, std::size_t limit,
                                    graph::TimeMs before = graph::kEndOfTime);

  // The same for many nodes of the relation's row type, in any order, repeats allowed. `before`: one bound
  // for each node, or empty: none. Nodes are read in the order of their keys, so that those that lie together
  // cost one block. Re-uses the buffers of `out`.
  void newest(std::span<const graph::NodeId> nodes, graph::RelationId relation, std::size_t limit,
              std::span<const graph::TimeMs> before, NeighbourLists& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::storage
