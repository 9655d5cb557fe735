#include "storage/sources/delimited_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/source_files.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using Outcome = ValueReader::Outcome;

class DelimitedTextTest : public ::testing::Test {
 protected:
  DelimitedTextTest() {
    source_.name = "topic";
    source_.format = SourceFormat::kCsv;
    source_.header = {"id", "title", "price"};
  }
  // The outcome, the wanted columns' texts or what is wrong with the row.
  std::pair<Outcome, std::vector<std::string>> read(std::string_view text) {
    DelimitedText reader(source_, {"price", "title"});
    std::vector<Cell> cells(2);
    Row row;
    const Outcome outcome = reader.read(text, cells, row);
    if (outcome != Outcome::kGood) return {outcome, {row.bad_reason, row.bad_detail}};
    return {outcome, {std::string(cells[0].text), std::string(cells[1].text)}};
  }
  SourceFile source_;
};

TEST_F(DelimitedTextTest, OneRecordWithOrWithoutALineEnd) {
  for (const char* end : {"", "\n", "\r\n"}) {
    const auto [outcome, texts] = read(std::string("7,a \"chair\",9.5") + end);
    EXPECT_EQ(outcome, Outcome::kGood);
    EXPECT_THAT(texts, ElementsAre("9.5", "a \"chair\""));
    EXPECT_THAT(read(std::string("7,\"two\nlines, \"\"x\"\"\",3") + end).second,
                ElementsAre("3", "two\nlines, \"x\""));
  }
}

TEST_F(DelimitedTextTest, WhatIsNoRowOfTheNamedColumns) {
  EXPECT_THAT(read("7,chair").second, ElementsAre("wrong number of columns", "2 columns, the header has 3"));
  EXPECT_THAT(read("7,chair,1\n8,table,2").second,
              ElementsAre("wrong number of columns", "more than one row"));
  EXPECT_THAT(read("7,\"chair\",1\n8,table,2").second,
              ElementsAre("wrong number of columns", "more than one row"));
  EXPECT_THAT(read("7,\"chair").second,
              ElementsAre("broken quotes", "the quote that opens column 2 is never closed"));
  EXPECT_THAT(read("7,\"chair\"x,1").second,
              ElementsAre("broken quotes", "text after the closing quote of column 2"));
  EXPECT_EQ(read("7,\xFF,1").first, Outcome::kNotUtf8);
  EXPECT_EQ(read("").first, Outcome::kBad);
}

TEST_F(DelimitedTextTest, TabsTakeQuotesLiterally) {
  source_.format = SourceFormat::kTabs;
  EXPECT_THAT(read("7\t\"a\t1").second, ElementsAre("1", "\"a"));
}

TEST_F(DelimitedTextTest, AColumnThatTheHeaderLacksIsMissing) {
  const DelimitedText reader(source_, {"id", "brand"});
  EXPECT_THAT(reader.missing_columns(), ElementsAre(1U));
}

}  // namespace
}  // namespace weft::storage
