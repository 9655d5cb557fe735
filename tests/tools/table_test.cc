#include "tools/table.h"

#include <gtest/gtest.h>

namespace weft::tools {
namespace {

TEST(Table, RightAlignsNumbersAndLeftAlignsWords) {
  Table table({"name", "count"});
  table.add({"a", "1"});
  table.add({"long name", "1,000"});
  EXPECT_EQ(table.text(),
            "name       count\n"
            "----------------\n"
            "a              1\n"
            "long name  1,000\n");
}

TEST(Table, OneWordMakesTheWholeColumnLeftAligned) {
  Table table({"x"});
  table.add({"12"});
  table.add({"12 of many"});
  EXPECT_NE(table.text().find("\n12\n"), std::string::npos);
}

TEST(Table, WideCharactersTakeTwoCells) {
  EXPECT_EQ(display_width("ab"), 2U);
  EXPECT_EQ(display_width("中文"), 4U);
  Table table({"名", "n"});
  table.add({"ab", "1"});
  EXPECT_EQ(table.text(), "名  n\n-----\nab  1\n");
}

TEST(Fit, CutsAtACharacterAndSaysSo) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("中文字", 4), "中…");
  EXPECT_LE(display_width(fit("中文字", 4)), 4U);
}

TEST(Fit, IllFormedBytesCountOneCellEach) {
  EXPECT_EQ(display_width("\xff\xfe"), 2U);
}

TEST(Printable, ControlCharactersBecomeBlanks) {
  EXPECT_EQ(printable("a\x1b[31mb\tc\nd\x7f"), "a [31mb c d ");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m"),
            "a 31m")
      << "C1 in UTF-8";
  EXPECT_EQ(printable("a\x9b"
                      "31m"),
            "a 31m")
      << "C1 as a bare byte";
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(printable("Größe 中文 \xc2\xa0"), "Größe 中文 \xc2\xa0");
  EXPECT_EQ(fit("a\x1b[2Jbc", 4), "a […");
  Table table({"x"});
  table.add({"a\nb"});
  EXPECT_EQ(table.text(), "x\n---\na b\n");
}

}  // namespace
}  // namespace weft::tools
