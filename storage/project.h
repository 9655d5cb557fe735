// The project file's [project], [nodes.*], [edges.*] and [clean]: the graph's schema, and how rows of source
// files become nodes and edges. docs/project-file.md lists the keys. The other sections belong to other
// folders; their names are checked here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/toml.h"
#include "graph/clean_rules.h"
#include "graph/event.h"
#include "graph/schema.h"
#include "storage/cleaning/column_rules.h"
#include "storage/field_conflicts.h"
#include "storage/source_files.h"
#include "storage/store_schema.h"
#include "storage/values.h"
#include "storage/workspace.h"

namespace weft::storage {

// A column that the project file names, and the place in the project file that names it. An empty name: none.
struct ColumnRef {
  std::string name = {};
  ErrorContext where = {};
  bool operator==(const ColumnRef& other) const { return name == other.name; }
};

// The rules of one section: positions in Project::rules.
struct RuleRange {
  std::size_t begin = 0, end = 0;
};

struct TimeSpec {
  ColumnRef column = {};
  TimeUnit unit = TimeUnit::kSeconds;          // where no column rules read the time
  std::optional<graph::TimeMs> fallback = {};  // for rows without a value
};

// "images/{photo}.jpg" cut into literal text and columns: text[0] column[0] text[1] column[1] ... text[n].
struct PathTemplate {
  std::vector<std::string> text = {};
  std::vector<ColumnRef> columns = {};
};

struct FieldMapping {
  std::string name = {};
  graph::FieldKind kind = graph::FieldKind::kNumber;
  ColumnRef column = {};       // unused for media, whose columns are in `path`
  std::string separator = {};  // cuts a category's text into several values; empty: one value
  PathTemplate path = {};
  // as_node: no field of the node type, but an edge type from it to a node type of its own.
  bool as_node = false;
  std::size_t field = 0;  // position in NodeType::fields; as_node: unused
  graph::NodeTypeId node_type = 0;
  graph::EdgeTypeId edge_type = 0;
};

// Passes a row if the column holds one of the values; or any value; or none.
struct RowFilter {
  enum class Wants { kOneOf, kPresent, kAbsent };
  ColumnRef column = {};
  Wants wants = Wants::kOneOf;
  std::vector<std::string> values = {};
};

struct NodeMapping {
  graph::NodeTypeId type = 0;
  std::vector<std::uint16_t> sources = {};  // positions in Project::sources
  ConflictRule conflicts = ConflictRule::kReadLast;
  std::vector<std::uint16_t> entries = {};  // [sources] which entry of `source` names it
  ColumnRef id = {};                        // none: the node's id is its row's event id
  std::optional<TimeSpec> time = {};
  std::vector<FieldMapping> fields = {};
  std::vector<RowFilter> where = {};
  RuleRange rules = {};
};

// An end of an edge: a column with the external id; or no column: the node that the same row makes.
struct EdgeEnd {
  graph::NodeTypeId type = 0;
  ColumnRef column = {};
};

struct EdgeMapping {
  graph::EdgeTypeId type = 0;
  std::vector<std::uint16_t> sources = {};
  EdgeEnd from = {};
  EdgeEnd to = {};
  std::optional<TimeSpec> time = {};
  ColumnRef weight = {};
  std::vector<RowFilter> where = {};
  std::optional<RowFilter> deletes = {};  // rows that it passes delete edges
  bool deletes_same_time = false;         // those at the row's time alone
  bool keep_duplicates = false;           // file and offset join the event id
  RuleRange rules = {};
};

// Shares of a source file's rows; with more, ingest stops before anything is written. Up to them a bad row
// goes to quarantine, and a damaged picture or sound is listed and treated like a missing one.
struct CleanOptions {
  double max_bad_rows = 0.05;
  double max_bad_media = 0.05;
  std::vector<std::string> missing = {};  // texts that count as no value, as "n/a"
};

struct Project {
  std::filesystem::path file = {};
  std::filesystem::path data_root = {};  // canonical
  Workspace workspace = {};
  double delta_share = 0.1;  // of the snapshot's edges: changes up to which an ingest writes a delta
  StoreSchema schema = {};
  std::vector<SourceFile> sources = {};  // in order of first mention, nodes before edges: the order of ingest
  std::vector<SourceOptions> source_options = {};
  std::vector<NodeMapping> nodes = {};
  std::vector<EdgeMapping> edges = {};  // without the edge types of as_node fields
  CleanOptions clean = {};
  graph::CleanRules row_rules = {};          // of [clean], for snapshots; core_edges not settled
  std::vector<ColumnRules> rules = {};       // of all sections
  std::vector<RuleRange> source_rules = {};  // [source_options]

  static constexpr std::size_t kNoRule = static_cast<std::size_t>(-1);
  RuleRange rules_of(std::uint16_t source) const {
    const std::size_t options = sources[source].options;
    return options == SourceFile::kNoOptions ? RuleRange{} : source_rules[options];
  }
  // The rules, of a mapping's `section` or of the source's own, for the column that nodes and edges call
  // `name`; or kNoRule.
  std::size_t find_rule(std::uint16_t source, const RuleRange& section, std::string_view name) const;
  bool has_deletions() const;  // a section has `delete`
  // Rows of its sources make nodes of their own, which lose their edges with an edge that is deleted.
  bool makes_event_nodes(const EdgeMapping& mapping) const;
  // A deletion's outcome hangs on what came before it: in untimed types; and where rows of its source make
  // nodes of their own, which lose their edges with it.
  bool deletes_in_order() const;
  // [node type]
  std::vector<RankRule> rank_rules(std::uint16_t source) const;
  // Changes if the meaning of the source's rows does: what columns become, not where the files lie.
  std::uint64_t fingerprint(std::uint16_t source) const;
  // `earlier` was the source's fingerprint, or would have been: its meaning has not changed since, but that
  // maps of ids (at most two of them) got further entries at their ends. Time: of all entries.
  bool has_meant(std::uint16_t source, std::uint64_t earlier) const;
};

// Throws Error (kUsage) with file and line: unknown keys (with the nearest known one), wrong types, missing
// files, unknown node types, colliding names, paths that lead out of the data root. `project_file` need not
// be the text's own place: it only gives the defaults of data_root and workspace. Other owners' sections are
// not looked into.
Project read_project(const TomlFile& toml, const std::filesystem::path& project_file,
                     Sources sources = Sources::kMustExist);

}  // namespace weft::storage
