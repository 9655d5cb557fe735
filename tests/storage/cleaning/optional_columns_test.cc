// Files of one source of which some lack a column: logs from before it was added, another shop's export.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "tests/storage/sources/parquet_file.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kProject = R"([nodes.user]
[nodes.item]
[nodes.row]
source = "logs"
fields.device = { kind = "category" }
fields.price = { kind = "number" }
[edges.buys]
source = "logs"
from = "user:user"
to = "item:item"
)";

class OptionalColumns : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    real_files().write_whole(folder_ / name, text);
  }
  Project project(const std::string& files, const std::string& rules) const {
    return read_project(TomlFile::parse(kProject + ("[sources.logs]\nfiles = " + files + "\n") +
                                            "[sources.logs.columns]\n" + rules,
                                        "p.toml"),
                        folder_ / "p.toml");
  }
  // [row] the one field, "-" where it has none.
  struct Rows {
    IngestReport report = {};
    std::vector<std::string> device = {};
    std::vector<double> price = {};
  };
  Rows rows_of(const Project& project, bool in_bulk = false) {
    std::filesystem::remove_all(project.workspace.folder);
    GraphStore store = GraphStore::open(project.workspace.store(), project.schema, {.sync = Sync::kNever});
    Rows out;
    out.report = ingest(project, store, {.bulk_from_bytes = in_bulk ? 0 : ~std::uint64_t{0}});
    EXPECT_EQ(out.report.bulk, in_bulk) << out.report.path_reason;
    const graph::GraphTables tables = store.tables("");
    for (const graph::FieldValue& value : tables.nodes[2].fields[0]) {
      const auto* list = std::get_if<std::vector<std::string>>(&value);
      out.device.push_back(list == nullptr ? "-" : list->at(0));
    }
    for (const graph::FieldValue& value : tables.nodes[2].fields[1])
      out.price.push_back(std::holds_alternative<double>(value) ? std::get<double>(value) : -1);
    return out;
  }
  std::string error_of(const Project& project) {
    try {
      rows_of(project);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  test::TempFolder folder_;
};

TEST_F(OptionalColumns, OfDelimitedText) {
  write("1.csv", "user,item,price\nu1,i1,1\nu2,i2,2\n");
  write("2.csv", "device,user,item,price\nphone,u3,i3,3\n,u4,i4,4\n");
  const std::string files = R"(["1.csv", "2.csv"])";
  EXPECT_THAT(error_of(project(files, "")), HasSubstr("1.csv has no column 'device'"));
  for (const bool in_bulk : {false, true}) {
    const Rows plain = rows_of(project(files, "device = { optional = true }"), in_bulk);
    EXPECT_THAT(plain.device, ElementsAre("-", "-", "phone", "-"));
    EXPECT_THAT(plain.price, ElementsAre(1, 2, 3, 4));
    const Rows filled = rows_of(project(files, "device = { optional = true, default = \"web\" }"), in_bulk);
    EXPECT_THAT(filled.device, ElementsAre("web", "web", "phone", "web"));
    EXPECT_EQ(filled.report.quarantined_rows, 0U);
  }
  // By its new name; and one that must be there stays an error.
  write("2.csv", "dev,user,item,price\nphone,u3,i3,3\n");
  EXPECT_THAT(rows_of(project(files, "dev = { rename = \"device\", optional = true }")).device,
              ElementsAre("-", "-", "phone"));
  write("3.csv", "user,item\nu5,i5\n");
  EXPECT_THAT(error_of(project(R"("3.csv")", "device = { optional = true }")),
              HasSubstr("3.csv has no column 'price'"));
}

TEST_F(OptionalColumns, AnIdThatIsMissingIsMissing) {
  write("1.csv", "user,price,device\nu1,1,x\n");
  const Project each = project(R"("1.csv")", "item = { optional = true }");
  EXPECT_THAT(error_of(each), HasSubstr("missing id"));
}

TEST_F(OptionalColumns, OfJsonLines) {
  write("1.jsonl", "{\"user\": 1, \"item\": 2, \"price\": 3, \"devise\": \"x\"}\n");
  EXPECT_THAT(error_of(project(R"("1.jsonl")", "")), HasSubstr("did you mean 'devise'?"));
  const Rows rows = rows_of(project(R"("1.jsonl")", "device = { optional = true }"));
  EXPECT_THAT(rows.device, ElementsAre("-"));
  EXPECT_THAT(rows.report.notes, IsEmpty());
}

TEST_F(OptionalColumns, OfParquet) {
  write_parquet(folder_ / "1.parquet", {{"user", arrow::int64(), "[7, 8]"},
                                        {"item", arrow::int64(), "[7, 8]"},
                                        {"price", arrow::int64(), "[7, 8]"}});
  write("2.csv", "user,item,price,device\nu1,i1,1,phone\n");
  const std::string files = R"(["1.parquet", "2.csv"])";
  EXPECT_THAT(error_of(project(files, "")), HasSubstr("1.parquet has no column 'device'"));
  for (const bool in_bulk : {false, true})
    EXPECT_THAT(rows_of(project(files, "device = { optional = true }"), in_bulk).device,
                ElementsAre("-", "-", "phone"));
}

// A log gets a column: the rule that older files may lack it does not make them sources of another meaning.
TEST_F(OptionalColumns, CanBeSaidOfSourcesThatAreInTheStore) {
  write("1.csv", "user,item,price,device\nu1,i1,1,tv\n");
  const Project before = project(R"(["1.csv"])", "");
  GraphStore store = GraphStore::open(before.workspace.store(), before.schema, {.sync = Sync::kNever});
  ingest(before, store);
  write("2.csv", "user,item,price\nu2,i2,2\n");
  const IngestReport report = ingest(project(R"(["1.csv", "2.csv"])", "device = { optional = true }"), store);
  EXPECT_EQ(report.events, 1U);
  EXPECT_EQ(report.sources_unchanged, 1U);
}

}  // namespace
}  // namespace weft::storage
