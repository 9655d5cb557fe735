#include "graph/graph_view.h"

#include "base/error.h"

namespace weft::graph {
namespace {

GraphView without_relations(const Snapshot& snapshot) {
  GraphView result;
  const Schema& schema = snapshot.schema();
  result.schema = &schema;
  for (std::size_t i = 0; i < schema.node_types().size(); ++i) {
    result.node_counts.push_back(snapshot.node_count(static_cast<NodeTypeId>(i)));
  }
  for (std::size_t i = 0; i < schema.edge_types().size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    result.events.push_back(snapshot.edge_columns(type).events);
    result.edge_times.push_back(snapshot.outgoing(type).times);
  }
  return result;
}

// The rows without the edges that are not kept; what stays keeps its order.
Csr filter(const CsrView& csr, std::span<const std::uint8_t> keep) {
  Csr result;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < csr.edges(); ++i) kept += keep[csr.edge_id(i)] != 0 ? 1 : 0;
  result.offsets.reserve(csr.rows() + 1);
  result.targets.reserve(kept);
  result.edge_ids.reserve(kept);
  if (!csr.times.empty()) result.times.reserve(kept);
  if (!csr.weight_sums.empty()) result.weight_sums.reserve(kept);

  result.offsets.push_back(0);
  for (std::size_t row = 0; row < csr.rows(); ++row) {
    std::uint64_t before = 0;  // the snapshot's running sum
    std::uint64_t sum = 0;     // ours
    for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
      const std::uint64_t weight = csr.weight_sums.empty() ? 0 : csr.weight_sums[i] - before;
      before += weight;
      if (keep[csr.edge_id(i)] == 0) continue;
      sum += weight;
      result.targets.push_back(csr.targets[i]);
      result.edge_ids.push_back(csr.edge_id(i));
      if (!csr.times.empty()) result.times.push_back(csr.times[i]);
      if (!csr.weight_sums.empty()) result.weight_sums.push_back(sum);
    }
    result.offsets.push_back(result.targets.size());
  }
  return result;
}

}  // namespace

GraphView view(const Snapshot& snapshot) {
  GraphView result = without_relations(snapshot);
  for (std::size_t i = 0; i < 2 * snapshot.schema().edge_types().size(); ++i) {
    result.relations.push_back(snapshot.relation(static_cast<RelationId>(i)));
  }
  return result;
}

FilteredGraph::FilteredGraph(const Snapshot& snapshot, const std::vector<std::vector<std::uint8_t>>& keep)
    : snapshot_(snapshot) {
  WEFT_CHECK(keep.size() == snapshot.schema().edge_types().size());
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    WEFT_CHECK(keep[i].size() == snapshot.edge_count(type));
    relations_.push_back(filter(snapshot.outgoing(type), keep[i]));
    relations_.push_back(filter(snapshot.incoming(type), keep[i]));
  }
}

GraphView FilteredGraph::view() const {
  GraphView result = without_relations(snapshot_);
  for (const Csr& csr : relations_) result.relations.push_back(csr.view());
  return result;
}

}  // namespace weft::graph
