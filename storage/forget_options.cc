// What a project's sections say of its node types, for forget_node().
#include <algorithm>

#include "storage/forget.h"

namespace weft::storage {
namespace {

// The store may have another text than the source.
bool changes_text(const ColumnRules& rules) {
  return rules.tidy.any() || rules.values || rules.ids || !rules.prefix.empty() || rules.is_number() ||
         rules.time;
}

// Of rules for the column, in any of the sources.
template <typename Mapping>
bool changes_text(const Project& project, const Mapping& mapping, const ColumnRef& column) {
  if (column.name.empty()) return false;
  return std::any_of(mapping.sources.begin(), mapping.sources.end(), [&](std::uint16_t source) {
    const std::size_t rule = project.find_rule(source, mapping.rules, column.name);
    return rule != Project::kNoRule && changes_text(project.rules[rule]);
  });
}

}  // namespace

ForgetOptions forget_options(const Project& project, graph::NodeTypeId type) {
  ForgetOptions out;
  // Types that no section [nodes.*] reads: their nodes are made by edges and as_node fields.
  out.only_by_edges.assign(project.schema.graph.node_types().size(), 1);
  for (const NodeMapping& mapping : project.nodes) {
    if (!mapping.sources.empty()) out.only_by_edges[mapping.type] = 0;
    const auto look = [&](const ColumnRef& column) {
      out.spelled_otherwise = out.spelled_otherwise || changes_text(project, mapping, column);
    };
    if (mapping.type == type) look(mapping.id);
    for (const FieldMapping& field : mapping.fields) {
      if (field.as_node && field.node_type == type) look(field.column);
    }
  }
  for (const EdgeMapping& mapping : project.edges) {
    for (const EdgeEnd* end : {&mapping.from, &mapping.to}) {
      if (end->type != type) continue;
      out.spelled_otherwise = out.spelled_otherwise || changes_text(project, mapping, end->column);
    }
  }
  return out;
}

}  // namespace weft::storage
