#include "gnn/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "gnn/safetensors.h"

namespace weft::gnn {
namespace {

constexpr int kFormat = 2;
constexpr const char* kDocument = "weft";

nlohmann::json split_to_json(const TrainedSplit& split) {
  return {{"kind", static_cast<int>(split.spec.kind)},
          {"valid", split.spec.valid},
          {"test", split.spec.test},
          {"seed", split.spec.seed},
          {"train_files", split.spec.train_files},
          {"valid_files", split.spec.valid_files},
          {"test_files", split.spec.test_files},
          {"valid_start", split.valid_start},
          {"test_start", split.test_start}};
}

TrainedSplit split_from_json(const nlohmann::json& json, const std::string& file) {
  const int kind = json.at("kind").get<int>();
  if (kind < 0 || kind > static_cast<int>(graph::SplitKind::kFiles)) {
    throw Error("the model's description is damaged",
                {.file = file, .field = "split kind", .value = std::to_string(kind)});
  }
  return {.spec = {.kind = static_cast<graph::SplitKind>(kind),
                   .valid = json.at("valid").get<double>(),
                   .test = json.at("test").get<double>(),
                   .seed = json.at("seed").get<std::uint64_t>(),
                   .train_files = json.at("train_files").get<std::vector<std::string>>(),
                   .valid_files = json.at("valid_files").get<std::vector<std::string>>(),
                   .test_files = json.at("test_files").get<std::vector<std::string>>()},
          .valid_start = json.at("valid_start").get<graph::TimeMs>(),
          .test_start = json.at("test_start").get<graph::TimeMs>()};
}

nlohmann::json to_json(const ModelInfo& info) {
  return {{"store_uuid", info.store_uuid},
          {"snapshot_checksum", to_hex(info.snapshot_checksum)},
          {"config", info.config},
          {"split", info.split},
          {"trained_split", split_to_json(info.trained_split)},
          {"encoders", info.encoders},
          {"epoch", info.epoch},
          {"step", info.step},
          {"metric_name", info.metric_name},
          // JSON has no NaN: before the first validation there is no metric.
          {"metric", std::isfinite(info.metric) ? nlohmann::json(info.metric) : nlohmann::json()},
          {"parameters", info.parameters},
          {"inputs", info.inputs}};
}

ModelInfo info_from_json(const nlohmann::json& json, const std::string& file) {
  ModelInfo info{.store_uuid = json.at("store_uuid").get<std::string>(),
                 .config = json.at("config").get<std::string>(),
                 .split = json.at("split").get<std::string>(),
                 .trained_split = split_from_json(json.at("trained_split"), file),
                 .encoders = json.at("encoders").get<std::map<std::string, std::string>>(),
                 .epoch = json.at("epoch").get<std::int64_t>(),
                 .step = json.at("step").get<std::uint64_t>(),
                 .metric_name = json.at("metric_name").get<std::string>(),
                 .parameters = json.at("parameters").get<std::uint64_t>(),
                 .inputs = json.at("inputs").get<std::vector<std::string>>()};
  const nlohmann::json& metric = json.at("metric");
  info.metric = metric.is_null() ? std::nan("") : metric.get<double>();
  if (!from_hex(json.at("snapshot_checksum").get<std::string>(), info.snapshot_checksum)) {
    throw Error("the model's description is damaged", {.file = file, .field = "snapshot_checksum"});
  }
  return info;
}

// The document in a file's metadata. Parsed by `read`, whose JSON exceptions become errors of the file.
template <typename Read>
auto with_document(const std::map<std::string, std::string>& metadata, const std::filesystem::path& path,
                   Read read) {
  const auto text = metadata.find(kDocument);
  if (text == metadata.end())
    throw Error("no model of weft: its metadata has no 'weft' entry", {.file = path.string()});
  try {
    const nlohmann::json json = nlohmann::json::parse(text->second);
    if (const int format = json.at("format").get<int>(); format != kFormat) {
      throw Error("the model was written by another version of weft", {.file = path.string(),
                                                                       .field = "format",
                                                                       .value = std::to_string(format),
                                                                       .expected = std::to_string(kFormat),
                                                                       .hint = "train it again"});
    }
    return read(json);
  } catch (const nlohmann::json::exception& problem) {
    throw Error("the model's description is damaged", {.file = path.string(), .value = problem.what()});
  }
}

Checkpoint description_from_json(const nlohmann::json& json, const std::filesystem::path& path) {
  return {.info = info_from_json(json.at("model"), path.string()),
          .schema = json.at("schema").get<std::string>(),
          .target = json.at("target").get<std::string>(),
          .inputs = input_spec_from_json(json.at("inputs"), path.string()),
          .trainer = json.at("trainer").get<std::string>()};
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, Files& files) {
  const nlohmann::json document = {{"format", kFormat},
                                   {"model", to_json(checkpoint.info)},
                                   {"schema", checkpoint.schema},
                                   {"target", checkpoint.target},
                                   {"inputs", gnn::to_json(checkpoint.inputs)},
                                   {"trainer", checkpoint.trainer}};
  write_safetensors(path, checkpoint.tensors, {{kDocument, document.dump()}}, files);
}

Checkpoint load_checkpoint(const std::filesystem::path& path, Files& files) {
  TensorFile file = read_safetensors(path, files);
  return with_document(file.metadata, path, [&](const nlohmann::json& json) {
    Checkpoint checkpoint = description_from_json(json, path);
    for (auto& [name, tensor] : file.tensors) checkpoint.tensors.emplace_back(name, std::move(tensor));
    return checkpoint;
  });
}

Checkpoint load_description(const std::filesystem::path& path, Files& files) {
  return with_document(read_safetensors_metadata(path, files), path,
                       [&](const nlohmann::json& json) { return description_from_json(json, path); });
}

std::string to_json(const TrainedSplit& split) {
  return split_to_json(split).dump();
}

TrainedSplit trained_split_from_json(const std::string& text, const std::filesystem::path& file) {
  try {
    return split_from_json(nlohmann::json::parse(text), file.string());
  } catch (const nlohmann::json::exception& problem) {
    throw Error("the model's description is damaged", {.file = file.string(), .value = problem.what()});
  }
}

ModelInfo read_model_info(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kBestFile;
  return with_document(read_safetensors_metadata(path), path, [&](const nlohmann::json& json) {
    return info_from_json(json.at("model"), path.string());
  });
}

std::vector<std::pair<std::string, torch::Tensor>> model_tensors(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& item : module.named_parameters())
    tensors.emplace_back("model." + item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back("model." + item.key(), item.value());
  return tensors;
}

void restore_model(torch::nn::Module& module, const Checkpoint& checkpoint,
                   const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  for (auto& [name, target] : model_tensors(module)) {
    const std::string& wanted = name;
    const auto found = std::find_if(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                                    [&](const auto& item) { return item.first == wanted; });
    if (found == checkpoint.tensors.end() || found->second.sizes() != target.sizes() ||
        found->second.scalar_type() != target.scalar_type()) {
      throw Error("the file's parameters do not fit the model that its configuration describes",
                  {.file = file.string(), .field = name});
    }
    target.copy_(found->second);
  }
}

}  // namespace weft::gnn
