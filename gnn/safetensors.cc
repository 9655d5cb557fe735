#include "gnn/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"

namespace weft::gnn {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

constexpr std::uint64_t kMaxHeader = 256u << 20;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kAlignment = 8;
constexpr const char* kHashKey = "xxh3";

struct Type {
  const char* name;
  torch::ScalarType type;
  std::uint64_t size;
};
constexpr Type kTypes[] = {{"F32", torch::kFloat, 4}, {"F64", torch::kDouble, 8}, {"I64", torch::kLong, 8},
                           {"I32", torch::kInt, 4},   {"U8", torch::kByte, 1},    {"BOOL", torch::kBool, 1}};

[[noreturn]] void damaged(const std::filesystem::path& path, const std::string& what,
                          const std::string& field = {}) {
  throw Error("damaged tensor file: " + what, {.file = path.string(), .field = field});
}

std::span<const std::byte> bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

struct Entry {
  std::string name = {};
  Type type = kTypes[0];
  std::vector<std::int64_t> shape = {};
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<Entry> entries = {};  // by begin
  std::map<std::string, std::string> metadata = {};
  std::span<const std::byte> data = {};
};

Entry parse_entry(const std::filesystem::path& path, const std::string& name, const nlohmann::json& json,
                  std::uint64_t data_size) {
  Entry entry{.name = name};
  try {
    const auto type_name = json.at("dtype").get<std::string>();
    const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const Type& t) { return type_name == t.name; });
    if (type == std::end(kTypes)) damaged(path, "unknown type '" + type_name + "'", name);
    entry.type = *type;
    const auto& offsets = json.at("data_offsets");
    if (offsets.size() != 2) damaged(path, "data_offsets must be two numbers", name);
    entry.begin = offsets.at(0).get<std::uint64_t>();
    entry.end = offsets.at(1).get<std::uint64_t>();
    if (json.at("shape").size() > kMaxDimensions) damaged(path, "too many dimensions", name);
    for (const nlohmann::json& size : json.at("shape")) {
      if (!size.is_number_unsigned()) damaged(path, "a dimension is no whole number", name);
      const auto value = size.get<std::uint64_t>();
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        damaged(path, "a dimension is too large", name);
      entry.shape.push_back(static_cast<std::int64_t>(value));
    }
  } catch (const nlohmann::json::exception& problem) {
    damaged(path, problem.what(), name);
  }
  if (entry.begin > entry.end || entry.end > data_size)
    damaged(path, "a tensor reaches past the end of the file", name);
  std::uint64_t size = entry.type.size;
  for (const std::int64_t dimension : entry.shape) {
    if (__builtin_mul_overflow(size, static_cast<std::uint64_t>(dimension), &size))
      damaged(path, "a shape is too large", name);
  }
  if (size != entry.end - entry.begin) damaged(path, "a tensor's shape does not match its bytes", name);
  return entry;
}

Header parse_header(const std::filesystem::path& path, const MappedFile& file) {
  const auto bytes = file.bytes();
  std::uint64_t length = 0;
  if (bytes.size() < sizeof(length)) damaged(path, "it ends before its header");
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > kMaxHeader || length > bytes.size() - sizeof(length)) {
    damaged(path, fmt::format("its header claims {} bytes of a file of {}", length, bytes.size()));
  }
  Header header{.data = bytes.subspan(sizeof(length) + length)};
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(file.text().substr(sizeof(length), length));
  } catch (const nlohmann::json::exception& problem) {
    damaged(path, problem.what());
  }
  if (!json.is_object()) damaged(path, "its header is no JSON object");
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") {
      header.entries.push_back(parse_entry(path, name, value, header.data.size()));
      continue;
    }
    if (!value.is_object()) damaged(path, "__metadata__ is no JSON object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) damaged(path, "a metadata value is no string", key);
      header.metadata[key] = text.get<std::string>();
    }
  }
  std::sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Entry& entry : header.entries) {
    if (entry.begin != at) damaged(path, "tensors overlap or leave a gap", entry.name);
    at = entry.end;
  }
  if (at != header.data.size()) damaged(path, "there are bytes after the last tensor");
  return header;
}

std::string header_text(const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::json json = nlohmann::json::object();
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const Type& t) { return tensor.scalar_type() == t.type; });
    WEFT_CHECK(type != std::end(kTypes));
    const std::uint64_t end = at + tensor.nbytes();
    const bool is_new = json.emplace(name, nlohmann::json{{"dtype", type->name},
                                                          {"shape", tensor.sizes().vec()},
                                                          {"data_offsets", {at, end}}})
                            .second;
    WEFT_CHECK(is_new);
    at = end;
  }
  json["__metadata__"] = metadata;
  std::string text = json.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       std::map<std::string, std::string> metadata, Files& files) {
  std::vector<std::pair<std::string, torch::Tensor>> whole;
  Hasher64 hasher;
  for (const auto& [name, tensor] : tensors) {
    whole.emplace_back(name, tensor.detach().contiguous());
    hasher.update(bytes_of(whole.back().second));
  }
  metadata[kHashKey] = to_hex(hasher.digest());
  const std::string header = header_text(whole, metadata);
  const std::uint64_t length = header.size();
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  try {
    const auto file = files.create(temporary);
    file->append(std::as_bytes(std::span(&length, 1)));
    file->append(header);
    for (const auto& [name, tensor] : whole) file->append(bytes_of(tensor));
    file->sync();
    file->close();
    files.kill_point("model.before_rename");
    files.rename(temporary, path);
  } catch (const Error&) {
    std::error_code ignored;  // the first error is the one to tell
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  files.sync_folder(path.parent_path());
}

TensorFile read_safetensors(const std::filesystem::path& path, Files& files) {
  const MappedFile file = files.map(path);
  Header header = parse_header(path, file);
  const auto hash = header.metadata.find(kHashKey);
  if (hash != header.metadata.end() && hash->second != to_hex(hash64(header.data))) {
    damaged(path, "its bytes are not those that were written (checksum)");
  }
  TensorFile read{.metadata = std::move(header.metadata)};
  for (const Entry& entry : header.entries) {
    torch::Tensor tensor = torch::empty(entry.shape, entry.type.type);
    if (entry.end > entry.begin)
      std::memcpy(tensor.data_ptr(), header.data.data() + entry.begin, entry.end - entry.begin);
    read.tensors.emplace(entry.name, std::move(tensor));
  }
  return read;
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path,
                                                             Files& files) {
  const MappedFile file = files.map(path);
  return parse_header(path, file).metadata;
}

}  // namespace weft::gnn
