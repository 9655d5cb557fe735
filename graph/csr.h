// Compressed sparse rows of one edge type in one direction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/huge_pages.h"
#include "graph/ids.h"

namespace weft::graph {

// One edge type's adjacency in one direction. Does not own its memory. Rows ascend in time, then in target,
// then in event id.
struct CsrView {
  std::span<const std::uint64_t> offsets = {};  // [rows + 1]
  std::span<const NodeId> targets = {};         // [edges]
  std::span<const TimeMs> times = {};           // [edges]; empty if the type has no times
  std::span<const std::uint64_t> weight_sums =
      {};  // [edges], running sum within the row, fixed point; empty if unweighted
  std::span<const EdgeId> edge_ids =
      {};  // [edges], position in the snapshot's outgoing CSR; empty: the identity

  std::size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::size_t edges() const { return targets.size(); }
  std::uint64_t degree(NodeId row) const { return offsets[row + 1] - offsets[row]; }
  std::span<const NodeId> neighbours(NodeId row) const { return targets.subspan(offsets[row], degree(row)); }
  EdgeId edge_id(std::uint64_t position) const {
    return edge_ids.empty() ? static_cast<EdgeId>(position) : edge_ids[position];
  }
  // How many of the row's edges are earlier than `before` (strictly): a prefix of the row. The whole row if
  // untimed.
  std::uint64_t count_before(NodeId row, TimeMs before) const;
};

// Fixed point of weight sums: a weight w counts as round(w * 2^20), at least 1 for w > 0. Weights are finite,
// >= 0, <= 2^32.
inline constexpr double kWeightScale = 1048576.0;
std::uint64_t fixed_point_weight(double weight);

// A CSR that owns its arrays; samplers read them at random, so they lie in huge pages where the system has
// them.
struct Csr {
  HugeVector<std::uint64_t> offsets = {};
  HugeVector<NodeId> targets = {};
  HugeVector<TimeMs> times = {};
  HugeVector<std::uint64_t> weight_sums = {};
  HugeVector<EdgeId> edge_ids = {};
  CsrView view() const { return {offsets, targets, times, weight_sums, edge_ids}; }
};

// The edges of one type in any order, as parallel arrays of one length (times, weights may be empty).
struct EdgeList {
  std::vector<NodeId> from = {};
  std::vector<NodeId> to = {};
  std::vector<TimeMs> times = {};
  std::vector<float> weights = {};
  std::vector<EventId> events = {};
  std::vector<std::uint16_t> sources = {};
  std::size_t size() const { return from.size(); }
};

// Sorts the list into outgoing order (from, time, to, event) in place, stable; the order of edge ids. O(n log
// n).
void sort_outgoing(EdgeList& edges);
// Outgoing CSR of a list in outgoing order. Throws Error on an end out of range or over 2^32 - 1 edges.
Csr build_outgoing(const EdgeList& sorted, std::size_t rows, std::size_t targets);
// Incoming CSR of an outgoing one: rows are the targets; edge_ids are filled. `weights` [edges] or empty, by
// edge id.
Csr build_incoming(const CsrView& outgoing, std::size_t targets, std::span<const float> weights);

}  // namespace weft::graph
