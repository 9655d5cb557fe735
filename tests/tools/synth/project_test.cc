#include <gtest/gtest.h>

#include <regex>
#include <set>

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

}  // namespace
}  // namespace weft::synth
