// Parquet's shapes are tested in parquet_reader_test.cc.
#include "storage/sources/column_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(const std::vector<ColumnShape>& shapes) {
  std::vector<std::string> out;
  for (const ColumnShape& shape : shapes) out.push_back((shape.why_not.empty() ? "" : "-") + shape.name);
  return out;
}

TEST(ColumnShapes, OfJsonLinesDownIntoObjects) {
  WrittenSource file(
      "a.jsonl",
      "{\"id\": 1, \"offer\": {\"price\": 2, \"by\": {\"name\": \"x\"}}, \"tags\": [\"a\"], \"mixed\": 1}\n"
      "no json\n"
      "{\"id\": 2, \"parts\": [{\"n\": 1}], \"grid\": [[1]], \"mixed\": {\"k\": 1}, \"late\": null}\n");
  const auto shapes = column_shapes(file.source(), real_files());
  EXPECT_THAT(names(shapes), ElementsAre("id", "offer.price", "offer.by.name", "tags", "-mixed", "-parts",
                                         "-grid", "mixed.k", "late"));
  EXPECT_THAT(shapes[5].why_not, HasSubstr("parts.0.n"));
  // What is called readable is, in rows that have it so.
  EXPECT_THAT(file.read({"id", "offer.price", "offer.by.name", "tags", "late"})[0].cells,
              ElementsAre("1", "2", "x", "[a]", ""));
}

TEST(ColumnShapes, OfAHeaderWithDoubleAndEmptyNames) {
  WrittenSource file("a.csv", "id,x,,x\n1,2,3,4\n");
  const auto shapes = column_shapes(file.source(), real_files());
  EXPECT_THAT(names(shapes), ElementsAre("id", "-x", "-"));
  EXPECT_THAT(shapes[1].why_not, HasSubstr("more than once"));
}

}  // namespace
}  // namespace weft::storage
