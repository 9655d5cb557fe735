#include "storage/sources/parquet_reader.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "storage/sources/arrow_cells.h"
#include "storage/sources/column_path.h"

namespace weft::storage {
namespace {

constexpr std::int64_t kBatchRows = 4096;         // at most
constexpr std::int64_t kBatchBytes = 16LL << 20;  // about, as far as the file's metadata tell
constexpr std::size_t kPiece = 1 << 20;

// Arrow's view of a file that is read through Files.
class ArrowFile final : public arrow::io::RandomAccessFile {
 public:
  explicit ArrowFile(std::shared_ptr<ReadableFile> file) : file_(std::move(file)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return at_; }
  arrow::Status Seek(std::int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> GetSize() override { return static_cast<std::int64_t>(file_->size()); }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override {
    const auto size = static_cast<std::int64_t>(file_->size());
    if (position < 0 || count < 0 || position > size) return arrow::Status::IOError("outside the file");
    count = std::min(count, size - position);
    try {
      if (count > 0)
        file_->read_at(static_cast<std::uint64_t>(position),
                       std::span(static_cast<char*>(out), static_cast<std::size_t>(count)));
    } catch (const Error& error) {
      return arrow::Status::IOError(error.summary());
    }
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t count) override {
    const auto size = static_cast<std::int64_t>(file_->size());
    if (position < 0 || count < 0 || position > size) return arrow::Status::IOError("outside the file");
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(count, size - position)));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(at_, count, out));
    at_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, count));
    at_ += buffer->size();
    return buffer;
  }

 private:
  std::shared_ptr<ReadableFile> file_;
  std::int64_t at_ = 0;
  bool closed_ = false;
};

std::uint64_t hash_of(ReadableFile& file) {
  Hasher64 hasher;
  std::string piece(kPiece, '\0');
  for (std::uint64_t at = 0; at < file.size(); at += kPiece) {
    const auto part =
        std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file.size() - at)));
    file.read_at(at, part);
    hasher.update(std::string_view(part.data(), part.size()));
  }
  return hasher.digest();
}

// What a reader asked for did not fit its memory.
struct NoRoom {};

}  // namespace

struct ParquetReader::Impl {
  // Where a wanted column comes from.
  struct Wanted {
    bool missing = false;
    const std::string* partition = nullptr;  // the value in the file's path, for all rows; or
    int column = -1;                         // position in a batch's columns
    ArrowPath path = {};
    ArrowCell cell = {};
  };

  Impl(const SourceFile& source, std::vector<std::string> names, Files& files)
      : file_name(source.name),
        columns(std::move(names)),
        cells(columns.size()),
        partition(source.partition) {
    file = files.open(source.path);
    guarded([&] { open(); });
  }

  template <typename Action>
  void guarded(const Action& action) const {
    try {
      action();
    } catch (const Error&) {
      throw;
    } catch (const NoRoom&) {
      throw Error(
          fmt::format("the row takes more than {} MiB to read", kParquetMemory >> 20),
          {.file = file_name,
           .line = next_row + 1,
           .hint = "write the file with smaller pages (1 MiB is usual), and without values that large"});
    } catch (const std::exception& error) {
      throw Error(fmt::format("not a whole Parquet file: {}", first_line(error.what())),
                  {.file = file_name, .hint = "the file was cut or damaged: fetch or write it again"});
    }
  }

  static std::string first_line(std::string text) {
    text.resize(std::min(text.size(), std::min<std::size_t>(text.find('\n'), 200)));
    return text;
  }

  static void check(const arrow::Status& status) {
    if (status.IsOutOfMemory()) throw NoRoom();
    if (!status.ok()) throw std::runtime_error(status.message());
  }

  void open() {
    parquet::ReaderProperties properties(&pool);
    properties.enable_buffered_stream();
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_batch_size(kBatchRows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    check(builder.Open(std::make_shared<ArrowFile>(file), properties));
    check_nesting(*builder.raw_reader()->metadata()->schema());
    builder.memory_pool(&pool)->properties(arrow_properties);
    check(builder.Build(&reader));
    check(reader->GetSchema(&schema));
    const auto metadata = reader->parquet_reader()->metadata();
    rows = static_cast<std::uint64_t>(std::max<std::int64_t>(metadata->num_rows(), 0));
    if (static_cast<std::size_t>(metadata->num_columns()) > kMaxColumns) {
      throw Error(fmt::format("the file has {} columns", metadata->num_columns()),
                  {.file = file_name, .expected = fmt::format("at most {}", kMaxColumns)});
    }
    std::set<std::string> top;
    for (const auto& field : schema->fields()) {
      if (!top.insert(field->name()).second)
        throw Error("the file has a column twice", {.file = file_name, .value = field->name()});
    }
    find_columns();
  }

  void check_nesting(const parquet::SchemaDescriptor& descriptor) const {
    for (int leaf = 0; leaf < descriptor.num_columns(); ++leaf) {
      const std::size_t depth = descriptor.Column(leaf)->path()->ToDotVector().size();
      if (depth > kMaxNesting) {
        throw Error(
            fmt::format("the column '{}' is nested {} deep", descriptor.GetColumnRoot(leaf)->name(), depth),
            {.file = file_name, .expected = fmt::format("at most {}", kMaxNesting)});
      }
    }
  }

  void find_columns() {
    std::map<std::string, int> batch_column;  // top-level name -> position among those read
    std::vector<std::pair<Wanted*, std::string>> roots;
    for (const std::string& column : columns) {
      Wanted& out = wanted.emplace_back();
      const auto part = std::find_if(partition.begin(), partition.end(),
                                     [&](const auto& each) { return each.first == column; });
      if (part != partition.end()) {
        out.partition = &part->second;
        continue;
      }
      std::string root = column;
      if (schema->GetFieldIndex(column) < 0) {
        const std::vector<std::string> parts = column_parts(column);
        root = parts[0];
        const int field = schema->GetFieldIndex(root);
        out.missing = field < 0 || !resolve_path(*schema->field(field)->type(), parts, 1, out.path);
      }
      if (!out.missing) batch_column[root] = -1;
      wanted_roots.push_back({wanted.size() - 1, root});
    }
    // Only what is wanted is read, in the file's order.
    const auto& descriptor = *reader->parquet_reader()->metadata()->schema();
    int next_column = 0;
    for (const auto& field : schema->fields()) {
      const auto found = batch_column.find(field->name());
      if (found != batch_column.end()) found->second = next_column++;
    }
    for (int leaf = 0; leaf < descriptor.num_columns(); ++leaf) {
      if (batch_column.contains(descriptor.GetColumnRoot(leaf)->name())) leaves.push_back(leaf);
    }
    for (const auto& [position, root] : wanted_roots) {
      if (!wanted[position].missing) wanted[position].column = batch_column.at(root);
    }
  }

  // The row group that holds row `from`; the rows before it will be passed over.
  void seek(std::uint64_t from) {
    next_row = from;
    group = 0;
    std::uint64_t begin = 0;
    const auto metadata = reader->parquet_reader()->metadata();
    for (; group < metadata->num_row_groups(); ++group) {
      const auto count = static_cast<std::uint64_t>(metadata->RowGroup(group)->num_rows());
      if (begin + count > from) break;
      begin += count;
    }
    to_pass = from - begin;
    close_group();
    most_rows = kBatchRows;
  }

  void close_group() {
    batch.reset();
    batches.reset();
  }

  // As many rows as are likely to have kBatchBytes together.
  std::int64_t batch_rows() const {
    const auto metadata = reader->parquet_reader()->metadata()->RowGroup(group);
    std::int64_t bytes = 0;
    for (const int leaf : leaves) {
      const auto chunk = metadata->ColumnChunk(leaf);
      std::int64_t size = chunk->total_uncompressed_size();
      const auto statistics = chunk->size_statistics();
      // Of texts that stand for many rows by their number in a dictionary.
      if (statistics != nullptr && statistics->unencoded_byte_array_data_bytes)
        size = std::max(size, *statistics->unencoded_byte_array_data_bytes);
      bytes += std::clamp<std::int64_t>(size, 0, INT64_MAX / 2 - bytes);
    }
    const std::int64_t row_bytes = bytes / std::max<std::int64_t>(metadata->num_rows(), 1);
    return std::clamp<std::int64_t>(kBatchBytes / std::max<std::int64_t>(row_bytes, 1), 1, most_rows);
  }

  // Brings in the next batch of the row group; false behind its last one.
  bool next_batch() {
    if (batches == nullptr) {
      rows_at_once = batch_rows();
      reader->set_batch_size(rows_at_once);
      auto opened = reader->GetRecordBatchReader(std::vector<int>{group}, leaves);
      check(opened.status());
      batches = std::move(*opened);
    }
    check(batches->ReadNext(&batch));
    if (batch == nullptr) return false;
    in_batch = static_cast<std::int64_t>(
        std::min<std::uint64_t>(to_pass, static_cast<std::uint64_t>(batch->num_rows())));
    to_pass -= static_cast<std::uint64_t>(in_batch);
    return true;
  }

  // The batch that holds next_row; `in_batch` is its place there.
  bool load() {
    if (!started) seek(next_row);
    started = true;
    if (next_row >= rows) return false;
    if (leaves.empty()) return true;  // every wanted column comes from the path
    while (batch == nullptr || in_batch >= batch->num_rows()) {
      batch.reset();
      if (group >= reader->parquet_reader()->metadata()->num_row_groups())
        throw std::runtime_error("there are fewer rows than its footer says");
      if (!next_batch_or_smaller()) {
        ++group;
        close_group();
        most_rows = kBatchRows;
      }
    }
    return true;
  }

  // Where texts are repeated, or some rows are much larger than others, fewer rows at once may do.
  bool next_batch_or_smaller() {
    while (true) {
      try {
        return next_batch();
      } catch (const NoRoom&) {
        if (rows_at_once <= 1) throw;
      } catch (const parquet::ParquetStatusException& error) {
        if (!error.status().IsOutOfMemory()) throw;
        if (rows_at_once <= 1) throw NoRoom();
      }
      const std::int64_t fewer = std::max<std::int64_t>(rows_at_once / 8, 1);
      seek(next_row);
      most_rows = fewer;
    }
  }

  void fill(Row& row) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Wanted& from = wanted[i];
      cells[i] = {};
      if (from.partition != nullptr) {
        cells[i].text = *from.partition;
        cells[i].present = !from.partition->empty();
        continue;
      }
      if (from.missing) continue;
      const std::string_view wrong =
          from.cell.fill(*batch->column(from.column), in_batch, from.path, cells[i]);
      if (wrong.empty()) continue;
      row.bad_reason = wrong == "invalid UTF-8" ? wrong : "wrong type";
      row.bad_detail = fmt::format("'{}' {}", columns[i], wrong == "invalid UTF-8" ? "is no UTF-8" : wrong);
      return;
    }
    std::size_t bytes = 0;
    for (const Cell& cell : cells) {
      bytes += cell.text.size();
      for (const std::string_view item : cell.items) bytes += item.size();
    }
    if (bytes > kMaxRowBytes) {
      row.bad_reason = "row too long";
      row.bad_detail = fmt::format("the row's columns have more than {} MiB", kMaxRowBytes >> 20);
      return;
    }
    row.cells = cells;
  }

  std::uint64_t hash() {
    if (!known_hash) known_hash = hash_of(*file);
    return *known_hash;
  }

  std::string file_name;
  std::vector<std::string> columns;
  std::vector<Cell> cells;
  std::vector<std::pair<std::string, std::string>> partition;
  std::vector<Wanted> wanted;
  std::vector<std::pair<std::size_t, std::string>> wanted_roots;
  std::vector<int> leaves;
  std::shared_ptr<ReadableFile> file;
  std::optional<std::uint64_t> known_hash = {};
  // Of all that follows.
  arrow::ProxyMemoryPool used{arrow::default_memory_pool()};
  arrow::CappedMemoryPool pool{&used, kParquetMemory};
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  std::shared_ptr<arrow::RecordBatch> batch;
  std::uint64_t rows = 0;
  int group = 0;                        // that the next batch comes from
  std::int64_t most_rows = kBatchRows;  // of a batch of this group
  std::int64_t rows_at_once = 0;        // of its batches
  std::uint64_t next_row = 0;           // to hand out
  std::uint64_t to_pass = 0;            // rows of the batches to come that lie before next_row
  std::int64_t in_batch = 0;
  bool started = false, pending = false;  // pending: the row at next_row was handed out
};

ParquetReader::ParquetReader(const SourceFile& source, std::vector<std::string> columns, Files& files)
    : impl_(std::make_unique<Impl>(source, std::move(columns), files)) {}

ParquetReader::~ParquetReader() = default;

std::vector<std::size_t> ParquetReader::missing_columns() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < impl_->wanted.size(); ++i) {
    if (impl_->wanted[i].missing) out.push_back(i);
  }
  return out;
}

std::vector<std::string> ParquetReader::known_columns() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : impl_->partition) out.push_back(name);
  for (const auto& field : impl_->schema->fields()) {
    out.push_back(field->name());
    if (field->type()->id() != arrow::Type::STRUCT) continue;
    for (const auto& inner : field->type()->fields()) out.push_back(field->name() + "." + inner->name());
  }
  return out;
}

std::vector<ColumnShape> ParquetReader::shapes() const {
  std::vector<ColumnShape> out;
  for (const auto& [name, value] : impl_->partition) out.push_back({.name = name});
  for (const auto& field : impl_->schema->fields()) {
    const bool hidden = std::any_of(out.begin(), out.end(),
                                    [&](const ColumnShape& shape) { return shape.name == field->name(); });
    if (!hidden) add_shapes(field->name(), *field->type(), out);
  }
  return out;
}

std::uint64_t ParquetReader::rows() const {
  return impl_->rows;
}

void ParquetReader::pass_pending() {
  if (!impl_->pending) return;
  ++impl_->next_row;
  ++impl_->in_batch;
  impl_->pending = false;
}

bool ParquetReader::next(Row& row) {
  pass_pending();
  bool any = false;
  impl_->guarded([&] {
    any = impl_->load();
    if (!any) return;
    row.bad_reason.clear();
    row.bad_detail.clear();
    row.offset = impl_->next_row;
    row.line = impl_->next_row + 1;
    row.terminated = true;
    row.raw = {};
    row.cells = {};
    impl_->fill(row);
  });
  impl_->pending = any;
  return any;
}

Position ParquetReader::position() {
  pass_pending();
  return position_before_row();
}

Position ParquetReader::position_before_row() {
  return {.bytes = impl_->next_row, .hash = impl_->hash(), .lines = impl_->next_row};
}

bool ParquetReader::skip_to(std::uint64_t bytes, std::uint64_t) {
  if (bytes > impl_->rows) return false;
  impl_->pending = false;
  impl_->guarded([&] { impl_->seek(bytes); });
  impl_->started = true;
  return true;
}

}  // namespace weft::storage
