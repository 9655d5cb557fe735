#include "storage/project.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "storage/ingest.h"
#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

TEST(Project, NamesFilesAndColumnsThatAreThere) {
  SynthOptions options = small_options();
  options.dirt = 0;
  const SmallShop shop(options);
  const std::string project = read_file(shop.path() / "shop.toml");
  const std::regex source(R"re(source = "([^"]+)")re");
  std::set<std::string> sources;
  for (std::sregex_iterator at(project.begin(), project.end(), source), end; at != end; ++at)
    sources.insert((*at)[1]);
  EXPECT_EQ(sources, (std::set<std::string>{"users.csv", "items.jsonl", "reviews.jsonl", "searches.jsonl",
                                            "events.csv", "follows.csv"}));
  for (const std::string& name : sources)
    EXPECT_TRUE(std::filesystem::is_regular_file(shop.path() / name)) << name;

  std::set<std::string> columns;
  for (const char* name : {"users.csv", "events.csv", "follows.csv"}) {
    for (const std::string& cell : split_row(read_lines(shop.path() / name)[0])) columns.insert(cell);
  }
  for (const char* name : {"items.jsonl", "reviews.jsonl", "searches.jsonl"}) {
    const JsonRows read = read_jsonl(shop.path() / name);
    for (const auto& [key, value] : read.rows.at(0).items()) columns.insert(key);
  }
  const std::regex used(
      R"re((?:id|column|name|weight) = "(\w+)"|\n(?:from|to) = "\w+:(\w+)"|\nfields\.(\w+) )re");
  std::size_t checked = 0;
  for (std::sregex_iterator at(project.begin(), project.end(), used), end; at != end; ++at) {
    const std::string column = (*at)[1].matched ? (*at)[1] : (*at)[2].matched ? (*at)[2] : (*at)[3];
    EXPECT_TRUE(columns.contains(column)) << column;
    ++checked;
  }
  EXPECT_GT(checked, 40U);
}

// Of a log of ten rows one broken row is a tenth: the thresholds follow what was really written.
TEST(Project, EveryShopPassesItsOwnThresholds) {
  struct Case {
    std::uint64_t users, items, seed;
    double dirt;
  };
  for (const Case& each : {Case{10, 20, 7, 0.02}, Case{10, 20, 12, 0.02}, Case{10, 20, 24, 0.02},
                           Case{60, 60, 1, 0.02}, Case{60, 60, 2, 0.5}}) {
    SynthOptions options = small_options();
    options.users = each.users;
    options.items = each.items;
    options.seed = each.seed;
    options.dirt = each.dirt;
    const SmallShop shop(options);
    const std::filesystem::path file = shop.path() / "shop.toml";
    const storage::Project project = storage::read_project(TomlFile::read(file), file);
    EXPECT_GE(project.clean.max_bad_rows, 0.05);
    EXPECT_GE(project.clean.max_bad_media, 0.05);
    storage::GraphStore store =
        storage::GraphStore::open(project.workspace.store(), project.schema, {.sync = storage::Sync::kNever});
    const storage::IngestReport report = storage::ingest(project, store);
    EXPECT_GT(report.quarantined_rows, 0U) << "seed " << each.seed;
    const auto user = *project.schema.graph.find_node_type("user");
    EXPECT_EQ(store.find_node(user, "n/a"), std::nullopt) << "seed " << each.seed;
    EXPECT_EQ(store.info().node_counts[user], each.users);
  }
}

}  // namespace
}  // namespace weft::synth
