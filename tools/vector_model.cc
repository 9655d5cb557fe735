#include "tools/vector_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "gnn/checkpoint.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/safetensors.h"
#include "tools/row_cleaning.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

using gnn::kLastFile;
constexpr const char* kSplitEntry = "trained_split";
constexpr const char* kSnapshotEntry = "snapshot_checksum";
constexpr const char* kOthers = "nodes.";  // before the name of a further node type
constexpr std::array kKinds = {VectorKind::kLightGcn, VectorKind::kSkipGram};

fs::path file_of(const fs::path& folder, VectorKind kind) {
  return folder / (std::string(name_of(kind)) + ".safetensors");
}

torch::Tensor matrix(const std::vector<float>& values, std::size_t rows, std::size_t dim) {
  return torch::from_blob(const_cast<float*>(values.data()),
                          {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(dim)}, torch::kFloat32)
      .clone();
}

std::vector<float> floats(const torch::Tensor& tensor) {
  const torch::Tensor dense = tensor.contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

torch::Tensor matrix(const gnn::NodeVectors& vectors) {
  return matrix(vectors.values, vectors.rows, vectors.dim);
}

// What a state belongs to: going on with it under other data or settings would be neither the one run nor the
// other.
std::string identity(const ProjectContext& context, const TrainableVectors& model) {
  Hasher64 hash;
  hash.update_field(context.snapshot.info().store_uuid);
  hash.update_field(to_hex(context.snapshot.info().checksum));
  hash.update_field(context.split.description);
  hash.update_field(fmt::format("{} {}", model.settings(), context.target));
  return to_hex(hash.digest());
}

class Trainer {
 public:
  Trainer(Cli& cli, const ProjectContext& context, const gnn::LinkTask& task, const EpochRules& rules,
          TrainableVectors& model, ThreadPool& pool, const fs::path& folder)
      : cli_(cli),
        context_(context),
        task_(task),
        rules_(rules),
        model_(model),
        pool_(pool),
        folder_(folder) {
    result_.folder = folder;
    result_.metric_name = validates() ? "ndcg@20" : "loss";
    result_.supervised_events = task_.train.pairs();
    result_.parameters = model_.state().parameters.size();
    result_.inputs = model_.inputs();
    result_.best_metric = validates() ? -1 : std::numeric_limits<double>::infinity();
  }

  gnn::TrainResult run(bool resume) {
    model_.check_device();  // before an earlier training's files go
    real_files().make_folders(folder_);
    if (resume)
      restore();
    else
      start_anew();
    result_.stopped_early = out_of_patience();
    if (!result_.stopped_early)
      model_.train(cli_.progress(),
                   [this](const TrainableVectors::Epoch& epoch) { return end_epoch(epoch); });
    if (resume && result_.epochs.empty())
      cli_.note("this training was finished: there is nothing to go on with");
    result_.steps = model_.state().step;
    result_.finished = true;
    return result_;
  }

 private:
  bool validates() const { return task_.valid_targets.pairs() > 0; }

  bool out_of_patience() const {
    return validates() && rules_.patience > 0 && since_best_ >= rules_.patience;
  }

  void start_anew() {
    real_files().remove_all(folder_ / kLastFile);
    real_files().write_whole(folder_ / gnn::kMetricsFile, "");
  }

  bool end_epoch(const TrainableVectors::Epoch& epoch) {
    if (!std::isfinite(epoch.mean_loss)) {
      throw Error("training diverged: the loss is not finite",
                  {.field = fmt::format("{}.learning_rate", name_of(model_.kind())),
                   .value = fmt::format("{}", rules_.learning_rate),
                   .hint = "try a lower one"});
    }
    gnn::EpochReport report{.epoch = epoch.epoch,
                            .mean_loss = epoch.mean_loss,
                            .seconds = epoch.seconds,
                            .metric = std::numeric_limits<double>::quiet_NaN()};
    const bool due = epoch.epoch % rules_.validate_every == 0 || epoch.epoch == rules_.epochs;
    if (due) {
      const NodeTypeVectors now = model_.vectors();
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

  double validation(const NodeTypeVectors& now) {
    gnn::RankingTask ranking;
    ranking.targets = &task_.valid_targets;
    ranking.mask = &task_.train;
    gnn::EvaluationOptions options;
    options.ks = {20};
    options.auc = false;
    return gnn::evaluate(gnn::ModelScorer(now.users, now.items), ranking, options, pool_).at(20).ndcg;
  }

  void save_best(const NodeTypeVectors& now, std::int64_t epoch, double metric) {
    const gnn::TrainedSplit split{.spec = context_.split.spec,
                                  .valid_start = context_.split.valid_start,
                                  .test_start = context_.split.test_start};
    std::vector<std::pair<std::string, torch::Tensor>> tensors = {{"users", matrix(now.users)},
                                                                  {"items", matrix(now.items)}};
    for (const auto& [type, vectors] : now.others) tensors.emplace_back(kOthers + type, matrix(vectors));
    gnn::write_safetensors(file_of(folder_, model_.kind()), tensors,
                           {{"kind", name_of(model_.kind())},
                            {"store_uuid", context_.snapshot.info().store_uuid},
                            {kSnapshotEntry, to_hex(context_.snapshot.info().checksum)},
                            {"target", context_.task.target},
                            {"split", context_.split.description},
                            {kSplitEntry, gnn::to_json(split)},
                            {"epoch", std::to_string(epoch)},
                            {result_.metric_name, fmt::format("{}", metric)}});
    // One model a folder: what stood here before goes.
    for (const char* file : {gnn::kBestFile, "encoders.json"}) real_files().remove_all(folder_ / file);
    remove_vectors(folder_, model_.kind());
    prune_constants(folder_, context_.cleaning ? context_.snapshot.info().checksum : kNoConstants);
  }

  void save_last(std::int64_t epoch) {
    const gnn::VectorState& state = model_.state();
    const std::size_t dim = model_.dim(), nodes = state.parameters.size() / dim;
    gnn::write_safetensors(folder_ / kLastFile,
                           {{"parameters", matrix(state.parameters, nodes, dim)},
                            {"mean", matrix(state.mean, nodes, dim)},
                            {"variance", matrix(state.variance, nodes, dim)}},
                           {{"kind", name_of(model_.kind())},
                            {"identity", identity(context_, model_)},
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
        throw Error(fmt::format("is no {} state", title_of(model_.kind())),
                    {.file = file.string(), .field = key, .hint = "train without --resume to start anew"});
      return found->second;
    };
    if (meta("identity") != identity(context_, model_)) {
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
      const auto wanted = static_cast<std::int64_t>(model_.state().parameters.size());
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
  const gnn::LinkTask& task_;
  EpochRules rules_;
  TrainableVectors& model_;
  ThreadPool& pool_;
  fs::path folder_;
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

gnn::TrainResult train_vectors(Cli& cli, const ProjectContext& context, const gnn::LinkTask& task,
                               const EpochRules& rules, TrainableVectors& model, ThreadPool& pool,
                               const fs::path& folder, bool resume) {
  return Trainer(cli, context, task, rules, model, pool, folder).run(resume);
}

std::optional<VectorKind> held_vectors(const fs::path& folder) {
  for (const VectorKind kind : kKinds)
    if (fs::exists(file_of(folder, kind))) return kind;
  return std::nullopt;
}

void remove_vectors(const fs::path& folder, std::optional<VectorKind> kept) {
  for (const VectorKind kind : kKinds)
    if (kind != kept) real_files().remove_all(file_of(folder, kind));
}

namespace {

fs::path held_file(const fs::path& folder) {
  const std::optional<VectorKind> kind = held_vectors(folder);
  WEFT_CHECK(kind.has_value());
  return file_of(folder, *kind);
}

}  // namespace

std::uint64_t vectors_snapshot(const fs::path& folder) {
  const fs::path file = held_file(folder);
  const auto metadata = gnn::read_safetensors_metadata(file);
  const auto found = metadata.find(kSnapshotEntry);
  if (found == metadata.end()) return 0;
  std::uint64_t checksum = 0;
  if (!from_hex(found->second, checksum))
    throw Error("is damaged", {.file = file.string(), .field = kSnapshotEntry, .hint = "train it again"});
  return checksum;
}

gnn::TrainedSplit vectors_split(const fs::path& folder) {
  const fs::path file = held_file(folder);
  const auto metadata = gnn::read_safetensors_metadata(file);
  const auto found = metadata.find(kSplitEntry);
  if (found == metadata.end()) {
    throw Error("the model does not say with which split it was trained",
                {.file = file.string(), .hint = "train it again"});
  }
  return gnn::trained_split_from_json(found->second, file);
}

NodeTypeVectors load_vectors(const ProjectContext& context, const fs::path& folder) {
  const fs::path file = held_file(folder);
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
    throw Error("is damaged: vectors of users or items are missing", {.file = file.string()});
  const graph::Snapshot& snapshot = context.snapshot;
  NodeTypeVectors loaded{
      .users = node_vectors(saved.tensors.at("users"), snapshot.node_count(context.user_type()), file),
      .items = node_vectors(saved.tensors.at("items"), snapshot.node_count(context.item_type()), file)};
  const graph::Schema& schema = snapshot.schema();
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const auto type = static_cast<graph::NodeTypeId>(t);
    const std::string& name = schema.node_type(type).name;
    const auto found = saved.tensors.find(kOthers + name);
    if (found != saved.tensors.end())
      loaded.others.emplace(name, node_vectors(found->second, snapshot.node_count(type), file));
  }
  return loaded;
}

}  // namespace weft::tools
