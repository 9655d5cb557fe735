#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/hash.h"
#include "storage/project.h"

namespace weft::storage {
namespace {

// A text that differs if the mapping does.
struct Canonical {
  std::string text;
  void add(std::string_view part) { text += fmt::format("{}:{};", part.size(), part); }
  void add(const std::optional<TimeSpec>& time) {
    if (!time) return add("untimed");
    add(time->column.name);
    add(time_unit_name(time->unit));
    add(time->fallback ? fmt::format("{}", *time->fallback) : "none");
  }
  void add(const std::vector<RowFilter>& where) {
    for (const RowFilter& filter : where) {
      add(filter.column.name);
      add(filter.wants == RowFilter::Wants::kOneOf     ? "one of"
          : filter.wants == RowFilter::Wants::kPresent ? "present"
                                                       : "absent");
      for (const std::string& value : filter.values) add(value);
    }
  }
};

}  // namespace

std::uint64_t Project::fingerprint(std::uint16_t source) const {
  Canonical out;
  const SourceFile& from = sources[source];
  out.add(fmt::format("format {}", static_cast<int>(from.format)));
  out.add(encoding_name(from.encoding));
  out.add(std::string_view(&from.delimiter, 1));
  for (const std::string& column : from.header) out.add(column);
  for (const std::string& text : clean.missing) out.add(text);
  const auto add_rules = [&](const RuleRange& range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      out.add("rules");
      out.add(rules[i].canonical());
    }
  };
  add_rules(rules_of(source));
  const auto reads = [&](const auto& mapping) {
    return std::find(mapping.sources.begin(), mapping.sources.end(), source) != mapping.sources.end();
  };
  for (const NodeMapping& mapping : nodes) {
    if (!reads(mapping)) continue;
    out.add("node");
    out.add(schema.graph.node_type(mapping.type).name);
    add_rules(mapping.rules);
    out.add(mapping.id.name);
    out.add(mapping.time);
    out.add(mapping.where);
    for (const FieldMapping& field : mapping.fields) {
      out.add(field.name);
      out.add(graph::field_kind_name(field.kind));
      out.add(field.column.name);
      out.add(field.separator);
      out.add(field.as_node ? "node" : "field");
      for (const std::string& text : field.path.text) out.add(text);
      for (const ColumnRef& column : field.path.columns) out.add(column.name);
    }
  }
  for (const EdgeMapping& mapping : edges) {
    if (!reads(mapping)) continue;
    out.add("edge");
    out.add(schema.graph.edge_type(mapping.type).name);
    add_rules(mapping.rules);
    for (const EdgeEnd* end : {&mapping.from, &mapping.to}) {
      out.add(schema.graph.node_type(end->type).name);
      out.add(end->column.name);
    }
    out.add(mapping.time);
    out.add(mapping.weight.name);
    out.add(mapping.where);
    out.add(mapping.keep_duplicates ? "keep" : "drop");
  }
  return hash64(out.text);
}

}  // namespace weft::storage
