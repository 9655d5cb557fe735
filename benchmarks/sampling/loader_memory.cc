// loader_memory: resident memory while a loader hands over very many batches, sampled by threads ahead of the
// consumer as in training; prints one JSON line with the memory after 10^4 batches, ten times as many, and so
// on, and the growth a batch between the first mark and the last.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "benchmarks/run_program.h"
#include "benchmarks/sampling/shop_graph.h"
#include "sampling/loader.h"
#include "sampling/neighbor_sampler.h"

namespace weft::sampling::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::uint64_t batches = 1'000'000;
  std::uint64_t first_mark = 10'000;
  std::size_t seeds = 32;
  std::size_t threads = 2;
  double scale = 0.1;
};

std::uint64_t resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  std::uint64_t whole = 0;
  std::uint64_t resident = 0;
  stream >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app("Resident memory of the batch loader");
  app.add_option("--batches", a.batches)->check(CLI::PositiveNumber);
  app.add_option("--first-mark", a.first_mark, "batches after which memory is first read")
      ->check(CLI::PositiveNumber);
  app.add_option("--seeds", a.seeds, "users of a batch; up to six fewer in some")
      ->check(CLI::Range(7, 1'000'000));
  app.add_option("--threads", a.threads, "samplers")->check(CLI::Range(0, 64));
  app.add_option("--scale", a.scale, "of the shop; 1: 2 M edges");
  CLI11_PARSE(app, argc, argv);
  if (a.batches <= a.first_mark) {
    throw Error("there is no growth to see",
                {.field = "--batches",
                 .value = std::to_string(a.batches),
                 .expected = "more than --first-mark, " + std::to_string(a.first_mark)},
                ErrorKind::kUsage);
  }

  const BenchmarkGraph shop = make_shop(a.scale, 7);
  const graph::GraphView view = shop.view();
  const NeighborSampler sampler(view, {.seed = 1, .fan_outs = uniform_fan_outs(shop.schema, {5, 3})});
  std::vector<NeighborSampler::Scratch> scratches(std::max<std::size_t>(a.threads, 1));
  Loader<Subgraph> loader(1, a.batches + 1, a.threads, 4, [&](std::uint64_t step, std::size_t worker) {
    std::mt19937_64 random(step);
    std::vector<NodeRef> nodes;
    // Batches differ in size as those at the ends of epochs do.
    for (std::size_t i = 0; i < a.seeds - step % 7; ++i)
      nodes.push_back({0, static_cast<NodeId>(random() % shop.node_counts[0])});
    Subgraph out;
    sampler.sample({.nodes = nodes}, static_cast<std::uint32_t>(step), scratches[worker], out);
    return out;
  });
  Json marks = Json::array();
  std::uint64_t mark = a.first_mark;
  std::uint64_t edges = 0;
  for (std::uint64_t done = 1; const auto batch = loader.next(); ++done) {
    for (const RelationBlock& block : batch->relations) edges += block.edges.size();
    if (done != mark && done != a.batches) continue;
    marks.push_back({{"batches", done}, {"resident_bytes", resident_bytes()}});
    if (done == mark) mark *= 10;
  }
  const auto at = [&](const Json& entry, const char* key) {
    return static_cast<double>(entry[key].get<std::uint64_t>());
  };
  const Json& first = marks.front();
  const Json& last = marks.back();
  const double between = std::max(1.0, at(last, "batches") - at(first, "batches"));
  const Json line{
      {"threads", a.threads},
      {"edges_per_batch", static_cast<double>(edges) / static_cast<double>(a.batches)},
      {"marks", marks},
      {"growth_bytes_per_batch", (at(last, "resident_bytes") - at(first, "resident_bytes")) / between}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace weft::sampling::benchmarks

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::sampling::benchmarks::run);
}
