// Cleaning over rows from the command line: what ingest says of it, what training and the models' users do
// with it, and that a model keeps to the constants it was trained with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/tools/small_shop.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Beside the small shop's thirty users one that buys a single thing, and one who buys everything twice.
struct CleanedShop : SmallShop {
  CleanedShop() {
    append("events.csv", "0,lone,i0\n0,twice,i1\n0,twice,i2\n1,twice,i1\n1,twice,i2\n");
    write_text(folder / "shop.toml", read_text(folder / "shop.toml") +
                                         "[clean]\npairs = { buys = \"first\" }\ncore = { user = 2 }\n");
  }
  std::set<std::string> constants(const std::string& model = "default") const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(workspace() / "models" / model)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("clean-")) names.insert(name);
    }
    return names;
  }
};

TEST(CommandClean, IngestSaysWhatTrainingWillNotSee) {
  const CleanedShop shop;
  const RunResult ingested = shop.run("ingest --json");
  ASSERT_EQ(ingested.exit_code, 0) << ingested.err;
  const auto cleaned = ingested.json()["row_cleaning"];
  EXPECT_EQ(cleaned["rules"], "pairs buys first; core user 2 over buys");
  EXPECT_EQ(cleaned["outside_core"]["user"], 1);
  const auto buys = cleaned["edges"]["buys"];
  EXPECT_EQ(buys["outside_core"]["train"], 1);
  EXPECT_GE(buys["repeats"]["train"], 2);
  EXPECT_EQ(ingested.json()["edges"]["buys"]["total"], 30 * 6 + 5) << "the store keeps everything";
  const RunResult shown = shop.run("ingest");
  EXPECT_THAT(shown.out, HasSubstr("outside the core"));
  EXPECT_THAT(shown.out, HasSubstr("repeated pairs"));
}

void expect_a_model_keeps_its_constants(const std::string& kind) {
  const CleanedShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult trained = shop.run("train" + kind);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const auto constants = shop.constants();
  ASSERT_EQ(constants.size(), 1U);
  EXPECT_EQ(shop.run("evaluate").exit_code, 0);
  EXPECT_EQ(shop.run("recommend --user u3").exit_code, 0);
  // By later data `lone` has enough; the model still goes by what it was trained with.
  shop.append("events.csv", "6,lone,i3\n6,lone,i4\n6,lone,i5\n6,newcomer,i5\n");
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  EXPECT_EQ(shop.run("recommend --user u3").exit_code, 0);
  EXPECT_EQ(shop.constants(), constants);
  // Other rules are another model.
  for (const char* setting : {"clean.core.user=3", "clean.pairs.buys=all"}) {
    const RunResult other = shop.run(std::string("recommend --user u3 --set ") + setting);
    EXPECT_EQ(other.exit_code, 2) << setting;
    EXPECT_THAT(other.err, HasSubstr("trained with other rules over rows"));
    EXPECT_THAT(other.err, HasSubstr("pairs buys first; core user 2 over buys"));
  }
  ASSERT_EQ(shop.run("train" + kind).exit_code, 0);
  EXPECT_EQ(shop.constants().size(), 1U);
  EXPECT_NE(shop.constants(), constants);
}

TEST(CommandClean, AModelKeepsItsConstants) {
  expect_a_model_keeps_its_constants("");
}

TEST(CommandClean, ALightGcnModelKeepsItsConstants) {
  expect_a_model_keeps_its_constants(" --set model.kind=lightgcn");
}

TEST(CommandClean, WhatAUserOutsideTheCoreHasIsNotRecommended) {
  const CleanedShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  const RunResult asked = shop.run("recommend --json --count 20 --user lone");
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ(asked.json()["items"].size(), 19U);
  for (const auto& item : asked.json()["items"]) EXPECT_NE(item["id"], "i0");
}

TEST(CommandClean, ARuleThatLooksAheadIsRefusedWhereTrainingGoesByTime) {
  const CleanedShop shop;
  for (const char* command : {"ingest", "train"}) {
    const RunResult refused = shop.run(std::string(command) + " --set clean.pairs.buys=last");
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("clean.pairs.buys"));
    EXPECT_THAT(refused.err, HasSubstr("hide from training at a time"));
  }
  EXPECT_FALSE(fs::exists(shop.workspace() / "store" / "db")) << "nothing was written";
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const std::string random = " --set clean.pairs.buys=last --set task.split.kind=random";
  EXPECT_EQ(shop.run("train" + random).exit_code, 0);
  EXPECT_EQ(shop.run("train --set clean.pairs.buys=last --set model.kind=lightgcn").exit_code, 0);
}

TEST(CommandClean, ACoreThatLeavesNothingSaysSo) {
  const CleanedShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const RunResult refused = shop.run("train --set clean.core.user=1000");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("cleaning leaves nothing"));
  EXPECT_THAT(refused.err, HasSubstr("clean.core"));
}

}  // namespace
}  // namespace weft
