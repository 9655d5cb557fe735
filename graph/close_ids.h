// Ids near to one that there is not, for the hint of an error message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/snapshot.h"

namespace weft::graph {

// At most `count` external ids of the type, nearest first (then by bytes): those that differ by at most a
// third of the text's length (at least 2 bytes) of edits and have something in common with it, and those that
// hold the text as a part. Looks at every id; those much longer or shorter are only searched for the text.
std::vector<std::string> close_ids(const Snapshot& snapshot, NodeTypeId type, std::string_view text,
                                   std::size_t count = 3);

}  // namespace weft::graph
