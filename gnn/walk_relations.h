// Walks that a project file names, on a graph's schema: paths of relations, and the relations that the
// network of [model] hears beside those of edges. Without Torch.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "gnn/model_options.h"
#include "graph/schema.h"
#include "sampling/visited_neighbours.h"

namespace weft::gnn {

// The relations of these names. Throws Error (kUsage) with `where` if one is not there, they do not follow
// one another, or the last does not end where the first begins.
std::vector<graph::RelationId> walk_path(const graph::Schema& schema, const std::vector<std::string>& names,
                                         ErrorContext where);

// What a neighbour sampler makes of model.walks; the same number of neighbours at each of the hops. Throws as
// walk_path.
std::vector<sampling::WalkRelation> walk_relations(const graph::Schema& schema, const ModelOptions& options,
                                                   std::size_t hops);

// The schema with an edge type for each of model.walks at its end: their relations are the walks'
// (sampling::walk_relation_id), under the names that the file gives them. Throws as walk_path, and if a name
// is one of the schema's.
graph::Schema with_walks(const graph::Schema& schema, const ModelOptions& options);

}  // namespace weft::gnn
