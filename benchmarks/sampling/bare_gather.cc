#include "benchmarks/sampling/bare_gather.h"

namespace weft::sampling::benchmarks {

BareGather::BareGather(const graph::GraphView& graph) : graph_(graph), position_of_(graph.relations.size()) {
  for (std::size_t r = 0; r < position_of_.size(); ++r) {
    const auto& ids = graph.relations[r].edge_ids;
    if (ids.empty()) continue;
    position_of_[r].resize(graph.events[r / 2].size());
    for (std::uint32_t p = 0; p < ids.size(); ++p) position_of_[r][ids[p]] = p;
  }
}

void BareGather::add(const Subgraph& batch) {
  Batch& made = batches_.emplace_back();
  for (const RelationBlock& block : batch.relations) {
    const NodeTypeId type = graph_.schema->row_type(block.relation);
    Step& step = made.steps.emplace_back();
    step.relation = block.relation;
    step.rows.assign(batch.nodes[type].begin(),
                     batch.nodes[type].begin() + static_cast<std::ptrdiff_t>(block.offsets.size()) - 1);
    const std::vector<std::uint32_t>& position_of = position_of_[block.relation];
    for (const EdgeId edge : block.edges)
      step.positions.push_back(position_of.empty() ? edge : position_of[edge]);
    made.edges += block.edges.size();
  }
}

BareGather::Labels BareGather::make_labels() const {
  Labels labels;
  for (const graph::NodeId count : graph_.node_counts) labels.emplace_back(count);
  return labels;
}

std::uint64_t BareGather::gather(std::size_t batch, Labels& labels) const {
  constexpr std::size_t kAhead = 48;
  std::uint64_t sum = 0;
  for (const Step& step : batches_[batch].steps) {
    const graph::CsrView& csr = graph_.relation(step.relation);
    const std::uint64_t* const offsets = csr.offsets.data();
    const NodeId* const targets = csr.targets.data();
    const EdgeId* const ids = csr.edge_ids.empty() ? nullptr : csr.edge_ids.data();
    std::uint64_t* const entries = labels[graph_.schema->target_type(step.relation)].data();
    const std::size_t rows = step.rows.size();
    for (std::size_t i = 0; i < rows; ++i) {
      if (i + kAhead < rows) __builtin_prefetch(&offsets[step.rows[i + kAhead]]);
      sum += offsets[step.rows[i]] + offsets[step.rows[i] + 1];
    }
    const std::size_t count = step.positions.size();
    const std::uint32_t* const positions = step.positions.data();
    for (std::size_t i = 0; i < count + 2 * kAhead; ++i) {
      if (i < count) {
        __builtin_prefetch(&targets[positions[i]]);
        if (ids != nullptr) __builtin_prefetch(&ids[positions[i]]);
      }
      if (i >= kAhead && i - kAhead < count) __builtin_prefetch(&entries[targets[positions[i - kAhead]]], 1);
      if (i < 2 * kAhead) continue;
      const std::uint32_t position = positions[i - 2 * kAhead];
      sum += entries[targets[position]]++ + (ids != nullptr ? ids[position] : position);
    }
  }
  return sum;
}

}  // namespace weft::sampling::benchmarks
