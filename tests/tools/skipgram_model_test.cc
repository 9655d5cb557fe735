#include "tools/skipgram_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gnn/safetensors.h"
#include "tests/tools/small_shop.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kTrain = "train --json --set model.kind=skipgram";

fs::path model_of(const SmallShop& shop) {
  return shop.workspace() / "models" / "default" / "skipgram.safetensors";
}

TEST(SkipGramModel, IsTrainedEvaluatedAndAsked) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult trained = shop.run(kTrain);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.json()["inputs"][0],
            "walks of 8 steps over train events: user -buys-> item -rev_buys-> user");
  EXPECT_EQ(trained.json()["parameters"], (30 + 20) * 8);
  for (const char* command : {"recommend --user u1", "score --user u1 --item i2", "similar --item i2",
                              "embed --type item --out OUT/vectors.npy", "evaluate --no-baselines"}) {
    std::string line = command;
    if (const auto at = line.find("OUT"); at != std::string::npos) line.replace(at, 3, shop.folder.string());
    const RunResult run = shop.run(line);
    EXPECT_EQ(run.exit_code, 0) << command << run.err;
  }
  EXPECT_THAT(shop.run("evaluate --json").json()["remark"].get<std::string>(), HasSubstr("skip-gram"));
  // One model a folder.
  ASSERT_EQ(shop.run("train --set model.kind=lightgcn").exit_code, 0);
  EXPECT_FALSE(fs::exists(model_of(shop)));
  ASSERT_EQ(shop.run(kTrain).exit_code, 0);
  EXPECT_FALSE(fs::exists(model_of(shop).parent_path() / "lightgcn.safetensors"));
  EXPECT_TRUE(fs::exists(model_of(shop)));
}

// Vectors of a shop whose last day, which is the test part, or whose first day is another.
gnn::TensorFile trained_on(const std::string& first_day, const std::string& last_day) {
  SmallShop shop;
  shop.append("events.csv", "0,u1,i" + first_day + "\n");
  for (int u = 0; u < shop.users; ++u)
    shop.append("events.csv", fmt::format("7,u{},i{}\n", u, last_day == "same" ? u % 3 : (u * 11 + 5) % 20));
  const RunResult ingested = shop.run("ingest"), trained = shop.run(kTrain);
  EXPECT_EQ(ingested.exit_code, 0) << ingested.err;
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  return gnn::read_safetensors(model_of(shop));
}

// What is held out cannot be told from the vectors: with another test part they are the same to the last bit.
// (The validation part only picks the epoch, and is the same in all.)
TEST(SkipGramModel, WalksSeeNoEventThatIsHeldOut) {
  const gnn::TensorFile one = trained_on("3", "same"), other = trained_on("3", "mixed"),
                        early = trained_on("4", "same");
  for (const char* name : {"users", "items"}) {
    EXPECT_TRUE(one.tensors.at(name).equal(other.tensors.at(name))) << name;
    EXPECT_FALSE(one.tensors.at(name).equal(early.tensors.at(name))) << name << ": the test would see a leak";
  }
}

TEST(SkipGramModel, SaysWhomItDoesNotKnow) {
  const SmallShop shop;
  shop.append("events.csv", "5,late,i1\n5,u1,unsold\n");
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run(kTrain).exit_code, 0);
  for (const char* command : {"recommend --user late", "similar --item unsold"}) {
    const RunResult run = shop.run(command);
    EXPECT_EQ(run.exit_code, 1) << command << run.out;
    EXPECT_THAT(run.err, HasSubstr("does not know this")) << command;
  }
}

TEST(SkipGramModel, ResumedEqualsUninterruptedWhateverTheThreads) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const std::string setting = std::string(kTrain) + " --set skipgram.patience=0";
  ASSERT_EQ(shop.run(setting + " --set skipgram.epochs=3").exit_code, 0);
  const std::string whole = read_text(model_of(shop)),
                    last = read_text(model_of(shop).parent_path() / "last.safetensors");
  ASSERT_EQ(shop.run(setting + " --set skipgram.epochs=1 --threads 1").exit_code, 0);
  const RunResult resumed = shop.run(setting + " --set skipgram.epochs=3 --resume --threads 2");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json()["epochs"].size(), 2U);
  EXPECT_EQ(read_text(model_of(shop)), whole);
  EXPECT_EQ(read_text(model_of(shop).parent_path() / "last.safetensors"), last);
  const RunResult other = shop.run(setting + " --set skipgram.window=5 --resume");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("other data or settings"));
}

// A shop with users who follow each other, and its walks.
struct FollowingShop {
  SmallShop shop;
  explicit FollowingShop(const std::string& walks) {
    std::string text = "a,b\n";
    for (int u = 0; u < shop.users; ++u) text += fmt::format("u{},u{}\n", u, (u * 3 + 1) % shop.users);
    write_text(shop.folder / "friends.csv", text);
    shop.append("shop.toml",
                "[edges.follows]\nsource = \"friends.csv\"\nfrom = \"user:a\"\nto = \"user:b\"\n" + walks);
  }
};

TEST(SkipGramModel, WalksGoAlongThePathsOfTheProjectFile) {
  const FollowingShop given(
      "[skipgram.walks.buying]\npath = [\"rev_buys\", \"buys\"]\nlength = 4\nper_node = 3\n"
      "[skipgram.walks.following]\npath = [\"follows\"]\np = 0.5\nq = 2\n");
  ASSERT_EQ(given.shop.run("ingest").exit_code, 0);
  const RunResult trained = given.shop.run(kTrain);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.json()["inputs"],
            nlohmann::json::array({"walks of 4 steps over train events: item -rev_buys-> user -buys-> item",
                                   "walks of 8 steps over train events: user -follows-> user"}));
}

TEST(SkipGramModel, WalksThatMakeNoSenseAreErrors) {
  const std::string buying = "[skipgram.walks.buying]\npath = [\"buys\", \"rev_buys\"]\n";
  for (const auto& [walks, said] : std::vector<std::pair<std::string, std::string>>{
           {"[skipgram.walks.a]\npath = [\"buys\"]\n", "begins at 'user' nodes"},
           {"[skipgram.walks.a]\npath = [\"folows\"]\n", "did you mean 'follows'?"},
           {"[skipgram.walks.a]\npath = []\n", "names no relation"},
           {"[skipgram.walks.a]\nlength = 4\n", "walks need a path"},
           {"[skipgram.walks.a]\npath = [\"follows\"]\n", "no walk meets 'item' nodes"},
           {buying + "p = 2\n", "along one relation alone"},
           {buying + "length = 0\n", "length"},
           {buying + "pathh = 0\n", "pathh"},
           {"[skipgram.walks]\nbuying = 3\n", "skipgram.walks.buying"}}) {
    const FollowingShop given(walks);
    ASSERT_EQ(given.shop.run("ingest").exit_code, 0) << walks;
    const RunResult trained = given.shop.run("train");
    EXPECT_EQ(trained.exit_code, 2) << walks << trained.out;
    EXPECT_THAT(trained.err, AllOf(HasSubstr("shop.toml:"), HasSubstr(said))) << walks;
  }
}

}  // namespace
}  // namespace weft::tools
