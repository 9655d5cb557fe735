// live_yardstick MODE --work FOLDER --rows N: writes to and reads from a large, warm store; prints one JSON
// line. The log and the store are made in FOLDER unless they are there. Modes:
//   make   the log, its store and snapshot
//   apply  200 batches of 1,000 events, synchronous; each looked for in the next live read and in the delta
//   reads  the newest 15 of a user, and 2 hops [15, 10], beside bare RocksDB iterators that do the same seeks
#include <rocksdb/perf_context.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "benchmarks/run_program.h"
#include "benchmarks/storage/live_log.h"
#include "graph/live_view.h"
#include "storage/change_log.h"
#include "storage/ingest.h"
#include "storage/neighbour_reader.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"

namespace weft::storage::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string mode = {};
  std::filesystem::path work = {};
  std::uint64_t rows = 1'000'000;
  std::size_t seeds = 10'000;
  std::size_t batches = 200;
  std::size_t memory = std::size_t{1} << 30;
  std::size_t cache = 0;  // 0: the store's own choice
  std::size_t repeats = 3;
  bool profile = false;
  TableTuning tables = {};
};

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
double cpu_ms() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0
                        : values[std::min(values.size() - 1,
                                          static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

std::uint64_t bytes_below(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

GraphStore open_store(const Project& project, const Arguments& arguments) {
  return GraphStore::open(project.workspace.store(), project.schema,
                          {.block_cache_bytes = arguments.cache, .tables = arguments.tables});
}

// The store with its snapshot and a log of changes from there on.
GraphStore made(const LiveLog& log, const Arguments& arguments, Json& out) {
  const double start = now_ms();
  log.make(arguments.seeds);
  out["log_seconds"] = (now_ms() - start) / 1e3;
  const Project project = log.project();
  GraphStore store = open_store(project, arguments);
  if (!change_log(store)) {
    const double before = now_ms();
    ingest(project, store, {.bulk_from_bytes = 0, .memory = arguments.memory, .snapshot = true});
    const ExportedSnapshot exported =
        export_snapshot(store, project.workspace, project.data_root, no_progress(), real_files(),
                        {.memory = arguments.memory});
    keep_changes_from(store, exported.info.sequence);
    out["ingest_seconds"] = (now_ms() - before) / 1e3;
  }
  out["edges"] = store.info().edge_counts[0];
  out["users"] = store.info().node_counts[0];
  out["items"] = store.info().node_counts[1];
  out["store_bytes"] = bytes_below(project.workspace.store());
  return store;
}

// One event in ten is late, anywhere in the log's years; one in fifty has a user or an item that is new.
EventBatch batch_of(const LiveLog& log, std::uint64_t number, std::mt19937_64& random) {
  EventBatch batch;
  for (int i = 0; i < 1000; ++i) {
    const graph::TimeMs time =
        random() % 10 == 0 ? 1'600'000'000'000 + static_cast<graph::TimeMs>(random() % 126'144'000'000)
                           : 1'800'000'000'000 + static_cast<graph::TimeMs>(number * 1000) + i;
    std::string user = log.user(random), item = log.item(random);
    if (random() % 50 == 0)
      (random() % 2 == 0 ? user : item) += "-" + std::to_string(random() % 1'000'000'000);
    batch.events.push_back({.id = random() | 1,
                            .edges = {{.type = 0,
                                       .from = std::move(user),
                                       .to = std::move(item),
                                       .time = time,
                                       .weight = static_cast<double>(1 + random() % 5)}}});
  }
  return batch;
}

constexpr std::size_t kTies = 8;  // events of one node at one time, at most

// Events of the batch that the reader does not show at their own time, from the user's end or the item's.
std::size_t not_seen(const GraphStore& store, NeighbourReader& reader, const EventBatch& batch) {
  std::size_t missing = 0;
  for (const graph::Event& event : batch.events) {
    const graph::EdgeEvent& edge = event.edges[0];
    for (const bool incoming : {false, true}) {
      const auto node = store.find_node(incoming ? 1 : 0, incoming ? edge.to : edge.from);
      bool found = false;
      if (node) {
        const auto list = reader.newest({static_cast<graph::NodeTypeId>(incoming ? 1 : 0), *node},
                                        incoming ? graph::incoming_relation(0) : graph::outgoing_relation(0),
                                        kTies, edge.time + 1);
        found = std::any_of(list.begin(), list.end(), [&](const Neighbour& each) {
          return each.event == event.id && each.time == edge.time;
        });
      }
      missing += found ? 0 : 1;
    }
  }
  return missing;
}

void measure_delta(const GraphStore& store, const Project& project,
                   const std::unordered_set<graph::EventId>& events, Json& out) {
  const auto snapshot = current_snapshot(project.workspace);
  if (!snapshot) throw Error("the workspace has no snapshot", {.file = project.workspace.folder.string()});
  const auto newest_write = [&] {
    auto newest = std::filesystem::file_time_type::min();
    for (const auto& entry : std::filesystem::directory_iterator(*snapshot))
      newest = std::max(newest, entry.last_write_time());
    return newest;
  };
  const auto written = newest_write();
  const std::filesystem::path folder = project.workspace.folder / "yardstick.delta";
  std::filesystem::remove_all(folder);
  const double start = now_ms();
  const auto delta = changes_since(store, graph::read_delta_base(*snapshot));
  if (!delta) throw Error("the log of changes does not reach back to the snapshot");
  out["delta_bytes"] = graph::write_delta(*delta, folder);
  out["delta_ms"] = now_ms() - start;
  out["delta_edges"] = delta->edges[0].added.size();
  std::size_t found = 0;
  const graph::Delta read = graph::read_delta(folder);
  for (const graph::EventId event : read.edges[0].added.events) found += events.contains(event) ? 1 : 0;
  out["events_missing_in_delta"] = events.size() - found;
  out["base_untouched"] = newest_write() == written;
  const double open = now_ms();
  const graph::Snapshot base = graph::Snapshot::open(*snapshot, graph::Verify::kStructure);
  const double build = now_ms();
  const graph::LiveView live(base, read);
  out["base_open_ms"] = build - open;
  out["live_view_ms"] = now_ms() - build;
  out["live_view_edges_short"] = store.info().edge_counts[0] - live.edge_count(0);
}

// What RocksDB counted while this thread applied batches, per batch. Its clocks cost a few per cent.
class Profile {
 public:
  explicit Profile(bool on) : on_(on) {}
  void begin() {
    if (!on_) return;
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
    rocksdb::get_perf_context()->Reset();
  }
  void end() {
    if (!on_) return;
    const rocksdb::PerfContext& now = *rocksdb::get_perf_context();
    ++batches_;
    const auto add = [&](const char* name, std::uint64_t value, double unit = 1) {
      sums_[name] += static_cast<double>(value) / unit;
    };
    constexpr double kMs = 1e6;
    add("blocks_in_cache", now.block_cache_hit_count);
    add("blocks_read", now.block_read_count);
    add("index_blocks_read", now.index_block_read_count);
    add("filter_blocks_read", now.filter_block_read_count);
    add("bytes_read", now.block_read_byte);
    add("filter_said_no", now.bloom_sst_miss_count);
    add("filter_said_maybe", now.bloom_sst_hit_count);
    add("read_ms", now.block_read_time, kMs);
    add("checksum_ms", now.block_checksum_time, kMs);
    add("decompress_ms", now.block_decompress_time, kMs);
    add("get_from_memtables_ms", now.get_from_memtable_time, kMs);
    add("get_from_files_ms", now.get_from_output_files_time, kMs);
    add("write_log_ms", now.write_wal_time, kMs);
    add("write_memtables_ms", now.write_memtable_time, kMs);
    add("write_stall_ms", now.write_delay_time, kMs);
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  }
  void report(Json& out) const {
    if (!on_) return;
    for (const auto& [name, sum] : sums_) out["profile"][name] = sum / static_cast<double>(batches_);
  }

 private:
  bool on_;
  std::uint64_t batches_ = 0;
  std::map<std::string, double> sums_;
};

Json measure_apply(GraphStore& store, const LiveLog& log, const Arguments& arguments, Json out) {
  const Project project = log.project();
  std::mt19937_64 random(1000 + store.info().sequence);  // other events at each run
  NeighbourReader reader(store);
  std::unordered_set<graph::EventId> events;
  std::vector<double> cold, wall, cpu, visible;
  std::size_t missing = 0;
  // Until batches find in the block cache most of what they look for: the first ones read it from files.
  constexpr std::size_t kWarmUp = 100;
  Profile profile(arguments.profile);
  for (std::size_t i = 0; i < arguments.batches + kWarmUp; ++i) {
    const EventBatch batch = batch_of(log, i, random);
    if (i >= kWarmUp) profile.begin();
    const double start = now_ms(), cpu_start = cpu_ms();
    store.apply(batch);
    const double applied = now_ms(), cpu_applied = cpu_ms();
    if (i >= kWarmUp) profile.end();
    const double seen = now_ms();
    reader.refresh();
    const double refreshed = now_ms();
    missing += not_seen(store, reader, batch);
    for (const graph::Event& event : batch.events) events.insert(event.id);
    if (i < kWarmUp) {
      cold.push_back(applied - start);
      continue;
    }
    wall.push_back(applied - start);
    cpu.push_back(cpu_applied - cpu_start);
    visible.push_back(refreshed - seen);
  }
  out["batches"] = wall.size();
  out["cache_bytes"] = arguments.cache == 0 ? default_block_cache_bytes() : arguments.cache;
  out["warm_up_apply_ms_p50"] = quantile(cold, .5);
  out["warm_up_apply_ms_max"] = quantile(cold, 1);
  out["apply_ms"] = wall;  // in order
  out["apply_cpu_ms"] = cpu;
  out["apply_ms_p50"] = quantile(wall, .5);
  out["apply_ms_p99"] = quantile(wall, .99);
  out["apply_ms_max"] = quantile(wall, 1);
  out["apply_cpu_ms_p50"] = quantile(cpu, .5);
  out["apply_cpu_ms_p99"] = quantile(cpu, .99);
  out["refresh_ms_p99"] = quantile(visible, .99);
  out["ends_not_visible"] = missing;
  profile.report(out);
  measure_delta(store, project, events, out);
  return out;
}

// The same seeks and steps as NeighbourReader's without anything around them.
class BareReader {
 public:
  explicit BareReader(const GraphStore& store) {
    rocksdb::ReadOptions read;
    read.prefix_same_as_start = true;
    for (const Family family : {kOutgoing, kIncoming})
      iterators_.emplace_back(store.impl().db->NewIterator(read, store.impl().family(family)));
  }
  // Appends the other ends of the newest `limit` edges: what a second hop has to know.
  void newest(graph::NodeId node, bool incoming, std::size_t limit, std::vector<graph::NodeId>& out) {
    rocksdb::Iterator& iterator = *iterators_[incoming ? 1 : 0];
    const auto prefix = encode_edge_prefix(0, node);
    iterator.Seek(slice(prefix));
    for (std::size_t read = 0; iterator.Valid() && iterator.key().starts_with(slice(prefix));) {
      out.push_back(~get_big<graph::NodeId>({iterator.key().data(), iterator.key().size()}, 14));
      bytes_ += iterator.value().size();
      if (++read == limit) break;
      iterator.Next();
    }
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<rocksdb::Iterator>> iterators_;
  std::uint64_t bytes_ = 0;
};

// Both sides in turn, seed by seed, each first at every other seed; microseconds.
struct Sides {
  std::vector<double> weft, bare;
  void take(const std::function<void()>& ours, const std::function<void()>& theirs, bool ours_first) {
    const auto timed = [](const std::function<void()>& work, std::vector<double>& times) {
      const double start = now_ms();
      work();
      times.push_back((now_ms() - start) * 1e3);
    };
    if (ours_first) timed(ours, weft);
    timed(theirs, bare);
    if (!ours_first) timed(ours, weft);
  }
  void report(const std::string& name, Json& out) const {
    for (const double q : {.5, .99}) {
      const std::string end = q < .9 ? "_us_p50" : "_us_p99";
      out[name + end] = quantile(weft, q);
      out[name + "_bare" + end] = quantile(bare, q);
      out[name + "_over_bare" + (q < .9 ? "_p50" : "_p99")] = quantile(weft, q) / quantile(bare, q);
    }
  }
};

constexpr std::size_t kFirstHop = 15, kSecondHop = 10;

Json measure_reads(const GraphStore& store, const LiveLog& log, const Arguments& arguments, Json out) {
  const std::vector<std::string> names = log.seeds();
  std::vector<graph::NodeId> seeds;
  for (const std::string& name : names) seeds.push_back(store.find_node(0, name).value());
  NeighbourReader reader(store);
  BareReader bare(store);
  NeighbourLists second;
  std::vector<graph::NodeId> ends, first_ends, second_ends;
  std::uint64_t read = 0, bare_read = 0;
  const graph::RelationId relation = graph::outgoing_relation(0), back = graph::incoming_relation(0);
  const auto one_hop = [&](graph::NodeId seed) {
    read += reader.newest({0, seed}, relation, kFirstHop).size();
  };
  const auto bare_one_hop = [&](graph::NodeId seed) {
    first_ends.clear();
    bare.newest(seed, false, kFirstHop, first_ends);
    bare_read += first_ends.size();
  };
  const auto two_hops = [&](graph::NodeId seed) {
    ends.clear();
    for (const Neighbour& each : reader.newest({0, seed}, relation, kFirstHop)) ends.push_back(each.node);
    reader.newest(ends, back, kSecondHop, {}, second);
    read += second.neighbours.size();
  };
  const auto bare_two_hops = [&](graph::NodeId seed) {
    bare_one_hop(seed);
    second_ends.clear();
    for (const graph::NodeId node : first_ends) bare.newest(node, true, kSecondHop, second_ends);
    bare_read += second_ends.size();
  };
  for (const graph::NodeId seed : seeds) two_hops(seed);  // warms
  Sides one, two, by_name;                                // of the last: one hop, two hops
  for (std::size_t repeat = 0; repeat < arguments.repeats; ++repeat) {
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      const bool first = (i + repeat) % 2 == 0;
      one.take([&] { one_hop(seeds[i]); }, [&] { bare_one_hop(seeds[i]); }, first);
    }
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      const bool first = (i + repeat) % 2 == 0;
      two.take([&] { two_hops(seeds[i]); }, [&] { bare_two_hops(seeds[i]); }, first);
    }
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      by_name.take([&] { one_hop(store.find_node(0, names[i]).value()); },
                   [&] { two_hops(store.find_node(0, names[i]).value()); }, i % 2 == 0);
    }
  }
  out["seeds"] = seeds.size();
  out["cache_bytes"] = arguments.cache == 0 ? default_block_cache_bytes() : arguments.cache;
  one.report("one_hop", out);
  two.report("two_hops", out);
  // From a string id on, as other engines are asked.
  out["one_hop_by_name_us_p50"] = quantile(by_name.weft, .5);
  out["one_hop_by_name_us_p99"] = quantile(by_name.weft, .99);
  out["two_hops_by_name_us_p50"] = quantile(by_name.bare, .5);
  out["two_hops_by_name_us_p99"] = quantile(by_name.bare, .99);
  out["read"] = read + bare_read + bare.bytes();
  return out;
}

void run(const Arguments& arguments) {
  const LiveLog log(arguments.work, arguments.rows);
  Json out = {{"mode", arguments.mode}, {"rows", arguments.rows}};
  GraphStore store = made(log, arguments, out);
  if (arguments.mode == "apply") out = measure_apply(store, log, arguments, std::move(out));
  if (arguments.mode == "reads") out = measure_reads(store, log, arguments, std::move(out));
  std::puts(out.dump().c_str());
}

}  // namespace
}  // namespace weft::storage::benchmarks

namespace weft::storage::benchmarks {
namespace {

// What options.py compares; a store is opened with what it was made with.
void add_tuning(CLI::App& app, TableTuning& tuning) {
  using Compression = TableTuning::Compression;
  app.add_option("--compression", tuning.compression)
      ->transform(CLI::CheckedTransformer(std::map<std::string, Compression>{
          {"none", Compression::kNone}, {"lz4", Compression::kLz4}, {"zstd", Compression::kLz4ThenZstd}}));
  app.add_option("--edge-block", tuning.edge_block_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--id-block", tuning.id_block_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--filter-bits", tuning.filter_bits);
  app.add_flag("--prefix-filters,!--no-prefix-filters", tuning.prefix_filters);
  app.add_flag("--partitioned,!--whole", tuning.partitioned, "Indexes and filters in pieces");
  app.add_flag("--hash,!--no-hash", tuning.hash_in_id_blocks, "Hash tables in blocks of ids");
}

}  // namespace
}  // namespace weft::storage::benchmarks

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, [](int count, char** values) {
    weft::storage::benchmarks::Arguments arguments;
    CLI::App app("Live writes and reads on a large store");
    app.add_option("mode", arguments.mode)->required()->check(CLI::IsMember({"make", "apply", "reads"}));
    app.add_option("--work", arguments.work, "Folder of log and store; kept")->required();
    app.add_option("--rows", arguments.rows)
        ->check(CLI::Range(std::uint64_t{1000}, std::uint64_t{4'000'000'000}));
    app.add_option("--seeds", arguments.seeds, "Written with the log")->check(CLI::PositiveNumber);
    app.add_option("--batches", arguments.batches)->check(CLI::PositiveNumber);
    app.add_option("--memory", arguments.memory, "Of the bulk load")->transform(CLI::AsSizeValue(false));
    app.add_option("--cache", arguments.cache, "The store's block cache")->transform(CLI::AsSizeValue(false));
    app.add_option("--repeats", arguments.repeats)->check(CLI::PositiveNumber);
    weft::storage::benchmarks::add_tuning(app, arguments.tables);
    app.add_flag("--profile", arguments.profile, "What RocksDB counts in apply, per batch");
    CLI11_PARSE(app, count, values);
    weft::storage::benchmarks::run(arguments);
    return 0;
  });
}
