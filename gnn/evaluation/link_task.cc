#include "gnn/evaluation/link_task.h"

#include <fmt/format.h>

#include "base/error.h"

namespace weft::gnn {

using graph::NodeId;
using graph::Part;

const graph::PositiveIndex& LinkTask::targets(Part part) const {
  WEFT_CHECK(part != Part::kTrain);
  return part == Part::kValid ? valid_targets : test_targets;
}

const graph::PositiveIndex& LinkTask::mask(Part part) const {
  WEFT_CHECK(part != Part::kTrain);
  return part == Part::kValid ? train : train_valid;
}

LinkTask make_link_task(const graph::Snapshot& snapshot, const graph::Split& split) {
  const graph::EdgeType& type = snapshot.schema().edge_type(split.target);
  LinkTask task{.target = split.target,
                .user_type = type.from,
                .item_type = type.to,
                .users = snapshot.node_count(type.from),
                .items = snapshot.node_count(type.to)};
  const graph::CsrView edges = snapshot.outgoing(split.target);
  if (split.target >= split.parts.size() || split.parts[split.target].size() != edges.edges()) {
    throw Error(fmt::format("the split does not fit the snapshot: edge type \"{}\" has {} edges", type.name,
                            edges.edges()),
                {.hint = "make the split from the snapshot that is evaluated"});
  }
  const std::vector<Part>& parts = split.parts[split.target];
  std::vector<std::uint8_t> keep(parts.size());
  const auto index_of = [&](auto&& kept) {
    for (NodeId user = 0; user < edges.rows(); ++user) {
      for (std::uint64_t e = edges.offsets[user]; e < edges.offsets[user + 1]; ++e) {
        keep[e] = kept(user, e) ? 1 : 0;
      }
    }
    return graph::PositiveIndex(edges, keep);
  };
  task.train = index_of([&](NodeId, std::uint64_t e) { return parts[e] == Part::kTrain; });
  task.train_valid = index_of([&](NodeId, std::uint64_t e) { return parts[e] != Part::kTest; });
  task.all = graph::PositiveIndex(edges, {});
  task.valid_targets = index_of([&](NodeId user, std::uint64_t e) {
    return parts[e] == Part::kValid && !task.train.contains(user, edges.targets[e]);
  });
  task.test_targets = index_of([&](NodeId user, std::uint64_t e) {
    return parts[e] == Part::kTest && !task.train_valid.contains(user, edges.targets[e]);
  });

  task.item_counts.assign(task.items, 0);
  task.user_counts.assign(task.users, 0);
  for (NodeId user = 0; user < edges.rows(); ++user) {
    for (std::uint64_t e = edges.offsets[user]; e < edges.offsets[user + 1]; ++e) {
      if (parts[e] != Part::kTrain) continue;
      ++task.item_counts[edges.targets[e]];
      ++task.user_counts[user];
    }
  }
  task.item_warm.resize(task.items);
  task.user_warm.resize(task.users);
  for (std::size_t i = 0; i < task.items; ++i) task.item_warm[i] = task.item_counts[i] > 0 ? 1 : 0;
  for (std::size_t u = 0; u < task.users; ++u) task.user_warm[u] = task.user_counts[u] > 0 ? 1 : 0;
  return task;
}

std::vector<std::uint8_t> candidates(const graph::Snapshot& snapshot, const graph::Split& split,
                                     const LinkTask& task, Part part, CandidateRule rule) {
  std::vector<std::uint8_t> ranked(task.items, 1);
  const auto forgotten = snapshot.id_order(task.item_type).first(snapshot.forgotten_nodes(task.item_type));
  const auto leave_out_forgotten = [&] {
    for (const NodeId item : forgotten) ranked[item] = 0;
  };
  leave_out_forgotten();
  if (rule == CandidateRule::kAll) return ranked;
  const graph::TimeMs end = part == Part::kValid ? split.test_start : graph::kEndOfTime;
  const std::span<const graph::TimeMs> first_seen = snapshot.first_seen(task.item_type);
  for (std::size_t item = 0; item < task.items; ++item) {
    ranked[item] = first_seen[item] == graph::kNoTime || first_seen[item] < end ? 1 : 0;
  }
  for (const NodeId item : task.targets(part).all_targets()) ranked[item] = 1;
  leave_out_forgotten();
  return ranked;
}

}  // namespace weft::gnn
