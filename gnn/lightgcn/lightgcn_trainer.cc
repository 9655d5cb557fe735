#include "gnn/lightgcn/lightgcn_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "gnn/lightgcn/triple_batches.h"

namespace weft::gnn {

LightGcnResult train_lightgcn(LightGcn& model, const graph::PositiveIndex& pairs,
                              const LightGcnTraining& training, ProgressSink& progress,
                              const LightGcnEpochCallback& on_epoch) {
  TripleBatches batches(pairs, model.graph().items, training.batch, model.options().seed);
  const std::uint64_t per_epoch = batches.batches();
  const std::uint64_t total =
      per_epoch * static_cast<std::uint64_t>(std::max<std::int64_t>(0, training.epochs));
  LightGcnResult result;
  progress.begin("train LightGCN", total, "steps");
  while (model.state().step < total) {
    const std::uint64_t epoch = model.state().step / per_epoch;
    const auto started = std::chrono::steady_clock::now();
    batches.begin_epoch(epoch);
    LightGcnEpoch report{.epoch = static_cast<std::int64_t>(epoch) + 1};
    for (std::uint64_t batch = model.state().step % per_epoch; batch < per_epoch; ++batch) {
      const std::vector<Triple>& triples = batches.triples(batch);
      const double loss = triples.empty() ? model.skip_step() : model.step(triples);
      result.losses.push_back(loss);
      report.mean_loss += loss;
      ++report.steps;
      if (batch % 16 == 0) progress.note(fmt::format("loss {:.4f}", loss));
      progress.advance(model.state().step);
    }
    report.mean_loss /= static_cast<double>(report.steps);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    result.epochs.push_back(report);
    if (on_epoch && !on_epoch(report, model)) break;
  }
  progress.end();
  return result;
}

}  // namespace weft::gnn
