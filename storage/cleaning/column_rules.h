// What the project file says of a source's columns, value by value: [sources.NAME.columns.COLUMN], or the
// short form [nodes.TYPE.columns.COLUMN] and [edges.TYPE.columns.COLUMN]. docs/cleaning.md lists the keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/toml.h"
#include "storage/cleaning/text_map.h"
#include "storage/cleaning/tidy.h"
#include "storage/source_files.h"
#include "storage/values.h"

namespace weft::storage {

struct Interval {
  double low = 0, high = 0;
  bool holds(double value) const { return value >= low && value <= high; }
};

// What becomes of a value that is bad: its row goes to quarantine; its row is left out; it counts as missing;
// ingest stops.
enum class OnBad { kQuarantine, kDrop, kMissing, kStop };
// What becomes of an id that the id map does not name.
enum class UnknownIds { kKeep, kMissing, kBad };

struct ScaleRule {
  Interval from = {}, to = {};
};
struct TimeRule {
  TimeUnit unit = TimeUnit::kSeconds;
  int zone_minutes = 0;  // of ISO 8601 texts without a zone: east of UTC
};

// The steps of a value, in this order. Once it is missing, the steps up to the default are passed over.
struct ColumnRules {
  std::string owner = {};   // the section: "sources.orders", "nodes.item"
  std::string column = {};  // as the file names it
  ErrorContext where = {};
  std::string rename = {};     // as nodes and edges name it; empty: the same
  std::string separator = {};  // cuts a text into several values; empty: one value
  TidySteps tidy = {};
  std::vector<std::string> missing = {};
  std::shared_ptr<const TextMap> values = {};
  std::shared_ptr<const TextMap> ids = {};
  UnknownIds unknown_ids = UnknownIds::kKeep;
  std::string prefix = {};  // before each id that `ids` does not name
  std::optional<double> factor = {};
  std::optional<ScaleRule> scale = {};
  std::optional<TimeRule> time = {};
  std::optional<Interval> range = {};        // of the number, or of the time in ms
  std::vector<std::string> allowed = {};     // sorted
  std::optional<std::string> fallback = {};  // "default"
  bool required = false;
  bool optional = false;  // a file may lack the column: then none of its rows has a value
  OnBad on_bad = OnBad::kQuarantine;

  bool is_number() const { return factor || scale || (range && !time); }
  const std::string& name() const { return rename.empty() ? column : rename; }
  // A text that differs if the meaning does. Not that a file may lack the column: it changes no row.
  std::string canonical() const;
  std::string canonical_but_ids() const;  // the same whatever the map of ids holds
  bool only_optional() const;             // and no rule besides

 private:
  std::string canonical_with(std::string_view ids) const;
};

// Reads `section`'s table "columns". Throws Error (kUsage) with file and line for unknown keys and values,
// keys that exclude each other, and two columns of one name.
std::vector<ColumnRules> read_column_rules(const TomlSection& section, const SourceResolver& resolver);

// "Z", "UTC", "+05:30", "-0800", or a common name of a fixed offset ("CET", "JST"): minutes east of UTC.
std::optional<int> parse_zone(std::string_view text);

}  // namespace weft::storage
