#include "base/strings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace weft {
namespace {

// The definition, by recursion with a memo.
std::size_t slow_distance(const std::string& a, const std::string& b,
                          std::map<std::pair<std::size_t, std::size_t>, std::size_t>& memo, std::size_t i,
                          std::size_t j) {
  if (i == a.size()) return b.size() - j;
  if (j == b.size()) return a.size() - i;
  if (const auto found = memo.find({i, j}); found != memo.end()) return found->second;
  std::size_t best = slow_distance(a, b, memo, i + 1, j + 1) + (a[i] == b[j] ? 0 : 1);
  best = std::min(best, slow_distance(a, b, memo, i + 1, j) + 1);
  best = std::min(best, slow_distance(a, b, memo, i, j + 1) + 1);
  return memo[{i, j}] = best;
}

TEST(EditDistance, IsTheDefinition) {
  std::mt19937 random(1);
  const auto word = [&] {
    std::string out(random() % 8, ' ');
    for (char& c : out) c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = word(), b = word();
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> memo;
    EXPECT_EQ(edit_distance(a, b), slow_distance(a, b, memo, 0, 0)) << a << " / " << b;
  }
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestWord, FindsSlipsAndNothingElse) {
  const std::vector<std::string> words = {"epochs", "batch_size", "learning_rate", "seed", "k"};
  EXPECT_EQ(nearest_word("epcohs", words), "epochs");
  EXPECT_EQ(nearest_word("batchsize", words), "batch_size");
  EXPECT_EQ(nearest_word("learn_rate", words), "learning_rate");
  EXPECT_EQ(nearest_word("seeed", words), "seed");
  EXPECT_EQ(nearest_word("optimizer", words), "");
  EXPECT_EQ(nearest_word("x", words), "");  // one edit from "k", but with nothing in common
  EXPECT_EQ(nearest_word("", words), "");
  EXPECT_EQ(nearest_word("seed", {}), "");
  const std::vector<std::string> equals = {"abcd1", "abcd2"};
  EXPECT_EQ(nearest_word("abcd", equals), "abcd1");
}

TEST(Join, SeparatesEveryPairEmptyWordsToo) {
  const std::vector<std::string> three = {"a", "b", "c"};
  EXPECT_EQ(join(three), "a, b, c");
  EXPECT_EQ(join(three, "|"), "a|b|c");
  const std::vector<std::string> empties = {"", "a", ""};
  EXPECT_EQ(join(empties), ", a, ");
  EXPECT_EQ(join({}), "");
}

TEST(Trim, TakesWhiteSpaceOffBothEnds) {
  EXPECT_EQ(trim("  a b\t\r\n"), "a b");
  EXPECT_EQ(trim("\v\f"), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\xC2\xA0x"), "\xC2\xA0x");  // ASCII alone
}

// Decodes by the definition: count leading ones, take six bits a byte, then refuse what must have been
// written otherwise.
bool slow_is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    std::uint32_t code = first;
    if (first >= 0x80) {
      if (first >= 0xF8 || first < 0xC0) return false;
      length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
      code = first & (0x7FU >> length);
      if (i + length > text.size()) return false;
      for (std::size_t k = 1; k < length; ++k) {
        const auto next = static_cast<unsigned char>(text[i + k]);
        if ((next & 0xC0) != 0x80) return false;
        code = code << 6 | (next & 0x3FU);
      }
      const std::uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
      if (code < lowest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    }
    i += length;
  }
  return true;
}

TEST(IsUtf8, AgreesWithADecoderOnEdgesAndRandomBytes) {
  for (const std::string_view text :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xE4\xB8\xAD\xE6\x96\x87"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE4\xB8", "\xC2\x41"}) {
    EXPECT_FALSE(is_utf8(text));
  }
  std::mt19937 random(3);
  // Bytes near the borders of the encoding, so that well-formed characters do occur.
  const std::string alphabet = "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF3\xF4\xF5";
  std::size_t good = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text(1 + random() % 4, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    good += slow_is_utf8(text) ? 1 : 0;
    ASSERT_EQ(is_utf8(text), slow_is_utf8(text)) << excerpt(text);
  }
  EXPECT_GT(good, 100U);
}

TEST(Excerpt, CutsAtACharacterAndSaysSo) {
  EXPECT_EQ(excerpt("short", 5), "short");
  EXPECT_EQ(excerpt("longer", 5), "longe...");
  EXPECT_EQ(excerpt("\xE4\xB8\xAD\xE6\x96\x87", 5), "\xE4\xB8\xAD...");
  EXPECT_EQ(excerpt("\xE4\xB8\xAD\xE6\x96\x87", 6), "\xE4\xB8\xAD\xE6\x96\x87");
  EXPECT_EQ(excerpt("", 0), "");
}

TEST(Excerpt, DefusesControlCharactersAndBrokenBytes) {
  EXPECT_EQ(excerpt("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(excerpt("\x7F"), "\\x7f");
  EXPECT_EQ(excerpt("\xC2\x9B"
                    "1m"),
            "\\xc2\\x9b1m");                   // U+009B, a terminal's command introducer
  EXPECT_EQ(excerpt("\xC2\xA3"), "\xC2\xA3");  // U+00A3, a letter like others
  EXPECT_EQ(excerpt("x\xFFy"), "x\\xffy");
  EXPECT_TRUE(is_utf8(excerpt(std::string_view("\0\x80\xE4\xB8", 4))));
  EXPECT_EQ(excerpt("abc\n", 6), "abc...");  // never half an escape
}

}  // namespace
}  // namespace weft
