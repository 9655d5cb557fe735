#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "storage/project.h"

namespace weft::storage {
namespace {

// A text that differs if the mapping does; the maps of ids are not part of it, but beside it.
struct Canonical {
  std::string text;
  std::vector<const TextMap*> maps = {};
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

namespace {

// Whether what a map of ids holds is part of the text: stores of before had it so.
enum class MapsOfIds { kWithin, kBeside };

Canonical canonical_of(const Project& project, std::uint16_t source, MapsOfIds ids) {
  Canonical out;
  const graph::Schema& schema = project.schema.graph;
  const std::vector<ColumnRules>& rules = project.rules;
  for (const std::string& text : project.clean.missing) out.add(text);
  const auto add_rules = [&](const RuleRange& range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (rules[i].only_optional()) continue;
      out.add("rules");
      out.add(ids == MapsOfIds::kWithin ? rules[i].canonical() : rules[i].canonical_but_ids());
      if (rules[i].ids) out.maps.push_back(rules[i].ids.get());
    }
  };
  add_rules(project.rules_of(source));
  const auto reads = [&](const auto& mapping) {
    return std::find(mapping.sources.begin(), mapping.sources.end(), source) != mapping.sources.end();
  };
  const std::vector<RankRule> ranks = project.rank_rules(source);
  for (const NodeMapping& mapping : project.nodes) {
    if (!reads(mapping)) continue;
    out.add("node");
    out.add(schema.node_type(mapping.type).name);
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
  for (const EdgeMapping& mapping : project.edges) {
    if (!reads(mapping)) continue;
    out.add("edge");
    out.add(schema.edge_type(mapping.type).name);
    add_rules(mapping.rules);
    for (const EdgeEnd* end : {&mapping.from, &mapping.to}) {
      out.add(schema.node_type(end->type).name);
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
  add_reading(project.sources[source], out);
  return out;
}

// A map's part of a fingerprint is its own one times this: so maps that change places are other ones.
std::uint64_t weight_of(std::size_t map) {
  return (2 * static_cast<std::uint64_t>(map) + 1) * 0x9e3779b97f4a7c15ULL;
}

// The parts that a map may have had: of its first entries, none to all.
std::vector<std::uint64_t> parts_of(const TextMap& map, std::size_t position) {
  std::vector<std::uint64_t> out = {0};
  for (const std::uint64_t sum : map.fingerprints()) out.push_back(sum * weight_of(position));
  return out;
}

// Some part of `a` and some of `b` add up to `sum`.
bool add_up(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b, std::uint64_t sum) {
  const std::unordered_set<std::uint64_t> of_b(b.begin(), b.end());
  return std::any_of(a.begin(), a.end(), [&](std::uint64_t part) { return of_b.contains(sum - part); });
}

}  // namespace

std::uint64_t Project::fingerprint(std::uint16_t source) const {
  const Canonical meaning = canonical_of(*this, source, MapsOfIds::kBeside);
  std::uint64_t out = hash64(meaning.text);
  for (std::size_t i = 0; i < meaning.maps.size(); ++i) out += meaning.maps[i]->fingerprint() * weight_of(i);
  return out;
}

bool Project::has_meant(std::uint16_t source, std::uint64_t earlier) const {
  const Canonical meaning = canonical_of(*this, source, MapsOfIds::kBeside);
  if (meaning.maps.empty()) return earlier == hash64(meaning.text);
  if (earlier == fingerprint(source)) return true;
  if (earlier == hash64(canonical_of(*this, source, MapsOfIds::kWithin).text)) return true;
  std::vector<std::vector<std::uint64_t>> parts;
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < meaning.maps.size(); ++i) {
    parts.push_back(parts_of(*meaning.maps[i], i));
    whole += parts[i].back();
  }
  const std::uint64_t sum = earlier - hash64(meaning.text);
  if (parts.size() == 1) return std::find(parts[0].begin(), parts[0].end(), sum) != parts[0].end();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t j = i + 1; j < parts.size(); ++j) {
      if (add_up(parts[i], parts[j], sum - (whole - parts[i].back() - parts[j].back()))) return true;
    }
  }
  return false;
}

}  // namespace weft::storage
