#include "gnn/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "gnn/checkpoint.h"
#include "gnn/embedder.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/link_model.h"
#include "gnn/model_options.h"
#include "gnn/optimizer.h"
#include "gnn/random.h"
#include "gnn/task_options.h"
#include "gnn/train_batches.h"
#include "gnn/trainer_state.h"
#include "sampling/loader.h"

namespace weft::gnn {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Options that do not change what is computed.
TrainOptions without_speed(TrainOptions options) {
  options.threads = 0;
  options.checkpoint_steps = 0;
  return options;
}

// What last.safetensors says; throws Error if it is not of this store, snapshot, split and configuration.
void check_resumable(const ModelInfo& last, const TrainSetup& setup, const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& what, const std::string& value = {},
                          const std::string& expected = {}) {
    throw Error("the checkpoint does not fit: " + what, {.file = file.string(),
                                                         .value = value,
                                                         .expected = expected,
                                                         .hint = "train without --resume to start anew"});
  };
  const graph::SnapshotInfo& info = setup.snapshot->info();
  if (last.store_uuid != info.store_uuid) refuse("another store", last.store_uuid, info.store_uuid);
  if (last.snapshot_checksum != info.checksum) refuse("another snapshot");
  if (last.split != setup.split->description) refuse("another split", last.split, setup.split->description);
  const TomlFile config = TomlFile::parse(last.config, file.string());
  const TomlSection now = setup.config->root();
  if (read_model_options(config.root()) != read_model_options(now)) refuse("[model] has changed");
  if (without_speed(read_train_options(config.root())) != without_speed(read_train_options(now)))
    refuse("[train] has changed");
  if (last.encoders != setup.encoders) refuse("[encoders] has changed");
}

class Run {
 public:
  explicit Run(const TrainSetup& setup);
  TrainResult run();

 private:
  void start_anew();
  void resume();
  void train_step(const TrainBatch& batch);
  void end_epoch();
  double validate(std::string& figures);
  void save(const char* name, bool with_trainer);
  void checkpoint();
  TrainResult result(bool finished) const;
  std::int64_t epoch() const {
    return static_cast<std::int64_t>((state_.step + steps_per_epoch_ - 1) / steps_per_epoch_);
  }
  bool at_epoch_end() const { return state_.step % steps_per_epoch_ == 0; }

  const TrainSetup& setup_;
  Files& files_;
  ProgressSink& progress_;
  ModelOptions model_options_;
  TrainOptions options_;
  LinkTask task_;
  TrainBatches batches_;
  InputSpec inputs_;
  std::vector<TypeTables> tables_;
  LinkModel model_{nullptr};
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<ThreadPool> pool_;  // for sparse kernels; none with one thread
  std::unique_ptr<ThreadPool> evaluation_pool_;
  std::optional<Embedder> embedder_;  // sees what validation may
  std::optional<graph::FilteredGraph> validation_graph_;
  std::vector<std::uint8_t> candidates_;
  bool has_validation_ = false;
  std::string metric_name_;
  ModelInfo info_;
  std::uint64_t steps_per_epoch_ = 0, total_steps_ = 0;
  TrainerState state_;
  std::unique_ptr<MetricsLog> log_;
  double epoch_seconds_ = 0;
};

Run::Run(const TrainSetup& setup)
    : setup_(setup),
      files_(setup.files != nullptr ? *setup.files : real_files()),
      progress_(setup.progress != nullptr ? *setup.progress : no_progress()),
      model_options_(read_model_options(setup.config->root())),
      options_(read_train_options(setup.config->root())),
      task_(make_link_task(*setup.snapshot, *setup.split)),
      batches_(*setup.snapshot, *setup.split, task_, model_options_, options_, setup.masking) {
  const graph::Snapshot& snapshot = *setup.snapshot;
  const graph::Schema& schema = snapshot.schema();
  const auto visible = visible_nodes(snapshot, batches_.sampler().setup().graph, setup.split->valid_start);
  inputs_ = fit_inputs(snapshot, visible, setup.features, model_options_.skip_fields,
                       id_types(schema, task_.target, model_options_), model_options_.numbers);
  for (std::size_t t = 0; t < inputs_.types.size(); ++t) {
    tables_.push_back(
        read_tables(inputs_.types[t], snapshot, static_cast<graph::NodeTypeId>(t), setup.features));
  }
  model_ = LinkModel(schema, task_.target, batches_.sampler().setup().relations, inputs_,
                     batches_.sampler().structure(), model_options_,
                     mix64(options_.seed, static_cast<std::uint64_t>(Purpose::kInit)));
  NamedTensors parameters;
  for (const auto& item : model_->named_parameters()) parameters.emplace_back(item.key(), item.value());
  optimizer_ = std::make_unique<Optimizer>(std::move(parameters), model_->id_tables(), options_);
  const auto threads = static_cast<std::size_t>(at::get_num_threads());
  if (threads > 1) pool_ = std::make_unique<ThreadPool>(threads);
  evaluation_pool_ = std::make_unique<ThreadPool>(threads);

  const bool masked = setup.masking == Masking::kOn;
  has_validation_ = task_.valid_targets.pairs() > 0;
  metric_name_ = has_validation_ ? options_.metric + "@" + std::to_string(options_.metric_k) : "loss";
  EmbedView seen = evaluation_view(*setup.split, graph::Part::kValid);
  if (masked) validation_graph_.emplace(snapshot, setup.split->keep_up_to(seen.last));
  embedder_.emplace(EmbedderSetup{.snapshot = &snapshot,
                                  .graph = masked ? validation_graph_->view() : graph::view(snapshot),
                                  .target = task_.target,
                                  .before = masked ? seen.before : std::nullopt,
                                  .seed = options_.seed},
                    model_options_);
  if (has_validation_) {
    candidates_ = candidates(snapshot, *setup.split, task_, graph::Part::kValid, CandidateRule::kFirstSeen);
  }
  steps_per_epoch_ = batches_.steps_per_epoch();
  total_steps_ = steps_per_epoch_ * static_cast<std::uint64_t>(options_.epochs);
  info_ = {.store_uuid = snapshot.info().store_uuid,
           .snapshot_checksum = snapshot.info().checksum,
           .config = setup.config->to_text(),
           .split = setup.split->description,
           .trained_split = {.spec = setup.split->spec,
                             .valid_start = setup.split->valid_start,
                             .test_start = setup.split->test_start},
           .encoders = setup.encoders,
           .metric_name = metric_name_,
           .metric = std::nan(""),
           .parameters = model_->parameter_count(),
           .inputs = describe_inputs(inputs_, tables_, schema)};
}

void Run::start_anew() {
  state_ = TrainerState{.best_metric = std::nan("")};
  files_.make_folders(setup_.folder);
  files_.remove_all(setup_.folder / kLastFile);  // what an earlier training left would not fit this one
}

void Run::resume() {
  const std::filesystem::path file = setup_.folder / kLastFile;
  const Checkpoint last = load_checkpoint(file, files_);
  check_resumable(last.info, setup_, file);
  restore_model(*model_, last, file);
  state_ = TrainerState::from_json(last.trainer, file.string());
  std::map<std::string, torch::Tensor> tensors(last.tensors.begin(), last.tensors.end());
  const torch::Tensor& losses = tensors["trainer.losses"];
  if (!losses.defined() || losses.scalar_type() != torch::kDouble || losses.dim() != 1 ||
      losses.numel() != static_cast<std::int64_t>(state_.step)) {
    throw Error("the checkpoint's losses are damaged", {.file = file.string()});
  }
  state_.losses.assign(losses.const_data_ptr<double>(), losses.const_data_ptr<double>() + losses.numel());
  optimizer_->restore(tensors, state_.step);
}

void Run::save(const char* name, bool with_trainer) {
  Checkpoint checkpoint{.info = info_, .schema = setup_.snapshot->schema().to_json()};
  checkpoint.info.epoch = epoch();
  checkpoint.info.step = state_.step;
  checkpoint.target = setup_.snapshot->schema().edge_type(task_.target).name;
  checkpoint.inputs = inputs_;
  checkpoint.tensors = model_tensors(*model_);
  if (with_trainer) {
    checkpoint.trainer = state_.to_json();
    for (auto& item : optimizer_->state()) checkpoint.tensors.push_back(std::move(item));
    checkpoint.tensors.emplace_back("trainer.losses", torch::tensor(state_.losses, torch::kDouble));
  }
  save_checkpoint(setup_.folder / name, checkpoint, files_);
}

void Run::checkpoint() {
  log_->sync();  // first the log: resuming drops lines past the checkpoint, but could not make up missing
                 // ones
  save(kLastFile, true);
}

void Run::train_step(const TrainBatch& batch) {
  const Clock::time_point start = Clock::now();
  const std::uint64_t step = state_.step + 1;
  ForwardContext context = ForwardContext::training(
      mix64(options_.seed, static_cast<std::uint64_t>(Purpose::kMasks), step), pool_.get());
  const torch::Tensor loss = model_->loss(tables_, batch, options_.loss, context, options_.hard);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw Error("training diverged: the loss is not finite", {.field = "train.learning_rate",
                                                              .value = std::to_string(options_.learning_rate),
                                                              .hint = "try a lower one"});
  }
  loss.backward();
  const double rate = scheduled_rate(options_, step, total_steps_);
  const double norm = optimizer_->step(rate, context.table_uses);
  state_.step = step;
  state_.losses.push_back(value);
  const double seconds = seconds_since(start);
  epoch_seconds_ += seconds;
  log_->step(step, epoch(), value, rate, norm, seconds);
}

double Run::validate(std::string& figures) {
  LinkVectors vectors = embedder_->embed(model_, tables_, pool_.get());
  const ModelScorer scorer(std::move(vectors.from), std::move(vectors.to));
  const RankingTask ranking{.targets = &task_.valid_targets,
                            .mask = &task_.mask(graph::Part::kValid),
                            .candidates = candidates_,
                            .item_warm = task_.item_warm};
  const auto k = static_cast<std::size_t>(options_.metric_k);
  const Evaluation evaluation = evaluate(scorer, ranking, {.ks = {k}, .auc = false}, *evaluation_pool_);
  figures = evaluation.to_json();
  return options_.metric == "recall" ? evaluation.at(k).recall : evaluation.at(k).ndcg;
}

void Run::end_epoch() {
  const auto epoch_losses = std::span(state_.losses).last(steps_per_epoch_);
  double sum = 0;
  for (const double loss : epoch_losses) sum += loss;
  EpochReport report{.epoch = epoch(),
                     .mean_loss = sum / static_cast<double>(steps_per_epoch_),
                     .seconds = epoch_seconds_,
                     .metric = std::nan("")};
  epoch_seconds_ = 0;
  const bool due = report.epoch % options_.validate_every == 0 || state_.step == total_steps_;
  if (due) {
    const Clock::time_point start = Clock::now();
    std::string figures;
    report.metric = has_validation_ ? validate(figures) : report.mean_loss;
    // Without a validation part the last epoch counts: a lower training loss is no reason to stop or go back.
    const bool better =
        !has_validation_ || std::isnan(state_.best_metric) || report.metric > state_.best_metric;
    log_->validation(state_.step, report.epoch, metric_name_, report.metric, report.mean_loss, figures,
                     seconds_since(start));
    if (better) {
      state_.best_metric = report.metric;
      state_.best_epoch = report.epoch;
      state_.since_best = 0;
      info_.metric = report.metric;
      save(kBestFile, false);
      if (setup_.on_best) setup_.on_best();
    } else {
      ++state_.since_best;
      state_.stopped_early = options_.patience > 0 && state_.since_best >= options_.patience;
    }
  }
  state_.epochs.push_back(report);
}

TrainResult Run::result(bool finished) const {
  return {.finished = finished,
          .stopped_early = state_.stopped_early,
          .steps = state_.step,
          .best_epoch = state_.best_epoch,
          .best_metric = state_.best_metric,
          .metric_name = metric_name_,
          .epochs = state_.epochs,
          .losses = state_.losses,
          .supervised_events = batches_.events().size(),
          .parameters = info_.parameters,
          .inputs = info_.inputs,
          .folder = setup_.folder};
}

TrainResult Run::run() {
  if (setup_.resume) {
    resume();
  } else {
    start_anew();
  }
  info_.metric = state_.best_metric;
  log_ = std::make_unique<MetricsLog>(setup_.folder / kMetricsFile, state_.step, files_);
  const auto threads = static_cast<std::size_t>(options_.threads);
  std::vector<NodeSampler::Scratch> scratches(std::max<std::size_t>(threads, 1));
  sampling::Loader<TrainBatch> loader(state_.step + 1,
                                      state_.stopped_early ? state_.step + 1 : total_steps_ + 1, threads,
                                      threads + 1, [&](std::uint64_t step, std::size_t worker) {
                                        TrainBatch batch = batches_.make(step, scratches[worker]);
                                        for (std::size_t t = 0; threads > 0 && t < tables_.size(); ++t)
                                          touch_vectors(tables_[t], batch.sampled.graph.nodes[t]);
                                        return batch;
                                      });
  progress_.begin("train", total_steps_, "steps");
  bool stopped = false;
  while (!stopped && !state_.stopped_early) {
    const std::optional<TrainBatch> batch = loader.next();
    if (!batch) break;
    train_step(*batch);
    if (at_epoch_end()) end_epoch();
    progress_.note(fmt::format("epoch {}  loss {:.4f}  best {} {:.4f}", epoch(), state_.losses.back(),
                               metric_name_, state_.best_metric));
    progress_.advance(state_.step);
    stopped = setup_.should_stop && setup_.should_stop(state_.step) && state_.step < total_steps_;
    const bool due = options_.checkpoint_steps > 0 &&
                     state_.step % static_cast<std::uint64_t>(options_.checkpoint_steps) == 0;
    if (at_epoch_end() || due || stopped) checkpoint();
  }
  progress_.end();
  log_->close();
  return result(!stopped);
}

}  // namespace

void check_setup(const TrainSetup& setup) {
  WEFT_CHECK(setup.snapshot != nullptr && setup.split != nullptr && setup.config != nullptr);
  read_model_options(setup.config->root());
  read_train_options(setup.config->root());
  if (!setup.resume) return;
  const std::filesystem::path file = setup.folder / kLastFile;
  if (!std::filesystem::exists(file)) {
    throw Error("there is nothing to resume",
                {.file = file.string(), .hint = "train without --resume to start anew"});
  }
  Files& files = setup.files != nullptr ? *setup.files : real_files();
  check_resumable(load_description(file, files).info, setup, file);
}

TrainResult train(const TrainSetup& setup) {
  WEFT_CHECK(setup.snapshot != nullptr && setup.split != nullptr && setup.config != nullptr);
  Run run(setup);
  return run.run();
}

}  // namespace weft::gnn
