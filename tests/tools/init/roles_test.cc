#include "tools/init/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml.h"
#include "tools/init/project_text.h"

namespace weft::init {
namespace {

using ::testing::ElementsAre;

TEST(InitNames, WordsOfAName) {
  EXPECT_THAT(name_words("reviewerID"), ElementsAre("reviewer", "id"));
  EXPECT_THAT(name_words("unixReviewTime"), ElementsAre("unix", "review", "time"));
  EXPECT_THAT(name_words("movie_title"), ElementsAre("movie", "title"));
  EXPECT_THAT(name_words("  -- "), ElementsAre());
}

TEST(InitNames, TypesOfIds) {
  EXPECT_EQ(id_type("reviewerID", "x.csv"), "user");
  EXPECT_EQ(id_type("user", "x.csv"), "user");
  EXPECT_EQ(id_type("asin", "x.csv"), "item");
  EXPECT_EQ(id_type("artist_id", "x.csv"), "artist");
  EXPECT_EQ(id_type("id", "data/users.csv.gz"), "user");
  EXPECT_EQ(id_type("id", "shops.jsonl"), "shop");
  EXPECT_EQ(id_type("source_id", "x.net"), "source");
  EXPECT_TRUE(is_generic_type("source"));
  EXPECT_EQ(id_type("rating", "x.csv"), "");
  EXPECT_EQ(id_type("paid", "x.csv"), "");
}

TEST(InitNames, StemsOfFiles) {
  EXPECT_EQ(stem_of("a/train.csv.gz"), "train");
  EXPECT_EQ(stem_of("ml-100k.inter"), "ml-100k");
}

TEST(InitText, StringsSurviveToml) {
  for (const std::string text : {"plain", "a \"b\" \\ c", "tab\tand\nline", "h\x01\x7F", "好"}) {
    const TomlFile toml = TomlFile::parse("x = " + toml_string(text) + "\n" + toml_key(text) + " = 1\n", "t");
    EXPECT_EQ(toml.root().get_string("x"), text);
    EXPECT_TRUE(toml.root().has(text)) << text;
  }
  EXPECT_EQ(plain_name("a b/c.d"), "a_b_c_d");
  EXPECT_EQ(plain_name(""), "_");
}

storage::Cell cell(std::string_view text) {
  return {.present = !text.empty(), .text = text};
}

TEST(InitProfile, CountsOfAColumn) {
  ColumnProfile column{.name = "x"};
  for (const char* text : {"1", "2.5", "", "-3", "2024-05-01", "a.JPG", "http://x/y.jpg", "a b", "1"})
    column.add(cell(text));
  EXPECT_EQ(column.rows, 9U);
  EXPECT_EQ(column.present, 8U);
  EXPECT_EQ(column.numbers, 4U);
  EXPECT_EQ(column.least, -3);
  EXPECT_EQ(column.greatest, 2.5);
  EXPECT_EQ(column.dates, 1U);
  EXPECT_EQ(column.images, 1U);
  EXPECT_EQ(column.urls, 1U);
  EXPECT_EQ(column.spaced, 1U);
  EXPECT_EQ(column.distinct.size(), 7U);
  EXPECT_FALSE(column.unique());
}

}  // namespace
}  // namespace weft::init
