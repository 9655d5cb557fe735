// Reads a whole source into plain values, for tests of the readers.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "storage/sources/row_reader.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {

struct ReadRow {
  std::uint64_t offset = 0, line = 0;
  bool terminated = true;
  std::string bad = {};
  std::vector<std::string> cells = {};  // lists as "[a|b]"
  std::vector<bool> present = {};
};

inline std::string cell_text(const Cell& cell) {
  if (!cell.is_list) return std::string(cell.text);
  std::string out = "[";
  for (const std::string_view item : cell.items) out += (out.size() > 1 ? "|" : "") + std::string(item);
  return out + "]";
}

inline std::vector<ReadRow> read_rows(RowReader& reader) {
  std::vector<ReadRow> rows;
  Row row;
  while (reader.next(row)) {
    ReadRow out{.offset = row.offset, .line = row.line, .terminated = row.terminated, .bad = row.bad_reason};
    for (const Cell& cell : row.cells) {
      out.cells.push_back(cell_text(cell));
      out.present.push_back(cell.present);
    }
    rows.push_back(std::move(out));
  }
  return rows;
}

inline std::string gzipped(std::string_view text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

enum class Checksum { kNo, kYes };

inline std::string zstd_frame(std::string_view text, Checksum checksum = Checksum::kNo) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum == Checksum::kYes ? 1 : 0);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  out.resize(size);
  return out;
}

inline std::string compressed(std::string_view text, Compression compression) {
  if (compression == Compression::kGzip) return gzipped(text);
  if (compression == Compression::kZstd) return zstd_frame(text);
  return std::string(text);
}

// A source file with the given content; the format follows the name.
class WrittenSource {
 public:
  WrittenSource(const std::string& name, std::string_view text, Encoding encoding = Encoding::kUtf8) {
    source_.name = name;
    source_.path = folder_.path() / name;
    source_.compression = name.ends_with(".gz")    ? Compression::kGzip
                          : name.ends_with(".zst") ? Compression::kZstd
                                                   : Compression::kNone;
    source_.encoding = encoding;
    source_.format = name.find(".csv") != std::string::npos     ? SourceFormat::kCsv
                     : name.find(".jsonl") != std::string::npos ? SourceFormat::kJsonLines
                                                                : SourceFormat::kTabs;
    real_files().write_whole(source_.path, compressed(text, source_.compression));
  }
  std::unique_ptr<RowReader> open(std::vector<std::string> columns) const {
    return RowReader::open(source_, std::move(columns), real_files());
  }
  std::vector<ReadRow> read(std::vector<std::string> columns) const {
    return read_rows(*open(std::move(columns)));
  }
  SourceFile& source() { return source_; }

 private:
  test::TempFolder folder_;
  SourceFile source_;
};

}  // namespace weft::storage
