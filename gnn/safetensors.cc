#include "gnn/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "gnn/tensor_layout.h"

namespace weft::gnn {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

// Torch's name of a TensorType.
constexpr std::array<torch::ScalarType, 6> kTypes = {torch::kFloat, torch::kDouble, torch::kLong,
                                                     torch::kInt,   torch::kByte,   torch::kBool};

std::span<const std::byte> bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

// One behind the other, in the order given.
std::vector<TensorPlace> places_of(const std::vector<std::pair<std::string, torch::Tensor>>& tensors) {
  std::vector<TensorPlace> out;
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto type = std::find(kTypes.begin(), kTypes.end(), tensor.scalar_type());
    WEFT_CHECK(type != kTypes.end());
    const std::uint64_t end = at + tensor.nbytes();
    out.push_back({.name = name,
                   .type = static_cast<TensorType>(type - kTypes.begin()),
                   .shape = tensor.sizes().vec(),
                   .begin = at,
                   .end = end});
    at = end;
  }
  return out;
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
  metadata[kTensorHashKey] = to_hex(hasher.digest());
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  try {
    const auto file = files.create(temporary);
    file->append(tensor_file_head(places_of(whole), metadata));
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
  TensorLayout layout = read_tensor_layout(file.bytes(), path);
  check_tensor_hash(layout, file.bytes(), path);
  const auto data = file.bytes().subspan(layout.data_begin);
  TensorFile read{.metadata = std::move(layout.metadata)};
  for (const TensorPlace& place : layout.tensors) {
    torch::Tensor tensor = torch::empty(place.shape, kTypes[static_cast<std::size_t>(place.type)]);
    if (place.end > place.begin)
      std::memcpy(tensor.data_ptr(), data.data() + place.begin, place.end - place.begin);
    read.tensors.emplace(place.name, std::move(tensor));
  }
  return read;
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path,
                                                             Files& files) {
  const MappedFile file = files.map(path);
  return read_tensor_layout(file.bytes(), path).metadata;
}

}  // namespace weft::gnn
