// `weft train`: encodes what is not encoded yet, then trains the model of the project file.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "gnn/trainer.h"
#include "storage/store_lock.h"
#include "tools/cli.h"
#include "tools/features.h"
#include "tools/lightgcn_model.h"
#include "tools/project_context.h"
#include "tools/row_cleaning.h"
#include "tools/skipgram_model.h"
#include "tools/table.h"
#include "tools/torch_threads.h"
#include "tools/vector_model.h"

namespace weft::tools {
namespace {

struct Options {
  std::string model = "default";
  bool resume = false;
};

Json to_json(const gnn::TrainResult& result, const graph::Split& split) {
  Json epochs = Json::array();
  for (const gnn::EpochReport& epoch : result.epochs) {
    Json entry = {{"epoch", epoch.epoch}, {"mean_loss", epoch.mean_loss}, {"seconds", epoch.seconds}};
    if (!std::isnan(epoch.metric)) entry[result.metric_name] = epoch.metric;
    epochs.push_back(std::move(entry));
  }
  return {{"model", result.folder.string()},
          {"split", split.description},
          {"supervised_events", result.supervised_events},
          {"parameters", result.parameters},
          {"inputs", result.inputs},
          {"steps", result.steps},
          {"finished", result.finished},
          {"stopped_early", result.stopped_early},
          {"best_epoch", result.best_epoch},
          {"best_" + result.metric_name, result.best_metric},
          {"epochs", std::move(epochs)}};
}

gnn::TrainResult train_network(Cli& cli, const ProjectContext& context, const std::filesystem::path& folder,
                               bool resume) {
  gnn::TrainSetup setup;
  setup.snapshot = &context.snapshot;
  setup.split = &context.split;
  setup.config = &context.toml;
  setup.encoders = encoder_keys(context);
  setup.folder = folder;
  setup.resume = resume;
  setup.on_best = [&] {  // one model a folder
    remove_vectors(folder, std::nullopt);
    prune_constants(folder, context.cleaning ? context.snapshot.info().checksum : kNoConstants);
  };
  setup.progress = &cli.progress();
  gnn::check_setup(setup);
  claim_encoders(folder, setup.encoders);
  setup.features = ensure_features(cli, context).inputs;
  gnn::TrainResult result = gnn::train(setup);
  prune_features(context);
  return result;
}

gnn::TrainResult train_wanted(Cli& cli, const ProjectContext& context, const std::filesystem::path& folder,
                              bool resume) {
  const std::optional<VectorKind> vectors = wanted_vectors(context.toml.root());
  if (!vectors) return train_network(cli, context, folder, resume);
  return *vectors == VectorKind::kLightGcn ? train_lightgcn_model(cli, context, folder, resume)
                                           : train_skipgram_model(cli, context, folder, resume);
}

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const ProjectContext context = open_project(cli);
  cli.note(context.split.description);
  const std::filesystem::path folder = model_folder(context.project, options.model);
  real_files().make_folders(folder);
  const storage::StoreLock lock(folder / "train.lock", fmt::format("the model '{}'", options.model));
  if (context.cleaning)
    save_constants(folder, context.snapshot.info().checksum, *context.cleaning, context.snapshot.schema());
  const gnn::TrainResult result = train_wanted(cli, context, folder, options.resume);
  if (cli.common().json) {
    cli.print_json(to_json(result, context.split));
    return;
  }
  Table table({"epoch", "loss", result.metric_name, "seconds", ""});
  for (const gnn::EpochReport& epoch : result.epochs) {
    table.add({std::to_string(epoch.epoch), fmt::format("{:.4f}", epoch.mean_loss),
               std::isnan(epoch.metric) ? "" : fmt::format("{:.4f}", epoch.metric),
               fmt::format("{:.1f}", epoch.seconds), epoch.epoch == result.best_epoch ? "best" : ""});
  }
  cli.print(table.text());
  cli.print(fmt::format("\n{} supervised events, {} parameters; inputs:",
                        with_commas(result.supervised_events), with_commas(result.parameters)));
  for (const std::string& input : result.inputs) cli.print("  " + input);
  cli.print(
      fmt::format("model {}\nNext: weft evaluate {}", result.folder.string(), context.project.file.string()));
}

}  // namespace

void add_train(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("train", "Train the project's model", [&cli, options] { run(cli, *options); });
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
  cli.add_threads(command);
  command->add_flag("--resume", options->resume, "Go on where a stopped run of this model was");
}

}  // namespace weft::tools
