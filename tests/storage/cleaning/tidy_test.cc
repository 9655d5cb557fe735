#include "storage/cleaning/tidy.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace weft::storage {
namespace {

using namespace std::string_literals;

std::string done(std::string_view text, TidyStep step) {
  return tidy(text, step).value_or("(same)");
}

TEST(Tidy, Html) {
  EXPECT_EQ(done("6&#34; caf&eacute;<br/>bar", TidyStep::kHtml), "6\" café bar");
  EXPECT_EQ(done("AT&T, a < b", TidyStep::kHtml), "(same)");
}

TEST(Tidy, ControlCharactersBecomeBlanksAndByteOrderMarksGo) {
  EXPECT_EQ(done("a\0b\x1f"
                 "c\x7f"
                 "d\xC2\x85"
                 "e\xEF\xBB\xBF"
                 "f"s,
                 TidyStep::kControl),
            "a b c d ef");
  EXPECT_EQ(done("a\tb\r\nc\xC2\xA0", TidyStep::kControl), "(same)") << "white space is none";
}

TEST(Tidy, NormalForms) {
  EXPECT_EQ(done("e\xCC\x81t\xC3\xA9", TidyStep::kNfc), "été");
  EXPECT_EQ(done("ＡＢ ﬁ", TidyStep::kNfc), "(same)");
  EXPECT_EQ(done("ＡＢ ﬁ", TidyStep::kNfkc), "AB fi");
  EXPECT_EQ(done("été", TidyStep::kNfc), "(same)");
  EXPECT_EQ(done("plain", TidyStep::kNfkc), "(same)");
}

TEST(Tidy, WhiteSpaceOfUnicode) {
  EXPECT_EQ(done(" a \t\r\n b\xC2\xA0\xE3\x80\x80"
                 "c\xE2\x80\xA8",
                 TidyStep::kSpace),
            "a b c");
  EXPECT_EQ(done("a b", TidyStep::kSpace), "(same)");
  EXPECT_EQ(done(" \xC2\xA0 ", TidyStep::kSpace), "");
}

TEST(Tidy, RandomTextsStayWellFormedAndASecondTimeChangesNothing) {
  std::mt19937 random(5);
  const std::string parts[] = {"a",         " ",        "\t",           "\x01", "é",
                               "e\xCC\x81", "\xC2\x85", "\xE3\x80\x80", "ﬁ",    "😀"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 10; ++i) text += parts[random() % std::size(parts)];
    for (const TidyStep step : {TidyStep::kControl, TidyStep::kNfc, TidyStep::kNfkc, TidyStep::kSpace}) {
      const std::string once = tidy(text, step).value_or(text);
      ASSERT_TRUE(is_utf8(once)) << text;
      ASSERT_FALSE(tidy(once, step)) << text;
    }
  }
}

}  // namespace
}  // namespace weft::storage
