// Reads `user,item` files (a header row, dense numbers, plain or gzip) into positive indexes.
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include "graph/ids.h"
#include "graph/positive_index.h"

namespace weft::gnn {

using PairList = std::vector<std::pair<graph::NodeId, graph::NodeId>>;

// Throws Error with file and line.
PairList read_pairs(const std::filesystem::path& path);
graph::PositiveIndex index_pairs(PairList pairs, std::size_t rows);

}  // namespace weft::gnn
