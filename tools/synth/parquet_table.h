// A table of the synthetic shop as a Parquet file, row by row in bounded memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace weft::synth {

// Not thread-safe. Throws weft::Error on failures to write. The same rows give the same bytes.
class ParquetTable {
 public:
  // `header`: the columns' names, with commas between. time, signup, age, step, place are whole numbers, the
  // others texts.
  ParquetTable(const std::filesystem::path& path, std::string_view header);
  ~ParquetTable();
  ParquetTable(const ParquetTable&) = delete;
  ParquetTable& operator=(const ParquetTable&) = delete;

  // Cells with commas between. An empty cell, one that is not there and one that is no number where one is
  // wanted are missing values.
  void add(std::string_view row);
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::synth
