#include <fmt/format.h>
#include <iconv.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "storage/sources/byte_stream.h"

namespace weft::storage {
namespace {

// As iconv names them.
const char* iconv_name(Encoding encoding) {
  static constexpr std::array<const char*, kEncodings> kNames = {"UTF-8", "GBK", "GB18030", "ISO-8859-1",
                                                                 "CP1252"};
  return kNames[static_cast<std::size_t>(encoding)];
}

class ConvertedStream final : public ByteStream {
 public:
  ConvertedStream(std::unique_ptr<ByteStream> text, Encoding encoding, const std::string& name)
      : input_(std::move(text)), converter_(iconv_open("UTF-8", iconv_name(encoding))) {
    if (converter_ == reinterpret_cast<iconv_t>(-1)) {  // NOLINT(performance-no-int-to-ptr)
      throw Error(fmt::format("this system cannot convert {} to UTF-8", encoding_name(encoding)),
                  {.file = name, .hint = "install the C library's converters, or convert the file to UTF-8"});
    }
  }
  ~ConvertedStream() override { iconv_close(converter_); }
  ConvertedStream(const ConvertedStream&) = delete;
  ConvertedStream& operator=(const ConvertedStream&) = delete;

  std::size_t read(std::span<char> room) override {
    // A character never has more than four bytes in UTF-8; a smaller room could not take one.
    WEFT_CHECK(room.size() >= 4);
    bool at_end = false;
    while (true) {
      if (input_.bytes().empty() && !input_.more()) return 0;
      char* in = const_cast<char*>(input_.bytes().data());
      std::size_t in_left = input_.bytes().size();
      char* out = room.data();
      std::size_t out_left = room.size();
      const std::size_t rc = iconv(converter_, &in, &in_left, &out, &out_left);
      const int problem = rc == static_cast<std::size_t>(-1) ? errno : 0;
      input_.take(input_.bytes().size() - in_left);
      if (out != room.data()) return room.size() - out_left;
      if (problem == EILSEQ || (problem == EINVAL && at_end)) {
        // One byte alone: what follows it may be a line end.
        input_.take(1);
        room[0] = kNoText;
        return 1;
      }
      if (problem == EINVAL) {
        at_end = !input_.more();  // a character that is not whole yet
      } else if (problem != 0) {
        throw Error(fmt::format("iconv failed with error {}", problem));
      }
    }
  }

 private:
  StreamInput input_;
  iconv_t converter_;
};

}  // namespace

std::unique_ptr<ByteStream> converted_stream(std::unique_ptr<ByteStream> text, Encoding encoding,
                                             std::string name) {
  return std::make_unique<ConvertedStream>(std::move(text), encoding, name);
}

}  // namespace weft::storage
