// Exported tables as Parquet: docs/exchange.md.
#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/mapped_file.h"
#include "storage/exchange/exchange_tables.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kGroupRows = 1 << 16;

void check(const arrow::Status& status, const fs::path& file) {
  if (!status.ok())
    throw Error(fmt::format("cannot be written or read as Parquet: {}", status.message()),
                {.file = file.string()});
}
template <typename T>
T check(arrow::Result<T> result, const fs::path& file) {
  check(result.status(), file);
  return std::move(result).ValueUnsafe();
}

// Arrow's view of a file that is written through Files.
class OutputFile final : public arrow::io::OutputStream {
 public:
  explicit OutputFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return at_; }
  arrow::Status Write(const void* data, std::int64_t bytes) override {
    try {
      file_->append(std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(bytes)));
    } catch (const Error& error) {
      return arrow::Status::IOError(error.summary());
    }
    at_ += bytes;
    return arrow::Status::OK();
  }
  WritableFile& file() { return *file_; }

 private:
  std::unique_ptr<WritableFile> file_;
  std::int64_t at_ = 0;
  bool closed_ = false;
};

// Record batches of at most kGroupRows rows, each a row group.
class TableFile {
 public:
  TableFile(const ExchangeFolder& folder, const std::string& name, std::shared_ptr<arrow::Schema> schema)
      : path_(folder.path / name), schema_(std::move(schema)) {
    out_ = std::make_shared<OutputFile>(folder.files.create(path_));
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    writer_ = check(parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), out_, properties,
                                                     arrow_properties),
                    path_);
  }
  const fs::path& path() const { return path_; }
  void write(std::uint64_t rows, const arrow::ArrayVector& columns) {
    const auto table = arrow::Table::Make(schema_, columns, static_cast<std::int64_t>(rows));
    check(writer_->WriteTable(*table, static_cast<std::int64_t>(kGroupRows)), path_);
  }
  void finish() {
    check(writer_->Close(), path_);
    out_->file().sync();
    out_->file().close();
  }

 private:
  fs::path path_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<OutputFile> out_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

const std::shared_ptr<arrow::DataType>& time_type() {
  static const auto type = arrow::timestamp(arrow::TimeUnit::MILLI, "UTC");
  return type;
}

std::shared_ptr<arrow::DataType> field_type(graph::FieldKind kind) {
  switch (kind) {
    case graph::FieldKind::kNumber:
      return arrow::float64();
    case graph::FieldKind::kCategory:
      return arrow::list(arrow::field("item", arrow::utf8(), false));
    case graph::FieldKind::kText:
      return arrow::large_utf8();
    case graph::FieldKind::kImage:
    case graph::FieldKind::kAudio:
      break;
  }
  return arrow::struct_(
      {arrow::field("path", arrow::utf8(), false), arrow::field("content_hash", arrow::utf8(), false)});
}

std::shared_ptr<arrow::Schema> node_schema(const graph::NodeType& type) {
  arrow::FieldVector fields = {
      arrow::field("node", arrow::uint32(), false), arrow::field("id", arrow::utf8(), false),
      arrow::field("first_seen", time_type(), true), arrow::field("event", arrow::uint64(), true)};
  for (const graph::Field& field : type.fields)
    fields.push_back(arrow::field("field." + field.name, field_type(field.kind), true));
  return arrow::schema(fields);
}

std::shared_ptr<arrow::Schema> edge_schema(const graph::EdgeType& type) {
  arrow::FieldVector fields = {
      arrow::field("source", arrow::uint32(), false), arrow::field("target", arrow::uint32(), false),
      arrow::field("source_id", arrow::utf8(), false), arrow::field("target_id", arrow::utf8(), false)};
  if (type.timed) fields.push_back(arrow::field("time", time_type(), false));
  if (type.weighted) fields.push_back(arrow::field("weight", arrow::float32(), false));
  fields.push_back(arrow::field("event", arrow::uint64(), false));
  fields.push_back(arrow::field("file", arrow::uint16(), false));
  return arrow::schema(fields);
}

// One column of a row group: `append(builder, row)` for the rows [begin, end).
template <typename Builder, typename Append>
std::shared_ptr<arrow::Array> column(const std::shared_ptr<arrow::DataType>& type, std::uint64_t begin,
                                     std::uint64_t end, const fs::path& path, Append append) {
  const auto made = check(arrow::MakeBuilder(type), path);
  auto& builder = static_cast<Builder&>(*made);
  check(builder.Reserve(static_cast<std::int64_t>(end - begin)), path);
  for (std::uint64_t row = begin; row < end; ++row) check(append(builder, row), path);
  return check(builder.Finish(), path);
}

std::shared_ptr<arrow::Array> field_column(const graph::Snapshot& snapshot, graph::NodeTypeId type,
                                           std::size_t field, std::uint64_t begin, std::uint64_t end,
                                           const fs::path& path) {
  const auto arrow_type = field_type(snapshot.schema().node_type(type).fields[field].kind);
  return column<arrow::ArrayBuilder>(
      arrow_type, begin, end, path, [&](arrow::ArrayBuilder& builder, std::uint64_t node) -> arrow::Status {
        const graph::FieldValue value = field_of(snapshot, type, field, static_cast<graph::NodeId>(node));
        if (std::holds_alternative<std::monostate>(value)) return builder.AppendNull();
        if (const auto* number = std::get_if<double>(&value))
          return static_cast<arrow::DoubleBuilder&>(builder).Append(*number);
        if (const auto* text = std::get_if<std::string>(&value))
          return static_cast<arrow::LargeStringBuilder&>(builder).Append(*text);
        if (const auto* categories = std::get_if<std::vector<std::string>>(&value)) {
          auto& list = static_cast<arrow::ListBuilder&>(builder);
          ARROW_RETURN_NOT_OK(list.Append());
          for (const std::string& each : *categories)
            ARROW_RETURN_NOT_OK(static_cast<arrow::StringBuilder&>(*list.value_builder()).Append(each));
          return arrow::Status::OK();
        }
        const auto& media = std::get<graph::MediaValue>(value);
        auto& parts = static_cast<arrow::StructBuilder&>(builder);
        ARROW_RETURN_NOT_OK(parts.Append());
        ARROW_RETURN_NOT_OK(static_cast<arrow::StringBuilder&>(*parts.field_builder(0)).Append(media.path));
        return static_cast<arrow::StringBuilder&>(*parts.field_builder(1)).Append(media.content_hash);
      });
}

template <typename T>
using BuilderOf = typename arrow::CTypeTraits<T>::BuilderType;

template <typename T>
std::shared_ptr<arrow::Array> numbers(std::span<const T> values, std::uint64_t begin, std::uint64_t end,
                                      const fs::path& path) {
  return column<BuilderOf<T>>(
      arrow::CTypeTraits<T>::type_singleton(), begin, end, path,
      [&](BuilderOf<T>& builder, std::uint64_t row) { return builder.Append(values[row]); });
}

std::shared_ptr<arrow::Array> times(std::span<const graph::TimeMs> values, std::uint64_t begin,
                                    std::uint64_t end, const fs::path& path) {
  return column<arrow::TimestampBuilder>(
      time_type(), begin, end, path, [&](arrow::TimestampBuilder& builder, std::uint64_t row) {
        return values[row] == graph::kNoTime ? builder.AppendNull() : builder.Append(values[row]);
      });
}

// A whole file as one table whose columns are those of `schema`.
class ReadTable {
 public:
  ReadTable(const ExchangeFolder& folder, const std::string& name,
            const std::shared_ptr<arrow::Schema>& schema, std::uint64_t rows)
      : path_(folder.path / name), map_(folder.files.map(path_)) {
    try {
      const auto buffer =
          std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(map_.text()));
      const auto reader = check(parquet::arrow::OpenFile(buffer, arrow::default_memory_pool()), path_);
      const auto table = check(reader->ReadTable(), path_);
      check(table->ValidateFull(), path_);
      if (!table->schema()->Equals(*schema, false)) fail("columns " + schema->ToString());
      if (table->num_rows() != static_cast<std::int64_t>(rows)) fail(fmt::format("{} rows", rows));
      table_ = check(table->CombineChunks(), path_);
    } catch (const parquet::ParquetException& problem) {
      throw Error(fmt::format("cannot be read as Parquet: {}", problem.what()), {.file = path_.string()});
    }
  }

  // Calls put(array, row) for each row of a column.
  template <typename Array, typename Put>
  void each(const std::string& name, Put put) const {
    const auto column = table_->GetColumnByName(name);
    std::size_t row = 0;
    for (const auto& chunk : column->chunks()) {
      const auto& array = static_cast<const Array&>(*chunk);
      for (std::int64_t i = 0; i < array.length(); ++i, ++row) put(array, i, row);
    }
  }
  template <typename T>
  std::vector<T> numbers(const std::string& name) const {
    std::vector<T> out(static_cast<std::size_t>(table_->num_rows()));
    each<typename arrow::CTypeTraits<T>::ArrayType>(
        name, [&](const auto& array, std::int64_t i, std::size_t row) { out[row] = array.Value(i); });
    return out;
  }
  std::vector<graph::TimeMs> times(const std::string& name) const {
    std::vector<graph::TimeMs> out(static_cast<std::size_t>(table_->num_rows()), graph::kNoTime);
    each<arrow::TimestampArray>(name, [&](const auto& array, std::int64_t i, std::size_t row) {
      if (!array.IsNull(i)) out[row] = array.Value(i);
    });
    return out;
  }
  [[noreturn]] void fail(const std::string& expected) const {
    throw Error("is not what `weft export` wrote for this schema",
                {.file = path_.string(), .expected = expected});
  }

 private:
  fs::path path_;
  MappedFile map_;
  std::shared_ptr<arrow::Table> table_;
};

graph::FieldValue value_at(const arrow::Array& array, std::int64_t i, graph::FieldKind kind) {
  if (array.IsNull(i)) return {};
  switch (kind) {
    case graph::FieldKind::kNumber:
      return static_cast<const arrow::DoubleArray&>(array).Value(i);
    case graph::FieldKind::kText:
      return static_cast<const arrow::LargeStringArray&>(array).GetString(i);
    case graph::FieldKind::kCategory: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      const auto& values = static_cast<const arrow::StringArray&>(*list.values());
      std::vector<std::string> out;
      for (std::int64_t at = list.value_offset(i); at < list.value_offset(i + 1); ++at)
        out.push_back(values.GetString(at));
      return out;
    }
    case graph::FieldKind::kImage:
    case graph::FieldKind::kAudio:
      break;
  }
  const auto& parts = static_cast<const arrow::StructArray&>(array);
  return graph::MediaValue{static_cast<const arrow::StringArray&>(*parts.field(0)).GetString(i),
                           static_cast<const arrow::StringArray&>(*parts.field(1)).GetString(i)};
}

}  // namespace

std::vector<std::string> write_parquet_nodes(const ExchangeFolder& folder, const std::string& stem,
                                             const graph::Snapshot& snapshot, graph::NodeTypeId type) {
  const std::string name = stem + ".parquet";
  const graph::NodeType& node_type = snapshot.schema().node_type(type);
  TableFile file(folder, name, node_schema(node_type));
  const std::uint64_t rows = snapshot.node_count(type);
  for (std::uint64_t begin = 0; begin < rows; begin += kGroupRows) {
    const std::uint64_t end = std::min(rows, begin + kGroupRows);
    arrow::ArrayVector columns = {
        column<arrow::UInt32Builder>(
            arrow::uint32(), begin, end, file.path(),
            [](auto& builder, std::uint64_t row) { return builder.Append(static_cast<std::uint32_t>(row)); }),
        column<arrow::StringBuilder>(
            arrow::utf8(), begin, end, file.path(),
            [&](auto& builder, std::uint64_t row) {
              return builder.Append(snapshot.external_id({type, static_cast<graph::NodeId>(row)}));
            }),
        times(snapshot.first_seen(type), begin, end, file.path()),
        column<arrow::UInt64Builder>(
            arrow::uint64(), begin, end, file.path(), [&](auto& builder, std::uint64_t row) {
              const graph::EventId event = snapshot.node_events(type)[row];
              return event == graph::kNoEvent ? builder.AppendNull() : builder.Append(event);
            })};
    for (std::size_t field = 0; field < node_type.fields.size(); ++field)
      columns.push_back(field_column(snapshot, type, field, begin, end, file.path()));
    file.write(end - begin, columns);
  }
  file.finish();
  return {name};
}

std::vector<std::string> write_parquet_edges(const ExchangeFolder& folder, const std::string& stem,
                                             const graph::Snapshot& snapshot, graph::EdgeTypeId type) {
  const std::string name = stem + ".parquet";
  const graph::EdgeType& edge_type = snapshot.schema().edge_type(type);
  TableFile file(folder, name, edge_schema(edge_type));
  const graph::CsrView csr = snapshot.outgoing(type);
  const graph::EdgeColumns edge_columns = snapshot.edge_columns(type);
  const std::vector<graph::NodeId> from = snapshot.edge_rows(type);
  const std::uint64_t rows = from.size();
  const auto ids = [&](graph::NodeTypeId end_type, std::span<const graph::NodeId> nodes, std::uint64_t begin,
                       std::uint64_t end) {
    return column<arrow::StringBuilder>(arrow::utf8(), begin, end, file.path(),
                                        [&](auto& builder, std::uint64_t row) {
                                          return builder.Append(snapshot.external_id({end_type, nodes[row]}));
                                        });
  };
  for (std::uint64_t begin = 0; begin < rows; begin += kGroupRows) {
    const std::uint64_t end = std::min(rows, begin + kGroupRows);
    arrow::ArrayVector columns = {numbers<std::uint32_t>(from, begin, end, file.path()),
                                  numbers<std::uint32_t>(csr.targets, begin, end, file.path()),
                                  ids(edge_type.from, from, begin, end),
                                  ids(edge_type.to, csr.targets, begin, end)};
    if (edge_type.timed) columns.push_back(times(csr.times, begin, end, file.path()));
    if (edge_type.weighted) columns.push_back(numbers<float>(edge_columns.weights, begin, end, file.path()));
    columns.push_back(numbers<std::uint64_t>(edge_columns.events, begin, end, file.path()));
    columns.push_back(numbers<std::uint16_t>(edge_columns.sources, begin, end, file.path()));
    file.write(end - begin, columns);
  }
  file.finish();
  return {name};
}

graph::NodeTable read_parquet_nodes(const ExchangeFolder& folder, const std::string& stem,
                                    const graph::NodeType& type, std::uint64_t rows) {
  const ReadTable table(folder, stem + ".parquet", node_schema(type), rows);
  graph::NodeTable out;
  out.external_ids.resize(rows);
  table.each<arrow::StringArray>("id", [&](const auto& array, std::int64_t i, std::size_t row) {
    out.external_ids[row] = array.GetString(i);
  });
  table.each<arrow::UInt32Array>("node", [&](const auto& array, std::int64_t i, std::size_t row) {
    if (array.Value(i) != row) table.fail("column node to count from 0");
  });
  out.first_seen = table.times("first_seen");
  out.events.assign(rows, graph::kNoEvent);
  table.each<arrow::UInt64Array>("event", [&](const auto& array, std::int64_t i, std::size_t row) {
    if (!array.IsNull(i)) out.events[row] = array.Value(i);
  });
  for (const graph::Field& field : type.fields) {
    std::vector<graph::FieldValue>& values = out.fields.emplace_back(rows);
    table.each<arrow::Array>("field." + field.name,
                             [&](const arrow::Array& array, std::int64_t i, std::size_t row) {
                               values[row] = value_at(array, i, field.kind);
                             });
  }
  return out;
}

graph::EdgeList read_parquet_edges(const ExchangeFolder& folder, const std::string& stem,
                                   const graph::EdgeType& type, std::uint64_t rows) {
  const ReadTable table(folder, stem + ".parquet", edge_schema(type), rows);
  graph::EdgeList out;
  out.from = table.numbers<std::uint32_t>("source");
  out.to = table.numbers<std::uint32_t>("target");
  if (type.timed) out.times = table.times("time");
  if (type.weighted) out.weights = table.numbers<float>("weight");
  out.events = table.numbers<std::uint64_t>("event");
  out.sources = table.numbers<std::uint16_t>("file");
  return out;
}

}  // namespace weft::storage
