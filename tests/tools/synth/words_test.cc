#include "tools/synth/words.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/strings.h"

namespace weft::synth {
namespace {

TEST(Words, NamesAreUnique) {
  std::set<std::string> brands, series;
  for (std::size_t n = 0; n < 2000; ++n) {
    EXPECT_TRUE(brands.insert(brand_name(n)).second) << brand_name(n);
    EXPECT_TRUE(series.insert(series_name(n)).second) << series_name(n);
  }
  std::set<std::string_view> categories, nouns;
  for (std::size_t c = 0; c < kCategories; ++c) {
    categories.insert(category_words(c).name);
    for (const std::string_view noun : category_words(c).nouns)
      EXPECT_TRUE(nouns.insert(noun).second) << noun;
  }
  EXPECT_EQ(categories.size(), kCategories);
}

TEST(Words, ChineseIsWellFormedAndComplete) {
  for (std::size_t c = 0; c < kCategories; ++c) {
    EXPECT_TRUE(is_utf8(category_words(c).chinese));
    for (const std::string_view noun : category_words(c).nouns_chinese) {
      EXPECT_FALSE(noun.empty());
      EXPECT_TRUE(is_utf8(noun));
    }
  }
}

TEST(Words, NoWordStandsOnTwoScales) {
  std::set<std::string_view> words;
  for (std::size_t dim = 0; dim < kTextDims; ++dim) {
    for (std::size_t which = 0; which < 2; ++which) {
      for (const std::string_view word : word_scale(dim, which).english)
        EXPECT_TRUE(words.insert(word).second) << word;
      for (const std::string_view word : word_scale(dim, which).chinese)
        EXPECT_TRUE(words.insert(word).second) << word;
    }
  }
}

TEST(Words, CommasWouldBreakTheCsvLogs) {
  for (std::size_t n = 0; n < 40; ++n) EXPECT_EQ(city_name(n).find_first_of(",\"\n"), std::string_view::npos);
}

}  // namespace
}  // namespace weft::synth
