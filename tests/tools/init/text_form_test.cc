#include "tools/init/text_form.h"

#include <gtest/gtest.h>

namespace weft::init {
namespace {

using storage::Encoding;

TEST(TextForm, GuessesEncodings) {
  EXPECT_EQ(guess_encoding(""), Encoding::kUtf8);
  EXPECT_EQ(guess_encoding("plain,ascii\n"), Encoding::kUtf8);
  EXPECT_EQ(guess_encoding("K\xC3\xB6ln\ncut \xC3"), Encoding::kUtf8);
  EXPECT_EQ(guess_encoding("one line K\xC3\xB6ln, \xE4\xB8"), Encoding::kUtf8);
  EXPECT_EQ(guess_encoding("K\xF6ln,Orl\xE9"
                           "ans\n"),
            Encoding::kWindows1252)
      << "pairs of GBK, but rare ones";
  EXPECT_EQ(guess_encoding("caf\xE9 \x93quoted\x94\n"), Encoding::kWindows1252);
  EXPECT_EQ(guess_encoding("caf\xE9 \x81\n"), Encoding::kLatin1) << "no character of Windows-1252";
  EXPECT_EQ(guess_encoding("\xCA\xE9\xB1\xA4,\xC9\xCC\xC6\xB7\n"), Encoding::kGbk);
  EXPECT_EQ(
      guess_encoding("\xCA\xE9\xB1\xA4\xC9\xCC\xC6\xB7\xCA\xE9\xB1\xA4\xB5\xC4\xCA\xE9\x90\x30\x81\x30\n"),
      Encoding::kGb18030);
  EXPECT_EQ(guess_encoding(std::string_view("\xFF\xFE\x00\x01\n\xFF", 6)), Encoding::kUtf8) << "no text";
}

TEST(TextForm, GuessesDelimiters) {
  EXPECT_EQ(guess_delimiter("a,b;c\n1,2;3\n", ','), '\0');
  EXPECT_EQ(guess_delimiter("a;b;c\n1;2;3\n", ','), ';');
  EXPECT_EQ(guess_delimiter("a;b|c|d\n1;2|3|4\n", ','), '|');
  EXPECT_EQ(guess_delimiter("a;b\n1\n", ','), '\0') << "the second line has another number of columns";
  EXPECT_EQ(guess_delimiter("\"a;b\"\n\"1;2\"\n", ','), '\0') << "within quotes";
  EXPECT_EQ(guess_delimiter("a,b\n1,2\n", '\t'), ',');
  EXPECT_EQ(guess_delimiter("", ','), '\0');
}

TEST(TextForm, WritesOptions) {
  EXPECT_EQ(TextForm{}.options(), "");
  EXPECT_EQ((TextForm{.encoding = Encoding::kLatin1, .delimiter = '\t'}).options(),
            "encoding = \"latin-1\"\ndelimiter = \"\\u0009\"\n");
}

}  // namespace
}  // namespace weft::init
