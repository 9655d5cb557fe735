// A model's file: parameters, what they were made from, and (in last.safetensors) all that training needs to
// go on. One .safetensors file, whose metadata entry "weft" is a JSON document, so that tensors and
// description cannot come apart.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "gnn/inputs/input_spec.h"
#include "gnn/trained_model.h"

namespace weft::gnn {

inline constexpr const char* kBestFile = "model.safetensors";
inline constexpr const char* kLastFile = "last.safetensors";
inline constexpr const char* kMetricsFile = "metrics.jsonl";

struct Checkpoint {
  ModelInfo info = {};
  std::string schema = {};  // graph::Schema::to_json
  std::string target = {};  // edge type name
  InputSpec inputs = {};
  std::string trainer = {};  // JSON of the trainer's own; empty in model.safetensors
  std::vector<std::pair<std::string, torch::Tensor>> tensors = {};
};

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     Files& files = real_files());
// Throws Error naming the file if it is damaged or no model of weft.
Checkpoint load_checkpoint(const std::filesystem::path& path, Files& files = real_files());
// The same without tensors: reads the description alone.
Checkpoint load_description(const std::filesystem::path& path, Files& files = real_files());

// For the metadata of other kinds of models. Reading throws Error naming `file` if the text is damaged.
std::string to_json(const TrainedSplit& split);
TrainedSplit trained_split_from_json(const std::string& text, const std::filesystem::path& file);

// The module's parameters and buffers as "model.<name>".
std::vector<std::pair<std::string, torch::Tensor>> model_tensors(const torch::nn::Module& module);
// Copies them back. Throws Error naming `file` and the tensor if one is missing or of another shape.
void restore_model(torch::nn::Module& module, const Checkpoint& checkpoint,
                   const std::filesystem::path& file);

}  // namespace weft::gnn
