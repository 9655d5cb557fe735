// LightGCN on a device beside the CPU's, step by step on the same triples.
#include "gnn/lightgcn/device_lightgcn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "gnn/lightgcn/lightgcn_trainer.h"
#include "gnn/lightgcn/triple_batches.h"
#include "sampling/cuda_plugin.h"
#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kUsers = 60, kItems = 45;

graph::PositiveIndex some_pairs(double share) {
  std::mt19937 random(3);
  return index_of(random_pairs(random, kUsers, kItems, share), kUsers);
}

enum class Device { kHost, kCuda };

class DeviceLightGcnTest : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::kCuda && cuda_plugin().problem != CudaProblem::kNone)
      GTEST_SKIP() << cuda_plugin().message;
  }
  struct Trained {
    LightGcnState state = {};
    std::vector<double> losses = {};
  };
  static Trained train(Device device, const graph::PositiveIndex& pairs, const LightGcnOptions& options,
                       std::size_t epochs) {
    ThreadPool pool(1);
    LightGcn model(pairs, kUsers, kItems, options, pool);
    void* stream = nullptr;
    if (device == Device::kCuda)
      check_cuda(require_cuda(), require_cuda().create_stream(&stream), "making a stream");
    Trained out;
    {
      const auto memory =
          device == Device::kHost ? sampling::host_sample_device() : sampling::cuda_sample_device(stream);
      const auto kernels = device == Device::kHost ? host_kernel_device() : cuda_kernel_device(stream);
      TripleBatches batches(pairs, kItems, 32, options.seed);
      DeviceLightGcn on_device(model, batches.batches(), 32, *memory, *kernels);
      for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
        batches.begin_epoch(epoch);
        for (std::uint64_t batch = 0; batch < batches.batches(); ++batch)
          on_device.step(batches.triples(batch));
        for (const double loss : on_device.losses()) out.losses.push_back(loss);
      }
      on_device.download();
    }
    if (stream != nullptr) require_cuda().destroy_stream(stream);
    out.state = model.state();
    return out;
  }
  static Trained on_the_cpu(const graph::PositiveIndex& pairs, const LightGcnOptions& options,
                            std::size_t epochs) {
    ThreadPool pool(1);
    LightGcn model(pairs, kUsers, kItems, options, pool);
    TripleBatches batches(pairs, kItems, 32, options.seed);
    Trained out;
    for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
      batches.begin_epoch(epoch);
      for (std::uint64_t batch = 0; batch < batches.batches(); ++batch)
        out.losses.push_back(model.step(batches.triples(batch)));
    }
    out.state = model.state();
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceLightGcnTest, testing::Values(Device::kHost, Device::kCuda),
                         [](const auto& test) { return test.param == Device::kHost ? "host" : "cuda"; });

TEST_P(DeviceLightGcnTest, TrainsAsTheCpu) {
  for (const std::size_t layers : {0U, 1U, 2U, 3U}) {
    for (const auto regularization :
         {EmbeddingRegularization::kPerTriple, EmbeddingRegularization::kDistinctNodes}) {
      const LightGcnOptions options{.dim = 20,
                                    .layers = layers,
                                    .l2 = 0.01,
                                    .regularization = regularization,
                                    .adam = {.learning_rate = 0.01},
                                    .seed = 5};
      const graph::PositiveIndex pairs = some_pairs(0.15);
      const Trained expected = on_the_cpu(pairs, options, 2);
      const Trained got = train(GetParam(), pairs, options, 2);
      ASSERT_EQ(got.losses.size(), expected.losses.size());
      for (std::size_t i = 0; i < got.losses.size(); ++i)
        ASSERT_NEAR(got.losses[i], expected.losses[i], 1e-4) << layers << ' ' << i;
      EXPECT_EQ(got.state.step, expected.state.step);
      for (std::size_t i = 0; i < got.state.parameters.size(); ++i)
        ASSERT_NEAR(got.state.parameters[i], expected.state.parameters[i], 2e-4) << layers << ' ' << i;
      if (GetParam() == Device::kCuda) {
        EXPECT_EQ(got.state.parameters, train(Device::kHost, pairs, options, 2).state.parameters);
      }
    }
  }
}

// The trainer's way through it: the model has the state after each epoch, and a training that went on is the
// one that was not stopped.
TEST(DeviceLightGcn, TrainerGoesOnWhereItStopped) {
  const graph::PositiveIndex pairs = some_pairs(0.15);
  ThreadPool pool(1);
  const auto memory = sampling::host_sample_device();
  const auto kernels = host_kernel_device();
  const LightGcnDevice device{*memory, *kernels};
  const LightGcnOptions options{.dim = 8};
  LightGcn whole(pairs, kUsers, kItems, options, pool), halves(pairs, kUsers, kItems, options, pool),
      cpu(pairs, kUsers, kItems, options, pool);
  const LightGcnResult result =
      train_lightgcn(whole, pairs, {.epochs = 3, .batch = 32}, no_progress(), {}, &device);
  const LightGcnResult expected = train_lightgcn(cpu, pairs, {.epochs = 3, .batch = 32});
  ASSERT_EQ(result.losses.size(), expected.losses.size());
  for (std::size_t i = 0; i < result.losses.size(); ++i)
    ASSERT_NEAR(result.losses[i], expected.losses[i], 1e-4) << i;
  std::uint64_t steps = 0;
  train_lightgcn(
      halves, pairs, {.epochs = 3, .batch = 32}, no_progress(),
      [&](const LightGcnEpoch& epoch, const LightGcn& model) {
        steps += epoch.steps;
        EXPECT_EQ(model.state().step, steps);
        return false;
      },
      &device);
  train_lightgcn(halves, pairs, {.epochs = 3, .batch = 32}, no_progress(), {}, &device);
  EXPECT_EQ(halves.state().parameters, whole.state().parameters);
}

TEST_P(DeviceLightGcnTest, SkippedStepsCount) {
  const graph::PositiveIndex pairs = some_pairs(0.04);
  ThreadPool pool(1);
  LightGcn model(pairs, kUsers, kItems, {.dim = 4}, pool);
  const auto memory = sampling::host_sample_device();
  const auto kernels = host_kernel_device();
  DeviceLightGcn on_device(model, 2, 8, *memory, *kernels);
  on_device.skip_step();
  on_device.step(std::vector<Triple>{{0, 1, 2}});
  const std::vector<double> losses = on_device.losses();
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[0], 0);
  EXPECT_GT(losses[1], 0);
  on_device.download();
  EXPECT_EQ(model.state().step, 2U);
}

TEST_P(DeviceLightGcnTest, RefusesTooManyLayers) {
  const graph::PositiveIndex pairs = some_pairs(0.04);
  ThreadPool pool(1);
  LightGcn model(pairs, kUsers, kItems, {.dim = 4, .layers = kMostLayers + 1}, pool);
  const auto memory = sampling::host_sample_device();
  const auto kernels = host_kernel_device();
  EXPECT_THROW(DeviceLightGcn(model, 2, 8, *memory, *kernels), Error);
}

}  // namespace
}  // namespace weft::gnn
