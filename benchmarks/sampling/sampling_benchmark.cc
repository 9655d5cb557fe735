// Sampled edges a second on one thread: 1,024 user seeds, fan-outs [15, 10] for each relation, relabelled,
// with edge ids; and the bare prefetched gather of offsets, targets, edge ids and relabel entries at the same
// addresses: the limit that memory sets.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>

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

// The addresses that one batch's sampling must read, in its order.
struct Trace {
  struct Step {
    const graph::CsrView* csr;
    std::vector<NodeId> rows;
    std::vector<std::uint32_t> positions;
    std::vector<std::uint64_t>* labels;
  };
  graph::GraphView view;
  std::vector<std::vector<std::uint64_t>> labels;  // [node type][node]
  std::vector<Step> steps;
  std::uint64_t edges = 0;
};

std::unique_ptr<Trace> trace_of(const BenchmarkGraph& graph, std::uint32_t step) {
  auto trace = std::make_unique<Trace>();
  trace->view = graph.view();
  for (const graph::NodeId count : graph.node_counts) trace->labels.emplace_back(count);
  const NeighborSampler sampler(graph.view(),
                                {.seed = 1, .fan_outs = uniform_fan_outs(graph.schema, {15, 10})});
  NeighborSampler::Scratch scratch;
  Subgraph out;
  const std::vector<NodeRef> seeds = Batches()(step);
  sampler.sample({.nodes = seeds}, step, scratch, out);
  // Positions of edge ids: the identity outgoing, the inverse of edge_ids incoming.
  for (const RelationBlock& block : out.relations) {
    const graph::CsrView& csr = trace->view.relations[block.relation];
    std::vector<std::uint32_t> position(csr.edges());
    for (std::uint32_t p = 0; p < position.size(); ++p) position[csr.edge_id(p)] = p;
    const NodeTypeId type = graph.schema.row_type(block.relation);
    Trace::Step& made = trace->steps.emplace_back();
    made.csr = &csr;
    made.labels = &trace->labels[graph.schema.target_type(block.relation)];
    made.rows.assign(out.nodes[type].begin(),
                     out.nodes[type].begin() + static_cast<std::ptrdiff_t>(block.offsets.size()) - 1);
    for (const EdgeId edge : block.edges) made.positions.push_back(position[edge]);
    trace->edges += block.edges.size();
  }
  return trace;
}

std::uint64_t gather(const Trace& trace) {
  constexpr std::size_t kAhead = 48;
  std::uint64_t sum = 0;
  for (const Trace::Step& step : trace.steps) {
    const auto& offsets = step.csr->offsets;
    for (std::size_t i = 0; i < step.rows.size(); ++i) {
      if (i + kAhead < step.rows.size()) __builtin_prefetch(&offsets[step.rows[i + kAhead]]);
      sum += offsets[step.rows[i]] + offsets[step.rows[i] + 1];
    }
    const std::size_t count = step.positions.size();
    const bool ids = !step.csr->edge_ids.empty();
    for (std::size_t i = 0; i < count + kAhead; ++i) {
      if (i + kAhead < count) {
        __builtin_prefetch(&step.csr->targets[step.positions[i + kAhead]]);
        if (ids) __builtin_prefetch(&step.csr->edge_ids[step.positions[i + kAhead]]);
      }
      if (i < count) __builtin_prefetch(&(*step.labels)[step.csr->targets[step.positions[i]]], 1);
      if (i < kAhead) continue;
      const std::uint32_t position = step.positions[i - kAhead];
      sum += (*step.labels)[step.csr->targets[position]]++ + (ids ? step.csr->edge_ids[position] : position);
    }
  }
  return sum;
}

void bare_gather(benchmark::State& state, const BenchmarkGraph& graph) {
  std::vector<std::unique_ptr<Trace>> traces;
  for (std::uint32_t step = 1; step <= 8; ++step) traces.push_back(trace_of(graph, step));
  std::uint64_t edges = 0;
  std::size_t turn = 0;
  for (auto _ : state) {
    const Trace& trace = *traces[turn++ % traces.size()];
    benchmark::DoNotOptimize(gather(trace));
    edges += trace.edges;
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
