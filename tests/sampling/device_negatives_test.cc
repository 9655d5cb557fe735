// Negatives drawn on a device equal the host's, on each device that is there and always on the host's form.
#include "sampling/device_negatives.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "graph/csr.h"
#include "sampling/cuda_plugin.h"

namespace weft::sampling {
namespace {

enum class Device { kHost, kCuda };

class DeviceNegativesTest : public ::testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::kCuda && cuda_plugin().problem != CudaProblem::kNone)
      GTEST_SKIP() << cuda_plugin().message;
    device_ = GetParam() == Device::kHost ? host_sample_device() : cuda_sample_device();
  }
  template <typename T>
  DeviceMemory upload(const std::vector<T>& values) {
    DeviceMemory memory(*device_, values.size() * sizeof(T) + 1);
    device_->to_device(memory.bytes(), values.data(), values.size() * sizeof(T));
    return memory;
  }
  std::unique_ptr<SampleDevice> device_;
};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceNegativesTest, ::testing::Values(Device::kHost, Device::kCuda),
                         [](const auto& test) { return test.param == Device::kHost ? "host" : "cuda"; });

// Users from those who like nothing to those who like all, over graphs of every size; both laws, times and
// bounds or none, rows and targets beyond the tables.
TEST_P(DeviceNegativesTest, EqualTheHosts) {
  std::size_t drawn = 0;
  std::size_t missing = 0;
  for (std::uint32_t round = 0; round < 80; ++round) {
    std::mt19937 random(round);
    const std::uint32_t users = 1 + random() % 30;
    const std::uint32_t items = 1 + random() % 200;
    graph::EdgeList likes;
    for (graph::NodeId user = 0; user < users; ++user) {
      const std::uint32_t share = random() % 11;  // tenths
      for (graph::NodeId item = 0; item < items; ++item) {
        if (random() % 10 >= share) continue;
        likes.from.push_back(user);
        likes.to.push_back(item);
        likes.events.push_back(likes.events.size() + 1);
      }
    }
    const graph::Csr csr = graph::build_outgoing(likes, users, items);
    const graph::PositiveIndex positives(csr.view(), {});
    std::vector<std::uint64_t> counts(random() % 5 == 0 ? items / 2 : items);
    for (auto& count : counts) count = random() % 3 == 0 ? 0 : random() % 100;
    std::vector<graph::TimeMs> seen;
    if (random() % 2 == 0) {
      for (std::size_t i = 0; i < counts.size(); ++i)
        seen.push_back(random() % 9 == 0 ? graph::kNoTime : static_cast<graph::TimeMs>(random() % 100));
    }
    const NegativeSampler sampler(
        positives, counts, seen,
        {.seed = round,
         .law = random() % 2 == 0 ? NegativeLaw::kUniform : NegativeLaw::kPopularity,
         .popularity_power = 0.25 * (random() % 5)});
    std::vector<graph::NodeId> rows;
    std::vector<std::uint32_t> keys;
    std::vector<graph::TimeMs> before;
    for (std::uint32_t i = 0; i < 40; ++i) {
      rows.push_back(random() % (users + 2));
      keys.push_back(static_cast<std::uint32_t>(random()));
      before.push_back(random() % 4 == 0 ? graph::kEndOfTime : static_cast<graph::TimeMs>(random() % 110));
    }
    if (random() % 3 == 0) before.clear();
    constexpr std::uint32_t kEach = 23;
    std::vector<graph::NodeId> expected(rows.size() * kEach), out(rows.size() * kEach);
    sampler.draw(rows, keys, before, round, kEach, expected);

    DeviceNegatives negatives(sampler, *device_);
    const DeviceMemory d_rows = upload(rows), d_keys = upload(keys), d_before = upload(before),
                       d_out = upload(out);
    negatives.draw(d_rows.as<graph::NodeId>(), d_keys.as<std::uint32_t>(),
                   before.empty() ? nullptr : d_before.as<graph::TimeMs>(),
                   static_cast<std::uint32_t>(rows.size()), round, kEach, d_out.as<graph::NodeId>());
    device_->to_host(out.data(), d_out.bytes(), out.size() * sizeof(out[0]));
    device_->synchronize();
    ASSERT_EQ(out, expected) << "round " << round;
    for (const graph::NodeId node : out) ++(node == graph::kNoNode ? missing : drawn);
  }
  EXPECT_GT(drawn, 10000u);
  EXPECT_GT(missing, 100u);
}

}  // namespace
}  // namespace weft::sampling
