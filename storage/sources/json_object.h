// A JSON object's values for the columns that are wanted. A column is a key; "a.b" is the key "a.b" or, if
// there is none, key b of the object at a; "a.0" likewise the first entry of the list at a.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sources/value_reader.h"

namespace weft::storage {

class JsonObjectReader final : public ValueReader {
 public:
  explicit JsonObjectReader(std::vector<std::string> columns);
  ~JsonObjectReader() override;

  Outcome read(std::string_view text, std::span<Cell> cells, Row& row) override;
  std::vector<std::size_t> missing_columns() const override;  // that no object so far had
  const std::vector<std::string>& known_columns() const override { return known_; }

 private:
  struct Parser;
  std::vector<std::string> columns_;
  std::unique_ptr<Parser> parser_;
  std::vector<std::uint8_t> seen_;  // [columns]
  std::vector<std::string> known_;  // keys of the first objects
  std::uint64_t rows_ = 0;
};

}  // namespace weft::storage
