// device_yardstick: neighbour sampling and sparse products on a device (`--device host`: the same steps in
// plain loops, to see that the program works), beside the CPU's on all threads. Prints one JSON line a part.
//
//   sampling  a shop of about 2 M x --scale edges and ten relations; --seeds users a batch, fan-outs [15,
//   10],
//             without replacement, relabelled, with edge ids. Microseconds of a batch: seeds copied, all
//             hops, the subgraph in the device's memory. One batch is compared with the CPU's, bit for bit.
//   large     the same with 65,536 seeds
//   spmm      the symmetric adjacency of --pairs (train.csv(.gz) of user,item) or, without, of a random one
//             with Gowalla's counts, times a matrix of --dim columns: float32, and bfloat16 stored. With
//             --write-csr, offsets.npy and columns.npy for benchmarks/gnn/spmm_torch.py, which times
//             cuSPARSE.
//   lightgcn  one epoch and then --rounds more of LightGCN on the pairs: batch 2048, 3 layers, Adam; seconds
//   of
//             an epoch, triples drawn on the host included
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "benchmarks/gnn/pair_files.h"
#include "benchmarks/run_program.h"
#include "benchmarks/sampling/shop_graph.h"
#include "gnn/kernels/device/kernel_device.h"
#include "gnn/kernels/spmm.h"
#include "gnn/lightgcn/bipartite_graph.h"
#include "gnn/lightgcn/lightgcn_trainer.h"
#include "sampling/cuda_plugin.h"
#include "sampling/device_sampler.h"
#include "sampling/neighbor_sampler.h"

namespace weft::gnn {
namespace {

using Json = nlohmann::ordered_json;
using sampling::DeviceMemory;

struct Arguments {
  std::string device = "cuda";
  std::vector<std::string> parts = {"sampling", "large", "spmm", "lightgcn"};
  double scale = 1;
  std::size_t seeds = 1024;
  std::size_t batches = 200;
  std::size_t rounds = 5;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::size_t dim = 64;
  bool pinned = false;
  std::filesystem::path pairs = {}, write_csr = {};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// A device with its memory and its kernels on one stream.
struct Device {
  explicit Device(const std::string& name) {
    if (name == "host") {
      memory = sampling::host_sample_device();
      kernels = host_kernel_device();
      return;
    }
    check_cuda(require_cuda(), require_cuda().create_stream(&stream), "making a stream");
    memory = sampling::cuda_sample_device(stream);
    kernels = cuda_kernel_device(stream);
  }
  ~Device() {
    memory.reset();
    if (stream != nullptr) require_cuda().destroy_stream(stream);
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  template <typename T>
  DeviceMemory put(std::span<const T> values) {
    DeviceMemory there(*memory, std::max<std::size_t>(1, values.size_bytes()));
    memory->to_device(there.as<T>(), values.data(), values.size_bytes());
    return there;
  }

  void* stream = nullptr;
  std::unique_ptr<sampling::SampleDevice> memory;
  std::unique_ptr<KernelDevice> kernels;
};

class Sampling {
 public:
  Sampling(const Arguments& arguments, std::size_t seeds)
      : a_(arguments),
        seeds_(seeds),
        graph_(sampling::benchmarks::make_shop(arguments.scale, 7)),
        view_(graph_.view()) {
    options_ = {.seed = 1, .fan_outs = sampling::uniform_fan_outs(graph_.schema, {15, 10})};
    users_.resize(graph_.node_counts.at(0));
    std::iota(users_.begin(), users_.end(), graph::NodeId{0});
    std::shuffle(users_.begin(), users_.end(), std::mt19937_64(2));
    if (users_.size() < seeds) throw Error("there are fewer users than seeds of a batch: raise --scale");
  }

  Json run(Device& device) {
    Json line{
        {"seeds", seeds_}, {"fan_outs", {15, 10}}, {"relations", graph_.schema.edge_types().size() * 2}};
    cpu(line);
    on_device(device, line);
    return line;
  }

 private:
  void batch(std::size_t number, std::vector<sampling::NodeRef>& nodes) const {
    const std::size_t first = number * seeds_ % (users_.size() - seeds_ + 1);
    nodes.clear();
    for (std::size_t i = 0; i < seeds_; ++i) nodes.push_back({0, users_[first + i]});
  }

  // All threads, each with batches of its own.
  void cpu(Json& line) {
    const sampling::NeighborSampler sampler(view_, options_);
    const std::size_t each = std::max<std::size_t>(1, a_.batches / a_.threads);
    std::vector<double> rates;
    for (std::size_t round = 0; round < a_.rounds; ++round) {
      std::vector<std::uint64_t> edges(a_.threads);
      const auto work = [&](std::size_t t) {
        sampling::NeighborSampler::Scratch scratch;
        sampling::Subgraph out;
        std::vector<sampling::NodeRef> nodes;
        for (std::size_t i = 0; i < each; ++i) {
          batch(t * each + i, nodes);
          sampler.sample({.nodes = nodes}, 1, scratch, out);
          for (const sampling::RelationBlock& block : out.relations) edges[t] += block.edges.size();
        }
      };
      const Stopwatch watch;
      std::vector<std::thread> threads;
      for (std::size_t t = 1; t < a_.threads; ++t) threads.emplace_back(work, t);
      work(0);
      for (std::thread& thread : threads) thread.join();
      rates.push_back(static_cast<double>(std::accumulate(edges.begin(), edges.end(), std::uint64_t{0})) /
                      watch.wall_seconds());
    }
    line["cpu_threads"] = a_.threads;
    line["cpu_edges_per_s"] = median(rates);
  }

  void on_device(Device& device, Json& line) {
    const sampling::DeviceGraph there(
        view_, *device.memory, a_.pinned ? sampling::GraphPlace::kPinned : sampling::GraphPlace::kDevice);
    sampling::BatchLimits limits;
    limits.seeds.assign(graph_.node_counts.size(), 0);
    limits.seeds[0] = static_cast<std::uint32_t>(seeds_);
    sampling::DeviceSampler sampler(there, options_, limits, *device.memory);
    std::vector<sampling::NodeRef> nodes;
    sampling::Subgraph out;
    batch(0, nodes);
    sampler.sample({.nodes = nodes}, 1);
    sampler.download(out);
    line["equals_the_cpu"] = equals(out, nodes);
    std::uint64_t edges = 0;
    for (const sampling::RelationBlock& block : out.relations) edges += block.edges.size();
    std::vector<double> seconds;
    for (std::size_t round = 0; round < a_.rounds; ++round) {
      device.memory->synchronize();
      const Stopwatch watch;
      for (std::size_t i = 0; i < a_.batches; ++i) {
        batch(i, nodes);
        sampler.sample({.nodes = nodes}, 1);
      }
      device.memory->synchronize();
      seconds.push_back(watch.wall_seconds() / static_cast<double>(a_.batches));
    }
    line["graph"] = a_.pinned ? "pinned host memory" : "device memory";
    line["edges_a_batch"] = edges;
    line["us_a_batch"] = 1e6 * median(seconds);
    line["edges_per_s"] = static_cast<double>(edges) / median(seconds);
    line["times_the_cpu"] = line["edges_per_s"].get<double>() / line["cpu_edges_per_s"].get<double>();
  }

  bool equals(const sampling::Subgraph& found, const std::vector<sampling::NodeRef>& nodes) const {
    const sampling::NeighborSampler sampler(view_, options_);
    sampling::NeighborSampler::Scratch scratch;
    sampling::Subgraph expected;
    sampler.sample({.nodes = nodes}, 1, scratch, expected);
    if (found.nodes != expected.nodes || found.relations.size() != expected.relations.size()) return false;
    for (std::size_t r = 0; r < expected.relations.size(); ++r) {
      if (found.relations[r].edges != expected.relations[r].edges) return false;
    }
    return true;
  }

  const Arguments& a_;
  std::size_t seeds_;
  sampling::benchmarks::BenchmarkGraph graph_;
  graph::GraphView view_;
  sampling::SamplerOptions options_;
  std::vector<graph::NodeId> users_;
};

// Gowalla's counts, with items drawn by a power law.
PairList random_pairs() {
  constexpr std::uint32_t kUsers = 29'858, kItems = 40'981, kPairs = 810'128;
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(0, 1);
  PairList pairs;
  for (std::uint32_t i = 0; i < kPairs; ++i) {
    const auto item = static_cast<std::uint32_t>(kItems * std::pow(uniform(random), 2.5));
    pairs.emplace_back(static_cast<std::uint32_t>(random() % kUsers), std::min(item, kItems - 1));
  }
  return pairs;
}

template <typename T>
void write_integers(const std::filesystem::path& path, const char* type, std::span<const T> values) {
  std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(values.size()) + ",), }";
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::ofstream out(path, std::ios::binary);
  out << "\x93NUMPY" << '\1' << '\0' << static_cast<char>(header.size() & 0xFF)
      << static_cast<char>(header.size() >> 8) << header;
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  if (!out) throw Error("cannot write the matrix", {.file = path.string()});
}

Json run_spmm(const Arguments& a, Device& device) {
  const PairList pairs = a.pairs.empty() ? random_pairs() : read_pairs(a.pairs, "train.csv");
  const PairSizes sizes = sizes_of({&pairs});
  const BipartiteGraph graph(index_pairs(pairs, sizes.users), sizes.users, sizes.items);
  const std::vector<std::uint32_t> offsets(graph.offsets.begin(), graph.offsets.end());
  if (!a.write_csr.empty()) {
    std::filesystem::create_directories(a.write_csr);
    write_integers(a.write_csr / "offsets.npy", "<u4", std::span<const std::uint32_t>(offsets));
    write_integers(a.write_csr / "columns.npy", "<u4", std::span<const std::uint32_t>(graph.columns));
  }
  std::vector<float> x(graph.nodes() * a.dim), out(x.size());
  std::mt19937 random(4);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& value : x) value = uniform(random);
  std::vector<BFloat16> narrow(x.size());
  to_bfloat16(x, narrow);

  Json line{{"rows", graph.nodes()},
            {"edges", graph.columns.size()},
            {"dim", a.dim},
            {"matrix", a.pairs.empty() ? "random" : a.pairs.string()}};
  ThreadPool pool(a.threads);
  std::vector<double> cpu_ms;
  for (std::size_t round = 0; round < a.rounds; ++round) {
    const Stopwatch watch;
    spmm(SparseRows<std::uint32_t>{offsets, graph.columns}, x, a.dim, Reduce::kSum, std::span<float>(out),
         &pool);
    cpu_ms.push_back(1e3 * watch.wall_seconds());
  }
  line["cpu_threads"] = a.threads;
  line["cpu_ms"] = median(cpu_ms);

  const RowParts parts = cut_rows(offsets);
  const DeviceMemory there_offsets = device.put(std::span<const std::uint32_t>(offsets)),
                     there_columns = device.put(std::span<const std::uint32_t>(graph.columns)),
                     there_parts = device.put(std::span<const RowPart>(parts.parts)),
                     there_cut = device.put(std::span<const CutRow>(parts.cut)),
                     there_x = device.put(std::span<const float>(x)),
                     there_narrow = device.put(std::span<const BFloat16>(narrow));
  const DeviceMemory there_out(*device.memory, x.size() * sizeof(float)),
      scratch(*device.memory, (parts.slots * a.dim + 1) * sizeof(float));
  DeviceGather job{.rows = {.rows = static_cast<std::uint32_t>(graph.nodes()),
                            .offsets = there_offsets.as<std::uint32_t>(),
                            .columns = there_columns.as<std::uint32_t>(),
                            .parts = there_parts.as<RowPart>(),
                            .cut = there_cut.as<CutRow>(),
                            .part_count = static_cast<std::uint32_t>(parts.parts.size()),
                            .cut_count = static_cast<std::uint32_t>(parts.cut.size()),
                            .slots = parts.slots},
                   .out = there_out.as<void>(),
                   .dim = static_cast<std::uint32_t>(a.dim),
                   .scratch = scratch.as<float>()};
  const auto timed = [&](const void* from, Storage storage, bool store_narrow) {
    job.x = from;
    job.x_storage = storage;
    job.out_storage = store_narrow ? Storage::kBFloat16 : Storage::kFloat;
    std::vector<double> ms;
    for (std::size_t round = 0; round < a.rounds + 1; ++round) {
      device.memory->synchronize();
      const Stopwatch watch;
      for (std::size_t i = 0; i < a.batches; ++i) device.kernels->gather(job);
      device.memory->synchronize();
      if (round > 0) ms.push_back(1e3 * watch.wall_seconds() / static_cast<double>(a.batches));
    }
    return median(ms);
  };
  line["bf16_ms"] = timed(there_narrow.as<void>(), Storage::kBFloat16, true);
  line["float_ms"] = timed(there_x.as<void>(), Storage::kFloat, false);
  std::vector<float> found(x.size());
  device.memory->to_host(found.data(), there_out.as<void>(), found.size() * sizeof(float));
  device.memory->synchronize();
  double apart = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    apart = std::max(apart, static_cast<double>(std::abs(found[i] - out[i]) / (1 + std::abs(out[i]))));
  line["largest_difference_from_the_cpu"] = apart;
  return line;
}

Json run_lightgcn(const Arguments& a, Device& device) {
  const PairList pairs = a.pairs.empty() ? random_pairs() : read_pairs(a.pairs, "train.csv");
  const PairSizes sizes = sizes_of({&pairs});
  const graph::PositiveIndex index = index_pairs(pairs, sizes.users);
  ThreadPool pool(1);
  LightGcn model(index, sizes.users, sizes.items, {.dim = a.dim}, pool);
  const LightGcnDevice there{*device.memory, *device.kernels};
  Json line{{"users", sizes.users},
            {"items", sizes.items},
            {"pairs", index.pairs()},
            {"dim", a.dim},
            {"batch", LightGcnTraining().batch}};
  std::vector<double> seconds;
  train_lightgcn(
      model, index, {.epochs = static_cast<std::int64_t>(a.rounds) + 1}, no_progress(),
      [&](const LightGcnEpoch& epoch, const LightGcn&) {
        line["losses"].push_back(epoch.mean_loss);
        if (epoch.epoch > 1) seconds.push_back(epoch.seconds);
        return true;
      },
      &there);
  line["seconds_an_epoch"] = median(seconds);
  return line;
}

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app("Sampling and sparse products on a device");
  app.add_option("--device", a.device, "cuda or host")->check(CLI::IsMember({"cuda", "host"}));
  app.add_option("--parts", a.parts, "sampling, large, spmm, lightgcn")
      ->delimiter(',')
      ->check(CLI::IsMember({"sampling", "large", "spmm", "lightgcn"}));
  app.add_option("--scale", a.scale, "of the shop: about 2 M edges each")->check(CLI::Range(0.01, 100.0));
  app.add_option("--seeds", a.seeds, "users of a batch")->check(CLI::PositiveNumber);
  app.add_option("--batches", a.batches, "of a round")->check(CLI::PositiveNumber);
  app.add_option("--rounds", a.rounds, "timed stretches; the median counts")->check(CLI::PositiveNumber);
  app.add_option("--threads", a.threads, "of the CPU's side")->check(CLI::Range(1, 256));
  app.add_option("--dim", a.dim, "columns of the matrix")->check(CLI::Range(1, 4096));
  app.add_flag("--pinned", a.pinned, "the shop in pinned host memory");
  app.add_option("--pairs", a.pairs, "folder with train.csv or train.csv.gz");
  app.add_option("--write-csr", a.write_csr, "folder for the matrix's arrays");
  CLI11_PARSE(app, argc, argv);
  Device device(a.device);
  for (const std::string& part : a.parts) {
    Json line{{"part", part}, {"device", a.device}};
    line.update(part == "spmm"       ? run_spmm(a, device)
                : part == "lightgcn" ? run_lightgcn(a, device)
                                     : Sampling(a, part == "large" ? 65'536 : a.seeds).run(device));
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace weft::gnn

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::gnn::run);
}
