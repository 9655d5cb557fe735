#include "storage/sources/delimited_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/source_files.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Split = DelimitedRecord::Split;

SourceFile of(SourceFormat format, char delimiter = '\0') {
  SourceFile source;
  source.format = format;
  source.delimiter = delimiter;
  return source;
}

std::vector<std::string> fields(const DelimitedRecord& record, std::string_view text) {
  std::vector<std::string> out;
  std::string buffer;
  for (std::size_t i = 0; i < record.field_count(); ++i) out.emplace_back(record.text(i, text, buffer));
  return out;
}

TEST(DelimitedRecord, PlainLines) {
  DelimitedRecord commas(of(SourceFormat::kCsv)), tabs(of(SourceFormat::kTabs)),
      bars(of(SourceFormat::kCsv, '|'));
  commas.split_plain("a,,b c,");
  EXPECT_THAT(fields(commas, "a,,b c,"), ElementsAre("a", "", "b c", ""));
  EXPECT_EQ(commas.end(), 7U);
  commas.split_plain("");
  EXPECT_THAT(fields(commas, ""), ElementsAre(""));
  tabs.split_plain("a\t\"b\"");
  EXPECT_THAT(fields(tabs, "a\t\"b\""), ElementsAre("a", "\"b\""));
  EXPECT_FALSE(tabs.has_quotes());
  bars.split_plain("a,b|c");
  EXPECT_THAT(fields(bars, "a,b|c"), ElementsAre("a,b", "c"));
}

TEST(DelimitedRecord, QuotedRecordsEndWhereTheyEnd) {
  DelimitedRecord record(of(SourceFormat::kCsv));
  const std::string_view text = "\"a,\"\"b\"\"\nc\",d\r\nnext,row\n";
  ASSERT_EQ(record.split_quoted(text, false), Split::kDone);
  EXPECT_THAT(fields(record, text), ElementsAre("a,\"b\"\nc", "d"));
  EXPECT_EQ(text.substr(record.bytes()), "next,row\n");
  EXPECT_EQ(record.lines(), 2U);
  EXPECT_TRUE(record.terminated());
  ASSERT_EQ(record.split_quoted("x,\"y\"", true), Split::kDone);
  EXPECT_FALSE(record.terminated());
  EXPECT_EQ(record.lines(), 0U);
}

// Each beginning of a record asks for more, until its end is certain.
TEST(DelimitedRecord, CutAnywhereItAsksForMore) {
  DelimitedRecord record(of(SourceFormat::kCsv));
  const std::string_view text = "\"a\"\"b\",c,\"d\ne\"\r\n";
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(record.split_quoted(text.substr(0, size), false), Split::kNeedsMore) << size;
  EXPECT_EQ(record.split_quoted(text, false), Split::kDone);
}

TEST(DelimitedRecord, BrokenQuotes) {
  DelimitedRecord record(of(SourceFormat::kCsv));
  EXPECT_EQ(record.split_quoted("a,\"b\"c\n", false), Split::kTextAfterQuote);
  EXPECT_EQ(record.field_count(), 1U);
  EXPECT_EQ(record.split_quoted("a,\"b", true), Split::kNeedsMore) << "never closed";
}

TEST(FindColumns, PlacesAndWhatIsMissing) {
  const ColumnPlaces places = find_columns({"a", "b", "c"}, {"c", "x", "a"}, "t.csv");
  EXPECT_EQ(places.position[0], 2U);
  EXPECT_EQ(places.position[2], 0U);
  EXPECT_EQ(places.position[1], ColumnPlaces::kNone);
  EXPECT_THAT(places.missing, ElementsAre(1U));
  EXPECT_THAT(test::error_of([] {
                find_columns({"a", "b", "a"}, {"a"}, "t.csv");
              }),
              HasSubstr("t.csv:1: the header names a column twice"));
  EXPECT_NO_THROW(find_columns({"a", "b", "a"}, {"b"}, "t.csv"));
}

}  // namespace
}  // namespace weft::storage
