#include "storage/row_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "base/hash.h"
#include "base/strings.h"

namespace weft::storage {
namespace {

void add_text(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(size >> (8 * i));
  out.append(bytes, 4);
  out += text;
}

void add_bits(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out.append(bytes, 8);
}

void add_bits(std::string& out, double value) {
  std::uint64_t bits = 0;
  static_assert(sizeof(bits) == sizeof(value));
  std::memcpy(&bits, &value, sizeof(bits));
  add_bits(out, bits);
}

void add_field(std::string& out, const graph::FieldValue& value) {
  out += static_cast<char>('0' + value.index());
  if (const auto* number = std::get_if<double>(&value)) add_bits(out, *number);
  if (const auto* text = std::get_if<std::string>(&value)) add_text(out, *text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    add_bits(out, static_cast<std::uint64_t>(list->size()));
    for (const std::string& item : *list) add_text(out, item);
  }
}

}  // namespace

RowMapper::RowMapper(const Project& project, std::uint16_t source, MediaRead media, Files& files)
    : project_(project),
      source_(source),
      read_(media),
      files_(files),
      media_node_(project.schema.graph.node_types().size(), 0),
      cells_(project, source) {
  for (const NodeMapping& mapping : project.nodes) {
    for (const FieldMapping& field : mapping.fields) {
      if (field.as_node && graph::is_media(field.kind)) media_node_[field.node_type] = 1;
    }
  }
  const auto reads = [&](const auto& mapping) {
    return std::find(mapping.sources.begin(), mapping.sources.end(), source) != mapping.sources.end();
  };
  for (const NodeMapping& mapping : project.nodes) {
    if (!reads(mapping)) continue;
    const auto cell_of = [&](const ColumnRef& column) { return cells_.add(column, mapping.rules); };
    NodePlan plan{.mapping = &mapping, .id = cell_of(mapping.id)};
    if (mapping.time) plan.time = cell_of(mapping.time->column);
    plan.where = filter_plans(mapping);
    for (const FieldMapping& field : mapping.fields) {
      FieldPlan field_plan{.mapping = &field};
      if (graph::is_media(field.kind)) {
        for (const ColumnRef& column : field.path.columns) field_plan.path_cells.push_back(cell_of(column));
      } else {
        field_plan.cell = cell_of(field.column);
      }
      plan.fields.push_back(std::move(field_plan));
    }
    nodes_.push_back(std::move(plan));
  }
  const auto plan_of = [&](const EdgeEnd& end) {
    if (!end.column.name.empty()) return kNone;
    const auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                    [&](const NodePlan& plan) { return plan.mapping->type == end.type; });
    return static_cast<std::size_t>(found - nodes_.begin());
  };
  for (const EdgeMapping& mapping : project.edges) {
    if (!reads(mapping)) continue;
    const auto cell_of = [&](const ColumnRef& column) { return cells_.add(column, mapping.rules); };
    EdgePlan plan{
        .mapping = &mapping, .from = cell_of(mapping.from.column), .to = cell_of(mapping.to.column)};
    if (mapping.time) plan.time = cell_of(mapping.time->column);
    plan.weight = cell_of(mapping.weight);
    plan.from_plan = plan_of(mapping.from);
    plan.to_plan = plan_of(mapping.to);
    plan.where = filter_plans(mapping);
    if (mapping.deletes)
      plan.deletes = FilterPlan{.filter = &*mapping.deletes, .cell = cell_of(mapping.deletes->column)};
    edges_.push_back(std::move(plan));
  }
}

template <typename Mapping>
std::vector<RowMapper::FilterPlan> RowMapper::filter_plans(const Mapping& mapping) {
  std::vector<FilterPlan> plans;
  for (const RowFilter& filter : mapping.where)
    plans.push_back({.filter = &filter, .cell = cells_.add(filter.column, mapping.rules)});
  return plans;
}

namespace {

[[noreturn]] void missing_column(const ColumnRef& ref, const std::string& file,
                                 const std::vector<std::string>& known) {
  ErrorContext context = ref.where;
  context.value = ref.name;
  std::vector<std::string> shown(
      known.begin(), known.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(known.size(), 30)));
  if (known.size() > shown.size()) shown.emplace_back("...");
  context.expected = fmt::format("a column of {} ({})", file, join(shown));
  const std::size_t parts = known.size() == 1 ? known[0].find_first_of(";\t|,") : std::string::npos;
  if (parts != std::string::npos) {
    const std::string delimiter = known[0][parts] == '\t' ? "\\t" : known[0].substr(parts, 1);
    context.hint =
        fmt::format("what parts its columns? [sources.\"{}\"] delimiter = \"{}\" says it", file, delimiter);
  } else if (const std::string nearest = nearest_word(ref.name, known); !nearest.empty()) {
    context.hint = fmt::format("did you mean '{}'?", nearest);
  } else {
    context.hint = fmt::format("if files may lack it: columns.\"{}\" = {{ optional = true }}", ref.name);
  }
  throw Error(fmt::format("{} has no column '{}'", file, ref.name), std::move(context), ErrorKind::kUsage);
}

}  // namespace

void RowMapper::check_columns(const RowReader& reader) const {
  if (!reader.has_header()) return;
  for (const std::size_t missing : reader.missing_columns()) {
    if (cells_.is_optional(missing)) continue;
    missing_column(cells_.refs()[missing], project_.sources[source_].name, reader.known_columns());
  }
}

std::vector<std::string> RowMapper::absent_columns(const RowReader& reader) const {
  std::vector<std::string> absent;
  if (reader.has_header()) return absent;
  std::vector<std::string> unused;
  for (const std::string& name : reader.known_columns()) {
    if (std::find(columns().begin(), columns().end(), name) == columns().end()) unused.push_back(name);
  }
  for (const std::size_t missing : reader.missing_columns()) {
    if (cells_.is_optional(missing)) continue;
    if (!nearest_word(columns()[missing], unused).empty()) {
      missing_column(cells_.refs()[missing], project_.sources[source_].name, reader.known_columns());
    }
    absent.push_back(columns()[missing]);
  }
  return absent;
}

bool RowMapper::passes(const FilterPlan& plan) {
  const Cell& cell = cells_.get(plan.cell);
  if (plan.filter->wants != RowFilter::Wants::kOneOf)
    return cell.present == (plan.filter->wants == RowFilter::Wants::kPresent);
  const auto wanted = [&](std::string_view text) {
    return std::find(plan.filter->values.begin(), plan.filter->values.end(), text) !=
           plan.filter->values.end();
  };
  return cell.is_list ? std::any_of(cell.items.begin(), cell.items.end(), wanted) : wanted(cell.text);
}

bool RowMapper::passes(const std::vector<FilterPlan>& where) {
  return std::all_of(where.begin(), where.end(), [this](const FilterPlan& plan) { return passes(plan); });
}

std::string_view RowMapper::id_text(std::size_t cell, const char* what) {
  const Cell& id = cells_.get(cell);
  if (!id.present)
    throw Bad{"missing id", fmt::format("column '{}' ({}) is empty", cells_.column_of(cell), what)};
  if (id.is_list)
    throw Bad{"wrong type", fmt::format("column '{}' ({}) is a list", cells_.column_of(cell), what)};
  if (id.text.size() > kMaxIdBytes)
    throw Bad{"id too long",
              fmt::format("column '{}' ({}) has {} bytes", cells_.column_of(cell), what, id.text.size())};
  return id.text;
}

graph::TimeMs RowMapper::time_of(const std::optional<TimeSpec>& spec, std::size_t cell, bool required) {
  if (!spec) return graph::kNoTime;
  if (const graph::TimeMs* time = cells_.time(cell)) return *time;
  const Cell& time = cells_.get(cell);
  if (!time.present) {
    if (spec->fallback) return *spec->fallback;
    if (required) throw Bad{"missing time", fmt::format("column '{}' is empty", cells_.column_of(cell))};
    return graph::kNoTime;
  }
  const auto parsed = time.is_list ? std::nullopt : parse_time(time.text, spec->unit);
  if (parsed) return *parsed;
  const Cell other =
      cells_.refuse(cell, "invalid time",
                    fmt::format("'{}' is no time in unit {}", time.is_list ? "[...]" : excerpt(time.text),
                                time_unit_name(spec->unit)));
  const auto replaced = other.present ? parse_time(other.text, spec->unit) : spec->fallback;
  if (!replaced && (required || other.present))
    throw Bad{"missing time", fmt::format("column '{}' has none", cells_.column_of(cell))};
  return replaced.value_or(graph::kNoTime);
}

namespace {

// Texts that were seen, by views of them. Most rows have few, which a look through the list finds fastest.
class DistinctTexts {
 public:
  // False if it was there.
  bool insert(std::string_view text) {
    if (!many_.empty()) return many_.insert(text).second;
    const auto end = few_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (std::find(few_.begin(), end, text) != end) return false;
    few_[count_++] = text;
    if (count_ == few_.size()) many_.insert(few_.begin(), few_.end());
    return true;
  }

 private:
  std::array<std::string_view, 16> few_;
  std::size_t count_ = 0;
  std::unordered_set<std::string_view> many_;
};

}  // namespace

std::vector<std::string> RowMapper::category_values(const FieldPlan& plan) {
  const Cell& cell = cells_.get(plan.cell);
  std::vector<std::string> values;
  DistinctTexts distinct;
  const auto add = [&](std::string_view text) {
    if (text.empty() || !distinct.insert(text)) return;
    if (text.size() > kMaxIdBytes)
      throw Bad{"id too long", fmt::format("column '{}' has a category of {} bytes",
                                           cells_.column_of(plan.cell), text.size())};
    values.emplace_back(text);
  };
  if (!cell.present) return values;
  if (cell.is_list) {
    for (const std::string_view item : cell.items) add(item);
    return values;
  }
  const std::string& separator = plan.mapping->separator;
  if (separator.empty()) {
    add(cell.text);
    return values;
  }
  std::string_view rest = cell.text;
  while (true) {
    const std::size_t end = rest.find(separator);
    add(trim(rest.substr(0, end)));
    if (end == std::string_view::npos) return values;
    rest.remove_prefix(end + separator.size());
  }
}

void RowMapper::make_media(const FieldPlan& plan, std::size_t node, graph::Event& event) {
  const FieldMapping& mapping = *plan.mapping;
  std::string path = mapping.path.text[0];
  for (std::size_t i = 0; i < plan.path_cells.size(); ++i) {
    const Cell& cell = cells_.get(plan.path_cells[i]);
    if (!cell.present) return;
    if (cell.is_list)
      throw Bad{"wrong type",
                fmt::format("column '{}' (a media path) is a list", cells_.column_of(plan.path_cells[i]))};
    path += cell.text;
    path += mapping.path.text[i + 1];
  }
  if (path.size() > kMaxIdBytes)
    throw Bad{"id too long", fmt::format("the path of field '{}' has {} bytes", mapping.name, path.size())};
  media_.push_back(look_at_media(project_.data_root, path, mapping.kind, read_, files_));
  const MediaFile& media = media_.back();
  if (media.state == MediaState::kOutside) {
    throw Bad{"media path outside the data root",
              fmt::format("field '{}': '{}' {}", mapping.name, excerpt(path, 120), media.problem)};
  }
  graph::MediaValue value{.path = media.path, .content_hash = media.content_hash};
  if (!mapping.as_node) {
    event.nodes[node].fields[mapping.field] = std::move(value);
    return;
  }
  // A node that shows nothing is of no use: only what is there becomes one.
  if (media.state != MediaState::kFound) return;
  event.edges.push_back({.type = mapping.edge_type, .from = event.nodes[node].external_id, .to = media.path});
  if (event.nodes[node].external_id.empty())
    fixups_.push_back({.edge = event.edges.size() - 1, .from = true, .node = node});
  graph::NodeEvent made{.type = mapping.node_type, .external_id = media.path};
  made.fields.emplace_back(std::move(value));
  event.nodes.push_back(std::move(made));
}

namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

}  // namespace

std::optional<double> RowMapper::number_of(std::size_t at, const Cell& cell, const char* reason,
                                           const char* what, double least, double most) {
  const auto parse = [&](const Cell& each) {
    const auto number = each.is_list ? std::nullopt : parse_number(each.text);
    return number && *number >= least && *number <= most ? number : std::nullopt;
  };
  if (const auto number = parse(cell)) return number;
  const Cell other =
      cells_.refuse(at, reason, fmt::format("'{}' {}", cell.is_list ? "[...]" : excerpt(cell.text), what));
  return other.present ? parse(other) : std::nullopt;
}

void RowMapper::make_field(const FieldPlan& plan, std::size_t node, graph::Event& event) {
  const FieldMapping& mapping = *plan.mapping;
  if (graph::is_media(mapping.kind)) return make_media(plan, node, event);
  const Cell& cell = cells_.get(plan.cell);
  if (mapping.kind == graph::FieldKind::kCategory) {
    std::vector<std::string> values = category_values(plan);
    if (!mapping.as_node) {
      if (!values.empty()) event.nodes[node].fields[mapping.field] = std::move(values);
      return;
    }
    for (std::string& value : values) {
      event.edges.push_back(
          {.type = mapping.edge_type, .from = event.nodes[node].external_id, .to = std::move(value)});
      if (event.nodes[node].external_id.empty())
        fixups_.push_back({.edge = event.edges.size() - 1, .from = true, .node = node});
    }
    return;
  }
  if (!cell.present) return;
  if (mapping.kind == graph::FieldKind::kNumber) {
    if (const auto number = number_of(plan.cell, cell, "invalid number", "is no number", -kAny, kAny))
      event.nodes[node].fields[mapping.field] = *number;
    return;
  }
  if (!cell.is_list) {
    event.nodes[node].fields[mapping.field] = std::string(cell.text);
    return;
  }
  std::string text;
  for (const std::string_view item : cell.items) text.append(text.empty() ? "" : " ").append(item);
  event.nodes[node].fields[mapping.field] = std::move(text);
}

void RowMapper::make_node(NodePlan& plan, graph::Event& event) {
  const NodeMapping& mapping = *plan.mapping;
  plan.made = event.nodes.size();
  const std::size_t node = plan.made;
  event.nodes.emplace_back();
  event.nodes[node].type = mapping.type;
  if (plan.id != kNone) {
    event.nodes[node].external_id = id_text(plan.id, "an id");
  } else {
    event_nodes_.push_back(node);
  }
  event.nodes[node].time = time_of(mapping.time, plan.time, false);
  event.nodes[node].fields.resize(project_.schema.graph.node_type(mapping.type).fields.size());
  for (const FieldPlan& field : plan.fields) make_field(field, node, event);
}

void RowMapper::make_edge(const EdgePlan& plan, graph::Event& event) {
  const EdgeMapping& mapping = *plan.mapping;
  // An end whose node's own filter left it out: the edge is left out with it.
  for (const std::size_t end : {plan.from_plan, plan.to_plan}) {
    if (end != kNone && nodes_[end].made == kNone) return;
  }
  const std::size_t edge = event.edges.size();
  event.edges.emplace_back();
  event.edges[edge].type = mapping.type;
  if (plan.from_plan == kNone) {
    event.edges[edge].from = id_text(plan.from, "the edge's source");
  } else {
    fixups_.push_back({.edge = edge, .from = true, .node = nodes_[plan.from_plan].made});
  }
  if (plan.to_plan == kNone) {
    event.edges[edge].to = id_text(plan.to, "the edge's target");
  } else {
    fixups_.push_back({.edge = edge, .from = false, .node = nodes_[plan.to_plan].made});
  }
  event.edges[edge].time = time_of(mapping.time, plan.time, true);
  event.edges[edge].deletes = plan.deletes && passes(*plan.deletes);
  event.edges[edge].at_time_only = event.edges[edge].deletes && mapping.deletes_same_time;
  if (plan.weight == kNone || event.edges[edge].deletes) return;
  const Cell& cell = cells_.get(plan.weight);
  if (!cell.present)
    throw Bad{"missing weight", fmt::format("column '{}' is empty", cells_.column_of(plan.weight))};
  const auto weight =
      number_of(plan.weight, cell, "invalid weight", "is no number from 0 to 2^32", 0, 4294967296.0);
  if (!weight)
    throw Bad{"missing weight", fmt::format("column '{}' has none", cells_.column_of(plan.weight))};
  event.edges[edge].weight = *weight;
}

void RowMapper::set_event_id(const Row& row, graph::Event& event) {
  const graph::Schema& schema = project_.schema.graph;
  hashed_.clear();
  for (const graph::NodeEvent& node : event.nodes) {
    if (media_node_[node.type] != 0) continue;
    hashed_ += 'N';
    add_text(hashed_, schema.node_type(node.type).name);
    add_text(hashed_, node.external_id);
    add_bits(hashed_, static_cast<std::uint64_t>(node.time));
    for (const graph::FieldValue& value : node.fields) add_field(hashed_, value);
  }
  for (const graph::EdgeEvent& edge : event.edges) {
    if (media_node_[schema.edge_type(edge.type).to] != 0 && project_.schema.attribute[edge.type] != 0)
      continue;
    hashed_ += edge.deletes ? 'D' : 'E';
    add_text(hashed_, schema.edge_type(edge.type).name);
    add_text(hashed_, edge.from);
    add_text(hashed_, edge.to);
    add_bits(hashed_, static_cast<std::uint64_t>(edge.time));
    add_bits(hashed_, edge.weight);
  }
  // Media by path alone: a picture that turns up later does not make another event of the row.
  for (const MediaFile& media : media_) add_text(hashed_, media.path);
  const bool keep = std::any_of(edges_.begin(), edges_.end(),
                                [](const EdgePlan& plan) { return plan.mapping->keep_duplicates; });
  if (keep) {
    add_text(hashed_, project_.sources[source_].name);
    add_bits(hashed_, row.offset);
  }
  event.id = std::max<std::uint64_t>(hash64(hashed_), 1);
  if (!event_nodes_.empty()) {
    const std::string name = to_hex(event.id);
    for (const std::size_t node : event_nodes_) event.nodes[node].external_id = name;
  }
  for (const Fixup& fixup : fixups_) {
    graph::EdgeEvent& edge = event.edges[fixup.edge];
    (fixup.from ? edge.from : edge.to) = event.nodes[fixup.node].external_id;
  }
}

void RowMapper::make_all(graph::Event& event) {
  for (NodePlan& plan : nodes_) {
    plan.made = kNone;
    if (passes(plan.where)) make_node(plan, event);
  }
  for (const EdgePlan& plan : edges_) {
    if (passes(plan.where)) make_edge(plan, event);
  }
}

MapResult RowMapper::map(const Row& row, graph::Event& event) {
  cells_.begin(row);
  event.nodes.clear();
  event.edges.clear();
  fixups_.clear();
  event_nodes_.clear();
  media_.clear();
  try {
    make_all(event);
  } catch (Bad& bad) {
    return {.outcome = MapOutcome::kBad, .reason = std::move(bad.reason), .detail = std::move(bad.detail)};
  } catch (BadValue& bad) {
    if (bad.then == OnBad::kDrop) {
      ++cells_.counts.dropped_rows;
      return {.outcome = MapOutcome::kDropped};
    }
    return {.outcome = MapOutcome::kBad,
            .reason = std::move(bad.reason),
            .detail = std::move(bad.detail),
            .stops = bad.then == OnBad::kStop};
  }
  if (event.nodes.empty() && event.edges.empty()) return {};
  set_event_id(row, event);
  return {.outcome = MapOutcome::kEvent};
}

// Calls named(type, cell) for the cells with ids, until it says true.
template <typename Named>
bool RowMapper::any_id(const Named& named) {
  for (const NodePlan& plan : nodes_) {
    if (named(plan.mapping->type, plan.id)) return true;
  }
  for (const EdgePlan& plan : edges_) {
    const graph::EdgeType& type = project_.schema.graph.edge_type(plan.mapping->type);
    if (named(type.from, plan.from) || named(type.to, plan.to)) return true;
  }
  return false;
}

bool RowMapper::may_name(const Row& row, const Tombstones& forgotten) {
  if (forgotten.empty()) return false;
  if (row.cells.empty()) return true;
  const CleanCounts counts = cells_.counts;  // the values were counted when the row was mapped
  cells_.begin(row);
  bool found = false;
  try {
    found = any_id([&](graph::NodeTypeId type, std::size_t cell) {
      if (cell == kNone) return false;
      const Cell& id = cells_.get(cell);
      return id.present && (id.is_list || forgotten.contains(type, id.text));
    });
    for (const NodePlan& plan : nodes_) {
      for (const FieldPlan& field : plan.fields) {
        if (found || !field.mapping->as_node) continue;
        if (field.cell == kNone) {
          found = true;  // a path, of which the row has parts
          continue;
        }
        for (const std::string& value : category_values(field))
          found = found || forgotten.contains(field.mapping->node_type, value);
      }
    }
  } catch (const BadValue&) {
    found = true;
  } catch (const Bad&) {
    found = true;
  }
  cells_.counts = counts;
  return found;
}

}  // namespace weft::storage
