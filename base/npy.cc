#include "base/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/strings.h"

namespace weft {

static_assert(std::endian::native == std::endian::little,
              "arrays are read and written in the machine's byte order");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what,
                       const std::string& value = {}, const std::string& expected = {}) {
  throw Error(what, {.file = path.string(), .value = value, .expected = expected});
}

// The text of a key's value in the header's Python dictionary: from after "'key':" to the comma or brace that
// ends it.
std::optional<std::string_view> dictionary_value(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = trim(header.substr(at + quoted.size()));
  std::size_t end = std::string_view::npos;
  if (rest.starts_with('(')) {
    end = rest.find(')');
    if (end == std::string_view::npos) return std::nullopt;
    return rest.substr(1, end - 1);
  }
  end = rest.find_first_of(",}");
  if (end == std::string_view::npos) return std::nullopt;
  return trim(rest.substr(0, end));
}

std::size_t item_size(std::string_view type) {
  if (type == "<f4" || type == "<i4" || type == "<u4") return 4;
  if (type == "<u2") return 2;
  if (type == "<f8" || type == "<i8" || type == "<u8") return 8;
  return 0;
}

std::vector<std::size_t> parse_shape(const std::filesystem::path& path, std::string_view text) {
  std::vector<std::size_t> shape;
  while (!(text = trim(text)).empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view number = trim(text.substr(0, comma));
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) {
      fail(path, "the array's shape cannot be read", excerpt(text), "whole numbers separated by commas");
    }
    shape.push_back(value);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return shape;
}

template <typename From, typename To>
std::vector<To> converted(const std::byte* data, std::size_t count) {
  std::vector<To> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, data + i * sizeof value, sizeof value);
    values[i] = static_cast<To>(value);
  }
  return values;
}

}  // namespace

NpyFile NpyFile::open(const std::filesystem::path& path, Files& files) {
  NpyFile file;
  file.path_ = path;
  file.map_ = files.map(path);
  const std::string_view bytes = file.map_.text();
  if (bytes.size() < 10 || !bytes.starts_with(kMagic))
    fail(path, "this is no .npy file", {}, "the magic \\x93NUMPY");
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) fail(path, "unknown .npy version", fmt::format("{}", version), "1, 2 or 3");
  const std::size_t preamble = version == 1 ? 10 : 12;
  if (bytes.size() < preamble) fail(path, "the .npy header is cut off");
  std::size_t header_size = byte(8) | byte(9) << 8;
  if (version > 1) header_size |= byte(10) << 16 | byte(11) << 24;
  if (header_size > bytes.size() - preamble) fail(path, "the .npy header is cut off");
  const std::string_view header = bytes.substr(preamble, header_size);
  const auto type = dictionary_value(header, "descr");
  const auto order = dictionary_value(header, "fortran_order");
  const auto shape = dictionary_value(header, "shape");
  if (!type || type->size() < 2 || !order || !shape) {
    fail(path, "the .npy header cannot be read", excerpt(header), "descr, fortran_order and shape");
  }
  file.type_ = std::string(type->substr(1, type->size() - 2));
  const std::size_t width = item_size(file.type_);
  if (width == 0) fail(path, "unsupported type of array", file.type_, "<f4, <f8, <i4, <i8, <u2, <u4 or <u8");
  if (*order != "False") fail(path, "the array is in Fortran order", {}, "C order (numpy.ascontiguousarray)");
  file.shape_ = parse_shape(path, *shape);
  file.start_ = preamble + header_size;
  const std::size_t there = bytes.size() - file.start_;
  const bool empty = std::find(file.shape_.begin(), file.shape_.end(), 0U) != file.shape_.end();
  file.size_ = empty ? 0 : 1;
  for (const std::size_t extent : file.shape_) {
    if (extent != 0 && file.size_ > there / extent) {
      fail(path, fmt::format("the file is too small for its shape ({})", fmt::join(file.shape_, ", ")));
    }
    file.size_ *= extent;
  }
  if (file.size_ > there / width || file.size_ * width != there) {
    fail(path, fmt::format("the file holds {} bytes of data, its shape ({}) of {} asks for {} values", there,
                           fmt::join(file.shape_, ", "), file.type_, file.size_));
  }
  return file;
}

void NpyFile::check_matrix() const {
  if (shape_.size() != 2)
    fail(path_, "the array is no matrix", fmt::format("{} dimensions", shape_.size()), "2");
}

std::size_t NpyFile::rows() const {
  check_matrix();
  return shape_[0];
}

std::size_t NpyFile::columns() const {
  check_matrix();
  return shape_[1];
}

void NpyFile::read_row(std::size_t row, std::span<float> out) const {
  if (type_ != "<f4") fail(path_, "the matrix has the wrong type", type_, "<f4 (float32)");
  WEFT_CHECK(row < rows() && out.size() == columns());
  if (out.empty()) return;  // there may be no memory to speak of at either end
  std::memcpy(out.data(), map_.bytes().data() + start_ + row * out.size_bytes(), out.size_bytes());
}

std::vector<float> NpyFile::floats() const {
  const std::byte* const data = map_.bytes().data() + start_;
  if (type_ == "<f4") return converted<float, float>(data, size_);
  if (type_ == "<f8") return converted<double, float>(data, size_);
  fail(path_, "the array has the wrong type", type_, "<f4 or <f8");
}

std::vector<std::int64_t> NpyFile::integers() const {
  const std::byte* const data = map_.bytes().data() + start_;
  if (type_ == "<i4") return converted<std::int32_t, std::int64_t>(data, size_);
  if (type_ == "<u2") return converted<std::uint16_t, std::int64_t>(data, size_);
  if (type_ == "<u4") return converted<std::uint32_t, std::int64_t>(data, size_);
  if (type_ == "<i8") return converted<std::int64_t, std::int64_t>(data, size_);
  if (type_ != "<u8") fail(path_, "the array has the wrong type", type_, "<i4, <i8, <u2, <u4 or <u8");
  std::vector<std::int64_t> values = converted<std::uint64_t, std::int64_t>(data, size_);
  for (const std::int64_t value : values) {
    if (value < 0) fail(path_, "a number is too large", fmt::format("{}", static_cast<std::uint64_t>(value)));
  }
  return values;
}

void NpyFile::check_type(std::string_view wanted) const {
  if (type_ != wanted) fail(path_, "the array has the wrong type", type_, std::string(wanted));
}

std::string npy_header(std::string_view type, std::span<const std::size_t> shape) {
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                       fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr std::size_t kPreamble = 10;
  constexpr std::size_t kAlign = 64;
  dictionary.append((kAlign - (kPreamble + dictionary.size() + 1) % kAlign) % kAlign, ' ');
  dictionary += '\n';
  WEFT_CHECK(dictionary.size() < 65536);
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

void write_npy(const std::filesystem::path& path, std::span<const float> values, std::size_t rows,
               std::size_t columns, Files& files) {
  WEFT_CHECK(values.size() == rows * columns);
  std::filesystem::path unfinished = path;
  unfinished += ".part";
  const std::size_t shape[] = {rows, columns};
  {
    const auto file = files.create(unfinished);
    file->append(npy_header("<f4", shape));
    file->append(std::as_bytes(values));
    file->sync();
    file->close();
  }
  files.rename(unfinished, path);
}

}  // namespace weft
