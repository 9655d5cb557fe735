#include "storage/cleaning/value_cleaner.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using State = CleanedValue::State;

// One column's rules, as the project file would say them, and what they do to values.
class Cleaner {
 public:
  explicit Cleaner(const std::string& rules, std::vector<std::string> everywhere = {})
      : everywhere_(std::move(everywhere)) {
    const TomlFile toml = TomlFile::parse("[sources]\n[x.columns]\na = " + rules, "p.toml");
    const SourceResolver resolver(toml.root().section("sources"), folder_.path(), Sources::kMustExist);
    rules_ = read_column_rules(toml.root().section("x"), resolver).at(0);
  }
  // The text; "-" if missing; "!reason" if bad.
  std::string operator()(const std::string& text) {
    std::string buffer;
    const ValueCleaner cleaner(rules_, everywhere_);
    const CleanedValue value = text.empty() ? cleaner.absent(counts_) : cleaner.clean(text, buffer, counts_);
    if (value.state == State::kBad) return std::string("!") + value.reason;
    if (value.state == State::kMissing) return "-";
    return value.is_time ? time_text(value.time) : std::string(value.text);
  }
  std::uint64_t count(CleanStep step) const { return counts_[static_cast<std::size_t>(step)]; }

 private:
  test::TempFolder folder_;
  std::vector<std::string> everywhere_;
  ColumnRules rules_;
  StepCounts counts_ = {};
};

TEST(ValueCleaner, TextsAreTidiedInTheirOrder) {
  Cleaner clean(R"({ tidy = ["html", "control", "nfc", "space"] })");
  EXPECT_EQ(clean(" Tom &amp; <b>Jerry</b>\x01 cafe\xCC\x81 "), "Tom & Jerry caf\xC3\xA9");
  EXPECT_EQ(clean("plain"), "plain");
  EXPECT_EQ(clean("<br>"), "-") << "nothing is left";
  EXPECT_EQ(clean("&#x200;"), "\xC8\x80");
  EXPECT_EQ(clean.count(CleanStep::kHtml), 3U);
  EXPECT_EQ(clean.count(CleanStep::kControl), 1U);
  EXPECT_EQ(clean.count(CleanStep::kNfc), 1U);
  EXPECT_EQ(clean.count(CleanStep::kSpace), 2U);
}

TEST(ValueCleaner, MissingMapsAndAllowedValues) {
  Cleaner clean(R"({ tidy = "space", missing = ["?"], values = { "N/K" = "unknown", R = "red", x = "?" }, )"
                R"(allowed = ["red", "unknown", "?"], default = "unknown" })",
                {"NULL"});
  EXPECT_EQ(clean(" R "), "red");
  EXPECT_EQ(clean("N/K"), "unknown");
  EXPECT_EQ(clean("?"), "-");
  EXPECT_EQ(clean(" NULL"), "-") << "of all columns";
  EXPECT_EQ(clean("x"), "?") << "what a map gives is a value";
  EXPECT_EQ(clean("blue"), "!value not allowed");
  EXPECT_EQ(clean(""), "unknown");
  EXPECT_EQ(clean.count(CleanStep::kMissing), 2U);
  EXPECT_EQ(clean.count(CleanStep::kValues), 3U);
  EXPECT_EQ(clean.count(CleanStep::kBad), 1U);
  EXPECT_EQ(clean.count(CleanStep::kDefault), 1U);
}

TEST(ValueCleaner, NumbersInOneUnitAndScale) {
  Cleaner cents(R"({ factor = 0.01, range = [0, 100] })");
  EXPECT_EQ(cents("995"), "9.950000000000001") << "the product in double precision";
  EXPECT_EQ(cents("250"), "2.5");
  EXPECT_EQ(cents("-0"), "0");
  EXPECT_EQ(cents("10001"), "!value out of range");
  EXPECT_EQ(cents("9,95"), "!invalid number");
  EXPECT_EQ(cents.count(CleanStep::kFactor), 3U);
  EXPECT_EQ(cents.count(CleanStep::kBad), 2U);
  Cleaner stars(R"({ scale = { from = [1, 10], to = [1, 5] } })");
  EXPECT_EQ(stars("1"), "1");
  EXPECT_EQ(stars("10"), "5");
  EXPECT_EQ(stars("5.5"), "3");
  EXPECT_EQ(stars("11"), "!value out of range") << "of the scale";
  Cleaner checked(R"({ range = [0, 5] })");
  EXPECT_EQ(checked("5.0"), "5.0") << "as it was written";
  Cleaner pound(R"({ factor = 1e200 })");
  EXPECT_EQ(pound("1e200"), "!invalid number") << "no infinity";
}

TEST(ValueCleaner, TimesOfSeveralUnitsAndZones) {
  Cleaner seconds(R"({ time = { unit = "s" } })");
  EXPECT_EQ(seconds("0"), "1970-01-01T00:00:00.000Z");
  Cleaner zoned(R"({ time = { unit = "iso8601", zone = "+05:30" }, range = ["2020-01-01", "2020-12-31"], )"
                R"(default = "2020-06-01" })");
  EXPECT_EQ(zoned("2020-05-01T05:30"), "2020-05-01T00:00:00.000Z");
  EXPECT_EQ(zoned("2020-05-01 05:30:00Z"), "2020-05-01T05:30:00.000Z") << "its own zone";
  EXPECT_EQ(zoned("2020-05-01"), "2020-04-30T18:30:00.000Z");
  EXPECT_EQ(zoned("2020-01-01"), "!value out of range") << "the range is in UTC";
  EXPECT_EQ(zoned("May"), "!invalid time");
  EXPECT_EQ(zoned(""), "2020-06-01T00:00:00.000Z");
  EXPECT_EQ(zoned.count(CleanStep::kTime), 3U);
}

TEST(ValueCleaner, IdsOfOneSourceBecomeAnothers) {
  Cleaner joined(R"({ ids = { a = "u1" }, prefix = "shop2:" })");
  EXPECT_EQ(joined("a"), "u1");
  EXPECT_EQ(joined("b"), "shop2:b");
  EXPECT_EQ(joined.count(CleanStep::kIds), 1U);
  EXPECT_EQ(joined.count(CleanStep::kUnknownIds), 1U);
  Cleaner strict(R"({ ids = { a = "u1" }, unknown_ids = "bad" })");
  EXPECT_EQ(strict("b"), "!unknown id");
  Cleaner loose(R"({ ids = { a = "u1" }, unknown_ids = "missing" })");
  EXPECT_EQ(loose("b"), "-");
  Cleaner tidied(R"({ tidy = "space", prefix = "p:" })");
  EXPECT_EQ(tidied(" b "), "p:b") << "both steps use one buffer";
}

TEST(ValueCleaner, RequiredAndPassedOver) {
  Cleaner required("{ required = true }");
  EXPECT_EQ(required(""), "!missing value");
  Cleaner lenient(R"({ range = [0, 1], on_bad = "missing" })");
  EXPECT_EQ(lenient("2"), "-");
  EXPECT_EQ(lenient.count(CleanStep::kBad), 1U);
}

}  // namespace
}  // namespace weft::storage
