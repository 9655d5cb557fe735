#include "tools/synth/texts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/strings.h"
#include "tests/tools/synth/correlation.h"
#include "tests/tools/synth/shop_fixture.h"
#include "tools/synth/words.h"

namespace weft::synth {
namespace {

bool has_chinese(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0xe4) return true;
  }
  return false;
}

// Mean place on the scale of those of its words that occur in the text.
double place_in(const std::string& text, const WordScale& scale) {
  double sum = 0, count = 0;
  for (std::size_t w = 0; w < scale.english.size(); ++w) {
    const std::string word = " " + std::string(scale.english[w]);
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      sum += static_cast<double>(w);
      count += 1;
    }
  }
  return count > 0 ? sum / count : 5;
}

TEST(ItemTexts, TitlesAreUniqueAndNameBrandAndKind) {
  SynthOptions options = small_options();
  options.items = 3000;
  const World world(options);
  const std::vector<ItemText> texts = item_texts(world);
  std::set<std::string> titles;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(titles.insert(texts[i].title).second) << texts[i].title;
    const Item& item = world.items()[i];
    EXPECT_EQ(texts[i].title.rfind(brand_name(item.brand), 0), 0U) << texts[i].title;
    bool noun = false;
    for (const std::string_view word : category_words(item.category).nouns)
      noun |= texts[i].title.find(word) != std::string::npos;
    EXPECT_TRUE(noun) << texts[i].title;
    EXPECT_EQ(texts[i].tags.size(), 3U);
  }
}

TEST(ItemTexts, WordsFollowTheTextLatentAndNothingElse) {
  SynthOptions options = small_options();
  options.items = 500;
  const World world(options);
  const std::vector<ItemText> texts = item_texts(world);
  std::vector<double> places[kTextDims], latent[kTextDims], look, mood;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t d = 0; d < kTextDims; ++d) {
      places[d].push_back(place_in(texts[i].title + " " + texts[i].description, word_scale(d, 0)));
      latent[d].push_back(world.items()[i].text[d]);
    }
    look.push_back(world.items()[i].look[0]);
    mood.push_back(world.items()[i].mood[0]);
  }
  for (std::size_t d = 0; d < kTextDims; ++d) {
    EXPECT_GT(correlation(places[d], latent[d]), 0.85);
    EXPECT_LT(std::abs(correlation(places[d], look)), 0.25);
    EXPECT_LT(std::abs(correlation(places[d], mood)), 0.25);
  }
}

TEST(QueryText, NamesTheKindInTheUsersLanguage) {
  const World world(small_options());
  for (std::uint64_t u = 0; u < 60; ++u) {
    const User user = world.user(u);
    for (std::uint32_t i = 0; i < 10; ++i) {
      const std::string query = query_text(
          world, user,
          {.user = static_cast<std::uint32_t>(u), .item = i, .visit = i, .action = Action::kSearch});
      EXPECT_TRUE(is_utf8(query));
      EXPECT_EQ(has_chinese(query), user.chinese) << query;
    }
  }
}

TEST(ReviewText, SentimentFollowsTheStars) {
  const World world(small_options());
  std::map<std::string, std::set<int>> stars_of_opening;
  std::size_t silent = 0, written = 0;
  for (std::uint64_t u = 0; u < 120; ++u) {
    const User user = world.user(u);
    for (std::uint32_t v = 0; v < 20; ++v) {
      const auto stars = static_cast<std::uint8_t>(1 + v % 5);
      const ReviewText text = review_text(world, user,
                                          {.time = kLogEnd - 1,
                                           .user = static_cast<std::uint32_t>(u),
                                           .item = v,
                                           .visit = v,
                                           .action = Action::kReview,
                                           .detail = stars});
      EXPECT_EQ(text.chinese, user.chinese);
      if (text.body.empty()) {
        EXPECT_TRUE(text.title.empty());
        ++silent;
        continue;
      }
      ++written;
      EXPECT_TRUE(is_utf8(text.body));
      EXPECT_EQ(has_chinese(text.body), user.chinese) << text.body;
      stars_of_opening[text.title].insert(stars);
    }
  }
  EXPECT_EQ(stars_of_opening.size(), 20U);  // two titles for each rating and language
  for (const auto& [title, stars] : stars_of_opening) EXPECT_EQ(stars.size(), 1U) << title;
  EXPECT_GT(written, 2 * silent);
  EXPECT_GT(silent, 300U);
}

}  // namespace
}  // namespace weft::synth
