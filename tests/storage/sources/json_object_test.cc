#include "storage/sources/json_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using Outcome = JsonObjectReader::Outcome;

TEST(JsonObject, OneObjectAtATime) {
  JsonObjectReader reader({"id", "a.b", "list"});
  std::vector<Cell> cells(3);
  Row row;
  EXPECT_EQ(reader.read(R"({"id": 7, "a": {"b": "x"}, "other": 1})", cells, row), Outcome::kGood);
  EXPECT_THAT(std::vector<std::string>({cell_text(cells[0]), cell_text(cells[1]), cell_text(cells[2])}),
              ElementsAre("7", "x", ""));
  EXPECT_FALSE(cells[2].present) << "what an earlier object left is gone";
  EXPECT_THAT(reader.missing_columns(), ElementsAre(2U));
  EXPECT_EQ(reader.read(R"({"list": [1, null, "y"]})", cells, row), Outcome::kGood);
  EXPECT_EQ(cell_text(cells[2]), "[1|y]");
  EXPECT_FALSE(cells[0].present);
  EXPECT_THAT(reader.missing_columns(), ElementsAre());
  EXPECT_THAT(reader.known_columns(), ElementsAre("id", "a", "other", "list"));
}

TEST(JsonObject, WhatIsNoneOrHoldsWhatNoCellCan) {
  JsonObjectReader reader({"id"});
  std::vector<Cell> cells(1);
  const auto outcome = [&](std::string_view text) {
    Row row;
    const Outcome found = reader.read(text, cells, row);
    return std::pair(found, row.bad_reason);
  };
  EXPECT_EQ(outcome("{\"id\": "), std::pair(Outcome::kBad, std::string("invalid JSON")));
  EXPECT_EQ(outcome("7"), std::pair(Outcome::kBad, std::string("invalid JSON")));
  EXPECT_EQ(outcome("{\"id\": {}}"), std::pair(Outcome::kBad, std::string("wrong type")));
  EXPECT_EQ(outcome("{\"id\": [[1]]}"), std::pair(Outcome::kBad, std::string("wrong type")));
  EXPECT_EQ(outcome("{\"id\": \"\xC0\"}"), std::pair(Outcome::kNotUtf8, std::string()));
  EXPECT_EQ(outcome("{\"id\": 1}"), std::pair(Outcome::kGood, std::string()));
}

}  // namespace
}  // namespace weft::storage
