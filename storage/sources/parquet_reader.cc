#include "storage/sources/parquet_reader.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "storage/sources/arrow_cells.h"

namespace weft::storage {
namespace {

constexpr std::int64_t kBatchRows = 4096;
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

std::vector<std::string> parts_of(const std::string& column) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot = column.find('.'); dot != std::string::npos; dot = column.find('.', begin)) {
    parts.push_back(column.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(column.substr(begin));
  return parts;
}

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
    std::shared_ptr<ReadableFile> file = files.open(source.path);
    hash = hash_of(*file);
    guarded([&] { open(std::move(file)); });
  }

  template <typename Action>
  void guarded(const Action& action) const {
    try {
      action();
    } catch (const Error&) {
      throw;
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
    if (!status.ok()) throw std::runtime_error(status.message());
  }

  void open(std::shared_ptr<ReadableFile> file) {
    parquet::ReaderProperties properties;
    properties.enable_buffered_stream();
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_batch_size(kBatchRows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    check(builder.Open(std::make_shared<ArrowFile>(std::move(file)), properties));
    builder.properties(arrow_properties);
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
        const std::vector<std::string> parts = parts_of(column);
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

  // Opens the row groups from the one that holds row `from` on, and passes over the rows before it.
  void seek(std::uint64_t from) {
    next_row = from;
    batch.reset();
    batches.reset();
    std::uint64_t begin = 0;
    std::vector<int> groups;
    const auto metadata = reader->parquet_reader()->metadata();
    for (int g = 0; g < metadata->num_row_groups(); ++g) {
      const auto count = static_cast<std::uint64_t>(metadata->RowGroup(g)->num_rows());
      if (groups.empty() && begin + count <= from) {
        begin += count;
        continue;
      }
      groups.push_back(g);
    }
    to_pass = from - begin;
    if (leaves.empty()) return;  // every wanted column comes from the path
    auto opened = reader->GetRecordBatchReader(groups, leaves);
    check(opened.status());
    batches = std::move(*opened);
  }

  // The batch that holds next_row; `in_batch` is its place there.
  bool load() {
    if (!started) seek(next_row);
    started = true;
    if (next_row >= rows) return false;
    if (leaves.empty()) return true;
    while (batch == nullptr || in_batch >= batch->num_rows()) {
      check(batches->ReadNext(&batch));
      if (batch == nullptr) throw std::runtime_error("there are fewer rows than its footer says");
      in_batch = 0;
      const auto pass = static_cast<std::int64_t>(
          std::min<std::uint64_t>(to_pass, static_cast<std::uint64_t>(batch->num_rows())));
      in_batch += pass;
      to_pass -= static_cast<std::uint64_t>(pass);
    }
    return true;
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
    row.cells = cells;
  }

  std::string file_name;
  std::vector<std::string> columns;
  std::vector<Cell> cells;
  std::vector<std::pair<std::string, std::string>> partition;
  std::vector<Wanted> wanted;
  std::vector<std::pair<std::size_t, std::string>> wanted_roots;
  std::vector<int> leaves;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  std::shared_ptr<arrow::RecordBatch> batch;
  std::uint64_t hash = 0, rows = 0;
  std::uint64_t next_row = 0;  // to hand out
  std::uint64_t to_pass = 0;   // rows of the batches to come that lie before next_row
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

bool ParquetReader::next(Row& row) {
  position();
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
  if (impl_->pending) {
    ++impl_->next_row;
    ++impl_->in_batch;
    impl_->pending = false;
  }
  return position_before_row();
}

Position ParquetReader::position_before_row() {
  return {.bytes = impl_->next_row, .hash = impl_->hash, .lines = impl_->next_row};
}

bool ParquetReader::skip_to(std::uint64_t bytes, std::uint64_t) {
  if (bytes > impl_->rows) return false;
  impl_->pending = false;
  impl_->guarded([&] { impl_->seek(bytes); });
  impl_->started = true;
  return true;
}

}  // namespace weft::storage
