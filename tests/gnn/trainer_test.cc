#include "gnn/trainer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "gnn/checkpoint.h"
#include "tests/gnn/planted_shop.h"

namespace weft::gnn {
namespace {

const std::string kSmallModel = "hidden = 16\ndim = 16\nfan_outs = [8, 4]\n";
const std::string kShortTrain = "epochs = 3\nbatch_size = 64\nlearning_rate = 0.02\n";

struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot;
  graph::Split split;
  Bench() : Bench(PlantedShop{}) {}
  explicit Bench(const PlantedShop& shop)
      : snapshot(shop.write(folder / "snapshot")), split(time_split(snapshot, "buys")) {
    at::set_num_threads(1);  // so small that handing work to threads costs more than the work
  }

  TrainSetup setup(const TomlFile& config, const std::string& name) const {
    return {.snapshot = &snapshot, .split = &split, .config = &config, .folder = folder / name};
  }
};

// Bit for bit.
bool same_tensors(const Checkpoint& a, const Checkpoint& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const torch::Tensor& x = a.tensors[i].second;
    const torch::Tensor& y = b.tensors[i].second;
    if (a.tensors[i].first != b.tensors[i].first || x.sizes() != y.sizes()) return false;
    if (std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) != 0) return false;
  }
  return true;
}

TEST(Trainer, LearnsPlantedTaste) {
  const Bench bench;
  const TomlFile toml =
      config(kSmallModel, "epochs = 20\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\n");
  const TrainResult result = train(bench.setup(toml, "model"));
  ASSERT_TRUE(result.finished);
  EXPECT_EQ(result.epochs.size(), 20u);
  EXPECT_LT(result.epochs.back().mean_loss, 0.8 * result.epochs.front().mean_loss);
  const TrainedModel model = TrainedModel::load(bench.folder / "model", bench.snapshot, bench.split, {});
  // Ten items of 40 are of a user's taste, most of them bought already: chance is about 5 / 33.
  EXPECT_GT(test_recall(model, bench.snapshot, bench.split, 5), 0.5);
}

TEST(Trainer, SameLossesForAnyNumberOfSamplerThreads) {
  const Bench bench;
  for (const char* batching : {"window", "disjoint", "shared"}) {
    std::vector<Checkpoint> last;
    std::vector<std::vector<double>> losses;
    for (const char* threads : {"0", "1", "2"}) {
      const TomlFile toml =
          config(kSmallModel, kShortTrain + "batching = \"" + batching + "\"\nthreads = " + threads);
      const std::string name = std::string("model_") + batching + threads;
      losses.push_back(train(bench.setup(toml, name)).losses);
      last.push_back(load_checkpoint(bench.folder / name / kLastFile));
    }
    EXPECT_EQ(losses[0], losses[1]) << batching;
    EXPECT_EQ(losses[0], losses[2]) << batching;
    EXPECT_TRUE(same_tensors(last[0], last[1])) << batching;
    EXPECT_TRUE(same_tensors(last[0], last[2])) << batching;
  }
}

TEST(Trainer, ResumedRunEqualsUninterruptedOne) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel, kShortTrain);
  const TrainResult whole = train(bench.setup(toml, "whole"));
  const Checkpoint whole_last = load_checkpoint(bench.folder / "whole" / kLastFile);
  const Checkpoint whole_best = load_checkpoint(bench.folder / "whole" / kBestFile);
  for (std::uint64_t stop_at = 1; stop_at < whole.steps; stop_at += 3) {
    const std::string name = "stopped" + std::to_string(stop_at);
    TrainSetup setup = bench.setup(toml, name);
    setup.should_stop = [&](std::uint64_t step) { return step == stop_at; };
    const TrainResult part = train(setup);
    EXPECT_FALSE(part.finished);
    EXPECT_EQ(part.steps, stop_at);
    setup.should_stop = {};
    setup.resume = true;
    const TrainResult rest = train(setup);
    EXPECT_TRUE(rest.finished);
    EXPECT_EQ(rest.losses, whole.losses) << "stopped after step " << stop_at;
    EXPECT_EQ(rest.best_epoch, whole.best_epoch);
    EXPECT_EQ(rest.best_metric, whole.best_metric);
    EXPECT_TRUE(same_tensors(load_checkpoint(bench.folder / name / kLastFile), whole_last)) << stop_at;
    EXPECT_TRUE(same_tensors(load_checkpoint(bench.folder / name / kBestFile), whole_best)) << stop_at;
  }
}

TEST(Trainer, KilledRunGoesOnFromItsLastCheckpoint) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel, kShortTrain + "checkpoint_steps = 2");
  const TrainResult whole = train(bench.setup(toml, "whole"));
  // An exception in the middle of step 5 leaves what the checkpoint of step 4 holds, and a log that is ahead
  // of it.
  TrainSetup setup = bench.setup(toml, "killed");
  setup.should_stop = [](std::uint64_t step) -> bool {
    if (step == 5) throw Error("killed");
    return false;
  };
  EXPECT_THROW(train(setup), Error);
  setup.should_stop = {};
  setup.resume = true;
  EXPECT_EQ(train(setup).losses, whole.losses);
  std::ifstream log(bench.folder / "killed" / kMetricsFile);
  std::vector<double> logged;
  for (std::string line; std::getline(log, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);
    if (json.contains("loss")) logged.push_back(json["loss"].get<double>());
  }
  EXPECT_EQ(logged, whole.losses);
}

TEST(Trainer, RefusesToResumeWhatDoesNotFit) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel, kShortTrain);
  TrainSetup setup = bench.setup(toml, "model");
  setup.resume = true;
  EXPECT_THROW(train(setup), Error) << "there is nothing to resume";
  EXPECT_THROW(check_setup(setup), Error);
  setup.resume = false;
  setup.should_stop = [](std::uint64_t step) { return step == 2; };
  train(setup);
  const TomlFile other = config(kSmallModel, kShortTrain + "weight_decay = 0.5");
  setup.resume = true;
  setup.config = &other;
  EXPECT_THROW(train(setup), Error);
  EXPECT_THROW(check_setup(setup), Error) << "known before anything is read but the description";
  setup.config = &toml;
  EXPECT_NO_THROW(check_setup(setup));
  setup.encoders = {{"item.title", "00ff"}};
  EXPECT_THROW(check_setup(setup), Error) << "other vectors than the run began with";
  setup.encoders = {};
  const TomlFile more_threads = config(kSmallModel, kShortTrain + "threads = 2");
  setup.config = &more_threads;
  setup.should_stop = {};
  EXPECT_TRUE(train(setup).finished);
}

// A run that is mistyped, refused or killed must not cost the model that works.
TEST(Trainer, EarlierModelStaysUntilThereIsABetterOne) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel, kShortTrain);
  TrainSetup setup = bench.setup(toml, "model");
  int written = 0;
  setup.on_best = [&] { ++written; };
  train(setup);
  EXPECT_GE(written, 1);
  const std::string before = real_files().read_whole(bench.folder / "model" / kBestFile);
  const TomlFile mistyped = config(kSmallModel, "epoch = 3");
  setup.config = &mistyped;
  EXPECT_THROW(check_setup(setup), Error);
  EXPECT_THROW(train(setup), Error);
  setup.config = &toml;
  setup.should_stop = [](std::uint64_t) -> bool { throw Error("killed in the first epoch"); };
  written = 0;
  EXPECT_THROW(train(setup), Error);
  EXPECT_EQ(written, 0);
  EXPECT_EQ(real_files().read_whole(bench.folder / "model" / kBestFile), before);
  EXPECT_FALSE(std::filesystem::exists(bench.folder / "model" / kLastFile)) << "of the earlier run";
}

TEST(Trainer, BrokenCheckpointsAreErrors) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel, "epochs = 1\nbatch_size = 256\n");
  train(bench.setup(toml, "model"));
  const auto path = bench.folder / "model" / kBestFile;
  const std::string whole = real_files().read_whole(path);
  const auto loads = [&](const std::string& content) {
    real_files().write_whole(path, content);
    return TrainedModel::load(bench.folder / "model", bench.snapshot, bench.split, {});
  };
  EXPECT_NO_THROW(loads(whole));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THROW(loads(whole.substr(0, size)), Error) << "cut to " << size;
  }
  std::string flipped = whole;
  flipped[whole.size() - 3] = static_cast<char>(flipped[whole.size() - 3] ^ 1);
  EXPECT_THROW(loads(flipped), Error);
  EXPECT_THROW(loads(std::string(8, '\xff') + whole.substr(8)), Error) << "a header of 2^64 - 1 bytes";
  EXPECT_THROW(loads(whole + "x"), Error);
}

TEST(Trainer, StopsEarlyAndKeepsTheBestEpoch) {
  const Bench bench(PlantedShop{.taste = false});
  const TomlFile toml =
      config(kSmallModel, "epochs = 60\nbatch_size = 64\nlearning_rate = 0.02\npatience = 3\n");
  const TrainResult result = train(bench.setup(toml, "model"));
  ASSERT_TRUE(result.stopped_early);
  EXPECT_EQ(static_cast<std::int64_t>(result.epochs.size()), result.best_epoch + 3);
  const ModelInfo info = read_model_info(bench.folder / "model");
  EXPECT_EQ(info.epoch, result.best_epoch);
  EXPECT_EQ(info.metric, result.best_metric);
  EXPECT_EQ(info.metric_name, "ndcg@20");
}

TEST(Trainer, EveryLossAndBatchingLearns) {
  const Bench bench;
  for (const std::string loss : {"softmax", "bpr"}) {
    for (const std::string batching : {"window", "disjoint", "shared"}) {
      for (const std::string law : {"uniform", "popularity"}) {
        if (loss == "bpr" && law == "popularity") continue;
        const TomlFile toml =
            config(kSmallModel, "epochs = 8\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\nloss = \"" +
                                    loss + "\"\nbatching = \"" + batching + "\"\nnegative_law = \"" + law +
                                    "\"\ncandidates = \"sampled\"\n");
        const TrainResult result = train(bench.setup(toml, loss + batching + law));
        EXPECT_LT(result.epochs.back().mean_loss, result.epochs.front().mean_loss)
            << loss << " " << batching << " " << law;
      }
    }
  }
}

TEST(Trainer, HardNegativesLearnAndAreUsed) {
  const Bench bench;
  const std::string train_text =
      "epochs = 8\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\nloss = \"bpr\"\nnegatives = 8\n";
  const TomlFile all = config(kSmallModel, train_text),
                 hard = config(kSmallModel, train_text + "hard_negatives = 1\n"),
                 mixed = config(kSmallModel,
                                train_text + "hard_negatives = 2\nhard_skip = 1\neasy_negatives = 2\n");
  const TrainResult of_all = train(bench.setup(all, "all")), of_hard = train(bench.setup(hard, "hard")),
                    of_mixed = train(bench.setup(mixed, "mixed"));
  // The same first values and draws: the highest of eight scores costs more than all on average.
  EXPECT_GT(of_hard.losses.front(), of_all.losses.front());
  EXPECT_NE(of_mixed.losses.front(), of_all.losses.front());
  EXPECT_LT(of_hard.epochs.back().mean_loss, of_hard.epochs.front().mean_loss);
  EXPECT_LT(of_mixed.epochs.back().mean_loss, of_mixed.epochs.front().mean_loss);
  EXPECT_EQ(train(bench.setup(hard, "again")).losses, of_hard.losses);
}

TEST(Trainer, AttentionLayersLearn) {
  const Bench bench;
  const TomlFile toml = config(kSmallModel + "kind = \"gat\"\nheads = 2\n",
                               "epochs = 8\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\n");
  const TrainResult result = train(bench.setup(toml, "gat"));
  EXPECT_LT(result.epochs.back().mean_loss, result.epochs.front().mean_loss);
}

// How often a cold item of the user's own group scores above a cold item of another.
double cold_order(const Bench& bench, const PlantedShop& shop, const std::string& model_name) {
  const TrainedModel model = TrainedModel::load(bench.folder / model_name, bench.snapshot, bench.split, {});
  const ModelScorer scorer = model.scorer(evaluation_view(bench.split, graph::Part::kTest));
  double right = 0, pairs = 0;
  std::vector<float> scores(shop.items);
  for (graph::NodeId user = 0; user < shop.users; ++user) {
    scorer.score(std::span(&user, 1), scores);
    for (std::uint32_t own = shop.cold_from; own < shop.items; ++own) {
      for (std::uint32_t other = shop.cold_from; other < shop.items; ++other) {
        if (own % shop.groups != user % shop.groups || other % shop.groups == user % shop.groups) continue;
        right += scores[own] > scores[other] ? 1 : 0;
        pairs += 1;
      }
    }
  }
  return right / pairs;
}

TEST(Trainer, ColdItemsAreFoundByTheirContent) {
  const PlantedShop shop{.users = 60, .items = 60, .purchases = 20, .cold_from = 48, .item_color = true};
  const Bench bench(shop);
  const std::string epochs = "epochs = 20\nbatch_size = 64\nlearning_rate = 0.02\npatience = 0\n";
  const TomlFile toml = config(kSmallModel, epochs);
  train(bench.setup(toml, "model"));
  EXPECT_GT(cold_order(bench, shop, "model"), 0.9);
  const TomlFile blind = config(kSmallModel + "skip_fields = [\"item.color\"]\n", epochs);
  train(bench.setup(blind, "blind"));
  EXPECT_LT(cold_order(bench, shop, "blind"), 0.7);
}

}  // namespace
}  // namespace weft::gnn
