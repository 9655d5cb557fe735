#include "storage/cleaning/column_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

std::vector<ColumnRules> rules_of(const std::string& text) {
  const test::TempFolder folder;
  const TomlFile toml = TomlFile::parse("[sources]\n[nodes.item.columns]\n" + text, "p.toml");
  const SourceResolver resolver(toml.root().section("sources"), folder.path(), Sources::kMustExist);
  return read_column_rules(toml.root().section("nodes").section("item"), resolver);
}

std::string error_of(const std::string& text) {
  try {
    rules_of(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

TEST(ColumnRules, AreReadWithEveryKey) {
  const std::vector<ColumnRules> set = rules_of(R"(
price = { rename = "cost", missing = ["NA", -1], factor = 0.01, range = [0, 10], on_bad = "missing" }
"offer.at" = { time = { unit = "iso8601", zone = "+05:30" }, range = ["2020-01-01", "2021-01-01"] }
stars = { scale = { from = [1, 10], to = [1, 5] }, default = 3 }
asin = { ids = { a = "b" }, prefix = "x:" }
[nodes.item.columns.brand]
tidy = ["space", "html"]
values = { "Sony Corp" = "Sony" }
allowed = ["Sony"]
required = true
on_bad = "stop"
)");
  ASSERT_EQ(set.size(), 5U);
  EXPECT_EQ(set[0].owner, "nodes.item");
  const ColumnRules& price = set[0];
  EXPECT_EQ(price.name(), "cost");
  EXPECT_EQ(price.missing, (std::vector<std::string>{"NA", "-1"}));
  EXPECT_EQ(price.factor, 0.01);
  EXPECT_EQ(price.range->high, 10);
  EXPECT_EQ(price.on_bad, OnBad::kMissing);
  EXPECT_TRUE(price.is_number());
  const ColumnRules& at = set[1];
  EXPECT_EQ(at.column, "offer.at");
  EXPECT_EQ(at.time->zone_minutes, 330);
  EXPECT_EQ(at.range->low, 1577836800000.0) << "2020-01-01 in ms";
  EXPECT_FALSE(at.is_number());
  EXPECT_TRUE(set[4].separator.empty());
  EXPECT_EQ(set[2].scale->from.high, 10);
  EXPECT_EQ(set[2].fallback, "3");
  EXPECT_EQ(set[3].prefix, "x:");
  const ColumnRules& brand = set[4];
  EXPECT_TRUE(brand.tidy.wanted[static_cast<std::size_t>(TidyStep::kHtml)]);
  EXPECT_FALSE(brand.tidy.wanted[static_cast<std::size_t>(TidyStep::kNfc)]);
  EXPECT_EQ(*brand.values->find("Sony Corp"), "Sony");
  EXPECT_TRUE(brand.required);
  EXPECT_EQ(brand.on_bad, OnBad::kStop);
}

TEST(ColumnRules, EveryKeyIsPartOfTheMeaning) {
  std::set<std::string> seen;
  for (const char* rules : {R"({})",
                            R"({ rename = "b" })",
                            R"({ tidy = "html" })",
                            R"({ tidy = "nfc" })",
                            R"({ missing = "x" })",
                            R"({ values = { x = "y" } })",
                            R"({ ids = { x = "y" } })",
                            R"({ ids = { x = "y" }, unknown_ids = "bad" })",
                            R"({ prefix = "p" })",
                            R"({ factor = 2 })",
                            R"({ factor = 3 })",
                            R"({ scale = { from = [0, 1], to = [0, 5] } })",
                            R"({ scale = { from = [0, 2], to = [0, 5] } })",
                            R"({ time = { unit = "ms" } })",
                            R"({ time = { unit = "iso8601" } })",
                            R"({ time = { unit = "iso8601", zone = "CET" } })",
                            R"({ range = [0, 1] })",
                            R"({ allowed = ["x"] })",
                            R"({ allowed = ["x", "y"] })",
                            R"({ default = "x" })",
                            R"({ required = true })",
                            R"({ separator = "|" })",
                            R"({ on_bad = "drop" })",
                            R"({ on_bad = "stop" })",
                            R"({ on_bad = "missing" })"}) {
    EXPECT_TRUE(seen.insert(rules_of(std::string("a = ") + rules).at(0).canonical()).second) << rules;
  }
}

TEST(ColumnRules, ThatAColumnMayLackChangesNoRow) {
  const auto one = [](const char* rules) { return rules_of(std::string("a = ") + rules).at(0); };
  EXPECT_EQ(one("{ optional = true, default = 1 }").canonical(), one("{ default = 1 }").canonical());
  EXPECT_TRUE(one("{ optional = true }").only_optional());
  EXPECT_FALSE(one("{ optional = true, default = 1 }").only_optional());
  EXPECT_FALSE(one("{ optional = true, rename = \"b\" }").only_optional());
  EXPECT_FALSE(one("{}").only_optional());
}

TEST(ColumnRules, WhatIsWrongIsSaidWithItsPlace) {
  const auto says = [](const std::string& rules, const char* what) {
    EXPECT_THAT(error_of(rules), HasSubstr(what)) << rules;
  };
  says(R"(a = { tidi = "html" })", "did you mean 'tidy'?");
  says(R"(a = { tidy = ["htlm"] })", "did you mean 'html'?");
  says(R"(a = { tidy = ["nfc", "nfkc"] })", "two normal forms");
  says(R"(a = { factor = 0 })", "p.toml:3");
  says(R"(a = { range = [5, 1] })", "no interval");
  says(R"(a = { scale = { from = [1, 1], to = [0, 1] } })", "no interval");
  says(R"(a = { scale = { from = [1, 2] } })", "a required key is missing");
  says(R"(a = { time = { unit = "s", zone = "CET" } })", "counts from 1970 UTC");
  says(R"(a = { time = { unit = "iso8601", zone = "IST" } })", "is no offset");
  says(R"(a = { required = true, default = 1 })", "excludes 'required'");
  says(R"(a = { required = true, optional = true })", "excludes 'required'");
  says(R"(a = { time = { unit = "s" }, factor = 2 })", "excludes 'time'");
  says(R"(a = { required = true, on_bad = "missing" })", "excludes 'required'");
  says(R"(a = { separator = "|", factor = 2 })", "excludes 'separator'");
  says(R"(a = { range = [1, 5], default = 0 })", "out of the column's range");
  says(R"(a = { factor = 2, default = "x" })", "is no number");
  says(R"(a = { time = { unit = "s" }, default = 12 })", "is no time");
  says(R"(a = { allowed = ["x", "y"], default = "z" })", "not among");
  says(R"(a = { unknown_ids = "bad" })", "without 'ids'");
  says(R"(a = { on_bad = "ro" })", "one of quarantine, drop, missing, stop");
  says("a = { rename = \"b\" }\nb = {}", "are both 'b'");
  says("a = 3", "unknown key");
}

TEST(ColumnRules, OffsetsAndTheirNames) {
  EXPECT_EQ(parse_zone("Z"), 0);
  EXPECT_EQ(parse_zone("+05:30"), 330);
  EXPECT_EQ(parse_zone("-0800"), -480);
  EXPECT_EQ(parse_zone("CET"), 60);
  for (const char* none : {"", "IST", "Europe/Berlin", ":30", "5", "+25:00"})
    EXPECT_FALSE(parse_zone(none)) << none;
}

}  // namespace
}  // namespace weft::storage
