#include "encoders/text/normalise.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace weft::encoders {
namespace {

TEST(Normalise, CaseWidthAndCompatibilityForms) {
  EXPECT_EQ(normalise("Hello WORLD"), "hello world");
  EXPECT_EQ(normalise("ＡＢＣ１２３　ｘ"), "abc123 x");  // full width, ideographic blank
  EXPECT_EQ(normalise("ﬁne № ½"), "fine no 1⁄2");
  EXPECT_EQ(normalise("Straße ÅNGSTRÖM"), "strasse ångström");
  EXPECT_EQ(normalise("e\xCC\x81t\xC3\xA9"), "été");  // composed and decomposed are one
  EXPECT_EQ(normalise("ｶﾞ"), "ガ");                   // half-width katakana with its voicing mark
  EXPECT_EQ(normalise("很好，ＯＫ！"), "很好,ok!");
  EXPECT_EQ(normalise("so\xC2\xAD"
                      "ft ❤\xEF\xB8\x8F"),
            "soft ❤");  // soft hyphen, variation selector
}

TEST(Normalise, MarkupAndEntities) {
  EXPECT_EQ(normalise("6&#34; cable &amp; plug"), "6\" cable & plug");
  EXPECT_EQ(normalise("a&nbsp;b&#x4E2D;&lt;x&gt;"), "a b中<x>");
  EXPECT_EQ(normalise("good<br />bad<b>x</b>"), "good bad x");
  EXPECT_EQ(normalise("a < b & c &unknown; &#; &#xZ; 1<2"), "a < b & c &unknown; &#; &#xz; 1<2");
  EXPECT_EQ(normalise("&#0;&#55296;&#999999999;x"),
            "&#999999999;x");  // no characters: blanks; too long: left as it is
}

TEST(Normalise, BlanksAndControls) {
  EXPECT_EQ(normalise("  a \t\n b\x01"
                      "c  "),
            "a b c");
  EXPECT_EQ(normalise(""), "");
  EXPECT_EQ(normalise(" \n "), "");
  EXPECT_EQ(normalise(std::string_view("a\0b", 3)), "a b");
}

TEST(Normalise, AnyBytesGiveWellFormedTextThatStaysAsItIs) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, ' ');
    for (char& c : bytes)
      c = static_cast<char>(random() % 3 == 0 ? "&#<>x1;\xE4\xB8\xAD\xF0\x9F"[random() % 12] : random());
    const std::string once = normalise(bytes);
    ASSERT_TRUE(is_utf8(once)) << round;
  }
}

TEST(Utf8Prefix, NeverCutsACharacter) {
  EXPECT_EQ(utf8_prefix("abc", 5), "abc");
  EXPECT_EQ(utf8_prefix("a中b", 2), "a");
  EXPECT_EQ(utf8_prefix("a中b", 3), "a");
  EXPECT_EQ(utf8_prefix("a中b", 4), "a中");
  EXPECT_EQ(utf8_prefix("中", 0), "");
}

}  // namespace
}  // namespace weft::encoders
