#include "gnn/walk_relations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace weft::gnn {
namespace {

[[noreturn]] void fail(ErrorContext where, const std::string& what, const std::string& expected,
                       const std::string& hint = {}) {
  where.expected = expected;
  where.hint = hint;
  throw Error(what, std::move(where), ErrorKind::kUsage);
}

std::vector<std::string> relation_names(const graph::Schema& schema) {
  std::vector<std::string> names;
  for (const graph::RelationId relation : schema.relations()) names.push_back(schema.relation_name(relation));
  return names;
}

}  // namespace

std::vector<graph::RelationId> walk_path(const graph::Schema& schema, const std::vector<std::string>& names,
                                         ErrorContext where) {
  if (names.empty()) fail(std::move(where), "names no relation", "a path as in [\"buys\", \"rev_buys\"]");
  where.value = join(names);
  const std::vector<graph::RelationId> relations = schema.relations();
  const std::vector<std::string> known = relation_names(schema);
  std::vector<graph::RelationId> path;
  for (const std::string& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const std::string nearest = nearest_word(name, known);
      fail(std::move(where), fmt::format("no relation is called '{}'", name), "names among " + join(known),
           nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
    }
    path.push_back(relations[static_cast<std::size_t>(found - known.begin())]);
  }
  for (std::size_t s = 0; s < path.size(); ++s) {
    const graph::RelationId next = path[(s + 1) % path.size()];
    const graph::NodeTypeId ends = schema.target_type(path[s]), begins = schema.row_type(next);
    if (ends == begins) continue;
    fail(std::move(where),
         fmt::format("'{}' ends at '{}' nodes and '{}', which follows it, begins at '{}' nodes",
                     schema.relation_name(path[s]), schema.node_type(ends).name, schema.relation_name(next),
                     schema.node_type(begins).name),
         "relations that follow one another, the first after the last again");
  }
  return path;
}

std::vector<sampling::WalkRelation> walk_relations(const graph::Schema& schema, const ModelOptions& options,
                                                   std::size_t hops) {
  std::vector<sampling::WalkRelation> relations;
  for (const WalkRelationOptions& walk : options.walks) {
    relations.push_back({.path = walk_path(schema, walk.path, walk.where),
                         .weighted = walk.weighted,
                         .walks = static_cast<std::uint32_t>(walk.per_node),
                         .rounds = static_cast<std::uint32_t>(walk.rounds),
                         .stop = walk.restart});
    relations.back().fan_outs.assign(hops, static_cast<std::uint32_t>(walk.neighbours));
  }
  return relations;
}

graph::Schema with_walks(const graph::Schema& schema, const ModelOptions& options) {
  graph::Schema extended = schema;
  for (const WalkRelationOptions& walk : options.walks) {
    const std::vector<std::string> known = relation_names(schema);
    if (std::find(known.begin(), known.end(), walk.name) != known.end()) {
      ErrorContext where = walk.where;
      where.value = walk.name;
      fail(std::move(where), "walks have the name of a relation", "a name of their own");
    }
    const graph::NodeTypeId type = schema.row_type(walk_path(schema, walk.path, walk.where).front());
    // Symmetric: one relation, not two.
    extended.add_edge_type({.name = walk.name, .from = type, .to = type, .symmetric = true});
  }
  return extended;
}

}  // namespace weft::gnn
