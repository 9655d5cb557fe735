// Random deltas on small graphs, and what they make of the graph's tables: the oracle of live views.
#pragma once

#include "graph/delta.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {

// New nodes and edges of all types (late ones too), fields written over, nodes known to be older, edges taken
// out. `info`: of the snapshot that was made of `base`.
Delta random_delta(const GraphTables& base, const SnapshotInfo& info, std::uint64_t seed);

// The tables of base and delta together.
GraphTables grown(GraphTables base, const Delta& delta);

}  // namespace weft::graph
