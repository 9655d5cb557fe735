// Draws negatives on a device: the same as NegativeSampler's, bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/positive_index.h"
#include "sampling/negative_sampler.h"
#include "sampling/sample_device.h"

namespace weft::sampling {

// Holds tables of its own on the device (about 12 bytes a positive pair, up to 24 a candidate); the sampler
// and its positives may go.
class DeviceNegatives {
 public:
  DeviceNegatives(const NegativeSampler& sampler, SampleDevice& device);

  // As NegativeSampler::draw; all arrays are the device's; `before` may be null. Asynchronous.
  void draw(const graph::NodeId* rows, const std::uint32_t* keys, const graph::TimeMs* before,
            std::uint32_t count, std::uint32_t step, std::uint32_t per_row, graph::NodeId* out);

 private:
  SampleDevice& device_;
  std::uint64_t seed_;
  NegativeTables tables_;
  std::vector<DeviceMemory> memory_;
};

}  // namespace weft::sampling
