// What the values of one column look like: counted over a sample of a table's rows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/sources/row_reader.h"

namespace weft::init {

struct ColumnProfile {
  std::string name = {};
  std::uint64_t rows = 0;          // seen
  std::uint64_t present = 0;       // with a value; everything below counts these
  std::uint64_t lists = 0;         // values that are lists already (JSON)
  std::uint64_t number_lists = 0;  // of them those that hold a number
  std::uint64_t numbers = 0;
  double least = 0, greatest = 0;  // of the numbers
  std::uint64_t dates = 0;         // ISO 8601 texts with a full date
  std::uint64_t urls = 0;
  std::uint64_t images = 0, sounds = 0;  // texts that end as the names of such files do, URLs aside
  std::uint64_t bytes = 0;               // of all texts together
  std::uint64_t spaced = 0;              // texts with a blank within
  std::uint64_t markup = 0;              // texts with HTML's character references
  std::string declared = {};             // the type that the file's header gives it (RecBole); may be empty
  std::unordered_set<std::uint64_t> distinct = {};  // hashes of values, at most kMaxDistinct
  std::vector<std::string> examples = {};           // the first distinct values, at most kMaxExamples
  std::map<std::string, std::uint64_t, std::less<>> counts = {};  // of short values, at most kMaxCounted + 1
  // Of texts cut at each of kSeparators: hashes of the parts, at most kMaxParts + 1; and how many parts.
  std::vector<std::unordered_set<std::uint64_t>> parts = {};
  std::vector<std::uint64_t> part_counts = {};

  static constexpr std::size_t kMaxDistinct = 200'000;
  static constexpr std::size_t kMaxExamples = 400;
  static constexpr std::size_t kMaxParts = 1000;
  static constexpr std::size_t kMaxCounted = 16;
  static constexpr std::string_view kSeparators = "|;, ";

  void add(const storage::Cell& cell);
  // Its texts were written for a browser.
  bool has_markup() const { return markup > 0 && markup * 200 >= present; }
  // Every row has another value.
  bool unique() const { return rows > 0 && present == rows && distinct.size() == rows; }
  bool all_numbers() const { return present > 0 && numbers == present; }
  double mean_bytes() const {
    return present == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(present);
  }
  // Share of this column's distinct values that `other` has, too.
  double contained_in(const ColumnProfile& other) const;

 private:
  void add_text(std::string_view text);
  void add_parts(std::string_view text);
  void add_count(std::string_view text);
};

}  // namespace weft::init
