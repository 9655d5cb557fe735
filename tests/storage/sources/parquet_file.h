// Parquet files for tests, from columns given as JSON.
#pragma once

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <filesystem>
#include <string>
#include <vector>

namespace weft::storage {

struct ParquetColumn {
  std::string name = {};
  std::shared_ptr<arrow::DataType> type = {};
  std::string values = {};  // a JSON list
};

// With Arrow's own schema inside, as Arrow and pandas write them, so that dictionary types come back.
inline void write_parquet(const std::filesystem::path& path, const std::vector<ParquetColumn>& columns,
                          std::int64_t group_rows = 3) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const ParquetColumn& column : columns) {
    arrays.push_back(arrow::json::ArrayFromJSONString(column.type, column.values).ValueOrDie());
    fields.push_back(arrow::field(column.name, column.type));
  }
  std::filesystem::create_directories(path.parent_path());
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
  const auto out = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, group_rows,
                                         parquet::default_writer_properties(), arrow_properties)
                  .ok());
  ASSERT_TRUE(out->Close().ok());
}

}  // namespace weft::storage
