// The memory and the launches of one device, as the sampler on it needs them: a GPU behind the CUDA plugin,
// or the host, which runs the same steps in plain loops (the way to test them without a GPU).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "sampling/negative_draws.h"
#include "sampling/sample_plan.h"

namespace weft::sampling {

// All work of one device goes through one stream: calls are in order, and asynchronous until synchronize().
// Not thread-safe. Throws Error where the device fails.
class SampleDevice {
 public:
  virtual ~SampleDevice() = default;
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  // Host memory that stays in place, which copies need to be asynchronous and which kernels can read.
  virtual void* allocate_pinned(std::size_t bytes) = 0;
  virtual void release_pinned(void* memory) noexcept = 0;
  virtual void fill(void* to, std::uint8_t byte, std::size_t bytes) = 0;
  virtual void to_device(void* to, const void* from, std::size_t bytes) = 0;
  virtual void to_host(void* to, const void* from, std::size_t bytes) = 0;
  virtual void synchronize() = 0;
  // Bytes of scratch that running sums of so many numbers need.
  virtual std::size_t sum_scratch(std::uint32_t numbers) = 0;
  // All launches of a batch, one by one.
  virtual void sample(const SamplePlan& plan) = 0;
  // The same launches as one graph: recorded once, replayed for each batch. The plan must stay as it is.
  virtual void* record(const SamplePlan& plan) = 0;
  virtual void replay(void* recorded) = 0;
  virtual void forget(void* recorded) noexcept = 0;
  virtual void negatives(const NegativeJob& job) = 0;
};

std::unique_ptr<SampleDevice> host_sample_device();
// `stream`: a cudaStream_t; null: a stream of its own. Throws Error with the plugin's message where there is
// no GPU.
std::unique_ptr<SampleDevice> cuda_sample_device(void* stream = nullptr);

// Memory of a device that goes with its owner.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(SampleDevice& device, std::size_t bytes, bool pinned = false)
      : device_(&device),
        memory_(pinned ? device.allocate_pinned(bytes) : device.allocate(bytes)),
        pinned_(pinned) {}
  DeviceMemory(DeviceMemory&& other) noexcept
      : device_(other.device_), memory_(other.memory_), pinned_(other.pinned_) {
    other.memory_ = nullptr;
  }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(memory_, other.memory_);
    std::swap(pinned_, other.pinned_);
    return *this;
  }
  ~DeviceMemory() {
    if (memory_ == nullptr) return;
    pinned_ ? device_->release_pinned(memory_) : device_->release(memory_);
  }
  template <typename T>
  T* as() const {
    return static_cast<T*>(memory_);
  }
  std::byte* bytes() const { return as<std::byte>(); }

 private:
  SampleDevice* device_ = nullptr;
  void* memory_ = nullptr;
  bool pinned_ = false;
};

}  // namespace weft::sampling
