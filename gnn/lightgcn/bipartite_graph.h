// Users and items as one undirected graph: nodes [0, users) are users, [users, users + items) items.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/positive_index.h"

namespace weft::gnn {

struct BipartiteGraph {
  // Each distinct pair is one edge, in both rows; rows ascend. Throws Error past 2^32 - 1 nodes.
  BipartiteGraph(const graph::PositiveIndex& pairs, std::size_t user_count, std::size_t item_count);
  std::size_t nodes() const { return users + items; }
  std::uint64_t degree(std::size_t node) const { return offsets[node + 1] - offsets[node]; }

  std::size_t users;
  std::size_t items;
  std::vector<std::uint64_t> offsets;  // [nodes + 1]
  std::vector<std::uint32_t> columns;  // [2 x pairs]
  std::vector<float> inverse_degree;   // [nodes], 0 for a node without edges
  std::vector<float> inverse_root;     // [nodes], 1 / sqrt(degree), 0 without edges
  std::vector<float> root;             // [nodes], sqrt(degree)
};

}  // namespace weft::gnn
