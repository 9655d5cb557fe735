// A row's values for the wanted columns, from a text that is there as a whole: a line, or a message.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sources/row_reader.h"

namespace weft::storage {

// Not thread-safe: keeps buffers.
class ValueReader {
 public:
  virtual ~ValueReader() = default;

  enum class Outcome { kGood, kBad, kNotUtf8 };
  // Fills `cells` [wanted columns], whose texts are valid until the next call, or as long as `text` is; or
  // says in `row` why it is bad. kNotUtf8, with nothing said: bytes that are no UTF-8.
  virtual Outcome read(std::string_view text, std::span<Cell> cells, Row& row) = 0;

  // As RowReader has them.
  virtual std::vector<std::size_t> missing_columns() const = 0;
  virtual const std::vector<std::string>& known_columns() const = 0;
};

}  // namespace weft::storage
