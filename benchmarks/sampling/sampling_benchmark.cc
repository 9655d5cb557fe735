// Sampled edges a second on one thread: 1,024 user seeds, fan-outs [15, 10] for each relation, relabelled,
// with edge ids; and the bare prefetched gather of offsets, targets, edge ids and relabel entries at the same
// addresses: the limit that memory sets.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>

#include "benchmarks/sampling/bare_gather.h"
#include "benchmarks/sampling/shop_graph.h"
#include "sampling/negative_sampler.h"
#include "sampling/neighbor_sampler.h"

namespace weft::sampling::benchmarks {
namespace {

constexpr std::size_t kSeeds = 1024;

// WEFT_BENCHMARK_SCALE: 1 (the default) is 2 M edges, 10 is 20 M.
double scale() {
  const char* text = std::getenv("WEFT_BENCHMARK_SCALE");
  return text == nullptr ? 1.0 : std::atof(text);
}

const BenchmarkGraph& shop() {
  static const BenchmarkGraph graph = make_shop(scale(), 7);
  return graph;
}
const BenchmarkGraph& homogeneous() {
  static const BenchmarkGraph graph = make_homogeneous(shop());
  return graph;
}

// Batches of distinct users in a random order.
class Batches {
 public:
  Batches() : users_(shop().node_counts[0]) {
    std::iota(users_.begin(), users_.end(), graph::NodeId{0});
    std::shuffle(users_.begin(), users_.end(), std::mt19937_64(2));
  }
  std::vector<NodeRef> operator()(std::size_t batch) const {
    std::vector<NodeRef> nodes;
    for (std::size_t i = 0; i < kSeeds; ++i)
      nodes.push_back({0, users_[(batch * kSeeds + i) % users_.size()]});
    return nodes;
  }

 private:
  std::vector<graph::NodeId> users_;
};

enum class Mode { kShared, kDisjointTimed, kExcluding };

void sample(benchmark::State& state, const BenchmarkGraph& graph, Mode mode, PickLaw law) {
  const NeighborSampler sampler(
      graph.view(), {.seed = 1, .fan_outs = uniform_fan_outs(graph.schema, {15, 10}), .law = law});
  const Batches batches;
  NeighborSampler::Scratch scratch;
  Subgraph out;
  std::vector<TimeMs> before(kSeeds, 1'700'000'000'000);
  std::vector<std::uint32_t> roots(kSeeds);
  std::iota(roots.begin(), roots.end(), 0u);
  std::vector<EventId> excluded;
  for (EventId i = 0; i < kSeeds; ++i) excluded.push_back(1 + i * 900);
  std::uint32_t step = 0;
  std::uint64_t edges = 0;
  std::uint64_t nodes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<NodeRef> seeds = batches(++step);
    SeedBatch batch{.nodes = seeds};
    if (mode == Mode::kDisjointTimed) {
      batch.before = before;
      batch.roots = roots;
    }
    if (mode == Mode::kExcluding) batch.excluded = excluded;
    state.ResumeTiming();
    sampler.sample(batch, step, scratch, out);
    for (const RelationBlock& block : out.relations) edges += block.edges.size();
    for (const auto& list : out.nodes) nodes += list.size();
  }
  state.counters["edges/s"] = benchmark::Counter(static_cast<double>(edges), benchmark::Counter::kIsRate);
  state.counters["edges/batch"] =
      benchmark::Counter(static_cast<double>(edges), benchmark::Counter::kAvgIterations);
  state.counters["nodes/batch"] =
      benchmark::Counter(static_cast<double>(nodes), benchmark::Counter::kAvgIterations);
}

void bare_gather(benchmark::State& state, const BenchmarkGraph& graph) {
  const graph::GraphView view = graph.view();
  const NeighborSampler sampler(view, {.seed = 1, .fan_outs = uniform_fan_outs(graph.schema, {15, 10})});
  const Batches batches;
  NeighborSampler::Scratch scratch;
  Subgraph out;
  BareGather gather(view);
  for (std::uint32_t step = 1; step <= 8; ++step) {
    const std::vector<NodeRef> seeds = batches(step);
    sampler.sample({.nodes = seeds}, step, scratch, out);
    gather.add(out);
  }
  BareGather::Labels labels = gather.make_labels();
  std::uint64_t edges = 0;
  std::size_t turn = 0;
  for (auto _ : state) {
    const std::size_t batch = turn++ % gather.batches();
    benchmark::DoNotOptimize(gather.gather(batch, labels));
    edges += gather.edges(batch);
  }
  state.counters["edges/s"] = benchmark::Counter(static_cast<double>(edges), benchmark::Counter::kIsRate);
}

void negatives(benchmark::State& state, NegativeLaw law) {
  const BenchmarkGraph& graph = shop();
  const graph::PositiveIndex positives(graph.csrs[0].view(), {});
  std::vector<std::uint64_t> counts(graph.node_counts[1]);
  for (const NodeId target : graph.csrs[0].targets) ++counts[target];
  const NegativeSampler sampler(positives, counts, {}, {.law = law});
  std::vector<NodeId> rows(kSeeds);
  std::vector<std::uint32_t> keys(kSeeds);
  std::iota(keys.begin(), keys.end(), 0u);
  std::vector<NodeId> out(kSeeds * 4);
  std::uint32_t step = 0;
  const Batches batches;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<NodeRef> seeds = batches(++step);
    std::transform(seeds.begin(), seeds.end(), rows.begin(), [](NodeRef node) { return node.id; });
    state.ResumeTiming();
    sampler.draw(rows, keys, {}, step, 4, out);
    benchmark::ClobberMemory();
  }
  state.counters["draws/s"] =
      benchmark::Counter(static_cast<double>(out.size() * state.iterations()), benchmark::Counter::kIsRate);
}

void heterogeneous_uniform(benchmark::State& state) {
  sample(state, shop(), Mode::kShared, PickLaw::kUniform);
}
void heterogeneous_recent(benchmark::State& state) {
  sample(state, shop(), Mode::kShared, PickLaw::kMostRecent);
}
void heterogeneous_excluding(benchmark::State& state) {
  sample(state, shop(), Mode::kExcluding, PickLaw::kUniform);
}
void heterogeneous_disjoint_timed(benchmark::State& state) {
  sample(state, shop(), Mode::kDisjointTimed, PickLaw::kUniform);
}
void heterogeneous_bare_gather(benchmark::State& state) {
  bare_gather(state, shop());
}
void homogeneous_uniform(benchmark::State& state) {
  sample(state, homogeneous(), Mode::kShared, PickLaw::kUniform);
}
void homogeneous_bare_gather(benchmark::State& state) {
  bare_gather(state, homogeneous());
}
void negatives_uniform(benchmark::State& state) {
  negatives(state, NegativeLaw::kUniform);
}
void negatives_popularity(benchmark::State& state) {
  negatives(state, NegativeLaw::kPopularity);
}

BENCHMARK(homogeneous_uniform)->Unit(benchmark::kMillisecond);
BENCHMARK(homogeneous_bare_gather)->Unit(benchmark::kMillisecond);
BENCHMARK(heterogeneous_uniform)->Unit(benchmark::kMillisecond);
BENCHMARK(heterogeneous_bare_gather)->Unit(benchmark::kMillisecond);
BENCHMARK(heterogeneous_recent)->Unit(benchmark::kMillisecond);
BENCHMARK(heterogeneous_disjoint_timed)->Unit(benchmark::kMillisecond);
BENCHMARK(heterogeneous_excluding)->Unit(benchmark::kMillisecond);
BENCHMARK(negatives_uniform)->Unit(benchmark::kMillisecond);
BENCHMARK(negatives_popularity)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::sampling::benchmarks
