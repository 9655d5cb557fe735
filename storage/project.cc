#include "storage/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "storage/cleaning/rule_use.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using graph::FieldKind;

const std::vector<std::string> kTimeUnits = {"s", "ms", "us", "day", "iso8601"};
const std::vector<std::string> kFieldKinds = {"number", "category", "text", "image", "audio"};

ColumnRef column_ref(const TomlSection& section, std::string_view key, std::string name) {
  if (name.empty()) section.fail(key, "is empty", "a column's name");
  return {std::move(name), section.where(key)};
}

ColumnRef required_column(const TomlSection& section, std::string_view key) {
  return column_ref(section, key, section.get_string(key));
}

ColumnRef optional_column(const TomlSection& section, std::string_view key) {
  return section.has(key) ? required_column(section, key) : ColumnRef{};
}

RowFilter::Wants read_presence(const TomlSection& section) {
  if (!section.has("present"))
    section.fail("present", "a required key is missing", "{ present = true } or { present = false }");
  return section.get_bool("present", true) ? RowFilter::Wants::kPresent : RowFilter::Wants::kAbsent;
}

std::vector<RowFilter> read_where(const TomlSection& parent) {
  std::vector<RowFilter> filters;
  if (!parent.has("where")) return filters;
  const TomlSection section = parent.section("where");
  for (const std::string& key : section.keys()) {
    RowFilter filter{.column = column_ref(section, key, key)};
    if (section.is_table(key)) {
      const TomlSection presence = section.section(key);
      filter.wants = read_presence(presence);
      presence.check_no_unknown_keys();
      filters.push_back(std::move(filter));
      continue;
    }
    filter.values = section.get_texts(key);
    if (filter.values.empty()) section.fail(key, "is empty", "a value or a list of values");
    filters.push_back(std::move(filter));
  }
  return filters;
}

void read_delete(const TomlSection& parent, EdgeMapping& mapping) {
  if (!parent.has("delete")) return;
  const char* const shape =
      "{ column = \"op\", values = [\"delete\"] }, or present = true in place of values";
  if (!parent.is_table("delete")) parent.fail("delete", "is no table", shape);
  const TomlSection section = parent.section("delete");
  RowFilter filter{.column = required_column(section, "column")};
  const bool by_value = section.has("values"), by_presence = section.has("present");
  if (by_value == by_presence)
    section.fail(by_value ? "present" : "values",
                 by_value ? "stands beside values" : "a required key is missing", shape);
  if (by_presence) filter.wants = read_presence(section);
  if (by_value) {
    filter.values = section.get_texts("values");
    if (filter.values.empty()) section.fail("values", "is empty", "a value or a list of values");
  }
  mapping.deletes_same_time = section.get_choice("takes", {"earlier", "same"}, 0) == 1;
  if (mapping.deletes_same_time && !mapping.time)
    section.fail("takes", "edges of this type have no time", "`time` in this section");
  section.check_no_unknown_keys();
  mapping.deletes = std::move(filter);
}

PathTemplate read_path(const TomlSection& section, const std::string& text) {
  PathTemplate path;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find('{', at);
    path.text.push_back(text.substr(at, open - at));
    if (open == std::string::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos || close == open + 1) {
      section.fail("path", "has a brace without a column", "a path as in \"images/{photo}\"");
    }
    path.columns.push_back(column_ref(section, "path", text.substr(open + 1, close - open - 1)));
    at = close + 1;
  }
  if (path.columns.empty()) section.fail("path", "names no column", "a path as in \"images/{photo}\"");
  return path;
}

bool share_a_source(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](std::uint16_t source) { return std::find(b.begin(), b.end(), source) != b.end(); });
}

class ProjectReader {
 public:
  ProjectReader(const TomlFile& toml, const fs::path& file, Sources sources)
      : root_(toml.root()), sources_(sources) {
    project_.file = file;
  }

  Project read() {
    for (const char* name : {"project", "sources", "nodes", "edges", "clean", "task", "encoders", "model",
                             "lightgcn", "skipgram", "train"})
      root_.has(name);
    root_.check_no_unknown_keys();
    read_places();
    read_clean();
    resolver_.emplace(root_.section("sources"), project_.data_root, sources_);
    project_.source_options = resolver_->options();
    for (const auto& [name, section] : root_.section("sources").sections())
      project_.source_rules.push_back(read_rules(section));
    const TomlSection nodes = root_.section("nodes");
    const TomlSection edges = root_.section("edges");
    for (const auto& [name, section] : nodes.sections()) declare_node_type(name, section);
    nodes.check_no_unknown_keys();
    if (project_.schema.graph.node_types().empty()) {
      root_.fail("nodes", "the project has no node types", "sections as in [nodes.user]");
    }
    for (const auto& [name, section] : nodes.sections()) declare_attribute_nodes(section);
    for (const auto& [name, section] : edges.sections()) read_edges(name, section);
    edges.check_no_unknown_keys();
    declare_attribute_edges();
    project_.row_rules = graph::read_clean_rules(root_.section("clean"), project_.schema.graph);
    check_rules(project_);
    for (const auto& [edge, section] : delete_sections_) check_delete(project_.edges[edge], section);
    return std::move(project_);
  }

 private:
  // A folder named in [project]: on the command line relative to where the command runs, in the file to the
  // file.
  fs::path place(const TomlSection& section, std::string_view key, const fs::path& fallback) const {
    const fs::path folder = fs::absolute(project_.file).parent_path();
    if (!section.has(key)) return folder / fallback;
    const std::string text = section.get_string(key);
    if (text.empty()) section.fail(key, "is empty", "a folder");
    return section.where(key).file == "--set" ? fs::absolute(text) : folder / text;
  }

  void read_places() {
    const TomlSection section = root_.section("project");
    const fs::path data_root = place(section, "data_root", ".");
    std::error_code code;
    project_.data_root = sources_ == Sources::kMustExist ? fs::canonical(data_root, code)
                                                         : fs::weakly_canonical(data_root, code);
    if (code && sources_ == Sources::kMayBeMissing) {
      project_.data_root = data_root.lexically_normal();
    } else if (code || (sources_ == Sources::kMustExist && !fs::is_directory(project_.data_root, code))) {
      section.fail("data_root",
                   fmt::format("the data root {} is no folder", data_root.lexically_normal().string()),
                   "a folder that is there");
    }
    project_.workspace.folder =
        place(section, "workspace", project_.file.stem().string() + ".weft").lexically_normal();
    // Past an eighth the store's log of changes ends.
    project_.delta_share = section.get_number_in("delta_share", project_.delta_share, 0, 0.125);
    section.check_no_unknown_keys();
  }

  void read_clean() {
    const TomlSection section = root_.section("clean");
    project_.clean.max_bad_rows = section.get_number_in("max_bad_rows", project_.clean.max_bad_rows, 0, 1);
    project_.clean.max_bad_media = section.get_number_in("max_bad_media", project_.clean.max_bad_media, 0, 1);
    project_.clean.missing = section.get_strings("missing");
    for (const char* key : {"pairs", "core", "core_edges"}) section.has(key);
    section.check_no_unknown_keys();
  }

  static ConflictRule read_conflicts(const TomlSection& section, const NodeMapping& mapping) {
    const auto rule =
        static_cast<ConflictRule>(section.get_choice("conflicts", {"last", "priority", "recency"}, 0));
    if (rule == ConflictRule::kReadLast || !section.has("source"))
      return rule;  // the latter is refused below
    if (mapping.id.name.empty())
      section.fail("conflicts",
                   "each row makes a node of its own: there is nothing that rows could disagree on",
                   "a node type with an id");
    if (rule == ConflictRule::kRecency && !mapping.time)
      section.fail("conflicts", "rows without times are neither older nor newer", "\"last\" or \"priority\"",
                   "give the section a `time`, or leave the key out: the row that is read last stands then");
    if (rule == ConflictRule::kPriority && section.get_strings("source").size() < 2)
      section.fail("conflicts", "there is one source: nothing comes before or after it",
                   "a list of sources, the most trusted one first");
    return rule;
  }

  // `entries`, if asked for: which of the section's names each file comes from.
  std::vector<std::uint16_t> read_sources(const TomlSection& section,
                                          std::vector<std::uint16_t>* entries = nullptr) {
    std::vector<std::uint16_t> positions;
    for (SourceFile& source : resolver_->files(section)) {
      if (entries != nullptr) entries->push_back(static_cast<std::uint16_t>(source.entry));
      const auto found = std::find_if(project_.sources.begin(), project_.sources.end(),
                                      [&](const SourceFile& other) { return other.path == source.path; });
      const auto position = static_cast<std::size_t>(found - project_.sources.begin());
      if (position >= kMaxSources)
        section.fail("source", "too many source files", fmt::format("at most {}", kMaxSources));
      if (found == project_.sources.end()) project_.sources.push_back(std::move(source));
      positions.push_back(static_cast<std::uint16_t>(position));
    }
    return positions;
  }

  RuleRange read_rules(const TomlSection& section) {
    const std::size_t begin = project_.rules.size();
    for (ColumnRules& rules : read_column_rules(section, *resolver_))
      project_.rules.push_back(std::move(rules));
    return {begin, project_.rules.size()};
  }

  template <typename Mapping>
  TimeSpec read_time(const TomlSection& parent, const Mapping& mapping) const {
    const TomlSection section = parent.section("time");
    TimeSpec time{.column = required_column(section, "column"), .unit = TimeUnit::kIso8601};
    const bool by_rules =
        std::all_of(mapping.sources.begin(), mapping.sources.end(), [&](std::uint16_t source) {
          const std::size_t rule = project_.find_rule(source, mapping.rules, time.column.name);
          return rule != Project::kNoRule && project_.rules[rule].time;
        });
    if (section.has("unit")) {
      time.unit = static_cast<TimeUnit>(section.get_choice("unit", kTimeUnits, 0));
      if (by_rules && !mapping.sources.empty())
        section.fail("unit", "the column's rules read the time already", "no unit here");
    } else if (!by_rules) {
      section.fail("unit", "a required key is missing", "one of " + join(kTimeUnits));
    }
    if (section.has("default")) {
      const std::vector<std::string> texts = section.get_texts("default");
      time.fallback = texts.size() == 1 ? parse_time(texts[0], time.unit) : std::nullopt;
      if (!time.fallback)
        section.fail("default", "is no time", fmt::format("a time in unit {}", time_unit_name(time.unit)));
    }
    section.check_no_unknown_keys();
    return time;
  }

  FieldMapping read_field(const std::string& name, const TomlSection& section) const {
    FieldMapping field{.name = name};
    if (!section.has("kind"))
      section.fail("kind", "a required key is missing", "one of " + join(kFieldKinds));
    field.kind = static_cast<FieldKind>(section.get_choice("kind", kFieldKinds, 0));
    field.as_node = section.get_bool("as_node", false);
    if (graph::is_media(field.kind)) {
      field.path = read_path(section, section.get_string("path", "{" + name + "}"));
    } else {
      field.column =
          section.has("column") ? required_column(section, "column") : ColumnRef{name, section.where()};
    }
    if (field.kind == FieldKind::kCategory) field.separator = section.get_string("separator", "");
    if (field.as_node && field.kind != FieldKind::kCategory && !graph::is_media(field.kind)) {
      section.fail("as_node",
                   fmt::format("a field of kind {} cannot be a node", graph::field_kind_name(field.kind)),
                   "as_node with kind category, image or audio",
                   "declare a [nodes.*] of its own with the same source, and an edge to it");
    }
    section.check_no_unknown_keys();
    return field;
  }

  void declare_node_type(const std::string& name, const TomlSection& section) {
    check_name(name, section);
    NodeMapping mapping;
    mapping.sources = read_sources(section, &mapping.entries);
    mapping.rules = read_rules(section);
    mapping.id = optional_column(section, "id");
    if (section.has("time")) mapping.time = read_time(section, mapping);
    mapping.conflicts = read_conflicts(section, mapping);
    mapping.where = read_where(section);
    graph::NodeType type{.name = name};
    const TomlSection fields = section.section("fields");
    for (const auto& [field_name, field_section] : fields.sections()) {
      FieldMapping field = read_field(field_name, field_section);
      if (!field.as_node) {
        field.field = type.fields.size();
        type.fields.push_back({field_name, field.kind});
      }
      mapping.fields.push_back(std::move(field));
    }
    fields.check_no_unknown_keys();
    type.name_field = section.get_string("name", "");
    if (!type.name_field.empty()) check_name_field(section, type);
    section.check_no_unknown_keys();
    const bool sourced = section.has("source");
    if (!sourced) {
      for (const char* key : {"id", "time", "fields", "where", "columns", "conflicts"}) {
        if (section.has(key))
          section.fail(key, "is given without a source", "source = \"...\"",
                       "a node type without a source is made by edges alone");
      }
    }
    mapping.type = project_.schema.graph.add_node_type(std::move(type));
    project_.schema.from_event.push_back(sourced && mapping.id.name.empty() ? 1 : 0);
    project_.nodes.push_back(std::move(mapping));
  }

  static void check_name_field(const TomlSection& section, const graph::NodeType& type) {
    const auto field = type.find_field(type.name_field);
    if (field && type.fields[*field].kind == FieldKind::kText) return;
    std::vector<std::string> texts;
    for (const graph::Field& each : type.fields) {
      if (each.kind == FieldKind::kText) texts.push_back(each.name);
    }
    const std::string nearest = nearest_word(type.name_field, texts);
    section.fail("name", "is no text field of this node type",
                 texts.empty() ? "a field of kind text" : "one of " + join(texts),
                 nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
  }

  static void check_name(const std::string& name, const TomlSection& section) {
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return c == '_' || c == '-' || std::isalnum(c) || c >= 0x80;
    });
    if (name.empty() || !plain)
      section.fail("", "the name of a type holds a character it must not", "letters, digits, _ and -");
  }

  void declare_attribute_nodes(const TomlSection& section) {
    const std::string owner = section.name().substr(section.name().find('.') + 1);
    NodeMapping& mapping = project_.nodes[*project_.schema.graph.find_node_type(owner)];
    for (FieldMapping& field : mapping.fields) {
      if (!field.as_node) continue;
      if (project_.schema.graph.find_node_type(field.name)) {
        section.section("fields")
            .section(field.name)
            .fail("as_node", fmt::format("the node type '{}' is there already", field.name),
                  "a field name that no node type has",
                  fmt::format("rename the field and give column = \"{}\"",
                              field.column.name.empty() ? field.name : field.column.name));
      }
      graph::NodeType type{.name = field.name};
      if (graph::is_media(field.kind)) type.fields.push_back({"content", field.kind});
      field.node_type = project_.schema.graph.add_node_type(std::move(type));
      project_.schema.from_event.push_back(0);
      attribute_sections_.emplace_back(section.section("fields").section(field.name));
    }
  }

  EdgeEnd read_end(const TomlSection& section, std::string_view key,
                   const std::vector<std::uint16_t>& sources) const {
    const std::string text = section.get_string(key);
    const std::size_t colon = text.find(':');
    const std::string type_name = text.substr(0, colon);
    const graph::Schema& schema = project_.schema.graph;
    const auto type = schema.find_node_type(type_name);
    if (!type) {
      std::vector<std::string> names;
      for (const graph::NodeType& each : schema.node_types()) names.push_back(each.name);
      const std::string nearest = nearest_word(type_name, names);
      section.fail(key, fmt::format("there is no node type '{}'", type_name), "one of " + join(names),
                   nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
    }
    EdgeEnd end{.type = *type};
    if (colon != std::string::npos) {
      if (project_.schema.from_event[*type] != 0) {
        section.fail(
            key, fmt::format("nodes of type '{}' have no ids", type_name), fmt::format("\"{}\"", type_name),
            fmt::format(
                "without a column the edge takes the node that the same row makes; or give [nodes.{}] an id",
                type_name));
      }
      end.column = column_ref(section, key, text.substr(colon + 1));
      return end;
    }
    const auto mapping = std::find_if(project_.nodes.begin(), project_.nodes.end(),
                                      [&](const NodeMapping& each) { return each.type == *type; });
    for (const std::uint16_t source : sources) {
      if (mapping == project_.nodes.end() ||
          std::find(mapping->sources.begin(), mapping->sources.end(), source) == mapping->sources.end()) {
        section.fail(
            key,
            fmt::format("rows of '{}' make no node of type '{}'", project_.sources[source].name, type_name),
            fmt::format("\"{}:COLUMN\", or the same source in [nodes.{}]", type_name, type_name));
      }
    }
    return end;
  }

  void read_edges(const std::string& name, const TomlSection& section) {
    check_name(name, section);
    EdgeMapping mapping;
    section.get_string("from");
    if (!section.has("source"))
      section.fail("source", "a required key is missing", "a file or a list of files");
    mapping.sources = read_sources(section);
    mapping.rules = read_rules(section);
    mapping.from = read_end(section, "from", mapping.sources);
    mapping.to = read_end(section, "to", mapping.sources);
    if (section.has("time")) mapping.time = read_time(section, mapping);
    mapping.weight = optional_column(section, "weight");
    mapping.where = read_where(section);
    read_delete(section, mapping);
    if (mapping.deletes) delete_sections_.emplace_back(project_.edges.size(), section);
    mapping.keep_duplicates = section.get_choice("duplicates", {"drop", "keep"}, 0) == 1;
    const bool symmetric = section.get_bool("symmetric", false);
    if (symmetric && mapping.from.type != mapping.to.type) {
      section.fail("symmetric", "the ends have different node types", "one node type at both ends");
    }
    section.check_no_unknown_keys();
    mapping.type = project_.schema.graph.add_edge_type({.name = name,
                                                        .from = mapping.from.type,
                                                        .to = mapping.to.type,
                                                        .timed = mapping.time.has_value(),
                                                        .weighted = !mapping.weight.name.empty(),
                                                        .symmetric = symmetric});
    project_.schema.attribute.push_back(0);
    project_.edges.push_back(std::move(mapping));
  }

  // Rows that delete edges must not make anything else by accident.
  void check_delete(const EdgeMapping& mapping, const TomlSection& section) const {
    const std::string& column = mapping.deletes->column.name;
    if (mapping.from.column.name.empty() || mapping.to.column.name.empty()) {
      section.fail("delete", "a row cannot name a node that another row made", "\"TYPE:COLUMN\" at both ends",
                   "delete the edge beside it: the edges at the node that its row made go with it");
    }
    const auto shares_source = [&](const auto& other) {
      return share_a_source(other.sources, mapping.sources);
    };
    const auto looks_at_it = [&](const auto& other) {
      return std::any_of(other.where.begin(), other.where.end(),
                         [&](const RowFilter& filter) { return filter.column.name == column; });
    };
    const auto refuse = [&](const std::string& what, const std::string& name) {
      section.fail(
          "delete", fmt::format("rows that delete would make {} '{}' too", what, name),
          fmt::format("`where` with the column '{}' in that section, or `delete` if it has edges", column));
    };
    for (const NodeMapping& other : project_.nodes) {
      const std::string& name = project_.schema.graph.node_type(other.type).name;
      if (!other.id.name.empty() || !shares_source(other)) continue;
      if (!mapping.time)
        section.fail("delete", fmt::format("without times it is not known whether a node '{}' stays", name),
                     "`time` in this section, or another source for these nodes");
      if (!looks_at_it(other)) refuse("nodes of type", name);
    }
    for (const EdgeMapping& other : project_.edges) {
      const bool follows_node = other.from.column.name.empty() || other.to.column.name.empty();
      if (!other.deletes && !follows_node && shares_source(other) && !looks_at_it(other))
        refuse("edges of type", project_.schema.graph.edge_type(other.type).name);
    }
  }

  void declare_attribute_edges() {
    std::size_t next = 0;
    for (NodeMapping& mapping : project_.nodes) {
      const std::string owner = project_.schema.graph.node_type(mapping.type).name;
      for (FieldMapping& field : mapping.fields) {
        if (!field.as_node) continue;
        const std::string name = owner + "_" + field.name;
        if (project_.schema.graph.find_edge_type(name)) {
          attribute_sections_[next].fail("as_node", fmt::format("the edge type '{}' is there already", name),
                                         "a field name that makes another");
        }
        field.edge_type =
            project_.schema.graph.add_edge_type({.name = name, .from = mapping.type, .to = field.node_type});
        project_.schema.attribute.push_back(1);
        ++next;
      }
    }
  }

  TomlSection root_;
  Sources sources_;
  std::optional<SourceResolver> resolver_;
  Project project_;
  std::vector<TomlSection> attribute_sections_;                       // of the as_node fields, in order
  std::vector<std::pair<std::size_t, TomlSection>> delete_sections_;  // positions in Project::edges
};

}  // namespace

std::size_t Project::find_rule(std::uint16_t source, const RuleRange& section, std::string_view name) const {
  for (const RuleRange& range : {section, rules_of(source)}) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (rules[i].name() == name) return i;
    }
  }
  return kNoRule;
}

bool Project::has_deletions() const {
  return std::any_of(edges.begin(), edges.end(),
                     [](const EdgeMapping& mapping) { return mapping.deletes.has_value(); });
}

bool Project::makes_event_nodes(const EdgeMapping& mapping) const {
  return std::any_of(nodes.begin(), nodes.end(), [&](const NodeMapping& node) {
    return node.id.name.empty() && share_a_source(node.sources, mapping.sources);
  });
}

bool Project::deletes_in_order() const {
  return std::any_of(edges.begin(), edges.end(), [this](const EdgeMapping& mapping) {
    return mapping.deletes && (!mapping.time || makes_event_nodes(mapping));
  });
}

Project read_project(const TomlFile& toml, const fs::path& project_file, Sources sources) {
  return ProjectReader(toml, project_file, sources).read();
}

}  // namespace weft::storage
