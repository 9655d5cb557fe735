// The analysis of a graph for `weft info --analyse`: as JSON and as tables. Needs no Torch.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "graph/analysis.h"
#include "graph/snapshot.h"

namespace weft::tools {

// nodes, edges, components, largest (sizes), degrees (by node type), relations (by name), cores and
// page_rank: docs/graph.md.
nlohmann::ordered_json analysis_json(const graph::Snapshot& snapshot, const graph::GraphAnalysis& analysis);

// Tables made of that JSON.
std::string analysis_text(const nlohmann::ordered_json& json);

}  // namespace weft::tools
