// Sampling on a device: what is laid out once (SamplePlan), and the steps of a batch as functions of one row
// or one pick, compiled for hosts and devices from the same text. sampling/sample_plan.cu launches them;
// sampling/device_sampler.cc runs them in plain loops, which is how they are tested where there is no device.
//
// Every size that the launches need follows from the largest batch, so no launch waits for a result of
// another: rows and picks are padded, and how many of them count is read on the device. A hop is
//   pick   each row's picks, by one warp; each picked node claims a slot, where the first claim in the order
//          of (relation, row, pick) stays
//   mark   which picks were the first to name a node
//   rank   running sums of the marks: local ids; and of the rows' picks: offsets
//   place  new nodes take their local ids
//   emit   the picks' local ids and edge ids, closed up
//   close  counts for the next hop
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/ids.h"
#include "sampling/allowed_picks.h"
#include "sampling/one_hop.h"

namespace weft::sampling {

// What changes from batch to batch; lies in the device's memory.
struct SampleBatch {
  PhiloxKey key = {};
  std::uint32_t stamp = 0;  // falls from batch to batch, so that older claims lose
  std::uint32_t disjoint = 0;
  std::uint32_t tree_exclusions = 0;  // each tree has a range of `excluded`; else all see all of it
  std::uint32_t excluded = 0;
};

// A node type's part of the subgraph, with room for the largest batch (`capacity`). Pointers are the
// device's.
struct PlanNodeType {
  graph::NodeId* nodes = nullptr;             // [capacity] by local id
  std::uint32_t* trees = nullptr;             // [capacity]
  const graph::NodeId* seed_nodes = nullptr;  // [seed capacity], distinct (in a tree)
  const std::uint32_t* seed_trees = nullptr;
  std::uint64_t* keys = nullptr;      // [slots]: tree << 32 | node, ~0 where empty; null: a node is its slot
  std::uint64_t* claims = nullptr;    // [slots]: stamp << 32 | local id, or kNewClaim | number of the pick
  std::uint32_t slots = 0;            // a power of two where there are keys
  std::uint32_t* hop_ends = nullptr;  // [hops + 1]
};
inline constexpr std::uint64_t kNoKey = ~std::uint64_t{0};
inline constexpr std::uint32_t kNewClaim = 0x80000000u;

// One relation at one hop.
struct PlanTask {
  OneHopGraph graph = {};
  const graph::EventId* events = nullptr;  // by edge id
  std::uint32_t relation = 0;
  std::uint32_t hop = 0;
  std::uint32_t fan_out = 0;
  PickLaw law = PickLaw::kUniform;
  Replacement replacement = Replacement::kWithout;
  std::uint32_t block = 0;
  std::uint32_t row_type = 0;
  std::uint32_t target_type = 0;
  std::uint32_t first_row = 0;   // of the hop's padded rows
  std::uint32_t rows = 0;        // at most so many
  std::uint32_t first_pick = 0;  // of the hop's padded picks: row r's are first_pick + r * fan_out and on
};

// One relation's output.
struct PlanBlock {
  std::uint32_t* offsets = nullptr;  // [rows + 1]
  std::uint32_t* sources = nullptr;
  graph::EdgeId* edges = nullptr;
};

// A hop's tasks are in the order of their target types, then relations: so the picks of one target type lie
// together, in the order in which local ids are given.
struct PlanHop {
  std::uint32_t hop = 0;
  std::uint32_t first_task = 0;
  std::uint32_t tasks = 0;
  std::uint32_t rows = 0;   // padded, all tasks
  std::uint32_t picks = 0;  // padded, all tasks
};

struct SamplePlan {
  // The batch, in the device's memory.
  const SampleBatch* batch = nullptr;
  const std::uint32_t* seed_counts = nullptr;       // [types]
  const std::uint32_t* tree_roots = nullptr;        // [trees]; [0] = 0 for a shared frontier
  const graph::TimeMs* tree_before = nullptr;       // [trees]
  const std::uint32_t* excluded_offsets = nullptr;  // [trees + 1]
  const graph::EventId* excluded = nullptr;

  // Descriptors, in the device's memory.
  const PlanNodeType* types = nullptr;
  const PlanTask* tasks = nullptr;
  const PlanBlock* blocks = nullptr;
  const std::uint32_t* type_picks = nullptr;  // [hops, types + 1]: where each target type's picks begin
  std::uint32_t* picked = nullptr;            // [blocks]: edges so far
  std::uint32_t type_count = 0;
  std::uint32_t block_count = 0;
  std::uint32_t seed_rows = 0;  // the largest seed capacity of a type

  // Scratch of the widest hop.
  std::uint32_t* row_counts = nullptr;  // [rows + 1], the last stays 0
  std::uint32_t* row_starts = nullptr;  // [rows + 1]
  graph::NodeId* targets = nullptr;     // [picks]
  graph::EdgeId* edges = nullptr;       // [picks]; while a row is picked, positions in it
  std::uint32_t* slots = nullptr;       // [picks]
  std::uint32_t* is_new = nullptr;      // [picks + 1]
  std::uint32_t* ranks = nullptr;       // [picks + 1]
  void* sum_scratch = nullptr;          // for the device's running sums
  std::size_t sum_bytes = 0;

  // In the host's memory, for the launches.
  const PlanHop* hops = nullptr;
  std::uint32_t hop_count = 0;
  const PlanNodeType* host_types = nullptr;  // the same as `types`: for clearing the keys
};

// A claim of memory that others claim too. The host's form, for one thread.
struct PlainMemory {
  static std::uint64_t take_least(std::uint64_t* at, std::uint64_t value) {
    const std::uint64_t old = *at;
    if (value < old) *at = value;
    return old;
  }
  static std::uint64_t exchange_if(std::uint64_t* at, std::uint64_t expected, std::uint64_t value) {
    const std::uint64_t old = *at;
    if (old == expected) *at = value;
    return old;
  }
};

WEFT_HOST_DEVICE inline std::uint32_t task_first_local(const SamplePlan& plan, const PlanTask& task) {
  return task.hop == 0 ? 0 : plan.types[task.row_type].hop_ends[task.hop - 1];
}
WEFT_HOST_DEVICE inline std::uint32_t task_rows(const SamplePlan& plan, const PlanTask& task) {
  return plan.types[task.row_type].hop_ends[task.hop] - task_first_local(plan, task);
}

WEFT_HOST_DEVICE inline std::uint64_t stamped(const SamplePlan& plan, std::uint32_t value) {
  return std::uint64_t{plan.batch->stamp} << 32 | value;
}

// The node's slot; one of its own where it has none yet.
template <typename Memory>
WEFT_HOST_DEVICE std::uint32_t slot_of(const PlanNodeType& type, std::uint32_t tree, graph::NodeId node) {
  if (type.keys == nullptr) return node;
  const std::uint64_t key = std::uint64_t{tree} << 32 | node;
  auto at = static_cast<std::uint32_t>((key * 0x9E3779B97F4A7C15ull) >> 32) & (type.slots - 1);
  while (true) {
    const std::uint64_t found = Memory::exchange_if(type.keys + at, kNoKey, key);
    if (found == kNoKey || found == key) return at;
    at = (at + 1) & (type.slots - 1);
  }
}

// Seed number i of a type gets local id i.
template <typename Memory>
WEFT_HOST_DEVICE void place_seed(const SamplePlan& plan, std::uint32_t type_id, std::uint32_t i) {
  const PlanNodeType& type = plan.types[type_id];
  const graph::NodeId node = type.seed_nodes[i];
  const std::uint32_t tree = plan.batch->disjoint != 0 ? type.seed_trees[i] : 0;
  type.nodes[i] = node;
  type.trees[i] = tree;
  type.claims[slot_of<Memory>(type, tree, node)] = stamped(plan, i);
}

// By one thread, before the first hop.
WEFT_HOST_DEVICE inline void open_batch(const SamplePlan& plan) {
  for (std::uint32_t type = 0; type < plan.type_count; ++type)
    plan.types[type].hop_ends[0] = plan.seed_counts[type];
  for (std::uint32_t block = 0; block < plan.block_count; ++block) {
    plan.picked[block] = 0;
    plan.blocks[block].offsets[0] = 0;
  }
}

// `row` counts from the task's first.
WEFT_HOST_DEVICE inline PickRow row_of(const SamplePlan& plan, const PlanTask& task, std::uint32_t row,
                                       std::uint32_t* tree_out) {
  const PlanNodeType& type = plan.types[task.row_type];
  const std::uint32_t local = task_first_local(plan, task) + row;
  const graph::NodeId node = type.nodes[local];
  const std::uint32_t tree = type.trees[local];
  PickRow picks;
  picks.graph = task.graph;
  picks.events = task.events;
  picks.start = task.graph.offsets[node];
  picks.n = static_cast<std::uint32_t>(task.graph.offsets[node + 1] - picks.start);
  const graph::TimeMs before = plan.tree_before[tree];
  if (task.graph.times != nullptr && before != graph::kEndOfTime)
    picks.n = count_earlier(task.graph.times + picks.start, picks.n, before);
  picks.k = task.fan_out;
  picks.law = task.law;
  picks.replacement = task.replacement;
  if (task.law == PickLaw::kWeighted && task.graph.weight_sums != nullptr)
    picks.weight_sums = task.graph.weight_sums + picks.start;
  if (plan.batch->tree_exclusions != 0) {
    const std::uint32_t first = plan.excluded_offsets[tree];
    picks.hidden = {plan.excluded + first, plan.excluded_offsets[tree + 1] - first};
  } else {
    picks.hidden = {plan.excluded, plan.batch->excluded};
  }
  const DrawStream stream{plan.batch->key, node, purpose_word(Purpose::kNeighbours, task.relation, task.hop),
                          plan.tree_roots[tree]};
  picks.first = picks.exact = picks.allowed = stream;
  picks.exact.purpose = purpose_word(Purpose::kNeighboursExact, task.relation, task.hop);
  picks.allowed.purpose = purpose_word(Purpose::kNeighboursAllowed, task.relation, task.hop);
  *tree_out = tree;
  return picks;
}

WEFT_HOST_DEVICE inline std::uint32_t pick_at(const PlanTask& task, std::uint32_t row, std::uint32_t j) {
  return task.first_pick + row * task.fan_out + j;
}

// Pick number `at` of the hop, whose position in its row stands in plan.edges: fetches it and claims its
// node.
template <typename Memory>
WEFT_HOST_DEVICE void claim_pick(const SamplePlan& plan, const PlanTask& task, const PickRow& row,
                                 std::uint32_t tree, std::uint32_t at) {
  const std::uint32_t position = plan.edges[at];
  const graph::NodeId target = task.graph.targets[row.start + position];
  const PlanNodeType& type = plan.types[task.target_type];
  const std::uint32_t slot = slot_of<Memory>(type, tree, target);
  plan.targets[at] = target;
  plan.edges[at] = row.edge_id(position);
  plan.slots[at] = slot;
  Memory::take_least(type.claims + slot, stamped(plan, kNewClaim | at));
}

WEFT_HOST_DEVICE inline void mark_pick(const SamplePlan& plan, const PlanTask& task, std::uint32_t at) {
  const std::uint64_t claim = plan.types[task.target_type].claims[plan.slots[at]];
  plan.is_new[at] = claim == stamped(plan, kNewClaim | at) ? 1 : 0;
}

WEFT_HOST_DEVICE inline void place_pick(const SamplePlan& plan, const PlanTask& task, std::uint32_t tree,
                                        std::uint32_t at) {
  if (plan.is_new[at] == 0) return;
  const PlanNodeType& type = plan.types[task.target_type];
  const std::uint32_t first = plan.type_picks[task.hop * (plan.type_count + 1) + task.target_type];
  const std::uint32_t local = type.hop_ends[task.hop] + plan.ranks[at] - plan.ranks[first];
  type.nodes[local] = plan.targets[at];
  type.trees[local] = tree;
  type.claims[plan.slots[at]] = stamped(plan, local);
}

// The row's end in its block, and where its picks begin.
WEFT_HOST_DEVICE inline std::uint32_t close_row(const SamplePlan& plan, const PlanTask& task,
                                                std::uint32_t row) {
  const std::uint32_t at = task.first_row + row;
  const std::uint32_t begin = plan.picked[task.block] + plan.row_starts[at] - plan.row_starts[task.first_row];
  plan.blocks[task.block].offsets[task_first_local(plan, task) + row + 1] = begin + plan.row_counts[at];
  return begin;
}

WEFT_HOST_DEVICE inline void emit_pick(const SamplePlan& plan, const PlanTask& task, std::uint32_t at,
                                       std::uint32_t to) {
  const PlanBlock& block = plan.blocks[task.block];
  block.sources[to] = static_cast<std::uint32_t>(plan.types[task.target_type].claims[plan.slots[at]]);
  block.edges[to] = plan.edges[at];
}

// By one thread, after the hop.
WEFT_HOST_DEVICE inline void close_hop(const SamplePlan& plan, const PlanHop& hop) {
  for (std::uint32_t t = hop.first_task; t < hop.first_task + hop.tasks; ++t) {
    const PlanTask& task = plan.tasks[t];
    plan.picked[task.block] += plan.row_starts[task.first_row + task.rows] - plan.row_starts[task.first_row];
  }
  const std::uint32_t* const first = plan.type_picks + hop.hop * (plan.type_count + 1);
  for (std::uint32_t type = 0; type < plan.type_count; ++type) {
    std::uint32_t* const ends = plan.types[type].hop_ends + hop.hop;
    ends[1] = ends[0] + plan.ranks[first[type + 1]] - plan.ranks[first[type]];
  }
}

}  // namespace weft::sampling
