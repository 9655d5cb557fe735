// Reads `user,item` files (a header row, dense numbers, plain or gzip) into positive indexes.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "graph/ids.h"
#include "graph/positive_index.h"

namespace weft::gnn {

using PairList = std::vector<std::pair<graph::NodeId, graph::NodeId>>;

// The pairs of folder/name.gz or, if that is not there, of folder/name. Throws Error with file and line.
PairList read_pairs(const std::filesystem::path& folder, const std::string& name);
// One more than the largest user and the largest item of all.
struct PairSizes {
  std::size_t users = 0, items = 0;
};
PairSizes sizes_of(std::initializer_list<const PairList*> lists);
graph::PositiveIndex index_pairs(PairList pairs, std::size_t rows);

}  // namespace weft::gnn
