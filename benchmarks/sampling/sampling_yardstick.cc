// sampling_yardstick --graph FOLDER: neighbour sampling on arrays that other engines read too, beside the
// bare prefetched gather of the same addresses; prints one JSON line a mode.
//
// 1,024 distinct users a batch, fan-outs [15, 10] for each relation, no replacement, relabelled, with edge
// ids. Modes:
//   homo      one node type, one relation that holds every edge and its reverse
//   hetero    four node types, ten relations
//   temporal  hetero; a tree for each user, which sees reviews up to 2023-11-14 22:13:20 UTC
//   recent    hetero, the most recent edges (the last of a row)
//   weighted  hetero, by weights of 1 to 5
//   labor     hetero, layer-neighbour sampling
// Seconds are of the wall clock; `cpu_` figures are by the CPU time of the threads, which other programs
// disturb less.
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <thread>

#include "base/error.h"
#include "benchmarks/run_program.h"
#include "benchmarks/sampling/bare_gather.h"
#include "benchmarks/sampling/synth_arrays.h"
#include "sampling/neighbor_sampler.h"

namespace weft::sampling::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::filesystem::path graph = {};
  std::filesystem::path order = {};
  std::vector<std::string> modes = {"homo", "hetero", "temporal", "recent", "weighted", "labor"};
  std::vector<std::uint32_t> fan_outs = {15, 10};
  std::size_t seeds = 1024;
  std::size_t batches = 20;
  std::size_t repeats = 3;
  std::size_t threads = 1;
};

double cpu_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Edges and seconds of one timed stretch; with threads: edges of all, the wall clock, the mean CPU time of a
// thread.
struct Timed {
  std::uint64_t edges = 0;
  std::uint64_t nodes = 0;
  double wall = 0;
  double cpu = 0;
  double rate() const { return static_cast<double>(edges) / wall; }
  double cpu_rate() const { return static_cast<double>(edges) / cpu; }
};

// Runs work(thread, Timed&) on `threads` threads at once.
template <typename Work>
Timed timed(std::size_t threads, const Work& work) {
  std::vector<Timed> each(threads);
  const auto one = [&](std::size_t thread) {
    const double cpu = cpu_seconds();
    work(thread, each[thread]);
    each[thread].cpu = cpu_seconds() - cpu;
  };
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back(one, t);
  one(0);
  for (std::thread& other : others) other.join();
  Timed all;
  all.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const Timed& part : each) {
    all.edges += part.edges;
    all.nodes += part.nodes;
    all.cpu += part.cpu / static_cast<double>(threads);
  }
  return all;
}

// A mode's graph, sampler and batches.
class Mode {
 public:
  Mode(const std::string& name, const Arguments& arguments)
      : arguments_(arguments), graph_(read_arrays(arguments.graph, use(name))), roots_(arguments.seeds) {
    users_ = graph_.node_counts.at(0);
    if (name == "homo") graph_ = make_homogeneous(graph_);
    view_ = graph_.view();
    SamplerOptions options{.seed = 1, .fan_outs = uniform_fan_outs(graph_.schema, arguments.fan_outs)};
    if (name == "recent") options.law = PickLaw::kMostRecent;
    if (name == "weighted") options.law = PickLaw::kWeighted;
    if (name == "labor") options.law = PickLaw::kLabor;
    sampler_ = std::make_unique<NeighborSampler>(view_, options);
    std::iota(roots_.begin(), roots_.end(), 0u);
    if (name == "temporal") before_.assign(arguments.seeds, 1'700'000'000'001);  // up to and with that second
    if (arguments.order.empty()) {
      order_.resize(users_);
      std::iota(order_.begin(), order_.end(), graph::NodeId{0});
      std::shuffle(order_.begin(), order_.end(), std::mt19937_64(2));
    } else {
      order_ = read_nodes(arguments.order, users_);
    }
    if (order_.size() < arguments.seeds) throw Error("there are fewer users than seeds of a batch");
  }

  const graph::GraphView& view() const { return view_; }

  // Batch 0 is for warming up.
  void sample(std::size_t batch, NeighborSampler::Scratch& scratch, std::vector<NodeRef>& nodes,
              Subgraph& out) const {
    const std::size_t first = batch * arguments_.seeds % (order_.size() - arguments_.seeds + 1);
    nodes.clear();
    for (std::size_t i = 0; i < arguments_.seeds; ++i) nodes.push_back({0, order_[first + i]});
    SeedBatch seeds{.nodes = nodes};
    if (!before_.empty()) {
      seeds.before = before_;
      seeds.roots = roots_;
    }
    sampler_->sample(seeds, static_cast<std::uint32_t>(batch), scratch, out);
  }

 private:
  static ArrayUse use(const std::string& name) {
    if (name == "temporal") return ArrayUse::kReviewTimes;
    if (name == "weighted") return ArrayUse::kStarWeights;
    return ArrayUse::kPlain;
  }

  const Arguments& arguments_;
  BenchmarkGraph graph_;
  graph::GraphView view_;
  std::unique_ptr<NeighborSampler> sampler_;
  graph::NodeId users_ = 0;
  std::vector<graph::NodeId> order_;
  std::vector<TimeMs> before_;
  std::vector<std::uint32_t> roots_;
};

// One thread's buffers.
struct Worker {
  NeighborSampler::Scratch scratch = {};
  std::vector<NodeRef> nodes = {};
  Subgraph out = {};
  BareGather::Labels labels = {};
};

class Yardstick {
 public:
  Yardstick(const std::string& name, const Arguments& arguments)
      : name_(name),
        arguments_(arguments),
        mode_(name, arguments),
        gather_(mode_.view()),
        workers_(arguments.threads) {
    for (Worker& worker : workers_) {
      worker.labels = gather_.make_labels();
      mode_.sample(0, worker.scratch, worker.nodes, worker.out);
    }
  }

  // The two sides of a repeat run over the same batches, one after the other. The gather's trace is taken
  // between them.
  Json run() {
    Json line{{"mode", name_}, {"seeds", arguments_.seeds}, {"fan_outs", arguments_.fan_outs}};
    const std::vector<std::size_t> threads = arguments_.threads == 1
                                                 ? std::vector<std::size_t>{1}
                                                 : std::vector<std::size_t>{1, arguments_.threads};
    for (std::size_t repeat = 0; repeat < arguments_.repeats; ++repeat) {
      const std::size_t first = 1 + repeat * arguments_.batches;
      gather_.clear();
      for (std::size_t i = 0; i < arguments_.batches; ++i) {
        mode_.sample(first + i, workers_[0].scratch, workers_[0].nodes, workers_[0].out);
        gather_.add(workers_[0].out);
      }
      for (const std::size_t count : threads) {
        const Timed sampled =
            timed(count, [&](std::size_t t, Timed& result) { sample(first, workers_[t], result); });
        const Timed gathered =
            timed(count, [&](std::size_t t, Timed& result) { bare(gather_, workers_[t], result); });
        const std::string suffix = count == 1 ? "" : "_" + std::to_string(count) + "_threads";
        line["edges_per_s" + suffix].push_back(sampled.rate());
        line["cpu_edges_per_s" + suffix].push_back(sampled.cpu_rate());
        line["gather_per_s" + suffix].push_back(gathered.rate());
        line["cpu_gather_per_s" + suffix].push_back(gathered.cpu_rate());
        if (count == 1) {
          edges_ += sampled.edges;
          nodes_ += sampled.nodes;
        }
      }
    }
    const auto batches = static_cast<double>(arguments_.repeats * arguments_.batches);
    line["edges_per_batch"] = static_cast<double>(edges_) / batches;
    line["nodes_per_batch"] = static_cast<double>(nodes_) / batches;
    return line;
  }

 private:
  void sample(std::size_t first, Worker& worker, Timed& result) const {
    for (std::size_t i = 0; i < arguments_.batches; ++i) {
      mode_.sample(first + i, worker.scratch, worker.nodes, worker.out);
      for (const RelationBlock& block : worker.out.relations) result.edges += block.edges.size();
      for (const auto& nodes : worker.out.nodes) result.nodes += nodes.size();
    }
  }

  static void bare(const BareGather& gather, Worker& worker, Timed& result) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < gather.batches(); ++i) {
      sum += gather.gather(i, worker.labels);
      result.edges += gather.edges(i);
    }
    if (sum == 0) result.edges = 0;  // the sum is used
  }

  std::string name_;
  const Arguments& arguments_;
  Mode mode_;
  BareGather gather_;
  std::vector<Worker> workers_;
  std::uint64_t edges_ = 0;
  std::uint64_t nodes_ = 0;
};

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app("Neighbour sampling beside the bare gather of the same addresses");
  app.add_option("--graph", a.graph, "folder of arrays: meta.json, NAME_src.npy, NAME_dst.npy")->required();
  app.add_option("--order", a.order, ".npy of user ids, int64: batches take them in this order");
  app.add_option("--modes", a.modes, "homo, hetero, temporal, recent, weighted, labor")
      ->delimiter(',')
      ->check(CLI::IsMember({"homo", "hetero", "temporal", "recent", "weighted", "labor"}));
  app.add_option("--fan-outs", a.fan_outs, "for each relation, a number a hop")->delimiter(',');
  app.add_option("--seeds", a.seeds, "users of a batch")->check(CLI::PositiveNumber);
  app.add_option("--batches", a.batches, "of a repeat")->check(CLI::PositiveNumber);
  app.add_option("--repeats", a.repeats, "timed stretches")->check(CLI::PositiveNumber);
  app.add_option("--threads", a.threads, "also on so many threads at once, each with the same batches")
      ->check(CLI::Range(1, 64));
  CLI11_PARSE(app, argc, argv);
  for (const std::string& mode : a.modes) {
    std::printf("%s\n", Yardstick(mode, a).run().dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace weft::sampling::benchmarks

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::sampling::benchmarks::run);
}
