#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "storage/sources/byte_stream.h"

namespace weft::storage {
namespace {

[[noreturn]] void cut(const char* format, std::uint64_t bytes, const std::string& file) {
  throw Error(fmt::format("the {} data ends early, after {} compressed bytes", format, with_commas(bytes)),
              {.file = file, .hint = "the file was cut: fetch or write it again"});
}

// `bytes` were good, or at least could be told from bad ones only with what follows them.
[[noreturn]] void damaged(const char* format, std::uint64_t bytes, const char* what,
                          const std::string& file) {
  throw Error(fmt::format("not valid {} data at compressed byte {}: {}", format, with_commas(bytes), what),
              {.file = file,
               .hint = bytes < 64 ? "the file's name says what it is compressed with: is that true of it?"
                                  : "the file is damaged: fetch or write it again"});
}

class GzipStream final : public ByteStream {
 public:
  GzipStream(std::unique_ptr<ByteStream> compressed, std::string name)
      : input_(std::move(compressed)), name_(std::move(name)) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw Error("cannot start zlib", {.file = name_});
  }
  ~GzipStream() override { inflateEnd(&stream_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  std::size_t read(std::span<char> room) override {
    std::size_t filled = 0;
    while (filled == 0 && !finished_) filled = inflate_some(room);
    return filled;
  }

 private:
  // How many bytes it put into `room`.
  std::size_t inflate_some(std::span<char> room) {
    const bool any = !input_.bytes().empty() || input_.more();
    if (ended_member_) {
      if (!any) {
        finished_ = true;
        return 0;
      }
      inflateReset(&stream_);
      ended_member_ = false;
    }
    if (!any) cut("gzip", input_.taken(), name_);
    const std::string_view in = input_.bytes();
    const std::size_t out = std::min<std::size_t>(room.size(), 1 << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(out);
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    input_.take(in.size() - stream_.avail_in);
    if (rc == Z_STREAM_END) {
      ended_member_ = true;
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      damaged("gzip", input_.taken(), stream_.msg != nullptr ? stream_.msg : "damaged", name_);
    }
    return out - stream_.avail_out;
  }

  StreamInput input_;
  std::string name_;
  z_stream stream_ = {};
  bool ended_member_ = false, finished_ = false;
};

class ZstdStream final : public ByteStream {
 public:
  ZstdStream(std::unique_ptr<ByteStream> compressed, std::string name)
      : input_(std::move(compressed)), name_(std::move(name)), context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw Error("cannot start zstd", {.file = name_});
    // zstd's own limit for a frame that says how large a window it needs: 128 MiB.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 27);
  }
  ~ZstdStream() override { ZSTD_freeDCtx(context_); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  std::size_t read(std::span<char> room) override {
    while (true) {
      if (input_.bytes().empty() && !input_.more() && !flush_) {
        if (inside_frame_) cut("zstd", input_.taken(), name_);
        return 0;
      }
      ZSTD_inBuffer in{input_.bytes().data(), input_.bytes().size(), 0};
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      const std::size_t rc = ZSTD_decompressStream(context_, &out, &in);
      input_.take(in.pos);
      if (ZSTD_isError(rc) != 0) {
        damaged("zstd", input_.taken(), ZSTD_getErrorName(rc), name_);
      }
      inside_frame_ = rc != 0;
      // A full room may have left bytes inside the decoder.
      flush_ = inside_frame_ && out.pos == out.size;
      if (out.pos > 0) return out.pos;
    }
  }

 private:
  StreamInput input_;
  std::string name_;
  ZSTD_DCtx* context_;
  bool inside_frame_ = false;
  bool flush_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> gzip_stream(std::unique_ptr<ByteStream> compressed, std::string name) {
  return std::make_unique<GzipStream>(std::move(compressed), std::move(name));
}

std::unique_ptr<ByteStream> zstd_stream(std::unique_ptr<ByteStream> compressed, std::string name) {
  return std::make_unique<ZstdStream>(std::move(compressed), std::move(name));
}

}  // namespace weft::storage
