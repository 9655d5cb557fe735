// Building CSRs and writing, opening and filtering snapshots. Edges a second is `items_per_second`; the
// physical limits beside them are a plain copy of the same bytes (MemoryCopy) and a checksum of them
// (Checksum).
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/hash.h"
#include "graph/graph_view.h"
#include "graph/positive_index.h"
#include "graph/snapshot_writer.h"
#include "graph/split.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;

// Edges whose targets are popular by a power law, in random order: 20 edges a user, a tenth as many items as
// users.
EdgeList random_edges(std::size_t edges) {
  std::mt19937_64 random(7);
  const std::size_t users = edges / 20 + 1;
  const std::size_t items = users / 10 + 1;
  EdgeList list;
  for (std::size_t i = 0; i < edges; ++i) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    list.from.push_back(static_cast<NodeId>(random() % users));
    list.to.push_back(static_cast<NodeId>(u * u * u * static_cast<double>(items)));
    list.times.push_back(static_cast<TimeMs>(1'600'000'000'000 + random() % 60'000'000'000));
    list.weights.push_back(static_cast<float>(1 + random() % 5));
    list.events.push_back(random() | 1);
    list.sources.push_back(0);
  }
  return list;
}

GraphTables shop(std::size_t edges) {
  GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item = tables.schema.add_node_type({.name = "item", .fields = {{"title", FieldKind::kText}}});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true, .weighted = true});
  tables.edges = {random_edges(edges)};
  tables.nodes.resize(2);
  const std::size_t users = edges / 20 + 1;
  for (std::size_t i = 0; i < users; ++i)
    tables.nodes[user].external_ids.push_back("user-" + std::to_string(i));
  tables.nodes[item].fields.resize(1);
  for (std::size_t i = 0; i < users / 10 + 1; ++i) {
    tables.nodes[item].external_ids.push_back("item-" + std::to_string(i));
    tables.nodes[item].fields[0].push_back("A title of the usual length, number " + std::to_string(i));
  }
  return tables;
}

fs::path scratch(const std::string& name) {
  return fs::temp_directory_path() / ("weft_graph_benchmark_" + std::to_string(::getpid()) + "_" + name);
}

// A snapshot of `edges` edges on disk, removed at the end of the run.
class SnapshotOnDisk {
 public:
  explicit SnapshotOnDisk(std::size_t edges) : folder_(scratch("open")) {
    fs::remove_all(folder_);
    write_snapshot(shop(edges), folder_);
    for (const auto& entry : fs::directory_iterator(folder_)) bytes_ += entry.file_size();
  }
  ~SnapshotOnDisk() { fs::remove_all(folder_); }
  SnapshotOnDisk(const SnapshotOnDisk&) = delete;
  SnapshotOnDisk& operator=(const SnapshotOnDisk&) = delete;
  const fs::path& folder() const { return folder_; }
  std::int64_t bytes() const { return static_cast<std::int64_t>(bytes_); }

 private:
  fs::path folder_;
  std::uint64_t bytes_ = 0;
};

void count(benchmark::State& state, std::int64_t bytes) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  if (bytes > 0) state.SetBytesProcessed(state.iterations() * bytes);
}

void SortOutgoing(benchmark::State& state) {
  const EdgeList edges = random_edges(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    EdgeList copy = edges;
    state.ResumeTiming();
    sort_outgoing(copy);
    benchmark::DoNotOptimize(copy.to.data());
  }
  count(state, 0);
}

void BuildBothDirections(benchmark::State& state) {
  EdgeList edges = random_edges(static_cast<std::size_t>(state.range(0)));
  sort_outgoing(edges);
  const std::size_t rows = edges.size() / 20 + 1;
  for (auto _ : state) {
    const Csr outgoing = build_outgoing(edges, rows, rows);
    const Csr incoming = build_incoming(outgoing.view(), rows, edges.weights);
    benchmark::DoNotOptimize(incoming.targets.data());
  }
  count(state, 0);
}

void WriteSnapshot(benchmark::State& state) {
  const GraphTables tables = shop(static_cast<std::size_t>(state.range(0)));
  const fs::path folder = scratch("write");
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(folder);
    GraphTables copy = tables;
    state.ResumeTiming();
    write_snapshot(std::move(copy), folder);
  }
  fs::remove_all(folder);
  count(state, 0);
}

void OpenSnapshot(benchmark::State& state, Verify verify) {
  const SnapshotOnDisk snapshot(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Snapshot::open(snapshot.folder(), verify).edge_count(0));
  count(state, snapshot.bytes());
}

void MemoryCopy(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0)) * 60;
  const std::vector<char> from(bytes, 1);
  std::vector<char> to(bytes);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  count(state, static_cast<std::int64_t>(bytes));
}

void Checksum(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)) * 60, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(hash64(bytes));
  count(state, static_cast<std::int64_t>(bytes.size()));
}

void SplitByTime(benchmark::State& state) {
  const SnapshotOnDisk folder(static_cast<std::size_t>(state.range(0)));
  const Snapshot snapshot = Snapshot::open(folder.folder(), Verify::kStructure);
  for (auto _ : state) benchmark::DoNotOptimize(make_split(snapshot, 0, {}).test_start);
  count(state, 0);
}

void FilterTrain(benchmark::State& state) {
  const SnapshotOnDisk folder(static_cast<std::size_t>(state.range(0)));
  const Snapshot snapshot = Snapshot::open(folder.folder(), Verify::kStructure);
  const auto keep = make_split(snapshot, 0, {}).keep_up_to(Part::kTrain);
  for (auto _ : state) benchmark::DoNotOptimize(FilteredGraph(snapshot, keep).view().relations.size());
  count(state, 0);
}

void PositiveLookup(benchmark::State& state) {
  EdgeList edges = random_edges(static_cast<std::size_t>(state.range(0)));
  const EdgeList asked = edges;  // half of the questions are answered yes
  sort_outgoing(edges);
  const std::size_t rows = edges.size() / 20 + 1;
  const Csr outgoing = build_outgoing(edges, rows, rows);
  const PositiveIndex index(outgoing.view(), {});
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.contains(asked.from[i], asked.to[i] + (i & 1)));
    if (++i == asked.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(SortOutgoing)->Arg(1 << 17)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(BuildBothDirections)->Arg(1 << 17)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(WriteSnapshot)->Arg(1 << 17)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(OpenSnapshot, checksums, Verify::kChecksums)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(OpenSnapshot, structure, Verify::kStructure)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(MemoryCopy)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(Checksum)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(SplitByTime)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(FilterTrain)->Arg(1 << 21)->Unit(benchmark::kMillisecond);
BENCHMARK(PositiveLookup)->Arg(1 << 21);

}  // namespace
}  // namespace weft::graph
