#include "storage/sources/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using namespace std::string_literals;

TEST(JsonLines, ScalarsListsAndPaths) {
  const WrittenSource file(
      "a.jsonl",
      R"({"id": 12, "x": {"y": "deep"}, "a.b": "flat", "tags": ["p", 3, null, ""], "ok": true, "r": 4.5})"
      "\r\n"
      R"({"id": "z", "x": {}, "a": {"b": "nested"}, "tags": [], "r": 5.0, "n": null})");
  const auto rows = file.read({"id", "x.y", "a.b", "tags", "ok", "r", "n"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("12", "deep", "flat", "[p|3]", "true", "4.5", ""));
  EXPECT_THAT(rows[1].cells, ElementsAre("z", "", "nested", "[]", "", "5", ""));
  EXPECT_FALSE(rows[1].present[3]);
  EXPECT_FALSE(rows[1].terminated);
}

TEST(JsonLines, EntriesOfListsByNumber) {
  const WrittenSource file("a.jsonl.zst",
                           R"({"id": 1, "helpful": [2, 5], "a": {"b": [{"c": "x"}, {"c": "y", "0": "key"}]}})"
                           "\n"
                           R"({"id": 2, "helpful": [], "a": {"b": "none"}, "helpful.0": "flat"})");
  const auto rows =
      file.read({"helpful.0", "helpful.1", "a.b.1.c", "a.b.1.0", "a.b.-1", "a.b.2", "helpful.1x"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("2", "5", "y", "key", "", "", ""));
  EXPECT_THAT(rows[1].cells, ElementsAre("flat", "", "", "", "", "", ""));
}

TEST(JsonLines, GbkText) {
  const auto rows =
      WrittenSource("a.jsonl", "{\"id\": \"\xC6\xBB\"}\n{\"id\": \"\xC6\"}\n", Encoding::kGbk).read({"id"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("苹"));
  EXPECT_EQ(rows[1].bad, "invalid GBK");
}

TEST(JsonLines, BadLines) {
  const WrittenSource file("a.jsonl",
                           "{\"id\": 1}\n{\"id\": \n[1]\n\n{\"id\": {\"a\": 1}}\n{\"id\": [[1]]}\n{\"id\": "
                           "\"\xFF\"}\n{\"id\": 7}\n"
                           "{\"id\": \"cut of");
  const auto rows = file.read({"id"});
  ASSERT_EQ(rows.size(), 8U);
  std::vector<std::string> bad;
  for (const ReadRow& row : rows) bad.push_back(row.bad);
  EXPECT_THAT(bad, ElementsAre("", "invalid JSON", "invalid JSON", "wrong type", "wrong type",
                               "invalid UTF-8", "", "invalid JSON"));
  EXPECT_EQ(rows[6].cells[0], "7");
  EXPECT_EQ(rows[6].line, 8U);
  EXPECT_FALSE(rows[7].terminated);
}

TEST(JsonLines, MissingColumnsAreThoseOfNoRow) {
  const WrittenSource file("a.jsonl", "{\"id\": 1, \"titel\": \"x\"}\n{\"id\": 2}\n");
  const auto reader = file.open({"id", "title"});
  EXPECT_FALSE(reader->has_header());
  read_rows(*reader);
  EXPECT_THAT(reader->missing_columns(), ElementsAre(1U));
  EXPECT_THAT(reader->known_columns(), ElementsAre("id", "titel"));
}

TEST(JsonLines, DeepNestingIsABadRow) {
  const auto rows = WrittenSource("a.jsonl", std::string(100'000, '[') + "\n{\"id\":1}\n").read({"id"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].bad, "invalid JSON");
}

// Against nlohmann's parser on random objects.
TEST(JsonLines, RandomObjectsComeBack) {
  std::mt19937_64 random(11);
  std::string text;
  std::vector<std::string> wanted;
  for (int i = 0; i < 500; ++i) {
    std::string value;
    const std::size_t length = random() % 30;
    for (std::size_t c = 0; c < length; ++c)
      value += std::vector<std::string>{"a", "\"", "\\", "\n", "\t", "é", "漢", "\x01", "\0"s}[random() % 9];
    value += "k";
    text += nlohmann::json({{"pad", std::string(random() % 300, 'p')}, {"v", value}})
                .dump(-1, ' ', random() % 2 == 0) +
            "\n";
    wanted.push_back(value);
  }
  for (const char* name : {"a.jsonl", "a.jsonl.gz"}) {
    const auto rows = WrittenSource(name, text).read({"v"});
    ASSERT_EQ(rows.size(), wanted.size());
    for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].cells[0], wanted[i]) << i;
  }
}

}  // namespace
}  // namespace weft::storage
