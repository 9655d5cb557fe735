// Values of Arrow arrays as cells: texts, or lists of texts.
#pragma once

#include <arrow/type_fwd.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sources/column_shapes.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

// Where a wanted column lies: a column of the file, and the way from there into structs (by field number) and
// lists (by entry).
struct ArrowPath {
  std::vector<std::int64_t> steps = {};
};

// Resolves dotted `parts` from a column of type `type`; false if there is nothing of that name.
bool resolve_path(const arrow::DataType& type, const std::vector<std::string>& parts, std::size_t first,
                  ArrowPath& path);

// What can be asked for of a column `name` of type `type`: itself, or the dotted names of a struct's fields.
void add_shapes(const std::string& name, const arrow::DataType& type, std::vector<ColumnShape>& shapes);

// Fills one column's cell, row after row. Keeps the texts of the last one.
class ArrowCell {
 public:
  // Views of the text may point into the array. What is wrong, as "is an object"; empty if nothing.
  std::string_view fill(const arrow::Array& array, std::int64_t row, const ArrowPath& path, Cell& cell);

 private:
  // False: no value. Throws std::invalid_argument for types that have no text.
  bool text_of(const arrow::Array& array, std::int64_t row, std::string_view& text);

  std::deque<std::string> made_;
  std::size_t used_ = 0;
  std::vector<std::string_view> items_;
};

}  // namespace weft::storage
