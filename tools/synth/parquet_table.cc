#include "tools/synth/parquet_table.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "base/error.h"

namespace weft::synth {
namespace {

constexpr std::int64_t kRowGroup = 1 << 17;
constexpr std::array<std::string_view, 5> kNumbers = {"time", "signup", "age", "step", "place"};

// The cell that begins at `at`, and moves `at` behind its comma.
std::string_view next_cell(std::string_view row, std::size_t& at) {
  if (at > row.size()) return {};
  const std::size_t end = std::min(row.find(',', at), row.size());
  const std::string_view cell = row.substr(at, end - at);
  at = end + 1;
  return cell;
}

}  // namespace

struct ParquetTable::State {
  std::filesystem::path path;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> columns;
  std::shared_ptr<arrow::io::FileOutputStream> out;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  std::int64_t rows = 0;  // in the builders

  void check(const arrow::Status& status) const {
    if (!status.ok())
      throw Error("cannot write: " + status.ToString(), {.file = path.string(), .hint = "is the disk full?"});
  }
  template <typename T>
  T value(arrow::Result<T> result) const {
    check(result.status());
    return std::move(result).ValueOrDie();
  }

  void flush() {
    if (rows == 0) return;
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& column : columns) arrays.push_back(value(column->Finish()));
    check(writer->WriteTable(*arrow::Table::Make(schema, arrays), kRowGroup));
    rows = 0;
  }
};

ParquetTable::ParquetTable(const std::filesystem::path& path, std::string_view header)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.path = path;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (std::size_t at = 0; at <= header.size();) {
    const std::string_view name = next_cell(header, at);
    const bool number = std::find(kNumbers.begin(), kNumbers.end(), name) != kNumbers.end();
    fields.push_back(arrow::field(std::string(name), number ? arrow::int64() : arrow::utf8()));
    state.columns.push_back(state.value(arrow::MakeBuilder(fields.back()->type())));
  }
  state.schema = arrow::schema(fields);
  state.out = state.value(arrow::io::FileOutputStream::Open(path.string()));
  const auto properties = parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->build();
  state.writer = state.value(
      parquet::arrow::FileWriter::Open(*state.schema, arrow::default_memory_pool(), state.out, properties));
}

ParquetTable::~ParquetTable() = default;

void ParquetTable::add(std::string_view row) {
  State& state = *state_;
  std::size_t at = 0;
  for (std::size_t c = 0; c < state.columns.size(); ++c) {
    const std::string_view cell = next_cell(row, at);
    if (state.schema->field(static_cast<int>(c))->type()->id() == arrow::Type::INT64) {
      auto& builder = static_cast<arrow::Int64Builder&>(*state.columns[c]);
      std::int64_t number = 0;
      const auto [end, code] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
      const bool good = code == std::errc() && end == cell.data() + cell.size() && !cell.empty();
      state.check(good ? builder.Append(number) : builder.AppendNull());
    } else {
      auto& builder = static_cast<arrow::StringBuilder&>(*state.columns[c]);
      state.check(cell.empty() ? builder.AppendNull() : builder.Append(cell));
    }
  }
  if (++state.rows == kRowGroup) state.flush();
}

void ParquetTable::close() {
  State& state = *state_;
  state.flush();
  state.check(state.writer->Close());
  state.check(state.out->Close());
}

}  // namespace weft::synth
