// Parquet files. First byte 0: the rest is a file. 1: the rest says what file is made: the type of its
// column, how that is nested, and the values, among them the ends of every type's range; such a file must be
// read, row for row, and times must read back.
// Parser: storage/sources/arrow_cells.cc storage/sources/parquet_reader.cc storage/sources/column_path.cc
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/json/from_string.h>
#include <parquet/arrow/writer.h>

#include <array>

#include "storage/source_files.h"
#include "storage/sources/row_reader.h"
#include "storage/values.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace storage;

struct Kind {
  std::shared_ptr<arrow::DataType> type = {};
  std::vector<const char*> values = {};  // as JSON
  bool time = false;
};

const std::vector<Kind>& kinds() {
  using arrow::TimeUnit;
  const std::vector<const char*> moments = {
      "0", "-1", "1714557600250", "9223372036854775807", "-9223372036854775808", "253402300799999", "null"};
  static const std::vector<Kind> all = {
      {arrow::int8(), {"-128", "127", "null"}},
      {arrow::uint16(), {"0", "65535", "null"}},
      {arrow::int64(), {"-9223372036854775808", "9223372036854775807", "0", "null"}},
      {arrow::uint64(), {"18446744073709551615", "0", "null"}},
      {arrow::float32(), {"0.1", "NaN", "-Inf", "3.4e38", "1e-45", "null"}},
      {arrow::float64(), {"0.1", "NaN", "Inf", "1.7e308", "5e-324", "-0.0", "null"}},
      {arrow::boolean(), {"true", "false", "null"}},
      {arrow::utf8(), {R"("")", R"("a\"b")", R"("\u0000")", R"("é")", R"("long long long text")", "null"}},
      {arrow::large_utf8(), {R"("")", R"("x")", "null"}},
      {arrow::binary(), {R"("")", R"("bytes")", "null"}},
      {arrow::fixed_size_binary(3), {R"("abc")", "null"}},
      {arrow::decimal128(38, 10),
       {R"("0.0000000001")", R"("-9999999999999999999999999999.9999999999")", "null"}},
      {arrow::decimal256(60, 0), {R"("1")", "null"}},
      {arrow::date32(), {"0", "-1", "2147483647", "-2147483648", "19844", "null"}},
      {arrow::date64(), {"0", "86400000", "null"}},
      {arrow::timestamp(TimeUnit::SECOND), {"0", "-1", "1714557600", "253402300799", "null"}, true},
      {arrow::timestamp(TimeUnit::MILLI), moments, true},
      {arrow::timestamp(TimeUnit::MICRO, "UTC"), moments, true},
      {arrow::timestamp(TimeUnit::NANO), moments, true},
      {arrow::time32(TimeUnit::MILLI), {"0", "86399999", "null"}},
      {arrow::time64(TimeUnit::NANO), {"0", "86399999999999", "null"}},
      {arrow::null(), {"null"}},
  };
  return all;
}

// The value within lists, structs and dictionaries.
std::shared_ptr<arrow::DataType> nested(const std::shared_ptr<arrow::DataType>& type, std::uint8_t how) {
  switch (how % 5) {
    case 1:
      return arrow::list(type);
    case 2:
      return arrow::struct_({arrow::field("b", type)});
    case 3:
      return arrow::list(arrow::struct_({arrow::field("b", type)}));
    case 4:
      return arrow::struct_({arrow::field("b", arrow::list(type))});
    default:
      return type;
  }
}

std::string nested_value(const std::string& value, std::uint8_t how, std::uint8_t shape) {
  const bool missing = shape % 5 == 0;
  const std::string list = shape % 3 == 0   ? "[]"
                           : shape % 3 == 1 ? "[" + value + "]"
                                            : "[" + value + "," + value + "]";
  switch (how % 5) {
    case 1:
      return missing ? "null" : list;
    case 2:
      return missing ? "null" : "{\"b\": " + value + "}";
    case 3:
      return missing ? "null" : "[{\"b\": " + value + "}, null]";
    case 4:
      return missing ? "null" : "{\"b\": " + list + "}";
    default:
      return value;
  }
}

std::string file_of(const std::shared_ptr<arrow::DataType>& type, const std::string& values,
                    std::int64_t rows, std::int64_t group_rows) {
  std::string ids = "[";
  for (std::int64_t i = 0; i < rows; ++i) ids += (i > 0 ? "," : "") + std::to_string(i);
  const arrow::ArrayVector arrays = {arrow::json::ArrayFromJSONString(arrow::int64(), ids + "]").ValueOrDie(),
                                     arrow::json::ArrayFromJSONString(type, values).ValueOrDie()};
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("v", type)}), arrays);
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const arrow::Status status =
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, group_rows,
                                 parquet::default_writer_properties(), properties);
  return status.ok() ? out->Finish().ValueOrDie()->ToString() : "";
}

const std::filesystem::path& path() {
  static const test::TempFolder folder(test::in_memory());
  static const std::filesystem::path file = folder / "t.parquet";
  return file;
}

std::size_t read(const std::string& bytes, bool time) {
  write_file(path(), bytes);
  const SourceFile source{.name = "t.parquet", .path = path(), .format = SourceFormat::kParquet};
  const std::vector<std::string> columns = {"id", "v", "v.b", "v.0", "v.b.0", "v.1.b"};
  const auto reader = RowReader::open(source, columns, real_files());
  std::size_t rows = 0;
  for (Row row; reader->next(row); ++rows) {
    if (!row.bad_reason.empty()) continue;
    FUZZ_CHECK(row.cells.size() == columns.size());
    if (!time) continue;
    for (std::size_t i = 1; i < columns.size(); ++i) {
      const std::string text(row.cells[i].text);
      // Years of four digits are what our own times are written with.
      if (row.cells[i].present && text.size() > 5 && text[4] == '-' && text[0] != '-')
        FUZZ_CHECK(parse_time(text, TimeUnit::kIso8601).has_value());
    }
  }
  return rows;
}

}  // namespace

Seeds seeds() {
  Seeds out;
  const auto type = arrow::list(arrow::struct_({arrow::field("b", arrow::utf8())}));
  out.accepted.push_back(
      tagged(0, file_of(type, R"([[{"b": "x"}], null, [], [{"b": null}, {"b": "y"}]])", 4, 2)));
  out.accepted.push_back(tagged(0, file_of(arrow::timestamp(arrow::TimeUnit::MICRO), "[1, null, -1]", 3, 3)));
  for (std::size_t kind = 0; kind < kinds().size(); ++kind) {
    for (char how = 0; how < 5; ++how)
      out.accepted.push_back(
          tagged(1, std::string{static_cast<char>(kind), how, 2, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7}));
  }
  return out;
}

void run(std::string_view input) {
  Bytes bytes(input);
  if (bytes.byte() % 2 == 0) {
    parses([&] { read(std::string(bytes.rest()), false); });
    return;
  }
  const Kind& kind = kinds()[bytes.byte() % kinds().size()];
  const std::uint8_t how = bytes.byte();
  const std::int64_t group_rows = 1 + bytes.byte() % 5;
  std::string values = "[";
  std::size_t rows = 0;
  for (; !bytes.empty() && rows < 64; ++rows) {
    const char* const value = kind.values[bytes.byte() % kind.values.size()];
    values += (rows > 0 ? ", " : "") + nested_value(value, how, bytes.byte());
  }
  const std::string file =
      file_of(nested(kind.type, how), values + "]", static_cast<std::int64_t>(rows), group_rows);
  if (file.empty()) return refused();  // Parquet has no room for such a value
  // A file that Arrow wrote must be read. Types that have no text are an error of the whole file.
  parses([&] { FUZZ_CHECK(read(file, kind.time) == rows); });
}

}  // namespace weft::fuzz
