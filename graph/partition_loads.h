// What the parts of a partition get equal shares of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::graph {

// An amount for every node.
struct NodeLoad {
  std::string name = {};
  std::vector<std::vector<std::uint64_t>> of = {};  // [node type][node]
};

// Training edges, each counted at its source node: the part that owns a user trains on its events. With a
// split the target edges of its train part; without one (nullptr) all edges of all types.
NodeLoad training_edge_load(const Snapshot& snapshot, const Split* split);

// Bytes of the node's fields as the snapshot holds them: 8 a number (missing or not), 4 a category, the
// texts' and paths' own.
NodeLoad field_byte_load(const Snapshot& snapshot);

}  // namespace weft::graph
