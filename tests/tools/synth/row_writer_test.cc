#include "tools/synth/row_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

TEST(RowWriter, WithoutDirtWritesWhatItIsGiven) {
  const test::TempFolder folder;
  RowWriter out(folder / "a.csv", RowKind::kCsv, 1, 1, 0);
  out.header("a,b");
  out.row("1,2");
  out.row("3,4");
  out.close();
  EXPECT_EQ(read_file(folder / "a.csv"), "a,b\n1,2\n3,4\n");
  EXPECT_EQ(out.rows(), 2U);
  EXPECT_EQ(out.dirty_rows(), 0U);
}

TEST(RowWriter, DirtAddsRowsAndLosesNone) {
  const test::TempFolder folder;
  RowWriter out(folder / "a.csv", RowKind::kCsv, 1, 1, 0.3);
  for (int n = 0; n < 2000; ++n) out.row(std::to_string(n) + ",x,y");
  out.close();
  std::map<std::string, int> lines;
  for (const std::string& line : read_lines(folder / "a.csv")) ++lines[line];
  int doubled = 0;
  for (int n = 0; n < 2000; ++n) {
    const int times = lines[std::to_string(n) + ",x,y"];
    EXPECT_GE(times, 1);
    doubled += times - 1;
  }
  EXPECT_NEAR(static_cast<double>(out.dirty_rows()), 600, 5 * 20.5);  // five standard deviations
  EXPECT_NEAR(doubled, 400, 5 * 18);
  const auto broken = static_cast<double>(out.dirty_rows()) - doubled;
  EXPECT_DOUBLE_EQ(out.broken_share(), broken / static_cast<double>(2000 + out.dirty_rows()));
  EXPECT_EQ(read_lines(folder / "a.csv").size(), 2000 + out.dirty_rows());
}

TEST(RowWriter, BrokenRowsAreBroken) {
  for (const double where : {0.0, 0.2, 0.49, 0.5, 0.9, 0.999}) {
    const std::string csv = RowWriter::broken("17,u1,p2,cart", RowKind::kCsv, where);
    EXPECT_TRUE(csv == "n/a,u1,p2,cart" || csv == "17,u1,p2") << csv;
    const std::string json = RowWriter::broken(R"({"a":1,"b":"x"})", RowKind::kJson, where);
    EXPECT_FALSE(json.empty());
    EXPECT_TRUE(nlohmann::json::parse(json, nullptr, false).is_discarded()) << json;
  }
}

TEST(RowWriter, SaysWhichFileCannotBeMade) {
  const test::TempFolder folder;
  try {
    RowWriter out(folder / "none" / "a.csv", RowKind::kCsv, 1, 1, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("a.csv"), std::string::npos);
  }
}

}  // namespace
}  // namespace weft::synth
