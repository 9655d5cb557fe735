// spmm_yardstick DATA: DATA holds train.csv(.gz) with user,item pairs. Multiplies the pairs' symmetric
// adjacency by a matrix of --dim columns, forward and backward, with weft's kernels (float32, and bfloat16
// storage) and with Torch's CSR product (MKL), and prints one JSON line with the milliseconds of every round
// by the wall clock and by the CPU time of the process. On more than one thread each side needs a process of
// its own (--side), or the threads of one keep the other's off their cores.
//
// torch_forward: the product, values of 1, int32 indices, the operand in Torch's own memory.
//
// torch_backward: what autograd does for the dense operand's gradient; torch_backward_prepared: a product
// with the transposed CSR made beforehand, the least that Torch could need.
//
// torch_forward_huge_pages, torch_backward_huge_pages: forward and prepared backward of an operand in huge
// pages, as weft's are.
//
// weft_forward_*, weft_backward_*: spmm and spmm_grad_x, the transposed rows made beforehand.
//
// read_f32, read_bf16: a read of the same rows in the same order, one number a cache line: the limit.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/huge_pages.h"
#include "base/instructions.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "benchmarks/gnn/pair_files.h"
#include "benchmarks/run_program.h"
#include "gnn/kernels/gather.h"
#include "gnn/kernels/spmm.h"
#include "gnn/lightgcn/bipartite_graph.h"

namespace weft::gnn {
namespace {

using Json = nlohmann::ordered_json;

struct Timed {
  std::string name;
  std::function<void()> work;
  std::vector<double> wall_ms = {}, cpu_ms = {};
};

void run_once(Timed& timed) {
  const Stopwatch watch;
  timed.work();
  timed.wall_ms.push_back(1e3 * watch.wall_seconds());
  timed.cpu_ms.push_back(1e3 * watch.cpu_seconds());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename T>
std::span<T> values_of(const torch::Tensor& t) {
  return {reinterpret_cast<T*>(t.data_ptr()), static_cast<std::size_t>(t.numel())};
}

// Touches every cache line of every row that a product gathers. The lines' first bits are combined by xor,
// which takes a cycle: a sum of floats would wait for itself longer than for memory.
template <typename T>
std::uint32_t read_rows(const BipartiteGraph& graph, std::span<const T> x, std::size_t dim,
                        ThreadPool& pool) {
  constexpr std::size_t kStep = 64 / sizeof(T);
  constexpr std::size_t kAhead = 24;
  std::vector<std::uint32_t> found(graph.nodes());
  const auto read = [&](std::size_t begin, std::size_t end) {
    std::uint32_t bits = 0;
    for (std::uint64_t e = graph.offsets[begin]; e < graph.offsets[end]; ++e) {
      const std::uint64_t next = std::min<std::uint64_t>(e + kAhead, graph.columns.size() - 1);
      const T* const ahead = x.data() + std::size_t{graph.columns[next]} * dim;
      const T* const row = x.data() + std::size_t{graph.columns[e]} * dim;
      for (std::size_t d = 0; d < dim; d += kStep) {
        __builtin_prefetch(ahead + d);
        std::uint16_t first = 0;
        std::memcpy(&first, row + d, sizeof first);
        bits ^= first;
      }
    }
    found[begin] = bits;
  };
  for_rows_by_edges(std::span<const std::uint64_t>(graph.offsets), &pool, read);
  std::uint32_t all = 0;
  for (const std::uint32_t bits : found) all ^= bits;
  return all;
}

struct Work {
  Work(const BipartiteGraph& graph_given, std::size_t dim_given, std::size_t threads)
      : graph(graph_given), dim(dim_given), pool(threads), rows{graph.offsets, graph.columns} {
    const auto nodes = static_cast<std::int64_t>(graph.nodes());
    const auto width = static_cast<std::int64_t>(dim);
    torch::manual_seed(1);
    // In huge pages, as LightGCN's matrices are.
    const auto place = [&](torch::Tensor& t, HugeVector<float>& room, torch::ScalarType type) {
      room.resize(graph.nodes() * dim);
      t = torch::from_blob(room.data(), {nodes, width}, type);
    };
    place(x, memory[0], torch::kFloat);
    place(grad, memory[1], torch::kFloat);
    place(out, memory[2], torch::kFloat);
    place(stored_x, memory[3], torch::kBFloat16);
    place(stored_grad, memory[4], torch::kBFloat16);
    place(stored_out, memory[5], torch::kBFloat16);
    x.copy_(torch::rand({nodes, width}) - 0.5);
    grad.copy_(torch::rand({nodes, width}) - 0.5);
    own_x = x.clone();
    own_grad = grad.clone();
    stored_x.copy_(x);
    stored_grad.copy_(grad);
    const auto ints = [](const auto& from) {
      torch::Tensor t = torch::empty({static_cast<std::int64_t>(from.size())}, torch::kInt32);
      std::copy(from.begin(), from.end(), t.data_ptr<std::int32_t>());
      return t;
    };
    const torch::Tensor ones = torch::ones({static_cast<std::int64_t>(graph.columns.size())});
    adjacency = torch::sparse_csr_tensor(ints(graph.offsets), ints(graph.columns), ones, {nodes, nodes},
                                         torch::kFloat);
    transposed = transpose(rows, graph.nodes());
    prepared = torch::sparse_csr_tensor(ints(transposed.offsets), ints(transposed.rows), ones, {nodes, nodes},
                                        torch::kFloat);
  }

  // Of one side: "torch", or "weft" (the bare reads too).
  std::vector<Timed> of(const std::string& side) {
    std::vector<Timed> chosen = all();
    std::erase_if(chosen,
                  [&](const Timed& timed) { return timed.name.starts_with("torch") != (side == "torch"); });
    return chosen;
  }

  std::vector<Timed> all() {
    const auto f32 = [](const torch::Tensor& t) { return std::span<const float>(values_of<float>(t)); };
    const auto bf16 = [](const torch::Tensor& t) {
      return std::span<const BFloat16>(values_of<BFloat16>(t));
    };
    std::vector<Timed> work;
    const auto add = [&](const char* name, std::function<void()> body) {
      work.push_back({name, std::move(body)});
    };
    add("torch_forward", [this] { result = torch::mm(adjacency, own_x); });
    add("torch_forward_huge_pages", [this] { result = torch::mm(adjacency, x); });
    add("weft_forward_f32",
        [=, this] { spmm(rows, f32(x), dim, Reduce::kSum, values_of<float>(out), &pool); });
    add("weft_forward_bf16",
        [=, this] { spmm(rows, bf16(stored_x), dim, Reduce::kSum, values_of<BFloat16>(stored_out), &pool); });
    add("torch_backward_prepared", [this] { result = torch::mm(prepared, own_grad); });
    add("torch_backward_huge_pages", [this] { result = torch::mm(prepared, grad); });
    add("weft_backward_f32", [=, this] {
      spmm_grad_x(rows, transposed, f32(grad), dim, Reduce::kSum, values_of<float>(out), &pool);
    });
    add("weft_backward_bf16", [=, this] {
      spmm_grad_x(rows, transposed, bf16(stored_grad), dim, Reduce::kSum, values_of<BFloat16>(stored_out),
                  &pool);
    });
    add("read_f32", [=, this] { checksum ^= read_rows(graph, f32(x), dim, pool); });
    add("read_bf16", [=, this] { checksum ^= read_rows(graph, bf16(stored_x), dim, pool); });
    return work;
  }

  // What autograd does, without the forward product in the time.
  Timed autograd() {
    leaf = x.clone().requires_grad_();
    return {"torch_backward",
            [this] { result = torch::autograd::grad({product}, {leaf}, {grad}, /*retain_graph=*/true)[0]; }};
  }

  // Largest differences between Torch's product and weft's, relative to the largest value.
  double difference_f32() {
    spmm(rows, std::span<const float>(values_of<float>(x)), dim, Reduce::kSum, values_of<float>(out), &pool);
    return difference_to(out);
  }
  double difference_bf16() {
    spmm(rows, std::span<const BFloat16>(values_of<BFloat16>(stored_x)), dim, Reduce::kSum,
         values_of<BFloat16>(stored_out), &pool);
    return difference_to(stored_out.to(torch::kFloat));
  }
  double difference_to(const torch::Tensor& got) const {
    const torch::Tensor expected = torch::mm(adjacency, x);
    return ((got - expected).abs().max() / expected.abs().max()).item<double>();
  }

  const BipartiteGraph& graph;
  std::size_t dim;
  HugeVector<float> memory[6];
  ThreadPool pool;
  SparseRows<std::uint64_t> rows;
  TransposedRows transposed;
  torch::Tensor x, grad, own_x, own_grad, stored_x, stored_grad, out, stored_out, adjacency, prepared, leaf,
      product, result;
  std::uint32_t checksum = 0;
};

int run(int argc, char** argv) {
  std::filesystem::path data;
  std::string side = "weft";
  std::size_t threads = 2, dim = 64, rounds = 15, autograd_rounds = 3;
  CLI::App app{"Sparse products beside Torch's"};
  app.add_option("data", data, "Folder with train.csv(.gz)")->required();
  app.add_option("--side", side, "Whose products")->check(CLI::IsMember({"torch", "weft"}));
  app.add_option("--threads", threads, "Threads")->check(CLI::PositiveNumber);
  app.add_option("--dim", dim, "Width")->check(CLI::PositiveNumber);
  app.add_option("--rounds", rounds, "Rounds")->check(CLI::PositiveNumber);
  app.add_option("--autograd-rounds", autograd_rounds, "Rounds of Torch's autograd, which is slow");
  CLI11_PARSE(app, argc, argv);
  at::set_num_threads(static_cast<int>(threads));
  const PairList pairs = read_pairs(data, "train.csv");
  const auto [users, items] = sizes_of({&pairs});
  const BipartiteGraph graph(index_pairs(pairs, users), users, items);
  Work work(graph, dim, threads);
  std::vector<Timed> all = work.of(side);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Timed& timed : all) run_once(timed);
  }
  if (side == "torch" && autograd_rounds > 0) {
    all.push_back(work.autograd());
    work.product = torch::mm(work.adjacency, work.leaf);
    for (std::size_t round = 0; round < autograd_rounds; ++round) run_once(all.back());
  }
  Json line = {{"nodes", graph.nodes()},
               {"edges", graph.columns.size()},
               {"dim", dim},
               {"threads", threads},
               {"instructions", name_of(instructions())},
               {"difference_f32", work.difference_f32()},
               {"difference_bf16", work.difference_bf16()}};
  for (const Timed& timed : all) {
    line[timed.name] = {{"median_ms", median(timed.wall_ms)},
                        {"median_cpu_ms", median(timed.cpu_ms)},
                        {"wall_ms", timed.wall_ms},
                        {"cpu_ms", timed.cpu_ms}};
  }
  std::puts(line.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace weft::gnn

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::gnn::run);
}
