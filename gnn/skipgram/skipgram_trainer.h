// Trains skip-gram: epochs over the walks from every node that they begin at, in a shuffled order.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/progress.h"
#include "gnn/skipgram/skipgram.h"
#include "gnn/skipgram/walk_batches.h"

namespace weft::gnn {

struct SkipGramEpoch {
  std::int64_t epoch = 0;   // from 1
  double mean_loss = 0;     // over the epoch's steps
  double seconds = 0;       // of training alone
  std::uint64_t pairs = 0;  // that were learned from
};

// Called after each epoch; false ends the training.
using SkipGramEpochCallback = std::function<bool(const SkipGramEpoch&)>;

// Trains `model`, which has as many nodes as `batches` has places, from where it stands: its step count says
// which epoch and batch come next, so a state that was saved and set again goes on as if it had not been
// stopped. Returns what each epoch gave. Deterministic.
std::vector<SkipGramEpoch> train_skipgram(SkipGram& model, WalkBatches& batches, std::int64_t epochs,
                                          ProgressSink& progress = no_progress(),
                                          const SkipGramEpochCallback& on_epoch = {});

}  // namespace weft::gnn
