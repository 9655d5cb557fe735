// `weft bench` through the real program.
#include <gtest/gtest.h>

#include <set>

#include "tests/tools/run_weft.h"
#include "tests/tools/small_shop.h"

namespace weft {
namespace {

std::set<std::string> parts_of(const nlohmann::json& json) {
  std::set<std::string> parts;
  for (const auto& one : json["measurements"]) parts.insert(one["part"].get<std::string>());
  return parts;
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) names.insert(entry.path());
  return names;
}

TEST(BenchCommand, MeasuresAProjectAndLeavesNothingBehind) {
  const SmallShop shop;
  const auto before = names_in(shop.folder);
  const RunResult run = run_weft("bench " + shop.project + " --seconds 0.05 --json --quiet");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = run.json();
  EXPECT_EQ(parts_of(json), (std::set<std::string>{"ingest", "encoding", "sampling", "training", "query"}));
  for (const auto& one : json["measurements"]) EXPECT_GT(one["value"].get<double>(), 0) << one;
  EXPECT_EQ(json["measurements"][0]["rows"], shop.items + 6 * shop.users);
  EXPECT_EQ(names_in(shop.folder), before) << "no workspace, no temporary folder";
}

TEST(BenchCommand, WorksOnTheProjectsOwnSnapshotWithoutIngest) {
  const SmallShop shop;
  const RunResult none = run_weft("bench " + shop.project + " --parts sampling --quiet");
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("run 'weft ingest"), std::string::npos) << none.err;
  ASSERT_EQ(run_weft("ingest " + shop.project + " --quiet").exit_code, 0);
  const auto before = names_in(shop.folder);
  const RunResult run =
      run_weft("bench " + shop.project +
               " --parts sampling,query --seconds 0.05 --json --quiet --set model.kind=lightgcn");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(parts_of(run.json()), (std::set<std::string>{"sampling", "query"}));
  EXPECT_EQ(names_in(shop.folder), before);
}

TEST(BenchCommand, MakesAShopWhereNoProjectIsGiven) {
  const auto folder = scratch_folder("bench");
  const RunResult run =
      run_weft("bench --users 60 --items 40 --no-media --parts ingest,sampling --seconds 0.05 --folder " +
               folder.string());
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("rows to the store"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("a tree an event"), std::string::npos) << run.out;
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(BenchCommand, RefusesUnknownPartsAndAFolderThatIsNotThere) {
  const SmallShop shop;
  EXPECT_EQ(run_weft("bench " + shop.project + " --parts ingest,cooking").exit_code, 2);
  EXPECT_EQ(run_weft("bench " + shop.project + " --folder /does/not/exist").exit_code, 2);
  EXPECT_EQ(run_weft("bench " + shop.project + " --seconds 0").exit_code, 2);
  EXPECT_EQ(run_weft("bench " + (shop.folder / "other.toml").string()).exit_code, 2);
}

}  // namespace
}  // namespace weft
