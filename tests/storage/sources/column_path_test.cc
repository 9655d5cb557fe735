#include "storage/sources/column_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::storage {
namespace {

using ::testing::ElementsAre;

TEST(ColumnPath, PartsBetweenDots) {
  EXPECT_THAT(column_parts("a"), ElementsAre("a"));
  EXPECT_THAT(column_parts("a.b.0"), ElementsAre("a", "b", "0"));
  EXPECT_THAT(column_parts(""), ElementsAre(""));
  EXPECT_THAT(column_parts(".a."), ElementsAre("", "a", ""));
}

TEST(ColumnPath, EntriesOfLists) {
  EXPECT_EQ(list_entry("0"), std::size_t{0});
  EXPECT_EQ(list_entry("17"), std::size_t{17});
  for (const char* none : {"", "-1", "1x", " 1", "99999999999999999999999"})
    EXPECT_FALSE(list_entry(none)) << none;
}

}  // namespace
}  // namespace weft::storage
