#include "gnn/checkpoint.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "base/error.h"
#include "gnn/safetensors.h"
#include "gnn/trainer_state.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

Checkpoint example(const torch::nn::Module& module) {
  Checkpoint checkpoint;
  checkpoint.info = {.store_uuid = "u",
                     .snapshot_checksum = 0xFFFFFFFFFFFFFFFFu,
                     .config = "[task]\n",
                     .split = "by \"time\"",
                     .trained_split = {.spec = {.kind = graph::SplitKind::kFiles,
                                                .valid = 0.1 + 0.2,
                                                .seed = 0xFFFFFFFFFFFFFFFFu,
                                                .test_files = {"a \"b\".csv"}},
                                       .valid_start = -5},
                     .encoders = {{"item.title", "00ff"}},
                     .epoch = 3,
                     .step = 77,
                     .metric_name = "ndcg@20",
                     .metric = 0.1 + 0.2,
                     .parameters = 5,
                     .inputs = {"a", "b"}};
  checkpoint.schema = "{}";
  checkpoint.target = "buys";
  checkpoint.inputs.types.push_back(
      {.numbers = {{"age",
                    {.inside = {{-1, 2}}, .clip = false, .fill = 0.1, .centre = 1.0 / 3, .width = 2},
                    7}},
       .id_rows = 4000000000u});
  checkpoint.tensors = model_tensors(module);
  return checkpoint;
}

TEST(Checkpoint, EverythingComesBackExactly) {
  const TestFolder folder;
  torch::nn::Linear one(3, 2), two(3, 2);
  save_checkpoint(folder / kBestFile, example(*one));
  const Checkpoint read = load_checkpoint(folder / kBestFile);
  EXPECT_EQ(read.info.snapshot_checksum, 0xFFFFFFFFFFFFFFFFu);
  EXPECT_EQ(read.info.metric, 0.1 + 0.2);
  EXPECT_EQ(read.info.split, "by \"time\"");
  EXPECT_EQ(read.info.trained_split.spec.kind, graph::SplitKind::kFiles);
  EXPECT_EQ(read.info.trained_split.spec.valid, 0.1 + 0.2);
  EXPECT_EQ(read.info.trained_split.spec.seed, 0xFFFFFFFFFFFFFFFFu);
  EXPECT_EQ(read.info.trained_split.spec.test_files, std::vector<std::string>{"a \"b\".csv"});
  EXPECT_EQ(read.info.trained_split.test_start, graph::kEndOfTime);
  EXPECT_EQ(read.info.encoders.at("item.title"), "00ff");
  EXPECT_EQ(load_description(folder / kBestFile).inputs.types[0].id_rows, 4000000000u);
  const NumberInput& age = read.inputs.types[0].numbers[0];
  EXPECT_EQ(age.constants, example(*one).inputs.types[0].numbers[0].constants);
  EXPECT_EQ(age.outliers, 7U);
  EXPECT_EQ(read.inputs.types[0].id_rows, 4000000000u);
  restore_model(*two, read, "m");
  EXPECT_TRUE(one->weight.equal(two->weight));
  EXPECT_EQ(read_model_info(folder / "").step, 77u);
  torch::nn::Linear wider(4, 2);
  EXPECT_THROW(restore_model(*wider, read, "m"), Error);
}

TEST(Checkpoint, OtherFilesAreNoModels) {
  const TestFolder folder;
  write_safetensors(folder / "a", {{"x", torch::ones({1})}}, {});
  EXPECT_THROW(load_checkpoint(folder / "a"), Error);
  write_safetensors(folder / "b", {}, {{"weft", "{\"format\":1}"}});
  EXPECT_THROW(load_checkpoint(folder / "b"), Error);
  write_safetensors(folder / "c", {}, {{"weft", "{\"format\":2,\"model\":3}"}});
  EXPECT_THROW(load_checkpoint(folder / "c"), Error);
  write_safetensors(folder / "d", {}, {{"weft", "{"}});
  EXPECT_THROW(load_checkpoint(folder / "d"), Error);
}

TEST(TrainerState, ComesBackFromJson) {
  const TrainerState state{.step = 9,
                           .epochs = {{.epoch = 1, .mean_loss = 0.1, .seconds = 2, .metric = std::nan("")},
                                      {.epoch = 2, .metric = 0.5}},
                           .best_epoch = 2,
                           .best_metric = 0.5,
                           .since_best = 1,
                           .stopped_early = true};
  const TrainerState read = TrainerState::from_json(state.to_json(), "f");
  EXPECT_EQ(read.to_json(), state.to_json());
  EXPECT_TRUE(std::isnan(read.epochs[0].metric));
  EXPECT_EQ(read.epochs[0].mean_loss, 0.1);
  EXPECT_THROW(TrainerState::from_json("{}", "f"), Error);
}

TEST(MetricsLog, KeepsLinesOfFinishedStepsOnly) {
  const TestFolder folder;
  {
    MetricsLog log(folder / "m", 0, real_files());
    for (std::uint64_t step = 1; step <= 4; ++step) log.step(step, 1, 0.5, 0.1, 1, 0);
    log.close();
  }
  real_files().write_whole(folder / "m", real_files().read_whole(folder / "m") + "{\"step\":5,\"ep");
  MetricsLog log(folder / "m", 3, real_files());
  log.step(4, 1, 0.25, 0.1, 1, 0);
  log.close();
  const std::string text = real_files().read_whole(folder / "m");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_NE(text.find("\"loss\":0.25"), std::string::npos);
}

}  // namespace
}  // namespace weft::gnn
