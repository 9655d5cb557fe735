#include "sampling/expansion.h"

#include <algorithm>

#include "sampling/row_picker.h"

namespace weft::sampling {
namespace {

template <typename Relabel>
class Expander {
 public:
  Expander(const RelationHop& job, ExpansionState& state, Relabel& relabel, Subgraph& out)
      : job_(job),
        state_(state),
        relabel_(relabel),
        out_(out),
        block_(out.relations[job.block]),
        picker_(job, state, out) {
    // Enough picks for their cache misses to overlap, few enough for the lines to stay in the first-level
    // cache.
    const std::uint32_t wanted = kChunkPicks / std::max(job.fan_out, 1u);
    chunk_rows_ = std::clamp(wanted, 8u, kChunkRows);
  }

  void run() {
    const std::uint32_t rows = job_.end_row - job_.first_row;
    const std::size_t chunks = (rows + chunk_rows_ - 1) / chunk_rows_;
    block_.offsets.reserve(block_.offsets.size() + rows);
    prefetch_offsets(0);

    const std::size_t later = picker_.starts_early() ? 1 : 0;  // a stage more
    const auto has = [&](std::size_t turn, std::size_t stage) {
      return turn >= stage && turn - stage < chunks;
    };
    for (std::size_t turn = 0; turn < chunks + 3 + later; ++turn) {
      if (has(turn, 0)) load(turn);
      if (later != 0 && has(turn, 1)) picker_.start(at(turn - 1));
      if (has(turn, 1 + later)) pick(at(turn - 1 - later));
      if (has(turn, 2 + later)) gather(at(turn - 2 - later));
      if (has(turn, 3 + later)) place(at(turn - 3 - later));
    }
  }

 private:
  Chunk& at(std::size_t chunk) { return state_.chunks[chunk % kChunksInFlight]; }
  std::uint32_t tree_of(std::uint32_t row) const { return state_.trees ? out_.trees[job_.row_type][row] : 0; }

  void prefetch_offsets(std::size_t chunk) const {
    const std::uint64_t first = job_.first_row + chunk * chunk_rows_;
    const std::uint64_t end = std::min<std::uint64_t>(job_.end_row, first + chunk_rows_);
    const std::vector<NodeId>& nodes = out_.nodes[job_.row_type];
    for (std::uint64_t row = first; row < end; ++row) __builtin_prefetch(&job_.csr.offsets[nodes[row]]);
  }

  // Reads the rows' offsets and prefetches where their bounds will be looked for.
  void load(std::size_t number) {
    Chunk& chunk = at(number);
    prefetch_offsets(number + 1);
    chunk.first_row = job_.first_row + static_cast<std::uint32_t>(number) * chunk_rows_;
    chunk.rows = std::min(chunk_rows_, job_.end_row - chunk.first_row);
    const NodeId* nodes = out_.nodes[job_.row_type].data() + chunk.first_row;
    const std::uint64_t* offsets = job_.csr.offsets.data();
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
      const std::uint64_t start = offsets[nodes[i]];
      chunk.start[i] = static_cast<std::uint32_t>(start);
      chunk.length[i] = static_cast<std::uint32_t>(offsets[nodes[i] + 1] - start);
    }
    if (job_.law == PickLaw::kWeighted) {
      const std::uint64_t* sums = job_.csr.weight_sums.data();
      for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        const std::uint32_t length = chunk.length[i];
        if (length == 0) continue;
        const std::uint64_t* const row = sums + chunk.start[i];
        // Rows that are taken whole are read whole; of the others the total comes first.
        if (length <= job_.fan_out) {
          for (std::uint32_t p = 0; p + 1 < length; p += 8) __builtin_prefetch(row + p);
        }
        __builtin_prefetch(row + length - 1);
      }
    }
    if (job_.csr.times.empty()) return;
    const TimeMs* times = job_.csr.times.data();
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
      if (chunk.length[i] == 0) continue;
      __builtin_prefetch(times + chunk.start[i] + chunk.length[i] / 2);
      __builtin_prefetch(times + chunk.start[i] + chunk.length[i] - 1);
    }
  }

  // Chooses positions in the CSR and prefetches what lies there.
  void pick(Chunk& chunk) {
    picker_.pick(chunk);
    const NodeId* const targets = job_.csr.targets.data();
    const EdgeId* const edge_ids = job_.csr.edge_ids.data();
    const std::uint32_t* const positions = chunk.positions.data();
    if (edge_ids == nullptr) {
      for (std::uint32_t j = 0; j < chunk.picked; ++j) __builtin_prefetch(targets + positions[j]);
    } else {
      for (std::uint32_t j = 0; j < chunk.picked; ++j) {
        __builtin_prefetch(targets + positions[j]);
        __builtin_prefetch(edge_ids + positions[j]);
      }
    }
  }

  // Fetches targets and edge ids, and prefetches the relabel entries and, with exclusions, the events.
  void gather(Chunk& chunk) {
    make_room(chunk.targets, chunk.picked);
    make_room(chunk.edges, chunk.picked);
    reserve(chunk);
    const NodeId* const targets = job_.csr.targets.data();
    const std::uint32_t* const positions = chunk.positions.data();
    NodeId* const fetched = chunk.targets.data();
    if (Relabel::kTrees && state_.trees) {
      std::uint32_t j = 0;
      for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        const std::uint32_t tree = tree_of(chunk.first_row + i);
        for (const std::uint32_t end = j + chunk.count[i]; j < end; ++j) {
          fetched[j] = targets[positions[j]];
          relabel_.prefetch(tree, fetched[j]);
        }
      }
    } else {
      for (std::uint32_t j = 0; j < chunk.picked; ++j) {
        fetched[j] = targets[positions[j]];
        relabel_.prefetch(0, fetched[j]);
      }
    }
    if (!state_.excluded.any()) return;
    fetch_edges(chunk, chunk.edges.data());
    for (std::uint32_t j = 0; j < chunk.picked; ++j) __builtin_prefetch(&job_.events[chunk.edges[j]]);
  }

  void reserve(const Chunk& chunk) {
    relabel_.reserve(std::size_t{state_.node_counts[job_.target_type]} + chunk.picked);
  }

  void fetch_targets(Chunk& chunk) const {
    const NodeId* const targets = job_.csr.targets.data();
    for (std::uint32_t j = 0; j < chunk.picked; ++j) chunk.targets[j] = targets[chunk.positions[j]];
  }

  void fetch_edges(const Chunk& chunk, EdgeId* edges) const {
    const EdgeId* const edge_ids = job_.csr.edge_ids.data();
    const std::uint32_t* const positions = chunk.positions.data();
    if (edge_ids == nullptr) {
      std::copy_n(positions, chunk.picked, edges);
    } else {
      for (std::uint32_t j = 0; j < chunk.picked; ++j) edges[j] = edge_ids[positions[j]];
    }
  }

  // Gives local ids and writes the chunk's part of the block.
  void place(Chunk& chunk) {
    if (picker_.leave_out_excluded(chunk)) fetch_targets(chunk);
    reserve(chunk);
    const std::size_t written = state_.pick_counts[job_.block];
    const std::size_t placed = state_.node_counts[job_.target_type];
    make_room(block_.sources, written + chunk.picked);
    make_room(block_.edges, written + chunk.picked);
    make_room(out_.nodes[job_.target_type], placed + chunk.picked + 1);
    if (state_.trees) make_room(out_.trees[job_.target_type], placed + chunk.picked + 1);
    fetch_edges(chunk, block_.edges.data() + written);
    state_.node_counts[job_.target_type] = state_.trees
                                               ? place_in_trees(chunk, block_.sources.data() + written)
                                               : place_shared(chunk, block_.sources.data() + written);
    std::uint32_t end = static_cast<std::uint32_t>(written);
    const std::size_t rows = block_.offsets.size();
    block_.offsets.resize(rows + chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) block_.offsets[rows + i] = end += chunk.count[i];
    state_.pick_counts[job_.block] = end;
  }

  // Both return how many nodes of the target type there are now. A node that is not new is written beyond the
  // end, where the next new one overwrites it.
  std::uint32_t place_shared(const Chunk& chunk, std::uint32_t* sources) {
    auto placer = relabel_.placer();
    std::uint32_t placed = state_.node_counts[job_.target_type];
    NodeId* const nodes = out_.nodes[job_.target_type].data();
    const NodeId* const targets = chunk.targets.data();
    const std::uint32_t picked = chunk.picked;
    for (std::uint32_t j = 0; j < picked; ++j) {
      const NodeId target = targets[j];
      nodes[placed] = target;
      sources[j] = placer.place(0, target, placed);
    }
    return placed;
  }

  std::uint32_t place_in_trees(const Chunk& chunk, std::uint32_t* sources) {
    auto placer = relabel_.placer();
    std::uint32_t placed = state_.node_counts[job_.target_type];
    NodeId* const nodes = out_.nodes[job_.target_type].data();
    std::uint32_t* const trees = out_.trees[job_.target_type].data();
    const NodeId* const targets = chunk.targets.data();
    std::uint32_t j = 0;
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
      const std::uint32_t tree = tree_of(chunk.first_row + i);
      for (const std::uint32_t end = j + chunk.count[i]; j < end; ++j) {
        nodes[placed] = targets[j];
        trees[placed] = tree;
        sources[j] = placer.place(tree, targets[j], placed);
      }
    }
    return placed;
  }

  const RelationHop& job_;
  ExpansionState& state_;
  Relabel& relabel_;
  Subgraph& out_;
  RelationBlock& block_;
  RowPicker picker_;
  std::uint32_t chunk_rows_;
};

}  // namespace

void ExpansionState::start(const graph::GraphView& graph, const std::vector<std::uint8_t>& hashed_types,
                           const SeedBatch& seeds, const std::vector<RelationId>& followed, Subgraph& out,
                           std::size_t walks) {
  const std::size_t types = graph.node_counts.size();
  trees = !seeds.roots.empty();
  hashed = trees ? std::vector<std::uint8_t>(types, 1) : hashed_types;
  stamps.resize(types);
  tables.resize(types);
  for (std::size_t type = 0; type < types; ++type) {
    if (hashed[type] == 0) stamps[type].start(graph.node_counts[type]);
  }
  node_counts.assign(types, 0);
  pick_counts.assign(followed.size() - walks, 0);
  tree_roots.clear();
  tree_before.clear();
  excluded.start(seeds.excluded, trees ? seeds.excluded_offsets : std::span<const std::uint32_t>{});

  out.nodes.resize(types);
  out.trees.resize(types);
  out.hop_ends.resize(types);
  for (auto& ends : out.hop_ends) ends.clear();
  out.relations.resize(followed.size());
  for (std::size_t i = 0; i < followed.size(); ++i) {
    out.relations[i].relation = followed[i];
    out.relations[i].offsets.assign(1, 0);
    out.relations[i].visits.clear();
  }
  for (std::size_t i = pick_counts.size(); i < followed.size(); ++i) {
    out.relations[i].sources.clear();
    out.relations[i].edges.clear();
  }
}

void ExpansionState::finish(Subgraph& out) const {
  for (std::size_t type = 0; type < node_counts.size(); ++type) {
    out.nodes[type].resize(node_counts[type]);
    out.trees[type].resize(trees ? node_counts[type] : 0);
  }
  for (std::size_t i = 0; i < pick_counts.size(); ++i) {
    out.relations[i].sources.resize(pick_counts[i]);
    out.relations[i].edges.resize(pick_counts[i]);
  }
  out.tree_before = tree_before;
}

namespace {

// Each seed's tree, in the order of the roots' first appearance; one tree for a shared frontier.
void find_trees(const SeedBatch& seeds, ExpansionState& state) {
  const std::size_t count = seeds.nodes.size();
  const auto bound = [&](std::size_t seed) {
    return seeds.before.empty() ? graph::kEndOfTime : seeds.before[seed];
  };
  state.seed_trees.assign(count, 0);
  if (!state.trees) {
    state.tree_roots.push_back(0);
    state.tree_before.push_back(count == 0 ? graph::kEndOfTime : bound(0));
  }
  state.root_table.start();
  state.root_table.reserve(count);
  auto roots = state.root_table.placer();
  for (std::size_t i = 0; i < count; ++i) {
    if (state.trees) {
      auto trees = static_cast<std::uint32_t>(state.tree_roots.size());
      state.seed_trees[i] = roots.place(0, seeds.roots[i], trees);
      if (state.seed_trees[i] == state.tree_roots.size()) {
        state.tree_roots.push_back(seeds.roots[i]);
        state.tree_before.push_back(bound(i));
      }
    }
    // One bound for all seeds of a tree, or of the shared frontier.
    WEFT_CHECK(bound(i) == state.tree_before[state.seed_trees[i]]);
  }
}

}  // namespace

void place_seeds(const graph::GraphView& graph, const SeedBatch& seeds, ExpansionState& state,
                 Subgraph& out) {
  const std::size_t count = seeds.nodes.size();
  WEFT_CHECK(seeds.before.empty() || seeds.before.size() == count);
  WEFT_CHECK(seeds.roots.empty() || seeds.roots.size() == count);
  find_trees(seeds, state);
  for (std::size_t type = 0; type < state.tables.size(); ++type) {
    if (state.hashed[type] != 0) state.tables[type].start(state.tree_roots.size());
  }
  out.seeds.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const NodeRef node = seeds.nodes[i];
    WEFT_CHECK(node.type < graph.node_counts.size() && node.id < graph.node_counts[node.type]);
    const std::uint32_t tree = state.seed_trees[i];
    std::uint32_t& placed = state.node_counts[node.type];
    if (state.hashed[node.type] != 0) state.tables[node.type].reserve(std::size_t{placed} + 1);
    make_room(out.nodes[node.type], std::size_t{placed} + 1);
    out.nodes[node.type][placed] = node.id;
    if (state.trees) {
      make_room(out.trees[node.type], std::size_t{placed} + 1);
      out.trees[node.type][placed] = tree;
    }
    out.seeds[i] = state.hashed[node.type] != 0
                       ? state.tables[node.type].placer().place(tree, node.id, placed)
                       : state.stamps[node.type].placer().place(tree, node.id, placed);
  }
  WEFT_CHECK(!state.trees || seeds.excluded_offsets.empty() ||
             (seeds.excluded_offsets.size() == state.tree_roots.size() + 1 &&
              seeds.excluded_offsets.back() == seeds.excluded.size()));
  for (std::size_t type = 0; type < state.node_counts.size(); ++type)
    out.hop_ends[type].push_back(state.node_counts[type]);
}

void expand(const RelationHop& job, ExpansionState& state, Subgraph& out) {
  if (job.first_row == job.end_row) return;
  if (job.fan_out == 0) {
    std::vector<std::uint32_t>& offsets = out.relations[job.block].offsets;
    offsets.insert(offsets.end(), job.end_row - job.first_row, offsets.back());
    return;
  }
  if (state.hashed[job.target_type] != 0) {
    Expander(job, state, state.tables[job.target_type], out).run();
  } else {
    Expander(job, state, state.stamps[job.target_type], out).run();
  }
}

}  // namespace weft::sampling
