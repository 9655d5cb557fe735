// Kernels and full ranking on a random graph of Gowalla's size (29,858 users, 40,981 items, 810,128 pairs,
// width 64).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "benchmarks/gnn/pair_files.h"
#include "gnn/evaluation/embedding_scorer.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/kernels/dot_scores.h"
#include "gnn/kernels/spmm.h"
#include "gnn/lightgcn/lightgcn.h"
#include "gnn/lightgcn/triple_batches.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kUsers = 29858, kItems = 40981, kPairs = 810128, kDim = 64;

// Popular items and busy users: ranks drawn with a square, so that the first tenth holds a third.
const graph::PositiveIndex& pairs() {
  static const graph::PositiveIndex index = [] {
    std::mt19937 random(1);
    const auto skewed = [&](std::size_t n) {
      const double u = std::uniform_real_distribution<double>()(random);
      return static_cast<graph::NodeId>(u * u * static_cast<double>(n));
    };
    PairList list;
    for (std::size_t i = 0; i < kPairs; ++i) list.emplace_back(skewed(kUsers), skewed(kItems));
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return index_pairs(std::move(list), kUsers);
  }();
  return index;
}

std::vector<float> random_floats(std::size_t n) {
  std::mt19937 random(2);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(random()) * 0x1p-32F - 0.5F;
  return values;
}

void sparse_product(benchmark::State& state) {
  const BipartiteGraph graph(pairs(), kUsers, kItems);
  const auto x = random_floats(graph.nodes() * kDim);
  std::vector<float> out(x.size());
  ThreadPool pool(static_cast<std::size_t>(state.range(0)));
  const SparseRows<std::uint64_t> rows{graph.offsets, graph.columns};
  for (auto _ : state) spmm(rows, x, kDim, Reduce::kMean, out, &pool);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(graph.columns.size()));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(graph.columns.size() * kDim * sizeof(float)));
}
BENCHMARK(sparse_product)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void lightgcn_step(benchmark::State& state) {
  ThreadPool pool(static_cast<std::size_t>(state.range(0)));
  LightGcn model(pairs(), kUsers, kItems, {}, pool);
  TripleBatches batches(pairs(), kItems, 2048, 1);
  std::uint64_t batch = 0;
  for (auto _ : state) {
    model.step(batches.triples(batch));
    batch = (batch + 1) % batches.batches();
  }
  state.SetItemsProcessed(state.iterations() * 2048);
}
BENCHMARK(lightgcn_step)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void score_block(benchmark::State& state) {
  const auto items = random_floats(kItems * kDim);
  const auto users = random_floats(64 * kDim);
  std::vector<const float*> rows;
  for (std::size_t u = 0; u < 64; ++u) rows.push_back(users.data() + u * kDim);
  std::vector<float> out(64 * kItems);
  for (auto _ : state) dot_scores(rows, items, kDim, {}, out);
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * 64 * kItems * kDim, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(score_block)->Unit(benchmark::kMillisecond);

// All users, top 20, training pairs masked; the argument says whether AUC is computed too.
void full_ranking(benchmark::State& state) {
  const EmbeddingScorer scorer(random_floats(kUsers * kDim), random_floats(kItems * kDim), kDim);
  std::mt19937 random(3);
  PairList held_out;
  for (graph::NodeId user = 0; user < kUsers; ++user) {
    for (int i = 0; i < 7; ++i) {
      const graph::NodeId item = static_cast<graph::NodeId>(random() % kItems);
      if (!pairs().contains(user, item)) held_out.emplace_back(user, item);
    }
  }
  std::sort(held_out.begin(), held_out.end());
  held_out.erase(std::unique(held_out.begin(), held_out.end()), held_out.end());
  const graph::PositiveIndex targets = index_pairs(std::move(held_out), kUsers);
  ThreadPool pool(2);
  for (auto _ : state) {
    evaluate(scorer, {.targets = &targets, .mask = &pairs()}, {.ks = {20}, .auc = state.range(0) != 0}, pool);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kUsers));
}
BENCHMARK(full_ranking)->Arg(0)->Arg(1)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::gnn
