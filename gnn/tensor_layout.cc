#include "gnn/tensor_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

#include "base/error.h"
#include "base/hash.h"

namespace weft::gnn {
namespace {

constexpr std::uint64_t kMaxHeader = 256u << 20;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kAlignment = 8;
constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
constexpr const char* kMetadata = "__metadata__";

struct TypeName {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<TypeName, 6> kTypes = {
    {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"U8", 1}, {"BOOL", 1}}};  // as in TensorType

[[noreturn]] void damaged(const std::filesystem::path& file, const std::string& what,
                          const std::string& field = {}) {
  throw Error("damaged tensor file: " + what, {.file = file.string(), .field = field});
}

// The value of a key that must be there.
const nlohmann::json& member(const nlohmann::json& json, const char* key, const std::filesystem::path& file,
                             const std::string& name) {
  if (!json.is_object()) damaged(file, "a tensor's entry is no JSON object", name);
  const auto found = json.find(key);
  if (found == json.end()) damaged(file, fmt::format("a tensor has no {}", key), name);
  return *found;
}

TensorType type_of(const nlohmann::json& json, const std::filesystem::path& file, const std::string& name) {
  if (!json.is_string()) damaged(file, "a type is no string", name);
  const auto& text = json.get_ref<const std::string&>();
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& type) { return type.name == text; });
  if (found == kTypes.end()) damaged(file, "unknown type '" + text + "'", name);
  return static_cast<TensorType>(found - kTypes.begin());
}

std::vector<std::uint64_t> numbers_of(const nlohmann::json& json, const std::filesystem::path& file,
                                      const std::string& name, const char* what) {
  if (!json.is_array()) damaged(file, fmt::format("{} is no list", what), name);
  std::vector<std::uint64_t> out;
  for (const nlohmann::json& number : json) {
    if (!number.is_number_unsigned())
      damaged(file, fmt::format("{} is no list of whole numbers", what), name);
    out.push_back(number.get<std::uint64_t>());
  }
  return out;
}

TensorPlace place_of(const std::string& name, const nlohmann::json& json, std::uint64_t data_size,
                     const std::filesystem::path& file) {
  TensorPlace place{.name = name, .type = type_of(member(json, "dtype", file, name), file, name)};
  const auto offsets = numbers_of(member(json, "data_offsets", file, name), file, name, "data_offsets");
  if (offsets.size() != 2) damaged(file, "data_offsets must be two numbers", name);
  place.begin = offsets[0];
  place.end = offsets[1];
  if (place.begin > place.end || place.end > data_size)
    damaged(file, "a tensor reaches past the end of the file", name);
  const auto shape = numbers_of(member(json, "shape", file, name), file, name, "shape");
  if (shape.size() > kMaxDimensions) damaged(file, "too many dimensions", name);
  // A tensor with a dimension of 0 has no bytes, but strides that must fit all the same.
  std::int64_t extent = static_cast<std::int64_t>(item_bytes(place.type));
  bool empty = false;
  for (const std::uint64_t dimension : shape) {
    empty = empty || dimension == 0;
    if (__builtin_mul_overflow(extent, std::max<std::uint64_t>(dimension, 1), &extent))
      damaged(file, "a shape is too large", name);
    place.shape.push_back(static_cast<std::int64_t>(dimension));
  }
  if ((empty ? 0 : static_cast<std::uint64_t>(extent)) != place.end - place.begin)
    damaged(file, "a tensor's shape does not match its bytes", name);
  return place;
}

std::map<std::string, std::string> metadata_of(const nlohmann::json& json,
                                               const std::filesystem::path& file) {
  if (!json.is_object()) damaged(file, "__metadata__ is no JSON object");
  std::map<std::string, std::string> out;
  for (const auto& [key, text] : json.items()) {
    if (!text.is_string()) damaged(file, "a metadata value is no string", key);
    out[key] = text.get<std::string>();
  }
  return out;
}

nlohmann::json header_of(std::string_view text, const std::filesystem::path& file) {
  try {
    nlohmann::json json = nlohmann::json::parse(text);
    if (!json.is_object()) damaged(file, "its header is no JSON object");
    return json;
  } catch (const nlohmann::json::exception& problem) {
    damaged(file, problem.what());
  }
}

}  // namespace

std::uint64_t item_bytes(TensorType type) {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}

TensorLayout read_tensor_layout(std::span<const std::byte> content, const std::filesystem::path& file) {
  std::uint64_t length = 0;
  if (content.size() < kLengthBytes) damaged(file, "it ends before its header");
  std::memcpy(&length, content.data(), kLengthBytes);
  if (length > kMaxHeader || length > content.size() - kLengthBytes)
    damaged(file, fmt::format("its header claims {} bytes of a file of {}", length, content.size()));
  TensorLayout out{.data_begin = kLengthBytes + length};
  const std::uint64_t data_size = content.size() - out.data_begin;
  const auto* const text = reinterpret_cast<const char*>(content.data()) + kLengthBytes;
  const nlohmann::json header = header_of({text, length}, file);
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadata)
      out.metadata = metadata_of(value, file);
    else
      out.tensors.push_back(place_of(name, value, data_size, file));
  }
  std::sort(out.tensors.begin(), out.tensors.end(), [](const TensorPlace& a, const TensorPlace& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t at = 0;
  for (const TensorPlace& place : out.tensors) {
    if (place.begin != at) damaged(file, "tensors overlap or leave a gap", place.name);
    at = place.end;
  }
  if (at != data_size) damaged(file, "there are bytes after the last tensor");
  return out;
}

void check_tensor_hash(const TensorLayout& layout, std::span<const std::byte> content,
                       const std::filesystem::path& file) {
  const auto hash = layout.metadata.find(kTensorHashKey);
  if (hash != layout.metadata.end() && hash->second != to_hex(hash64(content.subspan(layout.data_begin))))
    damaged(file, "its bytes are not those that were written (checksum)");
}

std::string tensor_file_head(const std::vector<TensorPlace>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  nlohmann::json json = nlohmann::json::object();
  for (const TensorPlace& place : tensors) {
    const bool is_new =
        json.emplace(place.name, nlohmann::json{{"dtype", kTypes[static_cast<std::size_t>(place.type)].name},
                                                {"shape", place.shape},
                                                {"data_offsets", {place.begin, place.end}}})
            .second;
    WEFT_CHECK(is_new);
  }
  json[kMetadata] = metadata;
  std::string text = json.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), kLengthBytes) + text;
}

}  // namespace weft::gnn
