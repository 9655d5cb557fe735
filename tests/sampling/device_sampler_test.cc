// Sampling on a device equals sampling on the CPU, bit for bit: on each device that is there, and always on
// the host's form of the device's steps.
#include "sampling/device_sampler.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sampling/cuda_plugin.h"
#include "tests/sampling/random_batches.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

enum class Device { kHost, kCuda };

class DeviceSamplerTest : public ::testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::kCuda && cuda_plugin().problem != CudaProblem::kNone)
      GTEST_SKIP() << cuda_plugin().message;
    device_ = GetParam() == Device::kHost ? host_sample_device() : cuda_sample_device();
  }
  std::unique_ptr<SampleDevice> device_;
};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceSamplerTest, ::testing::Values(Device::kHost, Device::kCuda),
                         [](const auto& test) { return test.param == Device::kHost ? "host" : "cuda"; });

TEST_P(DeviceSamplerTest, EqualsTheCpuOnRandomGraphsAndOptions) {
  std::size_t picks = 0;
  for (std::uint32_t round = 0; round < 60; ++round) {
    std::mt19937 random(round);
    const auto shop = testing::random_shop(round, 1 + random() % 60, 1 + random() % 40, 20 + random() % 900);
    const graph::GraphView graph = shop->view();
    const SamplerOptions options = testing::padded_options(shop->schema(), random);
    const NeighborSampler expected(graph, options);
    const DeviceGraph on_device(graph, *device_, round % 2 == 0 ? GraphPlace::kDevice : GraphPlace::kPinned);
    for (const bool disjoint : {false, true}) {
      DeviceSampler sampler(on_device, options,
                            {.seeds = std::vector<std::uint32_t>(graph.node_counts.size(), 60),
                             .disjoint = disjoint,
                             .trees = 60,
                             .excluded = 1000},
                            *device_);
      NeighborSampler::Scratch scratch;
      Subgraph out, reference;
      for (std::uint32_t step = 0; step < 6; ++step) {
        testing::RandomBatch batch = testing::random_batch(graph, random);
        while (batch.roots.empty() == disjoint && !batch.nodes.empty())
          batch = testing::random_batch(graph, random);
        sampler.sample(batch.view(), step);
        sampler.download(out);
        expected.sample(batch.view(), step, scratch, reference);
        testing::expect_equal(out, reference);
        for (const RelationBlock& block : out.relations) picks += block.edges.size();
        if (HasFailure()) FAIL() << "round " << round << ", step " << step << ", disjoint " << disjoint;
      }
    }
  }
  EXPECT_GT(picks, 10000u);
}

TEST_P(DeviceSamplerTest, TakesBatchesOneAfterTheOtherWithoutWaiting) {
  const auto shop = testing::random_shop(3, 60, 50, 1500);
  const graph::GraphView graph = shop->view();
  const SamplerOptions options{.seed = 4, .fan_outs = uniform_fan_outs(shop->schema(), {6, 3})};
  const DeviceGraph on_device(graph, *device_);
  DeviceSampler sampler(on_device, options, {.seeds = {20, 0, 0, 0}}, *device_);
  const NeighborSampler expected(graph, options);
  NeighborSampler::Scratch scratch;
  Subgraph out, reference;
  std::vector<NodeRef> nodes;
  for (NodeId i = 0; i < 20; ++i) nodes.push_back({0, 2 * i});
  for (std::uint32_t step = 1; step <= 5; ++step) sampler.sample({.nodes = nodes}, step);
  sampler.download(out);
  expected.sample({.nodes = nodes}, 5, scratch, reference);
  testing::expect_equal(out, reference);
}

TEST_P(DeviceSamplerTest, RefusesWhatHasNoPaddedForm) {
  const auto shop = testing::random_shop(3);
  const DeviceGraph graph(shop->view(), *device_);
  const auto make = [&](SamplerOptions options, std::uint32_t seeds) {
    DeviceSampler(graph, std::move(options), {.seeds = {seeds, 0, 0, 0}, .disjoint = true, .trees = 1},
                  *device_);
  };
  const auto fan_outs = uniform_fan_outs(shop->schema(), {4});
  EXPECT_NO_THROW(make({.fan_outs = fan_outs}, 5));
  EXPECT_THROW(make({.fan_outs = fan_outs, .law = PickLaw::kLabor}, 5), Error);
  EXPECT_THROW(make({.fan_outs = uniform_fan_outs(shop->schema(), {kAllNeighbours})}, 5), Error);
  EXPECT_THROW(make({.fan_outs = uniform_fan_outs(shop->schema(), {1u << 20})}, 1u << 20), Error);
}

TEST(DeviceSamplerDeathTest, StopsOnABatchBeyondItsLimits) {
  const auto shop = testing::random_shop(3);
  const auto device = host_sample_device();
  const DeviceGraph graph(shop->view(), *device);
  DeviceSampler sampler(graph, {.fan_outs = uniform_fan_outs(shop->schema(), {4})}, {.seeds = {2, 0, 0, 0}},
                        *device);
  const std::vector<NodeRef> three = {{0, 1}, {0, 2}, {0, 3}};
  EXPECT_DEATH(sampler.sample({.nodes = three}, 1), "check failed");
}

}  // namespace
}  // namespace weft::sampling
