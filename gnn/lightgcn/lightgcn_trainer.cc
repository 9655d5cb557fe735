#include "gnn/lightgcn/lightgcn_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>

#include "gnn/lightgcn/device_lightgcn.h"
#include "gnn/lightgcn/triple_batches.h"

namespace weft::gnn {

namespace {

// The steps of one epoch, from where the model stands in it; their losses.
class Steps {
 public:
  Steps(LightGcn& model, TripleBatches& batches, std::size_t largest, const LightGcnDevice* device)
      : model_(model), batches_(batches) {
    if (device != nullptr)
      device_.emplace(model, batches.batches(), largest, device->memory, device->kernels);
  }

  std::vector<double> run(std::uint64_t first, ProgressSink& progress) {
    std::vector<double> losses;
    for (std::uint64_t batch = first; batch < batches_.batches(); ++batch) {
      const std::vector<Triple>& triples = batches_.triples(batch);
      if (device_) {
        triples.empty() ? device_->skip_step() : device_->step(triples);
      } else {
        losses.push_back(triples.empty() ? model_.skip_step() : model_.step(triples));
        if (batch % 16 == 0) progress.note(fmt::format("loss {:.4f}", losses.back()));
      }
      progress.advance(model_.state().step + (device_ ? batch - first + 1 : 0));
    }
    if (!device_) return losses;
    losses = device_->losses();
    device_->download();
    if (!losses.empty()) progress.note(fmt::format("loss {:.4f}", losses.back()));
    return losses;
  }

 private:
  LightGcn& model_;
  TripleBatches& batches_;
  std::optional<DeviceLightGcn> device_;
};

}  // namespace

LightGcnResult train_lightgcn(LightGcn& model, const graph::PositiveIndex& pairs,
                              const LightGcnTraining& training, ProgressSink& progress,
                              const LightGcnEpochCallback& on_epoch, const LightGcnDevice* device) {
  TripleBatches batches(pairs, model.graph().items, training.batch, model.options().seed);
  Steps steps(model, batches, training.batch, device);
  const std::uint64_t per_epoch = batches.batches();
  const std::uint64_t total =
      per_epoch * static_cast<std::uint64_t>(std::max<std::int64_t>(0, training.epochs));
  LightGcnResult result;
  progress.begin("train LightGCN", total, "steps");
  while (model.state().step < total) {
    const std::uint64_t epoch = model.state().step / per_epoch;
    const auto started = std::chrono::steady_clock::now();
    batches.begin_epoch(epoch);
    const std::vector<double> losses = steps.run(model.state().step % per_epoch, progress);
    LightGcnEpoch report{.epoch = static_cast<std::int64_t>(epoch) + 1, .steps = losses.size()};
    report.mean_loss =
        std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    result.losses.insert(result.losses.end(), losses.begin(), losses.end());
    result.epochs.push_back(report);
    if (on_epoch && !on_epoch(report, model)) break;
  }
  progress.end();
  return result;
}

}  // namespace weft::gnn
