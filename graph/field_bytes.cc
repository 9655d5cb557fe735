#include "graph/field_bytes.h"

#include <bit>
#include <cstring>

namespace weft::graph {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

template <typename Number>
void put(std::string& out, Number value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

// Cuts numbers and length-prefixed texts off the front.
class Cutter {
 public:
  explicit Cutter(std::string_view bytes) : rest_(bytes) {}

  template <typename Number>
  Number number() {
    Number value = {};
    if (rest_.size() < sizeof(Number)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (rest_.size() < size) ok_ = false;
    if (!ok_) return {};
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }
  bool more() const { return ok_ && !rest_.empty(); }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string field_bytes(const FieldValue& value) {
  std::string out(1, static_cast<char>(value.index()));
  if (const auto* number = std::get_if<double>(&value)) put(out, *number);
  if (const auto* text = std::get_if<std::string>(&value)) out += *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& item : *list) put_text(out, item);
  }
  if (const auto* media = std::get_if<MediaValue>(&value)) {
    put_text(out, media->path);
    put_text(out, media->content_hash);
  }
  return out;
}

std::optional<FieldValue> field_of_bytes(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  Cutter cutter(bytes.substr(1));
  switch (bytes[0]) {
    case 1: {
      const auto number = cutter.number<double>();
      if (!cutter.finished()) return std::nullopt;
      return FieldValue(number);
    }
    case 2: {
      std::vector<std::string> list;
      while (cutter.more()) list.push_back(cutter.text());
      if (!cutter.finished()) return std::nullopt;
      return FieldValue(std::move(list));
    }
    case 3:
      return FieldValue(std::string(bytes.substr(1)));
    case 4: {
      MediaValue media;
      media.path = cutter.text();
      media.content_hash = cutter.text();
      if (!cutter.finished()) return std::nullopt;
      return FieldValue(std::move(media));
    }
    default:
      return std::nullopt;
  }
}

}  // namespace weft::graph
