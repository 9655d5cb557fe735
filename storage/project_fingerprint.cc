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

// How the file is read, where that is not the default: a store that was made before an option existed keeps
// its fingerprint. What is added to Canonical later keeps to this.
void add_reading(const SourceFile& from, Canonical& out) {
  if (from.format != format_by_name(from.name))
    out.add(fmt::format("read as format {}", static_cast<int>(from.format)));
  if (from.encoding != Encoding::kUtf8) out.add(fmt::format("read as {}", encoding_name(from.encoding)));
  const char usual = from.format == SourceFormat::kTabs ? '\t' : ',';
  if (from.delimiter != '\0' && from.delimiter != usual)
    out.add(fmt::format("cut at {}", static_cast<int>(from.delimiter)));
  if (from.header.empty()) return;
  out.add("its columns are");
  for (const std::string& column : from.header) out.add(column);
}

}  // namespace

std::vector<RankRule> Project::rank_rules(std::uint16_t source) const {
  std::vector<RankRule> out(schema.graph.node_types().size());
  for (const NodeMapping& mapping : nodes) {
    const auto at = std::find(mapping.sources.begin(), mapping.sources.end(), source);
    if (at == mapping.sources.end()) continue;
    out[mapping.type] = {mapping.conflicts,
                         mapping.entries[static_cast<std::size_t>(at - mapping.sources.begin())]};
  }
  return out;
}

std::uint64_t Project::fingerprint(std::uint16_t source) const {
  Canonical out;
  for (const std::string& text : clean.missing) out.add(text);
  const auto add_rules = [&](const RuleRange& range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (rules[i].only_optional()) continue;
      out.add("rules");
      out.add(rules[i].canonical());
    }
  };
  add_rules(rules_of(source));
  const auto reads = [&](const auto& mapping) {
    return std::find(mapping.sources.begin(), mapping.sources.end(), source) != mapping.sources.end();
  };
  const std::vector<RankRule> ranks = rank_rules(source);
  for (const NodeMapping& mapping : nodes) {
    if (!reads(mapping)) continue;
    out.add("node");
    out.add(schema.graph.node_type(mapping.type).name);
    add_rules(mapping.rules);
    out.add(mapping.id.name);
    out.add(mapping.time);
    out.add(mapping.where);
    if (const RankRule rank = ranks[mapping.type]; rank.rule != ConflictRule::kReadLast)
      out.add(fmt::format("conflicts {}, entry {}", static_cast<int>(rank.rule), rank.entry));
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
    if (!mapping.deletes) continue;
    out.add("delete");
    out.add(std::vector<RowFilter>{*mapping.deletes});
    if (mapping.deletes_same_time) out.add("at the same time");
  }
  add_reading(sources[source], out);
  return hash64(out.text);
}

}  // namespace weft::storage
