// Reads and writes .safetensors files (Hugging Face's format: uint64 header length, a JSON header, raw
// little-endian tensors).
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"

namespace weft::gnn {

struct TensorFile {
  std::map<std::string, torch::Tensor> tensors = {};  // own their memory
  std::map<std::string, std::string> metadata = {};   // "__metadata__"
};

// Writes tensors (CPU; float32, float64, int64, int32, uint8, bool) in the order given, made contiguous,
// under a temporary name, synced and renamed: readers see the old file or the new one. Adds metadata "xxh3",
// the hash of the tensor bytes. Kill point: model.before_rename.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       std::map<std::string, std::string> metadata, Files& files = real_files());

// Reads and checks everything: lengths against the file's size before any allocation, shapes, gaps and
// overlaps, and the hash where metadata has one. Throws Error naming the file and what is wrong.
TensorFile read_safetensors(const std::filesystem::path& path, Files& files = real_files());
// The metadata alone: reads the header, not the tensors.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path,
                                                             Files& files = real_files());

}  // namespace weft::gnn
