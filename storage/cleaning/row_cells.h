// A source's rows as its mappings see them: columns by the names that the rules give them, values cleaned.
// A value is cleaned when it is first asked for in a row, and once; so what no mapping looks at (a row that a
// filter leaves out) is neither cleaned nor counted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/ids.h"
#include "storage/cleaning/clean_counts.h"
#include "storage/cleaning/value_cleaner.h"
#include "storage/project.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

// A value that on_bad does not pass over; ends its row.
struct BadValue {
  OnBad then = OnBad::kQuarantine;
  std::string reason = {}, detail = {};
};

// Not thread-safe. `project` must outlive it.
class RowCells {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  RowCells(const Project& project, std::uint16_t source) : project_(project), source_(source) {}

  // The cell of a column as a mapping with the rules `section` names it; kNone for none.
  std::size_t add(const ColumnRef& column, const RuleRange& section);
  // What the reader must be opened with, and where the project file names each first.
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<ColumnRef>& refs() const { return refs_; }
  // The file's name of a cell's column.
  const std::string& column_of(std::size_t cell) const { return columns_[cells_[cell].column]; }
  // [columns] A file may lack it.
  bool is_optional(std::size_t column) const { return optional_[column] != 0; }

  // `row` must stay valid until the last get() of it.
  void begin(const Row& row);
  // Throws BadValue. A time that rules have read is a text in ISO 8601.
  const Cell& get(std::size_t cell);
  // The time that rules have read; null if the cell has no such rule, or no value.
  const graph::TimeMs* time(std::size_t cell);

  // The value of the cell, which its rules let pass, is none that its use can take: what stands in its place
  // there, a missing value or the default. Other uses of the column see what they saw. Throws BadValue unless
  // the column's rules say on_bad = "missing".
  Cell refuse(std::size_t cell, std::string reason, std::string detail);

  CleanCounts counts = {};

 private:
  struct Cleaned {
    Cell cell = {};
    bool done = false;
    bool is_time = false;
    bool text_made = false;
    graph::TimeMs time = 0;
    std::string buffer = {};
    std::vector<std::string_view> pieces = {}, items = {};
    std::vector<std::string> buffers = {};  // of the items
  };
  struct Planned {
    std::size_t column = 0;
    std::size_t rule = Project::kNoRule;
    std::size_t cleaned = kNone;  // none: the row's own cell
  };

  Cleaned& clean(const Planned& planned);
  void clean_one(const ValueCleaner& cleaner, const Cell& in, std::size_t column, Cleaned& out,
                 StepCounts& steps);
  void clean_list(const ValueCleaner& cleaner, const Cell& in, std::size_t column, Cleaned& out,
                  StepCounts& steps);
  void take(const ValueCleaner& cleaner, CleanedValue value, std::size_t column, Cleaned& out) const;

  const Project& project_;
  std::uint16_t source_;
  std::vector<std::string> columns_;
  std::vector<ColumnRef> refs_;         // [columns]
  std::vector<std::uint8_t> optional_;  // [columns] wherever it is used
  std::vector<Planned> cells_;
  std::vector<ValueCleaner> cleaners_;  // [cleaned], unused for cells without rules
  std::vector<Cleaned> cleaned_;
  std::span<const Cell> row_;
};

}  // namespace weft::storage
