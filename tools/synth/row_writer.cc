#include "tools/synth/row_writer.h"

#include <algorithm>

#include "tools/synth/parquet_table.h"
#include "tools/synth/random.h"

namespace weft::synth {
namespace {
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
}  // namespace

RowWriter::RowWriter(const std::filesystem::path& path, RowKind kind, std::uint64_t seed,
                     std::uint64_t stream, double share)
    : path_(path), kind_(kind), seed_(seed), stream_(stream), share_(share) {
  if (kind != RowKind::kParquet) file_ = real_files().create(path);
}
RowWriter::RowWriter(RowWriter&&) noexcept = default;
RowWriter::~RowWriter() = default;

void RowWriter::header(std::string_view row) {
  if (kind_ == RowKind::kParquet)
    table_ = std::make_unique<ParquetTable>(path_, row);
  else
    put(row);
}

void RowWriter::extra(std::string_view row) {
  put(row);
  ++dirty_;
}

int RowWriter::row(std::string_view row) {
  put(row);
  Stream random(seed_, Purpose::kDirt, rows_, stream_);
  ++rows_;
  if (!random.chance(share_)) return 1;
  ++dirty_;
  if (random.chance(2.0 / 3)) {
    put(row);
    return 2;
  }
  put(broken(row, kind_, random.uniform()));
  ++broken_;
  return 1;
}

double RowWriter::share_of(std::uint64_t rows) const {
  return rows_ == 0 ? 0 : static_cast<double>(rows) / static_cast<double>(rows_ + dirty_);
}

std::string RowWriter::broken(std::string_view row, RowKind kind, double where) {
  if (kind != RowKind::kJson) {
    const std::size_t first = row.find(','), last = row.rfind(',');
    if (first == std::string_view::npos) return "n/a";
    if (where < 0.5 && first != last) return "n/a" + std::string(row.substr(first));
    return std::string(row.substr(0, last));
  }
  // A JSON object is broken by any cut; keep at least the brace. A cut may split a character: logs do that
  // too.
  const auto keep = static_cast<std::size_t>(where * static_cast<double>(row.size()));
  return std::string(row.substr(0, std::clamp<std::size_t>(keep, 1, row.size() - 1)));
}

void RowWriter::put(std::string_view row) {
  if (table_ != nullptr) return table_->add(row);
  buffer_ += row;
  buffer_ += '\n';
  if (buffer_.size() < kBufferBytes) return;
  file_->append(buffer_);
  buffer_.clear();
}

void RowWriter::close() {
  if (table_ != nullptr) return table_->close();
  file_->append(buffer_);
  buffer_.clear();
  file_->close();
}

}  // namespace weft::synth
