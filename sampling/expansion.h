// One relation's share of one hop, the inner loop of NeighborSampler. Internal to sampling/.
//
// Rows go through four stages in chunks that are in flight together, each stage prefetching what the next one
// reads: offsets, then times and picks, then targets and edge ids, then the relabel entry. Weighted picks
// take two stages: where in the rows' running sums they lie is guessed, and looked up in the next. See
// docs/sampling.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph_view.h"
#include "sampling/excluded_events.h"
#include "sampling/floyd_rows.h"
#include "sampling/neighbor_sampler.h"
#include "sampling/picks.h"
#include "sampling/relabel.h"
#include "sampling/subgraph.h"

namespace weft::sampling {

inline constexpr std::uint32_t kChunkRows = 128;
inline constexpr std::uint32_t kChunkPicks = 512;
inline constexpr std::uint32_t kChunksInFlight = 5;

// Makes room for `count` items; what lies beyond the used part is scratch, so that buffers grow seldom and
// are never cleared.
template <typename T>
void make_room(std::vector<T>& buffer, std::size_t count) {
  if (buffer.size() < count) buffer.resize(std::max(count, 2 * buffer.size()));
}

// Rows on their way through the stages. `picks` are positions in the CSR, later targets and edge ids, row
// after row.
struct Chunk {
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::uint32_t picked = 0;
  std::array<std::uint32_t, kChunkRows> start =
      {};  // position of the row's first edge (edges of a type are < 2^32)
  std::array<std::uint32_t, kChunkRows> length = {};  // edges before the bound
  std::array<std::uint32_t, kChunkRows> count = {};   // picks
  std::vector<std::uint32_t> positions = {};
  std::vector<NodeId> targets = {};
  std::vector<EdgeId> edges = {};
  // Rows with more edges than picks, while they are drawn from: the rows, and their numbers in the chunk.
  std::uint32_t draws = 0;
  std::array<FloydRow, kChunkRows> drawn = {};
  std::array<std::uint32_t, kChunkRows> drawn_rows = {};
  std::array<std::uint32_t, kChunkRows> asked = {};  // of a row's proposals, how many are looked up at once
  std::vector<std::uint64_t> weights = {};           // [drawn, proposals], where in a row's weight they lie
  std::vector<std::uint32_t> proposals = {};         // [drawn, proposals], edges of the row
};

struct ExpansionState {
  // Makes ready for a batch, but for the tables; empties `out` but keeps its buffers. The last `walks` of the
  // relations followed are of walks.
  void start(const graph::GraphView& graph, const std::vector<std::uint8_t>& hashed, const SeedBatch& seeds,
             const std::vector<RelationId>& followed, Subgraph& out, std::size_t walks = 0);
  // Cuts the buffers of `out` to what was written.
  void finish(Subgraph& out) const;

  bool trees = false;                     // disjoint trees; else one shared frontier
  std::vector<std::uint8_t> hashed = {};  // [node type]: relabel through `tables`, else through `stamps`
  std::vector<StampRelabel> stamps = {};  // [node type]
  std::vector<TreeRelabel> tables = {};   // [node type]
  HashRelabel root_table = {};
  std::vector<std::uint32_t> seed_trees = {};   // [seed]
  std::vector<std::uint32_t> node_counts = {};  // [node type], nodes placed so far; out.nodes may be longer
  std::vector<std::uint32_t> pick_counts = {};  // [block], likewise for sources and edges; not of walks
  std::vector<std::uint32_t> tree_roots = {};   // [tree]
  std::vector<TimeMs> tree_before = {};         // [tree]
  ExcludedEvents excluded = {};
  VisitCounts visits = {};
  std::array<Chunk, kChunksInFlight> chunks = {};
  std::array<std::uint32_t, kChunkRows> lengths = {};  // what a search still looks through
  std::vector<std::uint32_t> words = {};               // [drawn, 16 * tiles], random
  std::vector<std::uint64_t> weights = {};             // of one row of a live view
  std::vector<std::uint32_t> proposals = {};           // of one row of a live view
  std::vector<std::uint32_t> hidden = {};              // positions in a row, while it is picked again
  std::vector<std::uint32_t> again = {};
};

struct RelationHop {
  graph::CsrView csr = {};
  std::span<const EventId> events = {};  // by edge id
  std::size_t block = 0;                 // index into Subgraph::relations
  NodeTypeId row_type = 0;
  NodeTypeId target_type = 0;
  std::uint32_t first_row = 0;  // local ids of the row type
  std::uint32_t end_row = 0;
  std::uint32_t fan_out = 0;
  PickLaw law = PickLaw::kUniform;
  Replacement replacement = Replacement::kWithout;
  PhiloxKey key = {};
  std::uint32_t relation = 0;
  std::uint32_t hop = 0;
};

void place_seeds(const graph::GraphView& graph, const SeedBatch& seeds, ExpansionState& state, Subgraph& out);
void expand(const RelationHop& job, ExpansionState& state, Subgraph& out);

}  // namespace weft::sampling
