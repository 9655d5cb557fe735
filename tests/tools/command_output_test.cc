// What the logs hold must not break what is printed and written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/tools/small_shop.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

TEST(CommandOutput, TitlesCannotDriveTheTerminal) {
  const SmallShop shop;
  std::string rows;
  for (int i = 0; i < shop.items; ++i)
    rows += fmt::format("{{\"id\": \"i{}\", \"title\": \"red \\u001b[2J\\u009b\\u007f chair\"}}\n", i);
  write_text(shop.folder / "items.jsonl", rows);
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  for (const char* command : {"recommend --user u1", "similar --item i1", "score --user u1 --item i1"}) {
    const RunResult run = shop.run(command);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("red  [2J   chair")) << command;
    for (const char* control : {"\x1b", "\x7f", "\xc2\x9b"})
      EXPECT_EQ(run.out.find(control), std::string::npos) << command;
  }
}

TEST(CommandOutput, ATabInAnIdIsNoColumnOfTheLists) {
  const SmallShop shop;
  shop.append("events.csv", "0,x\ty,i1\n5,x\ty,i9\n");
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const auto lists = shop.folder / "lists";
  ASSERT_EQ(shop.run("evaluate --baselines-only --lists " + lists.string()).exit_code, 0);
  std::istringstream lines(read_text(lists / "popularity.tsv"));
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 5) << line;
    found |= line.starts_with("x\\ty\t");
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace weft
