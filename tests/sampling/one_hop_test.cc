// The padded form of one hop: the same cases on the host and, where there is a GPU, on the device.
#include "sampling/one_hop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "base/error.h"
#include "sampling/cuda_plugin.h"
#include "tests/sampling/random_graph.h"
#include "tests/sampling/reference_sampler.h"

namespace weft::sampling {
namespace {

enum class Device { kCpu, kCuda };

struct Result {
  std::vector<std::uint32_t> counts;
  std::vector<NodeId> targets;
  std::vector<EdgeId> edges;
  bool operator==(const Result&) const = default;
};

struct Frontier {
  std::vector<NodeId> nodes;
  std::vector<TimeMs> before;        // empty: none
  std::vector<std::uint32_t> roots;  // empty: shared
};

template <typename T>
const T* data_or_null(std::span<const T> values) {
  return values.empty() ? nullptr : values.data();
}

Result run_on_cpu(const graph::CsrView& csr, const Frontier& frontier, const OneHopPick& pick) {
  const std::size_t rows = frontier.nodes.size();
  Result result{std::vector<std::uint32_t>(rows, 12345), std::vector<NodeId>(rows * pick.fan_out, 12345),
                std::vector<EdgeId>(rows * pick.fan_out, 12345)};
  one_hop_cpu({csr.offsets.data(), csr.targets.data(), data_or_null(csr.times), data_or_null(csr.edge_ids),
               data_or_null(csr.weight_sums)},
              {frontier.nodes.data(), data_or_null(std::span(frontier.before)),
               data_or_null(std::span(frontier.roots)), static_cast<std::uint32_t>(rows)},
              pick, {result.counts.data(), result.targets.data(), result.edges.data()});
  return result;
}

// Device memory that is freed at the end of the scope.
class DeviceArrays {
 public:
  explicit DeviceArrays(const CudaTable& table) : table_(table) {}
  ~DeviceArrays() {
    for (void* memory : all_) table_.release(memory);
  }
  void* room(std::size_t bytes) {
    void* memory = nullptr;
    check_cuda(table_, table_.allocate(&memory, std::max<std::size_t>(bytes, 16)), "allocate");
    all_.push_back(memory);
    return memory;
  }
  template <typename T>
  T* upload(std::span<const T> values) {
    if (values.empty()) return nullptr;
    void* memory = room(values.size_bytes());
    check_cuda(table_, table_.copy_to_device(memory, values.data(), values.size_bytes(), nullptr), "copy");
    return static_cast<T*>(memory);
  }
  template <typename T>
  void download(std::vector<T>& values, const void* memory) {
    check_cuda(table_, table_.copy_to_host(values.data(), memory, values.size() * sizeof(T), nullptr),
               "copy");
  }

 private:
  const CudaTable& table_;
  std::vector<void*> all_;
};

Result run_on_cuda(const CudaTable& table, const graph::CsrView& csr, const Frontier& frontier,
                   const OneHopPick& pick) {
  const std::size_t rows = frontier.nodes.size();
  Result result{std::vector<std::uint32_t>(rows), std::vector<NodeId>(rows * pick.fan_out),
                std::vector<EdgeId>(rows * pick.fan_out)};
  DeviceArrays arrays(table);
  const OneHopGraph graph{arrays.upload(csr.offsets), arrays.upload(csr.targets), arrays.upload(csr.times),
                          arrays.upload(csr.edge_ids), arrays.upload(csr.weight_sums)};
  const OneHopFrontier on_device{arrays.upload(std::span<const NodeId>(frontier.nodes)),
                                 arrays.upload(std::span<const TimeMs>(frontier.before)),
                                 arrays.upload(std::span<const std::uint32_t>(frontier.roots)),
                                 static_cast<std::uint32_t>(rows)};
  const OneHopResult room{static_cast<std::uint32_t*>(arrays.room(4 * rows)),
                          static_cast<NodeId*>(arrays.room(4 * rows * pick.fan_out)),
                          static_cast<EdgeId*>(arrays.room(4 * rows * pick.fan_out))};
  check_cuda(table, table.one_hop(&graph, &on_device, &pick, &room, nullptr), "one_hop");
  arrays.download(result.counts, room.counts);
  arrays.download(result.targets, room.targets);
  arrays.download(result.edges, room.edges);
  check_cuda(table, table.synchronize(nullptr), "synchronize");
  return result;
}

class OneHop : public ::testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::kCuda && cuda_plugin().problem != CudaProblem::kNone)
      GTEST_SKIP() << cuda_plugin().message;
  }
  Result run(const graph::CsrView& csr, const Frontier& frontier, const OneHopPick& pick) const {
    return GetParam() == Device::kCpu ? run_on_cpu(csr, frontier, pick)
                                      : run_on_cuda(*cuda_plugin().table, csr, frontier, pick);
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, OneHop, ::testing::Values(Device::kCpu, Device::kCuda),
                         [](const auto& test) { return test.param == Device::kCpu ? "cpu" : "cuda"; });

// Against the reference sampler, row by row, each row a batch of its own.
TEST_P(OneHop, EqualsTheReferenceSampler) {
  std::mt19937 random(21);
  for (std::uint32_t round = 0; round < 80; ++round) {
    const auto shop = testing::random_shop(round, 30, 25, 700);
    const graph::GraphView graph = shop->view();
    const std::vector<RelationId> relations = shop->schema().relations();
    const RelationId relation = relations[random() % relations.size()];
    const std::uint32_t fan_outs[] = {1, 3, 8, 20, 32, 33, 64, 100};
    constexpr PickLaw laws[] = {PickLaw::kUniform, PickLaw::kMostRecent, PickLaw::kWeighted};
    OneHopPick pick{.key = pick_key(round, 6),
                    .relation = relation,
                    .hop = 0,
                    .fan_out = fan_outs[random() % 8],
                    .law = laws[random() % 3]};
    if (pick.law != PickLaw::kMostRecent && random() % 3 == 0) pick.replacement = Replacement::kWith;
    SamplerOptions options{.seed = round, .law = pick.law, .replacement = pick.replacement};
    options.fan_outs.assign(1, std::vector<std::uint32_t>(graph.relations.size(), 0));
    options.fan_outs[0][relation] = pick.fan_out;
    const NodeTypeId row_type = shop->schema().row_type(relation);
    const bool bounded = random() % 2 == 0;
    const bool trees = random() % 2 == 0;
    Frontier frontier;
    for (std::uint32_t i = 0; i < 70; ++i) {
      frontier.nodes.push_back(static_cast<NodeId>(random() % graph.node_counts[row_type]));
      if (bounded)
        frontier.before.push_back(random() % 6 == 0 ? graph::kEndOfTime
                                                    : static_cast<TimeMs>(random() % 210));
      if (trees) frontier.roots.push_back(1 + i);
    }
    const Result result = run(graph.relation(relation), frontier, pick);
    testing::ReferenceSampler reference(graph, options);
    for (std::uint32_t i = 0; i < frontier.nodes.size(); ++i) {
      const std::vector<NodeRef> seed = {{row_type, frontier.nodes[i]}};
      SeedBatch batch{.nodes = seed};
      if (bounded) batch.before = std::span(frontier.before).subspan(i, 1);
      if (trees) batch.roots = std::span(frontier.roots).subspan(i, 1);
      const Subgraph expected = reference.sample(batch, 6);
      const RelationBlock& block = expected.relations[0];
      ASSERT_EQ(result.counts[i], block.edges.size());
      for (std::uint32_t j = 0; j < pick.fan_out; ++j) {
        const std::size_t at = std::size_t{i} * pick.fan_out + j;
        const bool picked = j < block.edges.size();
        const NodeTypeId target_type = shop->schema().target_type(relation);
        ASSERT_EQ(result.targets[at],
                  picked ? expected.nodes[target_type][block.sources[j]] : graph::kNoNode);
        ASSERT_EQ(result.edges[at], picked ? block.edges[j] : graph::kNoEdge);
      }
    }
  }
}

TEST_P(OneHop, TakesAnEmptyFrontier) {
  const auto shop = testing::random_shop(1);
  EXPECT_EQ(run(shop->view().relation(0), {}, {.fan_out = 4}), Result{});
}

TEST(OneHopDeathTest, HasNoPaddedFormOfLabor) {
  EXPECT_DEATH(one_hop_cpu({}, {}, {.fan_out = 4, .law = PickLaw::kLabor}, {}), "check failed");
}

// The order of steps of the kernel, on the host: a warp's first 32 proposals looked for beforehand, then
// settled.
TEST(WeightedPicks, SettledFromKnownProposalsEqualTheSequentialForm) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 500; ++round) {
    const auto n = static_cast<std::uint32_t>(2 + random() % 150);
    const auto k = static_cast<std::uint32_t>(1 + random() % (n - 1));
    std::vector<std::uint64_t> sums;
    std::uint64_t sum = 0;
    for (std::uint32_t p = 0; p < n; ++p)
      sums.push_back(sum += random() % 3 == 0 ? 0 : random() % 20 == 0 ? 100000 : random() % 9);
    if (sum == 0) continue;
    const DrawStream stream{pick_key(random(), 1), 7, purpose_word(Purpose::kNeighbours, 0, 0), 0};
    const DrawStream exact{stream.key, 7, purpose_word(Purpose::kNeighboursExact, 0, 0), 0};
    std::vector<std::uint32_t> expected(k), picks(k), proposals;
    for (std::uint32_t t = 0; t < std::min(32u, 4 * k); ++t)
      proposals.push_back(edge_at_weight(sums.data(), n, bounded64(stream, t, sum)));
    expected.resize(weighted_without_replacement(stream, exact, sums.data(), n, k, expected.data()));
    picks.resize(settle_weighted(stream, exact, sums.data(), n, k, proposals.data(),
                                 static_cast<std::uint32_t>(proposals.size()), picks.data()));
    ASSERT_EQ(picks, expected);
  }
}

TEST(CudaOneHop, RefusesAFanOutWithoutPaddedForm) {
  if (cuda_plugin().problem != CudaProblem::kNone) GTEST_SKIP() << cuda_plugin().message;
  const CudaTable& table = *cuda_plugin().table;
  const OneHopGraph graph;
  const OneHopFrontier frontier;
  const OneHopPick pick{.fan_out = kAllNeighbours};
  const OneHopResult result;
  EXPECT_THROW(check_cuda(table, table.one_hop(&graph, &frontier, &pick, &result, nullptr), "one_hop"),
               Error);
}

// cuBLAS is linked and multiplies: [2 x 3] by [3 x 2].
TEST(CudaMultiply, EqualsTheProductByHand) {
  if (cuda_plugin().problem != CudaProblem::kNone) GTEST_SKIP() << cuda_plugin().message;
  const CudaTable& table = *cuda_plugin().table;
  DeviceArrays arrays(table);
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<float> b = {7, 8, 9, 10, 11, 12};
  std::vector<float> c(4);
  void* product = arrays.room(4 * sizeof(float));
  check_cuda(
      table,
      table.multiply(arrays.upload(std::span<const float>(a)), arrays.upload(std::span<const float>(b)),
                     static_cast<float*>(product), 2, 3, 2, nullptr),
      "multiply");
  arrays.download(c, product);
  check_cuda(table, table.synchronize(nullptr), "synchronize");
  EXPECT_EQ(c, (std::vector<float>{58, 64, 139, 154}));
}

}  // namespace
}  // namespace weft::sampling
