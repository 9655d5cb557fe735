#include "storage/cleaning/row_cells.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;

constexpr const char* kProject = R"([nodes.item]
source = "items.jsonl"
id = "sku"
fields.tags = { kind = "category" }
fields.colour = { kind = "category" }
fields.price = { kind = "number" }

[sources."items.jsonl".columns]
id = { rename = "sku" }
tags = { separator = "|", tidy = "space", values = { old = "used" }, missing = ["none"] }
colour = { allowed = ["red", "blue"], on_bad = "drop" }
price = { factor = 0.5, on_bad = "missing", default = 7 }

[clean]
missing = ["n/a"]
)";

class RowCellsTest : public ::testing::Test {
 protected:
  Project project() {
    real_files().write_whole(folder_ / "items.jsonl", "");
    return read_project(TomlFile::parse(kProject, "p.toml"), folder_ / "p.toml");
  }
  ColumnRef ref(const char* name) { return {name, {}}; }
  test::TempFolder folder_;
};

Cell cell(std::string_view text) {
  return {.present = !text.empty(), .text = text};
}

TEST_F(RowCellsTest, ColumnsByTheirNewNamesListsByTheirItems) {
  const Project project = this->project();
  RowCells cells(project, 0);
  const std::size_t id = cells.add(ref("sku"), {});
  const std::size_t tags = cells.add(ref("tags"), {});
  EXPECT_EQ(cells.add(ref("tags"), {}), tags);
  EXPECT_EQ(cells.add(ref(""), {}), RowCells::kNone);
  EXPECT_THAT(cells.columns(), ElementsAre("id", "tags"));
  EXPECT_EQ(cells.column_of(id), "id");
  std::vector<Cell> row = {cell("1"), cell(" old| none |new")};
  cells.begin({.cells = row});
  EXPECT_EQ(cells.get(id).text, "1");
  EXPECT_TRUE(cells.get(tags).is_list);
  EXPECT_THAT(cells.get(tags).items, ElementsAre("used", "new"));
  const std::vector<std::string_view> items = {"none", "a  b"};
  row[1] = {.present = true, .is_list = true, .items = items};
  cells.begin({.cells = row});
  EXPECT_THAT(cells.get(tags).items, ElementsAre("a b"));
  row = {cell("n/a"), cell("none")};
  cells.begin({.cells = row});
  EXPECT_FALSE(cells.get(id).present);
  EXPECT_FALSE(cells.get(tags).present);
  const StepCounts& counts = cells.counts.rules.at(1);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kMissing)], 3U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kValues)], 1U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kSpace)], 3U);
}

TEST_F(RowCellsTest, AValueIsCleanedOnceAndOnlyIfAskedFor) {
  const Project project = this->project();
  RowCells cells(project, 0);
  const std::size_t price = cells.add(ref("price"), {});
  const std::size_t colour = cells.add(ref("colour"), {});
  std::vector<Cell> row = {cell("5"), cell("green")};
  cells.begin({.cells = row});
  EXPECT_EQ(cells.get(price).text, "2.5");
  EXPECT_EQ(cells.get(price).text, "2.5");
  try {
    cells.get(colour);
    ADD_FAILURE() << "green is not allowed";
  } catch (const BadValue& bad) {
    EXPECT_EQ(bad.then, OnBad::kDrop);
    EXPECT_EQ(bad.reason, "value not allowed");
    EXPECT_EQ(bad.detail, "column 'colour': 'green' is not among the column's values");
  }
  row = {cell("x"), cell("green")};
  cells.begin({.cells = row});
  EXPECT_EQ(cells.get(price).text, "7");
  const std::vector<std::string_view> items = {"1", "2"};
  row[0] = {.present = true, .is_list = true, .items = items};
  cells.begin({.cells = row});
  EXPECT_EQ(cells.get(price).text, "7") << "a list is no number";
  EXPECT_FALSE(cells.get(price).is_list);
  const StepCounts& counts = cells.counts.rules.at(3);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kFactor)], 1U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kBad)], 2U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CleanStep::kDefault)], 2U);
}

}  // namespace
}  // namespace weft::storage
