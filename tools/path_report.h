// Paths between two nodes for `weft explain`: as JSON and as lines to read. Needs no Torch.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "graph/explain_paths.h"
#include "graph/snapshot.h"

namespace weft::tools {

// {"hops", "relations" (as in "buys", "rev_buys"), "steps": [{"relation", "from", "to" (each "type", "id",
// "name"), "time" (ISO 8601, null if untimed), "weight" (null if unweighted)}]}
nlohmann::ordered_json path_json(const graph::Snapshot& snapshot, const graph::ExplanationPath& path);

// A line for its beginning and one a step, arrows along the edge's own direction:
//   user u17
//   -- buys 2025-10-01 12:33, weight 5 -->  item p33 'red chair'
//   <-- buys 2025-09-17 08:05 --            user u4
std::string path_text(const graph::Snapshot& snapshot, const graph::ExplanationPath& path,
                      const std::string& indent);

// As in "item p33 'red chair'"; the name only if it is not the id.
std::string node_text(const graph::Snapshot& snapshot, graph::NodeRef node);

}  // namespace weft::tools
