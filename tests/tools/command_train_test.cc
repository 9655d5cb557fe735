// What a training leaves behind when it is refused, mistyped, or meets another one, and what evaluation
// accepts of it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/tools/small_shop.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out.insert(fs::relative(entry.path(), folder).string());
  }
  return out;
}

// The program, stopped at a named point of its run.
class Stopped {
 public:
  Stopped(const std::string& command, const std::string& project, const std::string& point) {
    process_ = ::fork();
    if (process_ == 0) {
      ::setenv("WEFT_STOP_POINT", point.c_str(), 1);
      const std::string line = std::string("unset OMP_WAIT_POLICY GOMP_SPINCOUNT; exec " WEFT_BINARY " ") +
                               command + " --quiet " + project + " >/dev/null 2>&1";
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(process_, &status, WUNTRACED), process_);
    EXPECT_TRUE(WIFSTOPPED(status));
  }
  ~Stopped() {
    if (process_ > 0) finish();
  }
  pid_t process() const { return process_; }
  int finish() {
    int status = 0;
    ::kill(process_, SIGCONT);
    EXPECT_EQ(::waitpid(process_, &status, 0), process_);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  pid_t process_ = -1;
};

TEST(CommandTrain, RefusedOrMistypedLeavesTheModelThatWorks) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  const std::string ask = "recommend --user u3";
  ASSERT_EQ(shop.run(ask).exit_code, 0);
  shop.add_day(6);
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run(ask).exit_code, 0);

  std::set<std::string> before;
  for (const char* folder : {"encoders", "features", "models"}) {
    for (const std::string& file : files_below(shop.workspace() / folder))
      before.insert(std::string(folder) + "/" + file);
  }
  const RunResult resumed = shop.run("train --resume");
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_THAT(resumed.err, HasSubstr("another snapshot"));
  EXPECT_THAT(resumed.err, HasSubstr("without --resume"));
  EXPECT_EQ(shop.run("train --set train.epoch=5").exit_code, 2);
  EXPECT_NE(shop.run("train --set model.id_embeddings=nobody --set encoders.text.dim=7").exit_code, 0);
  const RunResult asked = shop.run(ask);
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  for (const std::string& file : before) EXPECT_TRUE(fs::exists(shop.workspace() / file)) << file;

  ASSERT_EQ(shop.run("train").exit_code, 0);
  EXPECT_EQ(shop.run(ask).exit_code, 0);
  std::size_t encoders = 0;
  for (const std::string& file : files_below(shop.workspace() / "encoders"))
    encoders += file.ends_with(".enc") ? 1 : 0;
  EXPECT_EQ(encoders, 1U) << "what no model uses any more goes";
}

// A model that hears from the nodes that walks visit is trained, evaluated and asked like any other.
TEST(CommandTrain, TakesRelationsThatWalksMake) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  const auto asked = [&] { return shop.run("recommend --json --user u3").json(); };
  const auto plain = asked();
  const std::string walks = "[model.walks.also_bought]\npath = [\"rev_buys\", \"buys\"]\nneighbours = 5\n";
  shop.append("shop.toml", walks);
  const RunResult first = shop.run("train");
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto with = asked();
  EXPECT_NE(with, plain);
  for (const char* command : {"evaluate --no-baselines", "score --user u1 --item i2", "similar --item i2",
                              "bench --seconds 0.05 --parts sampling"}) {
    const RunResult run = shop.run(command);
    EXPECT_EQ(run.exit_code, 0) << command << run.err;
  }
  ASSERT_EQ(shop.run("train --set train.threads=2").exit_code, 0);
  EXPECT_EQ(asked(), with);
  ASSERT_EQ(shop.run("train --set model.walks.also_bought.per_node=3").exit_code, 0);
  EXPECT_NE(asked(), with);
}

TEST(CommandTrain, WalksThatMakeNoSenseAreErrorsOfTheFile) {
  const std::string walks = "[model.walks.near]\n", path = "path = [\"rev_buys\", \"buys\"]\n";
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {walks + "path = [\"buys\"]\n", "begins at 'user' nodes"},
           {walks + "path = [\"rev_buys\", \"bys\"]\n", "did you mean 'buys'?"},
           {walks + "neighbours = 3\n", "walks need a path"},
           {walks + path + "neighbours = 0\n", "model.walks.near.neighbours"},
           {walks + path + "per_node = 100000\n", "model.walks.near.per_node"},
           {walks + path + "neighbors = 3\n", "neighbours"},
           {"[model.walks.buys]\n" + path, "the name of a relation"}}) {
    const SmallShop shop;
    ASSERT_EQ(shop.run("ingest").exit_code, 0);
    shop.append("shop.toml", text);
    const RunResult run = shop.run("train");
    EXPECT_EQ(run.exit_code, 2) << text;
    EXPECT_THAT(run.err, AllOf(HasSubstr("shop.toml:"), HasSubstr(said))) << text;
    EXPECT_FALSE(fs::exists(shop.workspace() / "models" / "default" / "model.safetensors"));
  }
}

// A training under way has claimed its encoders; one that ends meanwhile must not remove them.
TEST(CommandTrain, OneAtATimeForAModelAndOthersLeaveItsFilesAlone) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  Stopped first("train", shop.project, "model.before_rename");
  EXPECT_THAT(read_text("/proc/" + std::to_string(first.process()) + "/environ"),
              HasSubstr("OMP_WAIT_POLICY="));
  const RunResult second = shop.run("train");
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err,
              HasSubstr("the model 'default' is held by process " + std::to_string(first.process())));
  const RunResult other = shop.run("train --model other --set encoders.text.dim=7");
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_EQ(first.finish(), 0);
  const RunResult asked = shop.run("recommend --user u1");
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ(shop.run("recommend --user u1 --model other").exit_code, 0);
}

TEST(CommandTrain, TwoThatAskAfterAnIngestDoNotStopEachOther) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  shop.append("items.jsonl", "{\"id\": \"new\", \"title\": \"thing of kind 1\"}\n");
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  Stopped first("recommend --user u1", shop.project, "feature_set.before_rename");
  const RunResult second = shop.run("recommend --user u2");
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("without the cache of vectors"));
  EXPECT_EQ(first.finish(), 0);
  EXPECT_EQ(shop.run("verify").exit_code, 0);
}

void expect_evaluation_keeps_to_the_trained_split(const std::string& kind) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult trained = shop.run("train" + kind);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(shop.run("evaluate").exit_code, 0);
  for (const char* setting : {"task.split.kind=random", "task.split.test=0.3"}) {
    const RunResult other = shop.run(std::string("evaluate --set ") + setting);
    EXPECT_EQ(other.exit_code, 2) << setting;
    EXPECT_THAT(other.err, HasSubstr("trained with another split"));
    EXPECT_THAT(other.err, HasSubstr("train again"));
    EXPECT_EQ(shop.run(std::string("evaluate --baselines-only --set ") + setting).exit_code, 0) << setting;
    EXPECT_EQ(shop.run(std::string("recommend --user u1 --set ") + setting).exit_code, 0) << setting;
  }
  shop.add_day(6);
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult grown = shop.run("evaluate");
  EXPECT_EQ(grown.exit_code, 0) << grown.err;
  // Much that is old came in: the test part now begins where training had been.
  std::string old;
  for (int n = 0; n < 20; ++n) old += "3,v" + std::to_string(n) + ",i1\n";
  for (int n = 0; n < 1500; ++n) old += "1,w" + std::to_string(n) + ",i2\n";
  shop.append("events.csv", old);
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult moved = shop.run("evaluate");
  EXPECT_EQ(moved.exit_code, 1) << moved.out;
  EXPECT_THAT(moved.err, HasSubstr("train again"));
}

TEST(CommandEvaluate, KeepsToTheSplitThatTheNetworkWasTrainedWith) {
  expect_evaluation_keeps_to_the_trained_split("");
}
TEST(CommandEvaluate, KeepsToTheSplitThatLightGcnWasTrainedWith) {
  expect_evaluation_keeps_to_the_trained_split(" --set model.kind=lightgcn");
}

TEST(LightGcnModel, ResumeAfterEarlyStoppingTrainsNoMore) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const std::string train =
      "train --json --set model.kind=lightgcn --set lightgcn.epochs=500 --set lightgcn.patience=2 --set "
      "lightgcn.learning_rate=1e-9";
  const RunResult first = shop.run(train);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  ASSERT_TRUE(first.json()["stopped_early"].get<bool>());
  const fs::path folder = first.json()["model"].get<std::string>();
  const std::string log = read_text(folder / "metrics.jsonl"),
                    best = read_text(folder / "lightgcn.safetensors");
  const RunResult again = shop.run(train + " --resume");
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(again.json()["stopped_early"].get<bool>());
  EXPECT_EQ(again.json()["best_epoch"], first.json()["best_epoch"]);
  EXPECT_THAT(again.err, HasSubstr("was finished"));
  EXPECT_EQ(read_text(folder / "metrics.jsonl"), log);
  EXPECT_EQ(read_text(folder / "lightgcn.safetensors"), best);
}

// What cannot run there leaves what was trained before as it was.
TEST(LightGcnModel, ATrainingThatTheGpuCannotTakeLeavesTheEarlierOne) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const std::string train = "train --json --set model.kind=lightgcn --set lightgcn.epochs=2";
  const RunResult first = shop.run(train);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const fs::path folder = first.json()["model"].get<std::string>();
  const std::string log = read_text(folder / "metrics.jsonl"), last = read_text(folder / "last.safetensors");
  const RunResult layers = shop.run(train + " --set lightgcn.device=cuda --set lightgcn.layers=9");
  EXPECT_EQ(layers.exit_code, 2);
  EXPECT_THAT(layers.err, AllOf(HasSubstr("layers"), HasSubstr("8")));
  const RunResult absent = shop.run("train --json --set model.kind=lightgcn --set lightgcn.device=cuda",
                                    "WEFT_CUDA_PLUGIN=/nowhere/libweft_cuda.so ");
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.err, HasSubstr("WEFT_CUDA_PLUGIN"));
  EXPECT_EQ(read_text(folder / "metrics.jsonl"), log);
  EXPECT_EQ(read_text(folder / "last.safetensors"), last);
}

TEST(LightGcnModel, SaysWhomItDoesNotKnow) {
  const SmallShop shop;
  shop.append("events.csv", "5,late,i1\n5,u1,unsold\n");
  shop.append("items.jsonl", "{\"id\": \"unsold\", \"title\": \"thing\"}\n");
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train --set model.kind=lightgcn").exit_code, 0);
  EXPECT_EQ(shop.run("recommend --user u1").exit_code, 0);
  for (const char* command :
       {"recommend --user late", "score --user late --item i1", "similar --item unsold"}) {
    const RunResult run = shop.run(command);
    EXPECT_EQ(run.exit_code, 1) << command << run.out;
    EXPECT_THAT(run.err, HasSubstr("does not know this")) << command;
  }
  const RunResult score = shop.run("score --json --user u1 --item unsold");
  EXPECT_EQ(score.json()["score"], 0.0);
}

// One model a folder, and the one that works until the other does.
TEST(LightGcnModel, AndTheNetworkReplaceEachOther) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const fs::path folder = shop.workspace() / "models" / "default";
  ASSERT_EQ(shop.run("train").exit_code, 0);
  EXPECT_EQ(shop.run("train --resume --set model.kind=lightgcn").exit_code, 1)
      << "the state is the network's";
  EXPECT_TRUE(fs::exists(folder / "model.safetensors"));
  ASSERT_EQ(shop.run("train --set model.kind=lightgcn").exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
  EXPECT_EQ(shop.run("train --resume").exit_code, 1);
  EXPECT_EQ(shop.run("recommend --user u1").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "lightgcn.safetensors"));
  EXPECT_EQ(shop.run("recommend --user u1").exit_code, 0);
}

}  // namespace
}  // namespace weft
