// `weft partition` through the real program.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_weft.h"

namespace weft {
namespace {

TEST(PartitionCommand, CutsTheSnapshotAndSaysWhatItCosts) {
  const auto folder = scratch_folder("partition");
  const std::string shop = (folder / "shop").string();
  ASSERT_EQ(run_weft("synth " + shop + " --users 80 --items 60 --no-media --quiet").exit_code, 0);
  const std::string project = shop + "/shop.toml";
  const RunResult early = run_weft("partition " + project);
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_NE(early.err.find("run 'weft ingest"), std::string::npos) << early.err;
  ASSERT_EQ(run_weft("ingest " + project + " --quiet").exit_code, 0);

  const RunResult run = run_weft("partition " + project + " --parts 3 --json");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = run.json();
  EXPECT_EQ(json["parts"], 3);
  EXPECT_EQ(json["nodes"]["user"].size(), 3u);
  EXPECT_LE(json["all_edges"]["cut"].get<int>(), json["all_edges"]["random_cut"].get<int>());
  EXPECT_GT(json["all_edges"]["cut"].get<int>(), 0);
  EXPECT_TRUE(std::filesystem::exists(json["folder"].get<std::string>()));

  const RunResult again = run_weft("partition " + project + " --parts 3");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find("--out"), std::string::npos) << again.err;
  const RunResult text =
      run_weft("partition " + project + " --parts 2 --method streaming --edge-weight buys=5 --out " +
               (folder / "two").string());
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("by chance"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("2 parts by streaming"), std::string::npos) << text.out;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  const RunResult bare = run_weft("partition " + project + " --parts 2 --out bare");
  std::filesystem::current_path(before);
  EXPECT_EQ(bare.exit_code, 0) << bare.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "bare" / "manifest.json"));
}

TEST(PartitionCommand, RefusesWhatItDoesNotKnow) {
  const auto folder = scratch_folder("partition_bad");
  const std::string shop = (folder / "shop").string();
  ASSERT_EQ(run_weft("synth " + shop + " --users 60 --items 40 --no-media --quiet").exit_code, 0);
  const std::string project = shop + "/shop.toml";
  ASSERT_EQ(run_weft("ingest " + project + " --quiet").exit_code, 0);
  for (const char* options :
       {"--method best", "--edge-weight bought=2", "--edge-weight buys=0", "--parts 0", "--imbalance 0.5"}) {
    const RunResult run = run_weft("partition " + project + " " + options);
    EXPECT_EQ(run.exit_code, 2) << options << ": " << run.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "shop" / "workspace" / "partitions" / "2"));
  }
}

}  // namespace
}  // namespace weft
