#include "storage/sources/parquet_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "tests/storage/shop.h"
#include "tests/storage/sources/parquet_file.h"
#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ParquetTest : public ::testing::Test {
 protected:
  std::unique_ptr<RowReader> open(std::vector<std::string> columns) const {
    const SourceFile source{.name = "t.parquet", .path = path_, .format = SourceFormat::kParquet};
    return RowReader::open(source, std::move(columns), real_files());
  }
  std::vector<ReadRow> read(std::vector<std::string> columns) const {
    return read_rows(*open(std::move(columns)));
  }
  test::TempFolder folder_;
  std::filesystem::path path_ = folder_.path() / "t.parquet";
};

TEST_F(ParquetTest, ScalarsAndNulls) {
  write_parquet(path_, {{"i8", arrow::int8(), "[1, null, -3, 4]"},
                        {"u64", arrow::uint64(), "[18446744073709551615, 0, null, 1]"},
                        {"f", arrow::float32(), "[0.1, null, 2, NaN]"},
                        {"d", arrow::float64(), "[0.1, 1e300, null, Inf]"},
                        {"b", arrow::boolean(), "[true, false, null, true]"},
                        {"s", arrow::utf8(), R"(["a", "", null, "é"])"},
                        {"money", arrow::decimal128(9, 2), R"(["12.50", "-0.01", null, "0.00"])"},
                        {"none", arrow::null(), "[null, null, null, null]"}});
  const auto rows = read({"d", "i8", "u64", "f", "b", "s", "money", "none"});
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0].cells,
              ElementsAre("0.1", "1", "18446744073709551615", "0.1", "true", "a", "12.50", ""));
  EXPECT_THAT(rows[1].cells, ElementsAre("1e+300", "", "0", "", "false", "", "-0.01", ""));
  EXPECT_THAT(rows[2].cells, ElementsAre("", "-3", "", "2", "", "", "", ""));
  EXPECT_THAT(rows[3].cells, ElementsAre("inf", "4", "1", "", "true", "é", "0.00", ""));
  EXPECT_THAT(rows[3].present, ElementsAre(true, true, true, false, true, true, true, false));
  EXPECT_EQ(rows[3].offset, 3U);
  EXPECT_EQ(rows[3].line, 4U);
  EXPECT_TRUE(rows[3].terminated);
}

TEST_F(ParquetTest, Times) {
  write_parquet(
      path_, {{"s", arrow::timestamp(arrow::TimeUnit::MILLI), "[1714557600250, null, -1]"},
              {"us", arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Shanghai"), "[1714557600250999, 0, -1]"},
              {"ns", arrow::timestamp(arrow::TimeUnit::NANO), "[1714557600250999999, 0, -1]"},
              {"day", arrow::date32(), "[19844, null, -1]"}});
  const auto rows = read({"s", "us", "ns", "day"});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].cells, ElementsAre("2024-05-01T10:00:00.250Z", "2024-05-01T10:00:00.250Z",
                                         "2024-05-01T10:00:00.250Z", "2024-05-01"));
  EXPECT_THAT(rows[2].cells, ElementsAre("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z",
                                         "1969-12-31T23:59:59.999Z", "1969-12-31"));
  EXPECT_EQ(parse_time(rows[0].cells[0], TimeUnit::kIso8601), graph::TimeMs{1714557600250});
}

TEST_F(ParquetTest, NestedAndDictionaryColumns) {
  const auto coded = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto inner =
      arrow::struct_({arrow::field("c", arrow::utf8()), arrow::field("n", arrow::list(arrow::int64()))});
  write_parquet(path_,
                {{"city", coded, R"(["Rome", null, "Oslo", "Rome", "Rome"])"},
                 {"tags", arrow::list(arrow::utf8()), R"([["a", "b"], [], null, ["c", null, ""], ["d"]])"},
                 {"a", arrow::struct_({arrow::field("b", inner)}),
                  R"([{"b": {"c": "x", "n": [7, 8]}}, {"b": null}, null, {"b": {"c": null, "n": []}},
                             {"b": {"c": "z", "n": [9]}}])"},
                 {"a.flat", arrow::utf8(), R"(["1", "2", "3", "4", "5"])"},
                 {"l", arrow::list(inner),
                  R"([[{"c": "p", "n": []}, {"c": "q", "n": [1]}], [], null, [{"c": "r", "n": []}], []])"}});
  const auto reader = open({"city", "tags", "a.b.c", "a.b.n", "a.b.n.1", "a.flat", "l.1.c", "tags.0"});
  EXPECT_THAT(reader->missing_columns(), IsEmpty());
  EXPECT_THAT(reader->known_columns(), ElementsAre("city", "tags", "a", "a.b", "a.flat", "l"));
  const auto rows = read_rows(*reader);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_THAT(rows[0].cells, ElementsAre("Rome", "[a|b]", "x", "[7|8]", "8", "1", "q", "a"));
  EXPECT_THAT(rows[1].cells, ElementsAre("", "[]", "", "", "", "2", "", ""));
  EXPECT_THAT(rows[2].cells, ElementsAre("Oslo", "", "", "", "", "3", "", ""));
  EXPECT_THAT(rows[3].cells, ElementsAre("Rome", "[c]", "", "[]", "", "4", "", "c"));
  EXPECT_THAT(rows[4].cells, ElementsAre("Rome", "[d]", "z", "[9]", "", "5", "", "d"));

  EXPECT_THAT(open({"a.x", "city.b", "tags.x", "no", "a.b"})->missing_columns(), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(read({"a.b"})[0].bad, "wrong type");
  EXPECT_EQ(read({"l"})[0].bad, "wrong type");
}

TEST_F(ParquetTest, BytesThatAreNoTextAreABadRow) {
  write_parquet(path_, {{"id", arrow::utf8(), R"(["1", "2"])"}, {"x", arrow::binary(), R"(["ok", "??"])"}});
  std::string bytes = real_files().read_whole(path_);
  for (std::size_t at = 0; (at = bytes.find("??", at)) != std::string::npos;)
    bytes.replace(at, 2, "\xFF\xFE");
  real_files().write_whole(path_, bytes);
  const auto rows = read({"id", "x"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "ok"));
  EXPECT_EQ(rows[1].bad, "invalid UTF-8");
}

TEST_F(ParquetTest, PositionsAreRowsAndSkippingGoesAnywhere) {
  std::string ids = "[";
  for (int i = 0; i < 10'000; ++i) ids += (i > 0 ? "," : "") + std::to_string(i);
  write_parquet(path_, {{"id", arrow::int32(), ids + "]"}}, 700);
  const std::uint64_t hash = hash64(real_files().read_whole(path_));
  for (const std::uint64_t from : {0U, 1U, 699U, 700U, 701U, 4096U, 9999U, 10'000U}) {
    const auto reader = open({"id"});
    ASSERT_TRUE(reader->skip_to(from, from));
    const auto rows = read_rows(*reader);
    ASSERT_EQ(rows.size(), 10'000 - from);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i].cells[0], std::to_string(from + i));
      ASSERT_EQ(rows[i].offset, from + i);
    }
    EXPECT_EQ(reader->position().bytes, 10'000U);
    EXPECT_EQ(reader->position().hash, hash);
  }
  const auto reader = open({"id"});
  EXPECT_FALSE(reader->skip_to(10'001, 0));
  Row row;
  const auto two = open({"id"});
  ASSERT_TRUE(two->next(row) && two->next(row));
  EXPECT_EQ(two->position_before_row().bytes, 1U);
  EXPECT_EQ(two->position().bytes, 2U);
}

TEST_F(ParquetTest, NoRows) {
  write_parquet(path_, {{"id", arrow::int32(), "[]"}});
  EXPECT_THAT(read({"id"}), IsEmpty());
}

// Whatever bytes are cut off or turned: rows, or an Error that names the file.
TEST_F(ParquetTest, CutAndDamagedFiles) {
  write_parquet(path_, {{"id", arrow::int64(), "[1, 2, 3, 4, 5]"},
                        {"s", arrow::utf8(), R"(["a", "b", null, "d", "e"])"}});
  const std::string whole = real_files().read_whole(path_);
  const auto attempt = [&](const std::string& bytes) {
    real_files().write_whole(path_, bytes);
    try {
      read({"id", "s"});
      return std::string("read");
    } catch (const Error& error) {
      EXPECT_EQ(error.context().file, "t.parquet") << error.what();
      return error.summary();
    }
  };
  EXPECT_EQ(attempt(whole), "read");
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_THAT(attempt(whole.substr(0, size)), HasSubstr("not a whole Parquet file")) << size;
  EXPECT_THAT(attempt("id,x\n1,2\n"), HasSubstr("not a whole Parquet file"));
  std::size_t errors = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    errors += attempt(damaged) == "read" ? 0 : 1;
  }
  EXPECT_GT(errors, whole.size() / 20);
}

// One text stands for all rows: a small file, and rows that together take far more than may be read at once.
void write_repeated(const std::filesystem::path& path, std::size_t bytes, int rows, bool statistics) {
  arrow::Int32Builder indices;
  ASSERT_TRUE(indices.AppendValues(std::vector<std::int32_t>(static_cast<std::size_t>(rows), 0)).ok());
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append(std::string(bytes, 'x')).ok());
  const auto coded =
      arrow::DictionaryArray::FromArrays(indices.Finish().ValueOrDie(), texts.Finish().ValueOrDie())
          .ValueOrDie();
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("s", coded->type())}), {coded});
  const auto out = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  parquet::WriterProperties::Builder properties;
  if (!statistics) properties.set_size_statistics_level(parquet::SizeStatisticsLevel::None);
  ASSERT_TRUE(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 100'000, properties.build())
          .ok());
  ASSERT_TRUE(out->Close().ok());
}

TEST_F(ParquetTest, WhatIsReadAtOnceIsBounded) {
  constexpr int kRows = 2000;
  constexpr std::size_t kBytes = 400'000;
  const std::int64_t before = arrow::default_memory_pool()->bytes_allocated();
  for (const bool statistics : {true, false}) {
    write_repeated(path_, kBytes, kRows, statistics);
    const auto reader = open({"s"});
    ASSERT_TRUE(reader->skip_to(5, 5));
    Row row;
    int rows = 0;
    std::int64_t most = 0;
    while (reader->next(row)) {
      ASSERT_EQ(row.cells[0].text.size(), kBytes);
      ASSERT_EQ(row.offset, 5U + static_cast<unsigned>(rows));
      most = std::max(most, arrow::default_memory_pool()->bytes_allocated() - before);
      ++rows;
    }
    EXPECT_EQ(rows, kRows - 5);
    EXPECT_LE(most, static_cast<std::int64_t>(kParquetMemory));
  }
}

TEST_F(ParquetTest, OverlongRowsAreBadAndRowsThatDoNotFitAnError) {
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append("a").ok() && texts.Append(std::string(kMaxRowBytes + 1, 'x')).ok() &&
              texts.Append(std::string(kMaxRowBytes, 'y')).ok());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8())}), {texts.Finish().ValueOrDie()});
  const auto out = arrow::io::FileOutputStream::Open(path_.string()).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out).ok() &&
              out->Close().ok());
  const auto rows = read({"s"});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].bad, "");
  EXPECT_EQ(rows[1].bad, "row too long");
  EXPECT_EQ(rows[2].bad, "");

  write_repeated(path_, kParquetMemory + 1, 1, false);
  try {
    read({"s"});
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("t.parquet:1: the row takes more than 256 MiB"));
    EXPECT_THAT(error.what(), HasSubstr("smaller pages"));
  }
}

TEST_F(ParquetTest, DeepNestingIsRefused) {
  const auto nested = [](std::size_t depth) {
    auto type = arrow::utf8();
    for (std::size_t i = 1; i < depth; ++i) type = arrow::struct_({arrow::field("x", type)});
    return type;
  };
  write_parquet(path_, {{"x", nested(kMaxNesting), "[null]"}});
  EXPECT_EQ(read({"x.x.x"}).size(), 1U);
  write_parquet(path_, {{"x", nested(kMaxNesting + 1), "[null]"}});
  EXPECT_THROW(read({"x"}), Error);
}

TEST_F(ParquetTest, AFileIsHashedOnlyWhereItsPositionIsAskedFor) {
  write_parquet(path_, {{"id", arrow::int64(), "[1, 2]"}, {"other", arrow::utf8(), R"(["a", "b"])"}});
  const std::string whole = real_files().read_whole(path_);
  FaultFiles files(real_files());
  const SourceFile source{.name = "t.parquet", .path = path_, .format = SourceFormat::kParquet};
  const auto reader = RowReader::open(source, {"id"}, files);
  EXPECT_EQ(read_rows(*reader).size(), 2U);
  const auto reads = files.count(FileOperation::kRead);
  EXPECT_EQ(reader->position().hash, hash64(whole));
  EXPECT_GT(files.count(FileOperation::kRead), reads);
}

TEST_F(ParquetTest, ShapesSayWhatCanBeRead) {
  const auto inner = arrow::struct_({arrow::field("c", arrow::utf8()), arrow::field("n", arrow::int64())});
  write_parquet(path_, {{"a", arrow::struct_({arrow::field("b", inner)}), "[null]"},
                        {"m", arrow::map(arrow::utf8(), arrow::utf8()), "[null]"},
                        {"l", arrow::list(inner), "[null]"},
                        {"tags", arrow::list(arrow::utf8()), "[null]"},
                        {"clock", arrow::time64(arrow::TimeUnit::MICRO), "[null]"},
                        {"at", arrow::timestamp(arrow::TimeUnit::MICRO), "[null]"},
                        {"money", arrow::decimal128(9, 2), "[null]"},
                        {"raw", arrow::binary(), "[null]"}});
  const SourceFile source{
      .name = "d=1/t.parquet", .path = path_, .format = SourceFormat::kParquet, .partition = {{"d", "1"}}};
  std::vector<std::string> readable, not_read, bytes;
  for (const ColumnShape& shape : column_shapes(source, real_files())) {
    (shape.why_not.empty() ? readable : not_read).push_back(shape.name);
    if (shape.bytes) bytes.push_back(shape.name);
  }
  EXPECT_THAT(readable, ElementsAre("d", "a.b.c", "a.b.n", "tags", "at", "money", "raw"));
  EXPECT_THAT(not_read, ElementsAre("m", "l", "clock"));
  EXPECT_THAT(bytes, ElementsAre("raw"));
  EXPECT_THAT(read(readable)[0].bad, "");
}

// ---- as a source of a project

constexpr const char* kProject = R"([nodes.user]
source = "events"
id = "user"
[nodes.item]
[edges.buys]
source = "events"
from = "user:user"
to = "item:item"
time = { column = "at", unit = "iso8601" }
where = { country = ["it", "a/b"] }
)";

class ParquetFolder : public ::testing::Test {
 protected:
  ParquetFolder() {
    real_files().write_whole(folder_ / "p.toml", kProject);
    part("country=it/part-0.snappy.parquet", R"(["ann", "bob"])");
    part("country=a%2Fb/part-0.parquet", R"(["cid"])");
    part("country=__HIVE_DEFAULT_PARTITION__/part-0.parquet", R"(["dan"])");
    real_files().write_whole(folder_ / "events/_SUCCESS", "");
    std::filesystem::create_directories(folder_ / "events/_delta_log");
    real_files().write_whole(folder_ / "events/_delta_log/x.parquet", "no");
    real_files().write_whole(folder_ / "events/country=it/.part-0.parquet.crc", "no");
  }
  void part(const std::string& name, const std::string& users) {
    std::string items, times;
    for (char c : users) {
      if (c != ',' && c != ']') continue;
      items += items.empty() ? "7" : ",8";
      times += times.empty() ? "1000" : ",2000";
    }
    write_parquet(folder_ / ("events/" + name),
                  {{"user", arrow::utf8(), users},
                   {"item", arrow::int32(), "[" + items + "]"},
                   {"at", arrow::timestamp(arrow::TimeUnit::MILLI), "[" + times + "]"}});
  }
  Project project() const { return read_project(TomlFile::read(folder_ / "p.toml"), folder_ / "p.toml"); }
  IngestReport ingest() const {
    const Project each = project();
    GraphStore store = GraphStore::open(each.workspace.store(), each.schema, {.sync = Sync::kNever});
    return storage::ingest(each, store, {.batch_rows = 1});
  }
  test::TempFolder folder_;
};

TEST_F(ParquetFolder, PartitionedAsSparkWritesIt) {
  std::vector<std::string> names;
  for (const SourceFile& file : project().sources) names.push_back(file.name);
  EXPECT_THAT(names,
              ElementsAre("events/country=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
                          "events/country=a%2Fb/part-0.parquet", "events/country=it/part-0.snappy.parquet"));
  const IngestReport report = ingest();
  EXPECT_EQ(report.rows, 4U);
  EXPECT_THAT(report.new_nodes, ElementsAre(4, 2));
  EXPECT_THAT(report.new_edges, ElementsAre(3));
  EXPECT_EQ(report.quarantined_rows, 0U);
  EXPECT_EQ(ingest().rows, 0U);
}

TEST_F(ParquetFolder, NewPartsAreTakenAndChangedOnesNoticed) {
  ingest();
  part("country=it/part-1.parquet", R"(["eve"])");
  EXPECT_THAT(ingest().new_nodes, ElementsAre(1, 0));
  part("country=it/part-1.parquet", R"(["eva"])");
  try {
    ingest();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.summary(), HasSubstr("has changed"));
    EXPECT_EQ(error.context().file, "events/country=it/part-1.parquet");
  }
}

TEST_F(ParquetFolder, AnEmptyFolderAndAMissingColumnAreMistakes) {
  std::filesystem::create_directories(folder_ / "none");
  const auto message = [&](const std::string& set) {
    TomlFile toml = TomlFile::read(folder_ / "p.toml");
    toml.set(set);
    try {
      const Project each = read_project(toml, folder_ / "p.toml");
      GraphStore store = GraphStore::open(each.workspace.store(), each.schema, {.sync = Sync::kNever});
      storage::ingest(each, store);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(message("nodes.user.source=none"), HasSubstr("no Parquet file is below the folder 'none'"));
  EXPECT_THAT(message("nodes.user.id=usr"), HasSubstr("did you mean 'user'?"));
}

}  // namespace
}  // namespace weft::storage
