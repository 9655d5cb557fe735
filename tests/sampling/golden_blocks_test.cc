// A thousand random batches on random graphs with random options, and the hashes of what is sampled: any
// machine can check its side, its CPU and each device that it has.
//
// The hashes were written by this program: WEFT_GOLDEN_OUT=FILE sampling_test
// --gtest_filter='GoldenBlocks.*'.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "sampling/cuda_plugin.h"
#include "sampling/device_sampler.h"
#include "tests/sampling/random_batches.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

constexpr std::uint32_t kCases = 1000;

std::uint64_t hash_of(const Subgraph& subgraph) {
  Hasher64 hasher;
  const auto add = [&](const auto& values) {
    const std::uint64_t count = values.size();
    hasher.update(std::as_bytes(std::span(&count, 1)));
    hasher.update(std::as_bytes(std::span(values)));
  };
  for (const auto& nodes : subgraph.nodes) add(nodes);
  for (const auto& trees : subgraph.trees) add(trees);
  for (const auto& ends : subgraph.hop_ends) add(ends);
  for (const RelationBlock& block : subgraph.relations) {
    add(block.offsets);
    add(block.sources);
    add(block.edges);
  }
  add(subgraph.seeds);
  add(subgraph.tree_before);
  return hasher.digest();
}

// Case `number`: sampled by sample(graph, options, batch, step).
template <typename Sample>
std::uint64_t run_case(std::uint32_t number, const Sample& sample) {
  std::mt19937 random(number);
  const auto shop = testing::random_shop(number, 1 + random() % 80, 1 + random() % 60, 20 + random() % 1500);
  const graph::GraphView graph = shop->view();
  const SamplerOptions options = testing::padded_options(shop->schema(), random);
  const testing::RandomBatch batch = testing::random_batch(graph, random);
  return hash_of(sample(graph, options, batch, random() % 1000));
}

// [kCases]; in the program itself, which may be run far from its sources.
constexpr std::uint64_t kGolden[] = {
#include "tests/golden/sampling_blocks.inc"
};

Subgraph sample_on_cpu(const graph::GraphView& graph, const SamplerOptions& options,
                       const testing::RandomBatch& batch, std::uint32_t step) {
  NeighborSampler::Scratch scratch;
  Subgraph out;
  NeighborSampler(graph, options).sample(batch.view(), step, scratch, out);
  return out;
}

void expect_golden(SampleDevice& device) {
  ASSERT_EQ(std::size(kGolden), kCases);
  for (std::uint32_t number = 0; number < kCases && !::testing::Test::HasFailure(); ++number) {
    const auto sample = [&](const graph::GraphView& graph, const SamplerOptions& options,
                            const testing::RandomBatch& batch, std::uint32_t step) {
      const DeviceGraph on_device(graph, device);
      DeviceSampler sampler(on_device, options,
                            {.seeds = std::vector<std::uint32_t>(graph.node_counts.size(), 60),
                             .disjoint = !batch.roots.empty(),
                             .trees = 60,
                             .excluded = 1000},
                            device);
      Subgraph out;
      sampler.sample(batch.view(), step);
      sampler.download(out);
      return out;
    };
    EXPECT_EQ(run_case(number, sample), kGolden[number]) << "case " << number;
  }
}

TEST(GoldenBlocks, OfTheCpu) {
  if (const char* path = std::getenv("WEFT_GOLDEN_OUT")) {
    std::ofstream file(path);
    file << "// Hashes of sampled subgraphs, written by tests/sampling/golden_blocks_test.cc.\n";
    for (std::uint32_t number = 0; number < kCases; ++number)
      file << "0x" << to_hex(run_case(number, sample_on_cpu)) << "ull,\n";
    GTEST_SKIP() << "wrote " << path;
  }
  ASSERT_EQ(std::size(kGolden), kCases);
  for (std::uint32_t number = 0; number < kCases && !HasFailure(); ++number)
    EXPECT_EQ(run_case(number, sample_on_cpu), kGolden[number]) << "case " << number;
}

TEST(GoldenBlocks, OfTheHostsFormOfADevice) {
  expect_golden(*host_sample_device());
}

TEST(GoldenBlocks, OfTheGpu) {
  if (cuda_plugin().problem != CudaProblem::kNone) GTEST_SKIP() << cuda_plugin().message;
  expect_golden(*cuda_sample_device());
}

}  // namespace
}  // namespace weft::sampling
