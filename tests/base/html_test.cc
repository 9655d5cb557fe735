#include "base/html.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace weft {
namespace {

std::string entity(std::string_view text) {
  std::string out;
  const std::size_t n = take_html_entity(text, out);
  EXPECT_EQ(n == 0, out.empty()) << text;
  return out.append(text.substr(n));
}

TEST(Html, NamesOfTheStandard) {
  EXPECT_EQ(entity("&amp;x"), "&x");
  EXPECT_EQ(entity("&eacute;"), "é");
  EXPECT_EQ(entity("&AElig;"), "Æ");
  EXPECT_EQ(entity("&zwnj;"), "\xE2\x80\x8C");
  EXPECT_EQ(entity("&NotEqualTilde;"), "\u2242\u0338") << "two code points";
  EXPECT_EQ(entity("&CounterClockwiseContourIntegral;"), "∳") << "the longest";
  EXPECT_EQ(entity("&Afr;"), "𝔄");
  EXPECT_EQ(entity("&Aacute;"), "Á") << "the first";
  EXPECT_EQ(entity("&zscr;"), "𝓏");
  EXPECT_EQ(entity("&unknown;"), "&unknown;");
  EXPECT_EQ(entity("&EACUTE;"), "&EACUTE;") << "case counts";
  for (const char* none : {"&", "&;", "& amp;", "&a", "&1;", "amp;"}) EXPECT_EQ(entity(none), none);
}

TEST(Html, OldNamesWithoutASemicolonOnlyWhereNothingFollows) {
  EXPECT_EQ(entity("&copy 2020"), "© 2020");
  EXPECT_EQ(entity("&amp"), "&");
  EXPECT_EQ(entity("&copy=2"), "&copy=2");
  EXPECT_EQ(entity("&copyright"), "&copyright");
  EXPECT_EQ(entity("&hellip "), "&hellip ") << "not an old name";
}

TEST(Html, Numbers) {
  EXPECT_EQ(entity("&#34;"), "\"");
  EXPECT_EQ(entity("&#x4E2D;&#X4e2d;"), "中&#X4e2d;");
  EXPECT_EQ(entity("&#128512;"), "😀");
  EXPECT_EQ(entity("&#150;"), "–") << "windows-1252";
  EXPECT_EQ(entity("&#129;"), " ") << "which has no such character";
  for (const char* blank : {"&#0;", "&#7;", "&#127;", "&#55296;", "&#x110000;"})
    EXPECT_EQ(entity(blank), " ");
  for (const char* none : {"&#;", "&#x;", "&#xZ;", "&#34", "&#999999999;"}) EXPECT_EQ(entity(none), none);
}

TEST(Html, TagsBecomeBlanks) {
  MarkupCounts counts;
  EXPECT_EQ(strip_html("good<br />bad<b>x</b> &lt;i&gt; 1<2 a < b>c", &counts),
            "good bad x  <i> 1<2 a < b>c");
  EXPECT_EQ(counts.entities, 2U);
  EXPECT_EQ(counts.tags, 3U);
  EXPECT_EQ(strip_html("&amp;lt;"), "&lt;") << "once";
  EXPECT_EQ(strip_html("<" + std::string(300, 'a') + ">"), "<" + std::string(300, 'a') + ">");
}

TEST(Html, WellFormedTextStaysWellFormed) {
  std::mt19937 random(3);
  const char* parts[] = {"&", "#",  "x",   "amp",   ";",    "<", ">", "/b",
                         "é", "中", "128", "55296", "copy", " ", "😀"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += parts[random() % std::size(parts)];
    ASSERT_TRUE(is_utf8(strip_html(text))) << text;
  }
}

TEST(Html, Utf8OfEveryLength) {
  for (const std::uint32_t code : {0x24U, 0xA3U, 0x20ACU, 0x10348U, 0x10FFFFU}) {
    std::string out;
    append_utf8(out, code);
    EXPECT_TRUE(is_utf8(out)) << code;
    EXPECT_EQ(out.size(), code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U);
  }
}

}  // namespace
}  // namespace weft
