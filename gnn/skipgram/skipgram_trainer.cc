#include "gnn/skipgram/skipgram_trainer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/stopwatch.h"

namespace weft::gnn {

std::vector<SkipGramEpoch> train_skipgram(SkipGram& model, WalkBatches& batches, std::int64_t epochs,
                                          ProgressSink& progress, const SkipGramEpochCallback& on_epoch) {
  WEFT_CHECK(model.nodes() == batches.places());
  const std::uint64_t per_epoch = batches.batches();
  const std::uint64_t total = per_epoch * static_cast<std::uint64_t>(std::max<std::int64_t>(0, epochs));
  std::vector<SkipGramEpoch> made;
  progress.begin("train skip-gram", total, "steps");
  while (model.state().step < total) {
    const std::uint64_t epoch = model.state().step / per_epoch, first = model.state().step % per_epoch;
    const Stopwatch clock;
    batches.begin_epoch(epoch);
    SkipGramEpoch report{.epoch = static_cast<std::int64_t>(epoch) + 1};
    for (std::uint64_t batch = first; batch < per_epoch; ++batch) {
      const SkipGramPairs& pairs = batches.pairs(batch);
      const double loss = model.step(pairs);
      report.mean_loss += loss / static_cast<double>(per_epoch - first);
      report.pairs += pairs.size();
      if (batch % 16 == 0) progress.note(fmt::format("loss {:.4f}", loss));
      progress.advance(model.state().step);
    }
    report.seconds = clock.wall_seconds();
    made.push_back(report);
    if (on_epoch && !on_epoch(report)) break;
  }
  progress.end();
  return made;
}

}  // namespace weft::gnn
