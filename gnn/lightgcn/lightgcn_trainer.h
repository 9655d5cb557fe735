// Trains LightGCN: epochs over all training pairs in a shuffled order, one negative a pair.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/progress.h"
#include "gnn/kernels/device/kernel_device.h"
#include "gnn/lightgcn/lightgcn.h"
#include "sampling/sample_device.h"

namespace weft::gnn {

struct LightGcnTraining {
  std::int64_t epochs = 30;
  std::size_t batch = 2048;
};

struct LightGcnEpoch {
  std::int64_t epoch = 0;  // from 1
  double mean_loss = 0;    // over the epoch's steps
  double seconds = 0;      // of training alone
  std::uint64_t steps = 0;
};

// Called after each epoch; false ends the training.
using LightGcnEpochCallback = std::function<bool(const LightGcnEpoch&, const LightGcn&)>;

struct LightGcnResult {
  std::vector<LightGcnEpoch> epochs = {};
  std::vector<double> losses = {};  // [steps]
};

// Where training computes: one stream's memory and kernels.
struct LightGcnDevice {
  sampling::SampleDevice& memory;
  KernelDevice& kernels;
};

// Trains `model` on the batches of TripleBatches (a pair of a user who has all items is skipped), from where
// it stands: its step count says which epoch and batch come next, so a state that was saved and set again
// goes on as if it had not been stopped. `pairs` must be those the model was made with. Deterministic. With
// `device` the steps run there (DeviceLightGcn) and the model has their state after each epoch. Throws Error
// if there is no pair to train on.
LightGcnResult train_lightgcn(LightGcn& model, const graph::PositiveIndex& pairs,
                              const LightGcnTraining& training, ProgressSink& progress = no_progress(),
                              const LightGcnEpochCallback& on_epoch = {},
                              const LightGcnDevice* device = nullptr);

}  // namespace weft::gnn
