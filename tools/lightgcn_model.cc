#include "tools/lightgcn_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "gnn/checkpoint.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/kernels/device/kernel_device.h"
#include "gnn/safetensors.h"
#include "sampling/cuda_plugin.h"
#include "sampling/sample_device.h"
#include "tools/row_cleaning.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

using gnn::kLastFile;
constexpr const char* kSplitEntry = "trained_split";
constexpr const char* kSnapshotEntry = "snapshot_checksum";

torch::Tensor matrix(const std::vector<float>& values, std::size_t rows, std::size_t dim) {
  return torch::from_blob(const_cast<float*>(values.data()),
                          {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(dim)}, torch::kFloat32)
      .clone();
}

std::vector<float> floats(const torch::Tensor& tensor) {
  const torch::Tensor dense = tensor.contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

// What a state belongs to: going on with it under other data or settings would be neither the one run nor the
// other.
std::string identity(const ProjectContext& context, const LightGcnSettings& s) {
  Hasher64 hash;
  hash.update_field(context.snapshot.info().store_uuid);
  hash.update_field(to_hex(context.snapshot.info().checksum));
  hash.update_field(context.split.description);
  hash.update_field(fmt::format("{} {} {} {} {} {} {} {}", s.model.dim, s.model.layers, s.model.l2,
                                s.model.adam.learning_rate, s.model.init_deviation, s.model.seed,
                                s.training.batch, context.target));
  if (s.on_gpu) hash.update_field("rounded as on a GPU");
  return to_hex(hash.digest());
}

// A GPU's memory and kernels on one stream. Throws Error saying what is missing where there is none.
struct Gpu {
  Gpu() {
    check_cuda(require_cuda(), require_cuda().create_stream(&stream), "making a stream");
    memory = sampling::cuda_sample_device(stream);
    kernels = gnn::cuda_kernel_device(stream);
  }
  ~Gpu() {
    memory.reset();
    require_cuda().destroy_stream(stream);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  void* stream = nullptr;
  std::unique_ptr<sampling::SampleDevice> memory;
  std::unique_ptr<gnn::KernelDevice> kernels;
};

class Trainer {
 public:
  Trainer(Cli& cli, const ProjectContext& context, const fs::path& folder)
      : cli_(cli),
        context_(context),
        folder_(folder),
        settings_(read_lightgcn_settings(context.toml.root())),
        pool_(cli.threads()),
        task_(gnn::make_link_task(context.snapshot, context.split)),
        model_(task_.train, task_.users, task_.items, settings_.model, pool_) {
    result_.folder = folder;
    result_.metric_name = validates() ? "ndcg@20" : "loss";
    result_.supervised_events = task_.train.pairs();
    result_.parameters = (task_.users + task_.items) * settings_.model.dim;
    result_.inputs = {
        "free vectors of users and items; propagation over all train events (not masked, as published)"};
    result_.best_metric = validates() ? -1 : std::numeric_limits<double>::infinity();
  }

  gnn::TrainResult run(bool resume) {
    if (settings_.on_gpu) require_cuda();  // before an earlier training's files go
    real_files().make_folders(folder_);
    if (resume)
      restore();
    else
      start_anew();
    result_.stopped_early = out_of_patience();
    if (!result_.stopped_early) {
      const auto end = [this](const gnn::LightGcnEpoch& epoch, const gnn::LightGcn&) {
        return end_epoch(epoch);
      };
      if (settings_.on_gpu) {
        const Gpu gpu;
        const gnn::LightGcnDevice device{*gpu.memory, *gpu.kernels};
        gnn::train_lightgcn(model_, task_.train, settings_.training, cli_.progress(), end, &device);
      } else {
        gnn::train_lightgcn(model_, task_.train, settings_.training, cli_.progress(), end);
      }
    }
    if (resume && result_.epochs.empty())
      cli_.note("this training was finished: there is nothing to go on with");
    result_.steps = model_.state().step;
    result_.finished = true;
    return result_;
  }

 private:
  bool validates() const { return task_.valid_targets.pairs() > 0; }

  bool out_of_patience() const {
    return validates() && settings_.patience > 0 && since_best_ >= settings_.patience;
  }

  void start_anew() {
    real_files().remove_all(folder_ / kLastFile);
    real_files().write_whole(folder_ / gnn::kMetricsFile, "");
  }

  bool end_epoch(const gnn::LightGcnEpoch& epoch) {
    if (!std::isfinite(epoch.mean_loss)) {
      throw Error("training diverged: the loss is not finite",
                  {.field = "lightgcn.learning_rate",
                   .value = fmt::format("{}", settings_.model.adam.learning_rate),
                   .hint = "try a lower one"});
    }
    gnn::EpochReport report{.epoch = epoch.epoch,
                            .mean_loss = epoch.mean_loss,
                            .seconds = epoch.seconds,
                            .metric = std::numeric_limits<double>::quiet_NaN()};
    const bool due = epoch.epoch % settings_.validate_every == 0 || epoch.epoch == settings_.training.epochs;
    if (due) {
      const LightGcnVectors now = vectors();
      report.metric = validates() ? validation(now) : epoch.mean_loss;
      const bool better =
          validates() ? report.metric > result_.best_metric : report.metric < result_.best_metric;
      since_best_ = better ? 0 : since_best_ + 1;
      if (better) {
        result_.best_metric = report.metric;
        result_.best_epoch = epoch.epoch;
        save_best(now, epoch.epoch, report.metric);
      }
    }
    result_.epochs.push_back(report);
    save_last(epoch.epoch);
    log(report);
    result_.stopped_early = out_of_patience();
    return !result_.stopped_early;
  }

  // Zero where there is no train event: the random numbers that such a vector began with say nothing.
  LightGcnVectors vectors() const {
    const std::vector<float> all = model_.embeddings();
    const std::size_t dim = settings_.model.dim;
    const auto rows = [&](std::size_t first, const std::vector<std::uint8_t>& warm) {
      gnn::NodeVectors out{.rows = warm.size(), .dim = dim};
      out.values.assign(out.rows * dim, 0.0F);
      out.bias.assign(out.rows, 0.0F);
      for (std::size_t i = 0; i < out.rows; ++i) {
        if (warm[i] != 0)
          std::copy_n(all.begin() + static_cast<std::ptrdiff_t>((first + i) * dim), dim,
                      out.values.begin() + static_cast<std::ptrdiff_t>(i * dim));
      }
      return out;
    };
    return {.users = rows(0, task_.user_warm), .items = rows(task_.users, task_.item_warm)};
  }

  double validation(const LightGcnVectors& now) {
    gnn::RankingTask ranking;
    ranking.targets = &task_.valid_targets;
    ranking.mask = &task_.train;
    gnn::EvaluationOptions options;
    options.ks = {20};
    options.auc = false;
    return gnn::evaluate(gnn::ModelScorer(now.users, now.items), ranking, options, pool_).at(20).ndcg;
  }

  void save_best(const LightGcnVectors& now, std::int64_t epoch, double metric) {
    const gnn::TrainedSplit split{.spec = context_.split.spec,
                                  .valid_start = context_.split.valid_start,
                                  .test_start = context_.split.test_start};
    gnn::write_safetensors(folder_ / kLightGcnFile,
                           {{"users", matrix(now.users.values, now.users.rows, now.users.dim)},
                            {"items", matrix(now.items.values, now.items.rows, now.items.dim)}},
                           {{"kind", "lightgcn"},
                            {"store_uuid", context_.snapshot.info().store_uuid},
                            {kSnapshotEntry, to_hex(context_.snapshot.info().checksum)},
                            {"target", context_.task.target},
                            {"split", context_.split.description},
                            {kSplitEntry, gnn::to_json(split)},
                            {"epoch", std::to_string(epoch)},
                            {result_.metric_name, fmt::format("{}", metric)}});
    // One model a folder: a network that stood here before goes.
    for (const char* file : {gnn::kBestFile, "encoders.json"}) real_files().remove_all(folder_ / file);
    prune_constants(folder_, context_.cleaning ? context_.snapshot.info().checksum : kNoConstants);
  }

  void save_last(std::int64_t epoch) {
    const gnn::LightGcnState& state = model_.state();
    const std::size_t nodes = task_.users + task_.items, dim = settings_.model.dim;
    gnn::write_safetensors(folder_ / kLastFile,
                           {{"parameters", matrix(state.parameters, nodes, dim)},
                            {"mean", matrix(state.mean, nodes, dim)},
                            {"variance", matrix(state.variance, nodes, dim)}},
                           {{"kind", "lightgcn"},
                            {"identity", identity(context_, settings_)},
                            {"step", std::to_string(state.step)},
                            {"epoch", std::to_string(epoch)},
                            {"best_epoch", std::to_string(result_.best_epoch)},
                            {"best_metric", fmt::format("{:a}", result_.best_metric)},
                            {"since_best", std::to_string(since_best_)}});
  }

  void restore() {
    const fs::path file = folder_ / kLastFile;
    if (!fs::exists(file)) {
      throw Error("there is nothing to resume",
                  {.file = file.string(), .hint = "train without --resume to start anew"});
    }
    const gnn::TensorFile saved = gnn::read_safetensors(file);
    const auto meta = [&](const char* key) {
      const auto found = saved.metadata.find(key);
      if (found == saved.metadata.end())
        throw Error("is no LightGCN state",
                    {.file = file.string(), .field = key, .hint = "train without --resume to start anew"});
      return found->second;
    };
    if (meta("identity") != identity(context_, settings_)) {
      throw Error("cannot resume: the state belongs to other data or settings",
                  {.file = file.string(), .hint = "train without --resume to start anew"});
    }
    const auto number = [&](const char* key) {
      const std::string text = meta(key);
      std::int64_t value = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (code != std::errc() || end != text.data() + text.size() || value < 0) {
        throw Error("is damaged",
                    {.file = file.string(), .field = key, .value = text, .expected = "a whole number"});
      }
      return value;
    };
    const auto values = [&](const char* name) {
      const auto found = saved.tensors.find(name);
      const auto wanted = static_cast<std::int64_t>((task_.users + task_.items) * settings_.model.dim);
      if (found == saved.tensors.end() || found->second.scalar_type() != torch::kFloat32 ||
          found->second.numel() != wanted) {
        throw Error("tensor is missing or of another shape", {.file = file.string(), .field = name});
      }
      return floats(found->second);
    };
    model_.set_state({.parameters = values("parameters"),
                      .mean = values("mean"),
                      .variance = values("variance"),
                      .step = static_cast<std::uint64_t>(number("step"))});
    result_.best_epoch = number("best_epoch");
    result_.best_metric = std::strtod(meta("best_metric").c_str(), nullptr);
    since_best_ = number("since_best");
  }

  void log(const gnn::EpochReport& report) const {
    Json line = {{"epoch", report.epoch}, {"loss", report.mean_loss}, {"seconds", report.seconds}};
    if (!std::isnan(report.metric)) line[result_.metric_name] = report.metric;
    std::ofstream(folder_ / gnn::kMetricsFile, std::ios::app) << line.dump() << "\n";
  }

  Cli& cli_;
  const ProjectContext& context_;
  fs::path folder_;
  LightGcnSettings settings_;
  ThreadPool pool_;
  gnn::LinkTask task_;
  gnn::LightGcn model_;
  gnn::TrainResult result_;
  std::int64_t since_best_ = 0;
};

// The stored rows, then zeros for nodes that came later.
gnn::NodeVectors node_vectors(const torch::Tensor& stored, std::size_t nodes, const fs::path& file) {
  if (stored.dim() != 2 || stored.scalar_type() != torch::kFloat32 ||
      static_cast<std::size_t>(stored.size(0)) > nodes) {
    throw Error("has more nodes than the snapshot, or is damaged",
                {.file = file.string(), .hint = "train the model again"});
  }
  gnn::NodeVectors out{.rows = nodes, .dim = static_cast<std::size_t>(stored.size(1))};
  out.values = floats(stored);
  out.values.resize(nodes * out.dim, 0.0F);
  out.bias.assign(nodes, 0.0F);
  return out;
}

}  // namespace

bool wants_lightgcn(const TomlSection& root) {
  return root.section("model").get_choice("kind", {"graphsage", "gat", "lightgcn"}, 0) == 2;
}

LightGcnSettings read_lightgcn_settings(const TomlSection& root) {
  const TomlSection section = root.section("lightgcn");
  LightGcnSettings s;
  s.model.dim = static_cast<std::size_t>(section.get_integer_in("dim", 64, 1, 4096));
  s.on_gpu = section.get_choice("device", {"cpu", "cuda"}, 0) == 1;
  s.model.layers =
      static_cast<std::size_t>(section.get_integer_in("layers", 3, 0, s.on_gpu ? gnn::kMostLayers : 16));
  s.model.l2 = section.get_number_in("l2", s.model.l2, 0, 1e3);
  s.model.adam.learning_rate = section.get_number_in("learning_rate", 1e-3, 1e-9, 10);
  s.model.init_deviation = section.get_number_in("init", s.model.init_deviation, 1e-9, 10);
  s.model.seed = static_cast<std::uint64_t>(
      section.get_integer_in("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  s.training.epochs = section.get_integer_in("epochs", s.training.epochs, 1, 1'000'000);
  s.training.batch = static_cast<std::size_t>(section.get_integer_in("batch", 2048, 1, 1 << 24));
  s.validate_every = section.get_integer_in("validate_every", s.validate_every, 1, 1'000'000);
  s.patience = section.get_integer_in("patience", s.patience, 0, 1'000'000);
  section.check_no_unknown_keys();
  return s;
}

gnn::TrainResult train_lightgcn_model(Cli& cli, const ProjectContext& context, const fs::path& folder,
                                      bool resume) {
  return Trainer(cli, context, folder).run(resume);
}

bool holds_lightgcn(const fs::path& folder) {
  return fs::exists(folder / kLightGcnFile);
}

std::uint64_t lightgcn_snapshot(const fs::path& folder) {
  const fs::path file = folder / kLightGcnFile;
  const auto metadata = gnn::read_safetensors_metadata(file);
  const auto found = metadata.find(kSnapshotEntry);
  if (found == metadata.end()) return 0;
  std::uint64_t checksum = 0;
  if (!from_hex(found->second, checksum))
    throw Error("is damaged", {.file = file.string(), .field = kSnapshotEntry, .hint = "train it again"});
  return checksum;
}

gnn::TrainedSplit lightgcn_split(const fs::path& folder) {
  const fs::path file = folder / kLightGcnFile;
  const auto metadata = gnn::read_safetensors_metadata(file);
  const auto found = metadata.find(kSplitEntry);
  if (found == metadata.end()) {
    throw Error("the model does not say with which split it was trained",
                {.file = file.string(), .hint = "train it again"});
  }
  return gnn::trained_split_from_json(found->second, file);
}

LightGcnVectors load_lightgcn(const ProjectContext& context, const fs::path& folder) {
  const fs::path file = folder / kLightGcnFile;
  const gnn::TensorFile saved = gnn::read_safetensors(file);
  const auto meta = [&](const char* key) {
    const auto found = saved.metadata.find(key);
    return found == saved.metadata.end() ? std::string() : found->second;
  };
  if (meta("store_uuid") != context.snapshot.info().store_uuid) {
    throw Error("the model belongs to another store", {.file = file.string(), .hint = "train it again"});
  }
  if (meta("target") != context.task.target) {
    throw Error("the model was trained for another target",
                {.file = file.string(), .hint = "train it again, or give --model"});
  }
  if (!saved.tensors.contains("users") || !saved.tensors.contains("items"))
    throw Error("is no LightGCN model", {.file = file.string()});
  return {node_vectors(saved.tensors.at("users"), context.snapshot.node_count(context.user_type()), file),
          node_vectors(saved.tensors.at("items"), context.snapshot.node_count(context.item_type()), file)};
}

}  // namespace weft::tools
