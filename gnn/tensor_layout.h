// The layout of .safetensors files (Hugging Face's format: uint64 header length, a JSON header, raw
// little-endian tensors): what lies where, without the tensors. gnn/safetensors.h reads and writes those.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace weft::gnn {

enum class TensorType : std::uint8_t { kFloat32, kFloat64, kInt64, kInt32, kUint8, kBool };

std::uint64_t item_bytes(TensorType type);  // of one number

struct TensorPlace {
  std::string name = {};
  TensorType type = TensorType::kFloat32;
  std::vector<std::int64_t> shape = {};
  std::uint64_t begin = 0, end = 0;  // bytes behind the header
  bool operator==(const TensorPlace&) const = default;
};

struct TensorLayout {
  std::vector<TensorPlace> tensors = {};             // by `begin`, without gap or overlap
  std::map<std::string, std::string> metadata = {};  // "__metadata__"
  std::uint64_t data_begin = 0;                      // byte of the file
};

// `content` is the whole file. Checks everything but the hash: lengths, types, shapes against bytes (with
// checked arithmetic), that the tensors fill what is behind the header. Throws Error naming `file` and what
// is wrong.
TensorLayout read_tensor_layout(std::span<const std::byte> content, const std::filesystem::path& file);

// The hash of the tensors' bytes, if the metadata has one ("xxh3"; files of others have none). Throws Error
// naming `file` if it is another one.
void check_tensor_hash(const TensorLayout& layout, std::span<const std::byte> content,
                       const std::filesystem::path& file);

// What a file begins with: the header's length and the header, filled up so that the tensors begin aligned.
// Names must differ.
std::string tensor_file_head(const std::vector<TensorPlace>& tensors,
                             const std::map<std::string, std::string>& metadata);

inline constexpr const char* kTensorHashKey = "xxh3";

}  // namespace weft::gnn
