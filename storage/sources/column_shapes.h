// Which columns a source file has, down into its objects, and which of them a cell can hold: for those who
// look at a file before they know what to read of it.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "storage/source_files.h"

namespace weft::storage {

struct ColumnShape {
  std::string name = {};     // as a RowReader takes it: dotted for what lies in objects
  std::string why_not = {};  // what keeps it from being read; empty: it can be
  bool bytes = false;        // Parquet: its type does not say that it is text
};

// In the file's order, of JSON lines those of the first rows; columns that the file's folders give go first.
// Throws Error as RowReader::open() does.
std::vector<ColumnShape> column_shapes(const SourceFile& source, Files& files);

}  // namespace weft::storage
