#include "storage/sources/delimited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using Cells = std::vector<std::string>;
using namespace std::string_literals;

TEST(Delimited, OffsetsAndLinesOfPlainRows) {
  const WrittenSource file("a.csv", "id,x\n1,a\n\n22,b\n");
  const auto rows = file.read({"x", "id"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("a", "1"));
  EXPECT_EQ(rows[0].offset, 5U);
  EXPECT_EQ(rows[0].line, 2U);
  EXPECT_THAT(rows[1].cells, ElementsAre("b", "22"));
  EXPECT_EQ(rows[1].offset, 10U);
  EXPECT_EQ(rows[1].line, 4U);
}

TEST(Delimited, QuotesAfterRfc4180) {
  const WrittenSource file("a.csv", "id,x\n\"1\",\"a \"\"b\"\",\nc\"\r\n2,d\n3,\"\"\n4,mid\"dle\n");
  const auto rows = file.read({"id", "x"});
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "a \"b\",\nc"));
  EXPECT_THAT(rows[1].cells, ElementsAre("2", "d"));
  EXPECT_EQ(rows[1].line, 4U);
  EXPECT_FALSE(rows[2].present[1]);
  EXPECT_THAT(rows[3].cells, ElementsAre("4", "mid\"dle"));
}

TEST(Delimited, ByteOrderMarkAndCrlf) {
  const WrittenSource file("a.csv", "\xEF\xBB\xBFid,x\r\n1,a\r\n2,b");
  const auto rows = file.read({"id", "x"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "a"));
  EXPECT_TRUE(rows[0].terminated);
  EXPECT_THAT(rows[1].cells, ElementsAre("2", "b"));
  EXPECT_FALSE(rows[1].terminated);
}

TEST(Delimited, EmptyHeaderOnlyAndOneRow) {
  EXPECT_FALSE(WrittenSource("a.csv", "").open({"id"})->has_header());
  EXPECT_TRUE(WrittenSource("a.csv", "").read({"id"}).empty());
  EXPECT_TRUE(WrittenSource("a.csv", "id,x\n").read({"id"}).empty());
  EXPECT_TRUE(WrittenSource("a.csv", "id,x").read({"id"}).empty());
  EXPECT_EQ(WrittenSource("a.csv", "id,x\n1,2").read({"id"}).size(), 1U);
}

TEST(Delimited, TabsTakeQuotesLiterallyAndStripRecBoleTypes) {
  const WrittenSource file("a.item",
                           "item_id:token\tname:token_seq\tprice:float\tp:token\n1\t\"Heroes\" x\t2.5\t\r\n");
  const auto reader = file.open({"name", "price", "p"});
  EXPECT_THAT(reader->known_columns(), ElementsAre("item_id", "name", "price", "p"));
  const auto rows = read_rows(*reader);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows[0].cells, ElementsAre("\"Heroes\" x", "2.5", ""));
  EXPECT_FALSE(rows[0].present[2]);
}

TEST(Delimited, BadRowsAreHandedOutAndReadingGoesOn) {
  const WrittenSource file("a.csv", "id,x\n1\n2,b,c\n\"3\"x,d\n4,\xFF\n5,ok\n");
  const auto rows = file.read({"id", "x"});
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].bad, "wrong number of columns");
  EXPECT_EQ(rows[1].bad, "wrong number of columns");
  EXPECT_EQ(rows[2].bad, "broken quotes");
  EXPECT_EQ(rows[3].bad, "invalid UTF-8");
  EXPECT_THAT(rows[4].cells, ElementsAre("5", "ok"));
  EXPECT_EQ(rows[4].line, 6U);
}

TEST(Delimited, AStrayQuoteLosesItsLineOnly) {
  const WrittenSource file("a.csv", "id,x\n1,\"open\n2,b\n3,c\n");
  const auto rows = file.read({"id", "x"});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].bad, "broken quotes");
  EXPECT_THAT(rows[1].cells, ElementsAre("2", "b"));
  EXPECT_THAT(rows[2].cells, ElementsAre("3", "c"));
}

TEST(Delimited, ARowPastTheCapIsBadAndTheNextOneIsRead) {
  for (const char* name : {"a.csv", "a.csv.gz"}) {
    const WrittenSource file(name, "id,x\n1," + std::string(kMaxRowBytes + 5, 'y') + "\n2,b\n");
    const auto rows = file.read({"id", "x"});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].bad, "row too long");
    EXPECT_THAT(rows[1].cells, ElementsAre("2", "b"));
    EXPECT_EQ(rows[1].line, 3U);
    EXPECT_EQ(rows[1].offset, 5 + 2 + kMaxRowBytes + 5 + 1);
  }
}

TEST(Delimited, HeaderFaultsAreErrors) {
  EXPECT_THROW(WrittenSource("a.csv", "id,x,id\n").open({"id"}), Error);
  EXPECT_NO_THROW(WrittenSource("a.csv", "id,x,x\n").open({"id"}));
  EXPECT_THROW(WrittenSource("a.csv", std::string(kMaxColumns, ',') + "\n").open({"id"}), Error);
  EXPECT_THROW(WrittenSource("a.csv", "id,\xFE\n").open({"id"}), Error);
  EXPECT_THAT(WrittenSource("a.csv", "id,x\n").open({"x", "none"})->missing_columns(), ElementsAre(1U));
  EXPECT_THAT(WrittenSource("a.csv", "\"i d\",\"a\"\"b\"\n").open({})->known_columns(),
              ElementsAre("i d", "a\"b"));
}

TEST(Delimited, NulAndTabWithinQuotedFields) {
  const auto rows = WrittenSource("a.csv", "id,x\n\"a\tb\",c\0d\n"s).read({"id", "x"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cells, (Cells{"a\tb", "c\0d"s}));
}

// Random tables written by an obvious writer come back, whatever is quoted, and from any row on.
TEST(Delimited, RandomTablesComeBack) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const bool gzip = seed % 2 == 0;
    std::string text = "a,b,c\n";
    std::vector<Cells> wanted;
    std::vector<std::uint64_t> offsets, lines;
    std::uint64_t line = 2;
    for (int r = 0; r < 200; ++r) {
      Cells cells;
      offsets.push_back(text.size());
      lines.push_back(line);
      for (int c = 0; c < 3; ++c) {
        std::string cell(random() % 12, 'x');
        for (char& ch : cell) ch = "abc,\"\n\r\t é"[random() % 9];
        if (c == 0) cell += 'k';
        const bool quote = cell.find_first_of(",\"\n\r") != std::string::npos || random() % 4 == 0;
        std::string written = cell;
        if (quote) {
          written = "\"";
          for (const char ch : cell) written += ch == '"' ? "\"\"" : std::string(1, ch);
          written += '"';
        }
        line += static_cast<std::uint64_t>(std::count(written.begin(), written.end(), '\n'));
        text += (c > 0 ? "," : "") + written;
        cells.push_back(cell);
      }
      text += random() % 2 == 0 ? "\n" : "\r\n";
      ++line;
      wanted.push_back(cells);
    }
    const WrittenSource file(gzip ? "t.csv.gz" : "t.csv", text);
    const auto rows = file.read({"a", "b", "c"});
    ASSERT_EQ(rows.size(), wanted.size()) << "seed " << seed;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      ASSERT_EQ(rows[r].cells, wanted[r]) << "seed " << seed << " row " << r;
      ASSERT_EQ(rows[r].offset, offsets[r]);
      ASSERT_EQ(rows[r].line, lines[r]);
    }
    const std::size_t start = random() % rows.size();
    const auto reader = file.open({"a", "b", "c"});
    ASSERT_TRUE(reader->skip_to(offsets[start], lines[start] - 1));
    EXPECT_EQ(reader->position_before_row().hash, hash64(std::string_view(text).substr(0, offsets[start])));
    EXPECT_FALSE(reader->inside_line());
    const auto rest = read_rows(*reader);
    ASSERT_EQ(rest.size(), rows.size() - start);
    EXPECT_EQ(rest[0].line, lines[start]);
    EXPECT_EQ(rest.back().cells, wanted.back());
    const Position end = reader->position();
    EXPECT_EQ(end.bytes, text.size());
    EXPECT_EQ(end.hash, hash64(text));
    EXPECT_EQ(end.lines, line - 1);
  }
}

TEST(Delimited, InsideLine) {
  const WrittenSource file("a.csv", "id\nab\ncd");
  const auto reader = file.open({"id"});
  ASSERT_TRUE(reader->skip_to(4, 1));
  EXPECT_TRUE(reader->inside_line());
  ASSERT_TRUE(reader->skip_to(6, 2));
  EXPECT_FALSE(reader->inside_line());
  EXPECT_FALSE(reader->skip_to(9, 2)) << "past the end";
}

// The window moves its bytes when it looks for more of them at the end of a compressed file.
TEST(Delimited, ALastQuotedRowWithoutALineEndInCompressedFiles) {
  for (const char* name : {"a.csv", "a.csv.gz", "a.csv.zst"}) {
    std::string text = "id,x\n";
    for (int i = 0; i < 30'000; ++i) text += "1,padding to more than a piece\n";
    const auto rows = WrittenSource(name, text + "\"2\",\"the, last\"").read({"id", "x"});
    ASSERT_EQ(rows.size(), 30'001U);
    EXPECT_THAT(rows.back().cells, ElementsAre("2", "the, last"));
    EXPECT_FALSE(rows.back().terminated);
  }
}

TEST(Delimited, GbkRowsAndOnesThatAreNone) {
  const WrittenSource file("a.csv", "\xCA\xE9,id\n\xC6\xBB\xB9\xFB,1\n\xC6,2\n\"\xC6\xBB,\"\"\",3\n\xC6",
                           Encoding::kGbk);
  const auto rows = file.read({"书", "id"});
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0].cells, ElementsAre("苹果", "1"));
  EXPECT_EQ(rows[1].bad, "invalid GBK");
  EXPECT_EQ(rows[1].offset, 7U + 9U) << "offsets count in UTF-8";
  EXPECT_THAT(rows[2].cells, ElementsAre("苹,\"", "3"));
  EXPECT_EQ(rows[2].line, 4U);
  EXPECT_FALSE(rows[3].terminated);
}

TEST(Delimited, ALatin1HeaderWithoutItsEncodingIsAnError) {
  const std::string text = "id,caf\xE9\n1,\xE9\n";
  try {
    WrittenSource("a.csv", text).open({"id"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.summary(), "the header row is not UTF-8");
    EXPECT_NE(error.context().hint.find("encoding"), std::string::npos);
  }
  EXPECT_THAT(WrittenSource("a.csv", text, Encoding::kLatin1).read({"café"})[0].cells, ElementsAre("é"));
}

TEST(Delimited, OtherDelimitersAndNoHeaderRow) {
  WrittenSource file("a.csv", "1;\"a;b\";x,y\n2;c;\n");
  file.source().delimiter = ';';
  file.source().header = {"id", "name", "more"};
  const auto reader = file.open({"more", "name"});
  EXPECT_TRUE(reader->has_header());
  const auto rows = read_rows(*reader);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("x,y", "a;b"));
  EXPECT_EQ(rows[0].offset, 0U);
  EXPECT_EQ(rows[0].line, 1U);
  EXPECT_THAT(rows[1].cells, ElementsAre("", "c"));
}

TEST(Delimited, AHugeFieldIsABadRowAndReadingGoesOn) {
  const std::string huge(17 << 20, 'x');
  for (const char* quote : {"", "\""}) {
    const auto rows =
        WrittenSource("a.csv.zst", "id,x\n1," + (quote + huge) + quote + "\n2,ok\n").read({"id", "x"});
    ASSERT_EQ(rows.size(), 2U) << quote;
    EXPECT_EQ(rows[0].bad, "row too long");
    EXPECT_THAT(rows[1].cells, ElementsAre("2", "ok"));
    EXPECT_EQ(rows[1].line, 3U);
  }
}

}  // namespace
}  // namespace weft::storage
