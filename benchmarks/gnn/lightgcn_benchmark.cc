// lightgcn_benchmark DATA steps|train ...: DATA holds train.csv(.gz) and test.csv(.gz). Prints JSON lines.
//   steps   runs the steps of triples.npy [steps * batch, 3] from the vectors of init.npy [nodes, dim]:
//   losses and times.
//           Another implementation that is given the same two files must give the same losses.
//   train   trains for some epochs, evaluates every few of them, and writes losses and ranked lists.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/instructions.h"
#include "base/npy.h"
#include "benchmarks/gnn/pair_files.h"
#include "benchmarks/run_program.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/lightgcn/lightgcn_trainer.h"

namespace weft::gnn {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::filesystem::path data, init, triples, out;
  std::size_t threads = 2;
  std::size_t batch = 2048;
  std::int64_t epochs = 30;
  std::int64_t every = 5;
  std::size_t steps = std::numeric_limits<std::size_t>::max();
  bool distinct_nodes = false;
  LightGcnOptions model = {};
};

struct Data {
  std::size_t users = 0, items = 0;
  graph::PositiveIndex train, test;
};

Data read_data(const std::filesystem::path& folder) {
  const PairList train = read_pairs(folder, "train.csv");
  const PairList test = read_pairs(folder, "test.csv");
  const auto [users, items] = sizes_of({&train, &test});
  Data data;
  data.users = users;
  data.items = items;
  data.train = index_pairs(train, data.users);
  data.test = index_pairs(test, data.users);
  return data;
}

void print(const Json& json) {
  std::puts(json.dump().c_str());
  std::fflush(stdout);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run_steps(const Arguments& a, const Data& data, ThreadPool& pool) {
  const NpyFile init = NpyFile::open(a.init);
  const NpyFile triples = NpyFile::open(a.triples);
  LightGcnOptions options = a.model;
  options.dim = init.columns();
  if (init.rows() != data.users + data.items || triples.columns() != 3) {
    throw Error("the arrays do not fit the data", {.file = a.init.string()});
  }
  LightGcn model(data.train, data.users, data.items, options, pool);
  model.set_parameters(init.floats());
  const std::vector<std::int64_t> numbers = triples.integers();
  std::vector<double> losses;
  std::vector<double> seconds;
  std::vector<Triple> batch;
  for (std::size_t first = 0; first < triples.rows() && losses.size() < a.steps; first += a.batch) {
    batch.clear();
    for (std::size_t i = first; i < std::min(triples.rows(), first + a.batch); ++i) {
      batch.push_back({static_cast<graph::NodeId>(numbers[3 * i]),
                       static_cast<graph::NodeId>(numbers[3 * i + 1]),
                       static_cast<graph::NodeId>(numbers[3 * i + 2])});
    }
    const auto start = std::chrono::steady_clock::now();
    losses.push_back(model.step(batch));
    seconds.push_back(seconds_since(start));
  }
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  print({{"users", data.users},
         {"items", data.items},
         {"train_pairs", data.train.pairs()},
         {"threads", a.threads},
         {"instructions", name_of(instructions())},
         {"losses", losses},
         {"seconds", seconds},
         {"s_per_batch_min", sorted.front()},
         {"s_per_batch_median", sorted[sorted.size() / 2]}});
}

void run_train(const Arguments& a, const Data& data, ThreadPool& pool) {
  std::vector<std::uint64_t> counts(data.items, 0);
  for (const graph::NodeId item : data.train.all_targets()) ++counts[item];
  LightGcn model(data.train, data.users, data.items, a.model, pool);
  if (!a.out.empty()) std::filesystem::create_directories(a.out);
  const LightGcnTraining training{.epochs = a.epochs, .batch = a.batch};
  const auto on_epoch = [&](const LightGcnEpoch& epoch, const LightGcn& trained) {
    Json line = {{"epoch", epoch.epoch},
                 {"loss", epoch.mean_loss},
                 {"seconds", epoch.seconds},
                 {"steps", epoch.steps}};
    if (epoch.epoch % a.every == 0 || epoch.epoch == a.epochs) {
      EvaluationOptions options{.ks = {20}, .auc = false};
      if (!a.out.empty()) options.lists.path = a.out / ("ranked-" + std::to_string(epoch.epoch) + ".tsv");
      const Evaluation result =
          evaluate(trained.scorer(), {.targets = &data.test, .mask = &data.train, .item_counts = counts},
                   options, pool);
      line["evaluation"] = Json::parse(result.to_json());
      line["evaluation_seconds"] = result.seconds;
    }
    print(line);
    return true;
  };
  const LightGcnResult result = train_lightgcn(model, data.train, training, no_progress(), on_epoch);
  if (a.out.empty()) return;
  std::ofstream losses(a.out / "losses.tsv");
  losses.precision(9);
  losses << "step\tloss\n";
  for (std::size_t i = 0; i < result.losses.size(); ++i) losses << i + 1 << '\t' << result.losses[i] << '\n';
}

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app{"LightGCN on pairs in CSV files"};
  app.add_option("data", a.data, "Folder with train.csv(.gz) and test.csv(.gz)")->required();
  app.add_option("--threads", a.threads, "Threads");
  app.add_option("--batch", a.batch, "Pairs a step")->check(CLI::PositiveNumber);
  app.add_option("--layers", a.model.layers, "Propagation layers");
  app.add_option("--dim", a.model.dim, "Width (train)")->check(CLI::PositiveNumber);
  app.add_option("--l2", a.model.l2, "Penalty on the free vectors");
  app.add_option("--lr", a.model.adam.learning_rate, "Adam's rate");
  app.add_option("--seed", a.model.seed, "Seed (train)");
  app.add_option("--init-deviation", a.model.init_deviation, "Of the initial vectors (train)");
  app.add_flag("--distinct-nodes", a.distinct_nodes,
               "Penalise each of a batch's nodes once, as PyTorch Geometric does");
  CLI::App* const steps = app.add_subcommand("steps", "Given triples from given vectors");
  steps->add_option("--init", a.init, ".npy, [nodes, dim]")->required();
  steps->add_option("--triples", a.triples, ".npy, [steps * batch, 3]")->required();
  steps->add_option("--steps", a.steps, "At most so many");
  CLI::App* const train = app.add_subcommand("train", "Train and evaluate");
  train->add_option("--epochs", a.epochs, "Epochs");
  train->add_option("--every", a.every, "Evaluate every so many epochs")->check(CLI::PositiveNumber);
  train->add_option("--out", a.out, "Folder for losses and ranked lists");
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (a.distinct_nodes) a.model.regularization = EmbeddingRegularization::kDistinctNodes;
  const Data data = read_data(a.data);
  ThreadPool pool(a.threads);
  if (steps->parsed())
    run_steps(a, data, pool);
  else
    run_train(a, data, pool);
  return 0;
}

}  // namespace
}  // namespace weft::gnn

int main(int argc, char** argv) {
  return weft::benchmarks::run_program(argc, argv, weft::gnn::run);
}
