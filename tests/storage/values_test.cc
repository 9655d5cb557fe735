#include "storage/values.h"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>
#include <random>

namespace weft::storage {
namespace {

using graph::TimeMs;

TEST(Values, NumbersAreWholeTexts) {
  EXPECT_EQ(parse_number("5"), 5.0);
  EXPECT_EQ(parse_number(" -2.5e3 "), -2500.0);
  EXPECT_EQ(parse_number("+7"), 7.0);
  for (const char* text : {"", " ", "5x", "1,5", "nan", "inf", "0x10", "1e999", "--1", "5 6"}) {
    EXPECT_FALSE(parse_number(text).has_value()) << text;
  }
}

TEST(Values, TimesInEveryUnit) {
  EXPECT_EQ(parse_time("881250949", TimeUnit::kSeconds), TimeMs{881250949000});
  EXPECT_EQ(parse_time("1.5", TimeUnit::kSeconds), TimeMs{1500});
  EXPECT_EQ(parse_time("-1.5", TimeUnit::kSeconds), TimeMs{-1500});
  EXPECT_EQ(parse_time("1999", TimeUnit::kMicroseconds), TimeMs{1});
  EXPECT_EQ(parse_time("-1", TimeUnit::kMicroseconds), TimeMs{-1});
  EXPECT_EQ(parse_time("-1000", TimeUnit::kMicroseconds), TimeMs{-1});
  EXPECT_EQ(parse_time("7", TimeUnit::kMilliseconds), TimeMs{7});
  EXPECT_EQ(parse_time("2", TimeUnit::kDays), TimeMs{172800000});
  for (const char* text : {"", "yesterday", "9223372036854775807", "1e300", "12:30"}) {
    EXPECT_FALSE(parse_time(text, TimeUnit::kSeconds).has_value()) << text;
  }
}

TEST(Values, Iso8601) {
  const auto parse = [](const char* text) { return parse_time(text, TimeUnit::kIso8601); };
  EXPECT_EQ(parse("1970-01-02"), TimeMs{86400000});
  EXPECT_EQ(parse("1970-01-01T00:00:01Z"), TimeMs{1000});
  EXPECT_EQ(parse("1970-01-01 00:01"), TimeMs{60000});
  EXPECT_EQ(parse("1970-01-01T01:00:00+01:00"), TimeMs{0});
  EXPECT_EQ(parse("1969-12-31T18:30:00-0530"), TimeMs{0});
  EXPECT_EQ(parse("1970-01-01T00:00:00.250Z"), TimeMs{250});
  EXPECT_EQ(parse("1970-01-01T00:00:00.1234567"), TimeMs{123});
  EXPECT_EQ(parse("2024-02-29"), TimeMs{1709164800000});
  // The basic form, without dashes and colons.
  EXPECT_EQ(parse("20240229"), TimeMs{1709164800000});
  EXPECT_EQ(parse("19700101T0001"), TimeMs{60000});
  EXPECT_EQ(parse("19700101T000001.25Z"), TimeMs{1250});
  EXPECT_EQ(parse("19700101T010000+0100"), TimeMs{0});
  EXPECT_EQ(parse("19700101 010000-01"), TimeMs{7200000});
  for (const char* text :
       {"2023-02-29", "2023-13-01", "2023-1-1", "2023-01-01T24:00", "2023-01-01T10", "2023-01-01T10:00:00+1",
        "2023-01-01x", "2023-01-01T10:00:00.", "2023010", "2023-0101", "202301-01", "20230230", "20230101T1",
        "20230101T10", "20230101T100", "20230101T10000", "20230101T100000.", "2023-01-01T10:0000",
        "2023-01-01T1000:00"}) {
    EXPECT_FALSE(parse(text).has_value()) << text;
  }
}

// Against the C library's calendar.
// Of a damaged store.
TEST(TimeText, ATimeOutsideTheCalendar) {
  EXPECT_EQ(time_text(std::numeric_limits<TimeMs>::max()), "9223372036854775807 ms since 1970");
  EXPECT_EQ(time_text(std::numeric_limits<TimeMs>::min() + 1), "-9223372036854775807 ms since 1970");
}

TEST(Values, Iso8601EqualsTheCalendarOfTheSystem) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::time_t seconds = static_cast<std::time_t>(random() % 8'000'000'000ULL) - 2'000'000'000;
    std::tm parts = {};
    gmtime_r(&seconds, &parts);
    char text[64];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    ASSERT_EQ(parse_time(text, TimeUnit::kIso8601), TimeMs{seconds} * 1000) << text;
    ASSERT_EQ(time_text(TimeMs{seconds} * 1000).substr(0, 19), std::string(text).substr(0, 19));
  }
}

}  // namespace
}  // namespace weft::storage
