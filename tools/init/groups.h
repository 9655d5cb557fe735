// The tables of a folder put together where several files are parts of one table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/init/roles.h"
#include "tools/init/table_profile.h"

namespace weft::init {

// Tables of equal columns whose names say that they are parts of one: train and test, day by day.
struct Group {
  std::vector<const TableProfile*> tables = {};
  std::string stem = {};
  // What a project file names to read them all: files, patterns or a folder.
  std::vector<std::string> sources = {};
  std::size_t unopened = 0;                          // further files that `sources` stands for
  std::vector<ColumnRole> roles = {};                // [column], of the first table
  std::vector<std::size_t> ids = {};                 // positions of id columns in use
  std::size_t key = kNone;                           // the id column that names the rows; or kNone
  std::map<std::size_t, std::string> left_out = {};  // column -> why
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  const TableProfile& first() const { return *tables.front(); }
  const std::string& column(std::size_t i) const { return first().columns[i].name; }
  std::uint64_t rows() const {
    std::uint64_t all = 0;
    for (const TableProfile* table : tables) all += table->rows;
    return all;
  }
  bool unique(std::size_t i) const {
    return std::all_of(tables.begin(), tables.end(),
                       [&](const TableProfile* table) { return table->columns[i].unique(); });
  }
  // Its values come again and again; otherwise nearly every row has another one.
  bool repeats(std::size_t i) const {
    return std::any_of(tables.begin(), tables.end(), [&](const TableProfile* table) {
      return table->columns[i].distinct.size() * 10 < table->columns[i].present * 9;
    });
  }
  bool has_markup(std::size_t i) const {
    return std::any_of(tables.begin(), tables.end(),
                       [&](const TableProfile* table) { return table->columns[i].has_markup(); });
  }
  bool everywhere(std::size_t i) const {
    return std::all_of(tables.begin(), tables.end(),
                       [&](const TableProfile* table) { return table->columns[i].present == table->rows; });
  }
};

// Of all tables, with `tables`, `stem`, `sources` and `unopened` filled in; the training part of a split goes
// first. They point into `folder`.
std::vector<Group> group_tables(const FolderProfile& folder);

}  // namespace weft::init
