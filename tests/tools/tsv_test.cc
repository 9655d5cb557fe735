#include "tools/tsv.h"

#include <gtest/gtest.h>

namespace weft::tools {
namespace {

TEST(Tsv, CellsHoldNoTabsAndNoLineEnds) {
  EXPECT_EQ(tsv_escaped("plain é"), "plain é");
  EXPECT_EQ(tsv_escaped("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
  EXPECT_EQ(tsv_escaped(""), "");
}

}  // namespace
}  // namespace weft::tools
