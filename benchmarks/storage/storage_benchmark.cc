// Rows per second from CSV to the durable store (both passes), and latency of live neighbourhood reads.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <random>

#include "base/toml.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// A log of purchases by 100,000 users of 20,000 items, power-law on both sides, and a project file.
class Log {
 public:
  explicit Log(std::size_t rows) : rows_(rows) {
    std::string name = (fs::temp_directory_path() / "weft_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    std::mt19937_64 random(1);
    const auto skewed = [&](double many) {
      return static_cast<int>(many * std::pow(std::uniform_real_distribution<>(0, 1)(random), 3));
    };
    std::string text = "user,item,time\n";
    for (std::size_t i = 0; i < rows; ++i)
      text += fmt::format("u{},i{},{}\n", skewed(100'000), skewed(20'000), 1'600'000'000 + i);
    bytes_ = text.size();
    real_files().write_whole(folder_ / "log.csv", text);
    real_files().write_whole(folder_ / "shop.toml",
                             "[nodes.user]\n[nodes.item]\n[edges.buys]\nsource = \"log.csv\"\nfrom = "
                             "\"user:user\"\nto = \"item:item\"\n"
                             "time = { column = \"time\", unit = \"s\" }\n");
  }
  ~Log() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  Project project() const {
    return read_project(TomlFile::read(folder_ / "shop.toml"), folder_ / "shop.toml");
  }
  std::size_t rows() const { return rows_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t rows_, bytes_ = 0;
  fs::path folder_;
};

const Log& log() {
  static const Log the_log(1'000'000);
  return the_log;
}

void parse_csv(benchmark::State& state) {
  const Project project = log().project();
  for (auto _ : state) {
    const auto reader = RowReader::open(project.sources[0], {"user", "item", "time"}, real_files());
    Row row;
    std::size_t rows = 0;
    while (reader->next(row)) ++rows;
    benchmark::DoNotOptimize(rows);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * log().rows()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * log().bytes()));
}
BENCHMARK(parse_csv)->Unit(benchmark::kMillisecond);

void ingest_csv(benchmark::State& state) {
  const Project project = log().project();
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(project.workspace.folder);
    state.ResumeTiming();
    const StoreOptions options{.write_buffer_bytes = static_cast<std::size_t>(state.range(1)) << 20};
    GraphStore store = GraphStore::open(project.workspace.store(), project.schema, options);
    const IngestOptions batches{.batch_rows = static_cast<std::size_t>(state.range(0))};
    benchmark::DoNotOptimize(ingest(project, store, batches).events);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * log().rows()));
}
BENCHMARK(ingest_csv)
    ->ArgNames({"batch_rows", "write_buffer_mb"})
    ->Args({50000, 32})
    ->Args({200000, 128})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// The newest `limit` purchases of users drawn by how much they buy.
void neighbours(benchmark::State& state) {
  const Project project = log().project();
  GraphStore store = GraphStore::open(project.workspace.store(), project.schema);
  ingest(project, store);
  std::mt19937_64 random(2);
  std::vector<graph::NodeId> seeds(10'000);
  for (graph::NodeId& seed : seeds) {
    const auto user = static_cast<int>(100'000 * std::pow(std::uniform_real_distribution<>(0, 1)(random), 3));
    seed = store.find_node(0, fmt::format("u{}", user)).value_or(0);
  }
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(store.neighbours({0, seeds[at]}, graph::outgoing_relation(0),
                                              static_cast<std::size_t>(state.range(0))));
    at = (at + 1) % seeds.size();
  }
}
BENCHMARK(neighbours)->Arg(15)->Arg(100)->Unit(benchmark::kMicrosecond);

// One synced batch of 1,000 events onto a warm store.
void apply_batch(benchmark::State& state) {
  const Project project = log().project();
  GraphStore store = GraphStore::open(project.workspace.store(), project.schema);
  ingest(project, store);
  std::mt19937_64 random(3);
  for (auto _ : state) {
    state.PauseTiming();
    EventBatch batch;
    for (int i = 0; i < 1000; ++i) {
      batch.events.push_back({.id = random() | 1,
                              .edges = {{.type = 0,
                                         .from = fmt::format("u{}", random() % 100'000),
                                         .to = fmt::format("i{}", random() % 20'000),
                                         .time = 5}}});
    }
    state.ResumeTiming();
    store.apply(batch);
  }
}
BENCHMARK(apply_batch)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace weft::storage
