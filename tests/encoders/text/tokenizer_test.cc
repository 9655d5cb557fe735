#include "encoders/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace weft::encoders {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const Token& t : tokenize(text)) out.emplace_back(t.text);
  return out;
}

TEST(Tokenizer, WordsNumbersAndApostrophes) {
  EXPECT_THAT(words("it's a 12-string guitar, 'quoted' x2!"),
              ElementsAre("it's", "a", "12", "string", "guitar", "quoted", "x2"));
  EXPECT_THAT(words("été straße привет мир"), ElementsAre("été", "straße", "привет", "мир"));
  EXPECT_THAT(words(""), ElementsAre());
  EXPECT_THAT(words(" ,.;'' "), ElementsAre());
}

TEST(Tokenizer, IdeographicRunsAndSymbols) {
  const std::vector<Token> t = tokenize("手机很好,iphone不错 👍👍 カメラ 한국");
  ASSERT_EQ(t.size(), 7U);
  EXPECT_EQ(t[0].text, "手机很好");
  EXPECT_EQ(t[0].kind, TokenKind::kIdeographic);
  EXPECT_EQ(t[1].text, "iphone");
  EXPECT_EQ(t[1].kind, TokenKind::kWord);
  EXPECT_EQ(t[2].text, "不错");
  EXPECT_EQ(t[3].text, "👍");
  EXPECT_EQ(t[3].kind, TokenKind::kSymbol);
  EXPECT_EQ(t[4].text, "👍");
  EXPECT_EQ(t[5].text, "カメラ");
  EXPECT_EQ(t[6].text, "한국");
  EXPECT_EQ(t[6].kind, TokenKind::kIdeographic);
}

TEST(Tokenizer, AVeryLongRunIsCut) {
  const std::string text(1000, 'a');
  const std::vector<Token> t = tokenize(text);
  EXPECT_EQ(t.size(), 4U);
  std::size_t bytes = 0;
  for (const Token& token : t) bytes += token.text.size();
  EXPECT_EQ(bytes, 1000U);
}

std::size_t count_terms(std::string_view text, TermOptions options) {
  return terms_of(text, options).size();
}

TEST(Terms, AreAsManyAsTheRulesSay) {
  // " cat ": 1 word; 3-grams 3, 4-grams 2, 5-grams 1.
  EXPECT_EQ(count_terms("cat", {.ngram_min = 3, .ngram_max = 5}), 7U);
  EXPECT_EQ(count_terms("cat", {.ngram_min = 0, .ngram_max = 0}), 1U);
  EXPECT_EQ(count_terms("a", {.ngram_min = 3, .ngram_max = 5}), 2U);  // the word and " a "
  // 手机很好: 4 characters, 3 pairs; 3-grams 2, 4-grams 1.
  EXPECT_EQ(count_terms("手机很好", {.ngram_min = 3, .ngram_max = 5}), 10U);
  EXPECT_EQ(count_terms("👍", {.ngram_min = 1, .ngram_max = 5}), 1U);
}

TEST(Terms, FamiliesAndKindsDoNotMeet) {
  const std::vector<TermId> terms = terms_of("cat", {.ngram_min = 3, .ngram_max = 3});
  EXPECT_EQ(
      std::count_if(terms.begin(), terms.end(), [](TermId t) { return family_of(t) == TermFamily::kWord; }),
      1);
  // 手机 as a pair, and as an n-gram of two characters.
  const std::vector<TermId> pair = terms_of("手机", {.ngram_min = 2, .ngram_max = 2});
  EXPECT_EQ(std::set<TermId>(pair.begin(), pair.end()).size(), 4U);
  EXPECT_EQ(terms_of("cat dog", {}).size(), terms_of("dog cat", {}).size());
}

}  // namespace
}  // namespace weft::encoders
