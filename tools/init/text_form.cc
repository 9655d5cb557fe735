#include "tools/init/text_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "storage/sources/byte_stream.h"
#include "tools/init/project_text.h"

namespace weft::init {
namespace {

using storage::Encoding;

constexpr std::size_t kSampleBytes = std::size_t{1} << 20;
constexpr std::string_view kDelimiters = ",;\t|";

class TextStream : public storage::ByteStream {
 public:
  explicit TextStream(std::string_view text) : rest_(text) {}
  std::size_t read(std::span<char> room) override {
    const std::size_t count = std::min(room.size(), rest_.size());
    std::memcpy(room.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

std::string read_up_to(storage::ByteStream& stream, std::size_t most) {
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const std::size_t count = stream.read(std::span(text).subspan(size));
    if (count == 0) break;
    size += count;
  }
  text.resize(size);
  return text;
}

std::string in_utf8(std::string_view text, Encoding encoding) {
  const auto stream = storage::converted_stream(std::make_unique<TextStream>(text), encoding, "sample");
  return read_up_to(*stream, 4 * text.size() + 16);
}

bool is_all_text(std::string_view utf8) {
  return utf8.find(storage::kNoText) == std::string_view::npos && is_utf8(utf8);
}

bool is_binary(std::string_view sample) {
  const auto controls = std::count_if(sample.begin(), sample.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
  return sample.find('\0') != std::string_view::npos ||
         controls * 10 > static_cast<std::ptrdiff_t>(sample.size());
}

// Of the pairs that GBK would make of the bytes above ASCII, nearly all are of its common part, where both
// bytes are above 0xA0. Accented letters of other encodings mostly stand before ASCII.
bool looks_chinese(std::string_view sample) {
  std::size_t pairs = 0, common = 0;
  for (std::size_t i = 0; i + 1 < sample.size(); ++i) {
    if (static_cast<unsigned char>(sample[i]) < 0x80) continue;
    ++pairs;
    common += static_cast<unsigned char>(sample[i]) > 0xA0 && static_cast<unsigned char>(sample[i + 1]) > 0xA0
                  ? 1
                  : 0;
    ++i;
  }
  return pairs > 0 && common * 10 >= pairs * 8;
}

std::string_view line_at(std::string_view text, std::size_t number) {
  for (; number > 0; --number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// Outside of quotes.
std::size_t count_of(std::string_view line, char delimiter) {
  std::size_t count = 0;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    count += c == delimiter && !quoted ? 1 : 0;
  }
  return count;
}

// "user_id:token\tage:float" -> user_id: token, age: float.
std::map<std::string, std::string> declared_types(std::string_view header) {
  static constexpr std::array<std::string_view, 4> kTypes = {"token", "token_seq", "float", "float_seq"};
  std::map<std::string, std::string> declared;
  for (std::string_view rest = header; !rest.empty();) {
    const std::size_t end = rest.find('\t');
    const std::string_view name = trim(rest.substr(0, end));
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos &&
        std::find(kTypes.begin(), kTypes.end(), name.substr(colon + 1)) != kTypes.end())
      declared.emplace(name.substr(0, colon), name.substr(colon + 1));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return declared;
}

}  // namespace

std::string TextForm::options() const {
  std::string out;
  if (encoding != Encoding::kUtf8) {
    std::string word(storage::encoding_name(encoding));
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out += fmt::format("encoding = {}\n", toml_string(word));
  }
  if (delimiter != '\0') out += fmt::format("delimiter = {}\n", toml_string(std::string(1, delimiter)));
  return out;
}

Encoding guess_encoding(std::string_view sample) {
  if (is_binary(sample)) return Encoding::kUtf8;
  // What was cut within a character is no sign.
  if (const std::size_t end = sample.rfind('\n'); end != std::string_view::npos) {
    sample = sample.substr(0, end + 1);
  } else {
    for (int i = 0; i < 3 && !sample.empty() && static_cast<unsigned char>(sample.back()) >= 0x80; ++i)
      sample.remove_suffix(1);
  }
  if (is_utf8(sample)) return Encoding::kUtf8;
  if (looks_chinese(sample)) {
    for (const Encoding encoding : {Encoding::kGbk, Encoding::kGb18030}) {
      if (is_all_text(in_utf8(sample, encoding))) return encoding;
    }
  }
  return is_all_text(in_utf8(sample, Encoding::kWindows1252)) ? Encoding::kWindows1252 : Encoding::kLatin1;
}

char guess_delimiter(std::string_view sample, char usual) {
  const std::string_view first = line_at(sample, 0), second = line_at(sample, 1);
  if (count_of(first, usual) > 0) return '\0';
  char best = '\0';
  std::size_t most = 0;
  for (const char each : kDelimiters) {
    const std::size_t count = count_of(first, each);
    if (each == usual || count <= most || count_of(second, each) != count) continue;
    best = each;
    most = count;
  }
  return best;
}

TextForm find_text_form(const storage::SourceFile& source, Files& files) {
  TextForm form;
  if (source.format == storage::SourceFormat::kParquet) return form;
  const auto stream = storage::ByteStream::open(source.path, source.compression, Encoding::kUtf8, files);
  const std::string sample = read_up_to(*stream, kSampleBytes);
  form.encoding = guess_encoding(sample);
  if (source.format == storage::SourceFormat::kCsv) form.delimiter = guess_delimiter(sample, ',');
  if (source.format == storage::SourceFormat::kTabs) {
    form.delimiter = guess_delimiter(sample, '\t');
    form.declared = declared_types(line_at(sample, 0));
  }
  return form;
}

}  // namespace weft::init
