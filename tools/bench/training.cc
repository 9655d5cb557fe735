#include <optional>

#include "base/stopwatch.h"
#include "gnn/model_options.h"
#include "gnn/train_options.h"
#include "gnn/trainer.h"
#include "tools/bench/bench.h"
#include "tools/features.h"
#include "tools/lightgcn_model.h"
#include "tools/skipgram_model.h"
#include "tools/vector_model.h"

namespace weft::tools::bench {
namespace {

Measurement rate(double events, double seconds, Json details) {
  details["seconds"] = seconds;
  return {"training", "supervised events", seconds > 0 ? events / seconds : 0, "events/s",
          std::move(details)};
}

}  // namespace

std::vector<Measurement> measure_training(Cli& cli, const ProjectContext& context,
                                          const std::filesystem::path& folder, const Limits& limits) {
  real_files().make_folders(folder);
  if (const std::optional<VectorKind> kind = wanted_vectors(context.toml.root())) {
    const gnn::TrainResult result = *kind == VectorKind::kLightGcn
                                        ? train_lightgcn_model(cli, context, folder, false)
                                        : train_skipgram_model(cli, context, folder, false);
    return {rate(static_cast<double>(result.supervised_events), result.epochs.front().seconds,
                 {{"model", name_of(*kind)}, {"steps", result.steps}, {"epochs", 1}})};
  }
  gnn::TrainSetup setup;
  setup.snapshot = &context.snapshot;
  setup.split = &context.split;
  setup.config = &context.toml;
  setup.encoders = encoder_keys(context);
  setup.features = ensure_features(cli, context).inputs;
  setup.folder = folder;
  setup.progress = &cli.progress();
  // The first step also pays for what is made once.
  std::optional<Stopwatch> clock;
  double seconds = 0;
  setup.should_stop = [&](std::uint64_t) {
    if (!clock) {
      clock.emplace();
    } else {
      seconds = clock->wall_seconds();
    }
    return seconds > limits.seconds;
  };
  const gnn::TrainResult result = gnn::train(setup);
  const std::int64_t batch = gnn::read_train_options(context.toml.root()).batch_size;
  const bool gat = gnn::read_model_options(context.toml.root()).layer == gnn::LayerKind::kGat;
  Json details = {{"model", gat ? "gat" : "graphsage"},
                  {"steps", result.steps},
                  {"batch_size", batch},
                  {"parameters", result.parameters}};
  // Without the first step; an epoch's last batch may be a smaller one.
  const double events = result.finished
                            ? static_cast<double>(result.supervised_events) - static_cast<double>(batch)
                            : static_cast<double>(batch) * static_cast<double>(result.steps - 1);
  if (result.steps < 2) {
    cli.note("training: there is but one step to an epoch, which also pays for what is made once");
    return {rate(static_cast<double>(result.supervised_events), result.epochs.front().seconds, details)};
  }
  return {rate(events, seconds, details)};
}

}  // namespace weft::tools::bench
