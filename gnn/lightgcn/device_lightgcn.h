// LightGCN (gnn/lightgcn/lightgcn.h) trained on a device: the same steps on the same triples, all matrices in
// the device's memory. What differs from the CPU is rounding alone; a device gives the same bits on each run.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gnn/kernels/device/kernel_device.h"
#include "gnn/lightgcn/lightgcn.h"
#include "sampling/sample_device.h"

namespace weft::gnn {

// At most kMostLayers layers, and fewer than 2^32 - 1 edges both ways: throws Error otherwise.
class DeviceLightGcn {
 public:
  // Begins with the model's state. Memory on the device: 7 + L matrices [nodes, dim], the graph, and the
  // batches of one epoch. `memory` and `kernels` must outlive it and share a stream; `model` is read, and
  // kept for download().
  DeviceLightGcn(LightGcn& model, std::size_t batches_an_epoch, std::size_t largest_batch,
                 sampling::SampleDevice& memory, KernelDevice& kernels);

  // Starts the Adam step of a batch, which has at least one triple; at most so many batches as were announced
  // between two calls of losses(). Returns before the device has done it.
  void step(std::span<const Triple> triples);
  // A step in which there is nothing to learn; its loss is 0.
  void skip_step();
  // Waits; the losses of the steps since the last call.
  std::vector<double> losses();
  // Waits, and gives the model this state.
  void download();

 private:
  // The host's side of a batch (DeviceBpr's arrays), laid out one after another.
  struct Batch {
    std::uint32_t triples = 0, nodes = 0;
    std::size_t places = 0, ids = 0, offsets = 0, stands = 0, numbers = 0;  // in numbers of the batch's room
  };
  Batch collect(std::span<const Triple> triples, std::uint32_t* room);
  float* matrix();
  template <typename T>
  const T* put(std::span<const T> values);
  void propagate(const float* from, const float* from_scale, const float* add, const float* scale, float* to);

  LightGcn& model_;
  sampling::SampleDevice& memory_;
  KernelDevice& kernels_;
  std::vector<sampling::DeviceMemory> held_;
  DeviceRows rows_;
  float *parameters_ = nullptr, *mean_ = nullptr, *variance_ = nullptr;
  std::vector<float*> layers_;
  float *scaled_seeds_ = nullptr, *seeds_ = nullptr, *gradient_ = nullptr, *spare_ = nullptr;
  const float *root_ = nullptr, *inverse_root_ = nullptr, *inverse_degree_ = nullptr;
  float* scratch_ = nullptr;
  float *batch_mean_ = nullptr, *slopes_ = nullptr, *shares_ = nullptr, *losses_ = nullptr;
  std::uint32_t *staging_ = nullptr, *there_ = nullptr;  // pinned, and on the device; a batch's room each
  std::size_t room_ = 0;                                 // numbers of a batch
  std::size_t batches_ = 0, largest_ = 0, in_flight_ = 0;
  std::uint64_t step_ = 0;
  std::vector<std::uint8_t> skipped_;
  std::vector<std::uint32_t> slot_;  // [nodes], place among the batch's nodes
};

}  // namespace weft::gnn
