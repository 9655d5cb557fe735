#include "encoders/text/tfidf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

#include "base/thread_pool.h"

namespace weft::encoders {
namespace {

using Vector = std::map<std::string, double>;  // by spelling: "w:cat", "n: ca"

// ASCII words in blanks only: what the rules say, in the plainest way.
Vector plain_terms(const std::string& text, std::size_t low, std::size_t high) {
  Vector counts;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    counts["w:" + word] += 1;
    const std::string padded = " " + word + " ";
    for (std::size_t n = low; n > 0 && n <= high; ++n) {
      for (std::size_t i = 0; i + n <= padded.size(); ++i) counts["n:" + padded.substr(i, n)] += 1;
    }
    word.clear();
  }
  return counts;
}

std::vector<Vector> plain_tfidf(const std::vector<std::string>& texts, std::size_t min_df, std::size_t low,
                                std::size_t high) {
  std::vector<Vector> rows;
  Vector df;
  for (const std::string& text : texts) {
    rows.push_back(plain_terms(text, low, high));
    for (const auto& [term, count] : rows.back()) df[term] += 1;
  }
  for (Vector& row : rows) {
    std::map<char, double> squares;
    Vector kept;
    for (const auto& [term, count] : row) {
      if (df[term] < static_cast<double>(min_df)) continue;
      const double idf = std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + df[term])) + 1;
      kept[term] = (1 + std::log(count)) * idf;
      squares[term[0]] += kept[term] * kept[term];
    }
    for (auto& [term, weight] : kept)
      weight /= std::sqrt(squares[term[0]] * static_cast<double>(squares.size()));
    row = kept;
  }
  return rows;
}

std::vector<std::string> random_texts(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t w = random() % 9; w > 0; --w) {
      for (std::size_t c = 1 + random() % 5; c > 0; --c) text += static_cast<char>('a' + random() % 3);
      text += ' ';
    }
    texts.push_back(text);
  }
  return texts;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

double dot(const std::vector<WeightedTerm>& a, const std::vector<WeightedTerm>& b) {
  std::map<std::uint32_t, double> left;
  for (const WeightedTerm& t : a) left[t.feature] = t.weight;
  double sum = 0;
  for (const WeightedTerm& t : b) sum += left.contains(t.feature) ? left[t.feature] * t.weight : 0;
  return sum;
}

TEST(Tfidf, HasTheWeightsAndInnerProductsOfThePlainOne) {
  for (const std::size_t min_df : {1U, 3U}) {
    const std::vector<std::string> texts = random_texts(60, 4);
    const TfidfOptions options{.terms = {.ngram_min = 2, .ngram_max = 4}, .min_df = min_df};
    const Tfidf tfidf = Tfidf::fit(views(texts), options, nullptr);
    const std::vector<Vector> expected = plain_tfidf(texts, min_df, 2, 4);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto a = tfidf.weigh(texts[i]);
      ASSERT_EQ(a.size(), expected[i].size()) << texts[i];
      for (std::size_t j = 0; j <= i; ++j) {
        double want = 0;
        for (const auto& [term, weight] : expected[i]) {
          if (expected[j].contains(term)) want += weight * expected[j].at(term);
        }
        ASSERT_NEAR(dot(a, tfidf.weigh(texts[j])), want, 1e-5) << texts[i] << " / " << texts[j];
      }
    }
  }
}

TEST(Tfidf, KeepsTheTermsInMostTextsAndSharesTheRoom) {
  // 4 words, "aa" in all texts; with room for two terms and no n-grams, the two most frequent stay.
  const std::vector<std::string> texts = {"aa bb cc", "aa bb", "aa bb dd", "aa cc"};
  const Tfidf words = Tfidf::fit(
      views(texts), {.terms = {.ngram_min = 0, .ngram_max = 0}, .min_df = 1, .max_features = 2}, nullptr);
  EXPECT_EQ(words.terms().size(), 2U);
  EXPECT_EQ(words.weigh("aa").size(), 1U);
  EXPECT_EQ(words.weigh("bb").size(), 1U);
  EXPECT_EQ(words.weigh("cc dd ee").size(), 0U);
  const Tfidf shared = Tfidf::fit(views(texts), {.min_df = 1, .max_features = 6}, nullptr);
  EXPECT_EQ(shared.terms().size(), 6U);
  std::size_t word_terms = 0;
  for (const TermId id : shared.terms()) word_terms += family_of(id) == TermFamily::kWord ? 1 : 0;
  EXPECT_EQ(word_terms, 3U);
}

TEST(Tfidf, DoesNotDependOnThreadsAndMatrixHoldsEveryTextOnce) {
  const std::vector<std::string> texts = random_texts(5000, 8);
  ThreadPool pool(3);
  const Tfidf one = Tfidf::fit(views(texts), {}, nullptr);
  const Tfidf three = Tfidf::fit(views(texts), {}, &pool);
  EXPECT_EQ(one.terms(), three.terms());
  EXPECT_EQ(one.idf(), three.idf());
  const SparseMatrix a = weigh_all(one, views(texts), 1 << 30, nullptr);
  const SparseMatrix b = weigh_all(three, views(texts), 1 << 30, &pool);
  EXPECT_EQ(a.offsets, b.offsets);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.values, b.values);
  std::size_t nonzeros = 0;
  std::size_t rows = 0;
  for (const std::string& text : texts) {
    nonzeros += one.weigh(text).size();
    rows += one.weigh(text).empty() ? 0 : 1;
  }
  EXPECT_EQ(a.values.size(), nonzeros);
  EXPECT_EQ(a.rows(), rows);
  EXPECT_LT(weigh_all(one, views(texts), 100, nullptr).rows(), rows);
}

}  // namespace
}  // namespace weft::encoders
