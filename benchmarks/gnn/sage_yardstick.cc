// sage_yardstick GRAPH: GRAPH holds a shop's edges as arrays (benchmarks/sampling/synth_arrays.h). Trains a
// plain heterogeneous GraphSAGE on links user -> item with weft's own trainer, for --batches steps after
// --warmup, and prints one JSON line: supervised edges a second of each repeat, and how much a batch holds.
//
// The network is that of other engines' examples: an input vector of --dim numbers a node through one linear
// layer a type, a layer of mean aggregators a hop over all relations and their reverses, dot products. One
// negative item a supervised edge. What weft adds by default (free vectors, counts, ages, gates, dropout) is
// off. Supervised edges are hidden from the messages.
#include <ATen/Parallel.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stopwatch.h"
#include "benchmarks/run_program.h"
#include "benchmarks/sampling/synth_arrays.h"
#include "encoders/feature_set.h"
#include "gnn/random.h"
#include "gnn/task_options.h"
#include "gnn/train_batches.h"
#include "gnn/trainer.h"
#include "graph/snapshot_writer.h"

namespace weft::gnn {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::filesystem::path graph;
  std::size_t batches = 20, warmup = 3, repeats = 3, batch = 1024, dim = 64, hidden = 64, threads = 2,
              samplers = 1;
  std::vector<std::int64_t> fan_outs = {10, 5};
};

constexpr const char* kField = "vector";

// The graph as a snapshot whose nodes have one encoded field each.
graph::Snapshot write_graph(const Arguments& a, const std::filesystem::path& folder) {
  using sampling::benchmarks::ArrayUse;
  sampling::benchmarks::BenchmarkGraph arrays = sampling::benchmarks::read_arrays(a.graph, ArrayUse::kPlain);
  graph::GraphTables tables;
  tables.info = {.store_uuid = "yardstick", .sequence = 1, .source_files = {"arrays"}};
  for (std::size_t t = 0; t < arrays.node_counts.size(); ++t) {
    const std::string& name = arrays.schema.node_type(static_cast<graph::NodeTypeId>(t)).name;
    tables.schema.add_node_type(
        {.name = name, .fields = {{.name = kField, .kind = graph::FieldKind::kText}}});
    graph::NodeTable table;
    for (graph::NodeId i = 0; i < arrays.node_counts[t]; ++i)
      table.external_ids.push_back(name + std::to_string(i));
    tables.nodes.push_back(std::move(table));
  }
  for (std::size_t e = 0; e < arrays.lists.size(); ++e) {
    const graph::EdgeType& type = arrays.schema.edge_type(static_cast<graph::EdgeTypeId>(e));
    tables.schema.add_edge_type({.name = type.name, .from = type.from, .to = type.to});
  }
  tables.edges = std::move(arrays.lists);
  graph::write_snapshot(std::move(tables), folder);
  return graph::Snapshot::open(folder);
}

// Random vectors: nothing is to be learned from them, as in the examples.
FeatureInputs write_features(const graph::Snapshot& snapshot, std::size_t dim,
                             const std::filesystem::path& folder) {
  FeatureInputs features;
  for (std::size_t t = 0; t < snapshot.schema().node_types().size(); ++t) {
    const auto type = static_cast<graph::NodeTypeId>(t);
    const std::string& name = snapshot.schema().node_type(type).name;
    const std::size_t rows = snapshot.node_count(type);
    encoders::Encoded encoded{.rows = rows, .dim = dim};
    encoded.values.resize(rows * dim);
    for (std::size_t i = 0; i < encoded.values.size(); ++i)
      encoded.values[i] = static_cast<float>(mix64(t, i) >> 40) * 0x1p-23F - 1.0F;
    encoded.present.assign(rows, 1);
    encoders::write_feature_set(folder / name,
                                {.store_uuid = snapshot.info().store_uuid,
                                 .sequence = snapshot.info().sequence,
                                 .node_type = name,
                                 .field = kField,
                                 .encoder_fingerprint = "random",
                                 .dim = dim},
                                encoded);
    features.push_back(
        {type, kField, std::make_shared<encoders::FeatureSet>(encoders::FeatureSet::open(folder / name))});
  }
  return features;
}

std::string configuration(const Arguments& a) {
  std::string fan_outs;
  for (const std::int64_t fan_out : a.fan_outs)
    fan_outs += (fan_outs.empty() ? "" : ", ") + std::to_string(fan_out);
  return "[task]\ntarget = \"buys\"\nsplit = { kind = \"random\", valid = 0.0, test = 0.0 }\n"
         "[model]\nhidden = " +
         std::to_string(a.hidden) + "\ndim = " + std::to_string(a.hidden) + "\nfan_outs = [" + fan_outs +
         "]\n" +
         "id_embeddings = []\nid_dropout = 0.0\ncold_items = 0.0\nmodality_dropout = 0.0\ndropout = 0.0\n"
         "fusion = \"sum\"\nresidual = false\nlayer_norm = false\nevent_counts = false\nrecent_days = 0\n"
         "recency = false\nnode_age = false\nage_weights = false\nshrinkage = false\nitem_bias = false\n"
         "[train]\nepochs = 1\nbatch_size = " +
         std::to_string(a.batch) +
         "\nbatching = \"shared\"\nloss = \"bpr\"\nnegatives = 1\noptimizer = \"adam\"\nlearning_rate = "
         "0.001\n"
         "weight_decay = 0.0\nschedule = \"constant\"\nwarmup = 0.0\nclip_norm = 0.0\nthreads = " +
         std::to_string(a.samplers) + "\n";
}

// Of the first few batches: sampled edges and nodes.
void count_sizes(const Arguments& a, const TrainSetup& setup, Json& line) {
  const LinkTask task = make_link_task(*setup.snapshot, *setup.split);
  const TrainBatches batches(*setup.snapshot, *setup.split, task, read_model_options(setup.config->root()),
                             read_train_options(setup.config->root()), Masking::kOn);
  NodeSampler::Scratch scratch;
  std::size_t edges = 0, nodes = 0;
  double seconds = 0;
  for (std::uint64_t step = 1; step <= a.batches; ++step) {
    const Stopwatch watch;
    const TrainBatch batch = batches.make(step, scratch);
    seconds += watch.wall_seconds();
    for (const auto& relation : batch.sampled.graph.relations) edges += relation.sources.size();
    for (const auto& of_type : batch.sampled.graph.nodes) nodes += of_type.size();
  }
  line["edges_per_batch"] = edges / a.batches;
  line["nodes_per_batch"] = nodes / a.batches;
  line["sampling_ms_per_batch"] = 1e3 * seconds / static_cast<double>(a.batches);
}

// Goes with its content, whatever ends the run.
struct TemporaryFolder {
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("weft-sage-yardstick-" + std::to_string(::getpid()));
};

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Heterogeneous GraphSAGE with weft's trainer"};
  app.add_option("graph", a.graph, "Folder with meta.json and arrays")->required();
  app.add_option("--batches", a.batches, "Timed steps")->check(CLI::PositiveNumber);
  app.add_option("--warmup", a.warmup, "Steps before the clock starts")->check(CLI::PositiveNumber);
  app.add_option("--repeats", a.repeats, "Trainings")->check(CLI::PositiveNumber);
  app.add_option("--batch", a.batch, "Supervised edges a step")->check(CLI::PositiveNumber);
  app.add_option("--fan-outs", a.fan_outs, "Picks a relation, a number a hop");
  app.add_option("--dim", a.dim, "Width of the input vectors")->check(CLI::PositiveNumber);
  app.add_option("--hidden", a.hidden, "Width of states")->check(CLI::PositiveNumber);
  app.add_option("--threads", a.threads, "Threads of the network")->check(CLI::PositiveNumber);
  app.add_option("--samplers", a.samplers, "Sampler threads; 0: the trainer samples by itself");
  CLI11_PARSE(app, argc, argv);
  at::set_num_threads(static_cast<int>(a.threads));
  const TemporaryFolder temporary;
  const std::filesystem::path& folder = temporary.path;
  Json line = {{"batch", a.batch},
               {"fan_outs", a.fan_outs},
               {"hidden", a.hidden},
               {"threads", a.threads},
               {"samplers", a.samplers}};
  {
    const graph::Snapshot snapshot = write_graph(a, folder / "snapshot");
    const TomlFile config = TomlFile::parse(configuration(a), "yardstick.toml");
    const graph::Split split = graph::make_split(snapshot, snapshot.schema().edge_type_named("buys"),
                                                 read_task_options(config.root()).split);
    TrainSetup setup{.snapshot = &snapshot,
                     .split = &split,
                     .config = &config,
                     .features = write_features(snapshot, a.dim, folder)};
    count_sizes(a, setup, line);
    std::vector<double> rates, cpu_ms;
    for (std::size_t repeat = 0; repeat < a.repeats; ++repeat) {
      std::optional<Stopwatch> watch;
      double cpu = 0, seconds = 0;
      setup.folder = folder / ("model" + std::to_string(repeat));
      setup.should_stop = [&](std::uint64_t step) {
        if (step == a.warmup) watch.emplace();
        if (step < a.warmup + a.batches) return false;
        seconds = watch->wall_seconds();
        cpu = watch->cpu_seconds();
        return true;
      };
      const TrainResult result = train(setup);
      if (seconds == 0)
        throw Error("the graph has too few edges for so many batches", {.field = "--batches"});
      rates.push_back(static_cast<double>(a.batches * a.batch) / seconds);
      cpu_ms.push_back(1e3 * cpu / static_cast<double>(a.batches));
      line["first_loss"] = result.losses.front();
      line["last_loss"] = result.losses.back();
    }
    line["supervision_edges_per_s"] = rates;
    line["cpu_ms_per_batch"] = cpu_ms;
  }
  std::puts(line.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace weft::gnn

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::gnn::run);
}
