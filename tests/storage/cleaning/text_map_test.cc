#include "storage/cleaning/text_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

struct Folder {
  test::TempFolder folder;
  void write(const std::string& name, std::string_view text) const {
    real_files().write_whole(folder.path() / name, text);
  }
  std::shared_ptr<const TextMap> read(const std::string& value, Sources sources = Sources::kMustExist) const {
    const TomlFile toml = TomlFile::parse("ids = " + value + "\n[sources]\n", "p.toml");
    const SourceResolver resolver(toml.root().section("sources"), folder.path(), sources);
    return read_text_map(toml.root(), "ids", resolver);
  }
  std::string error(const std::string& value) const {
    try {
      read(value);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "none";
  }
};

TEST(TextMap, FromATableAndFromFiles) {
  const Folder in;
  in.write("ids.csv", "theirs,ours,note\n17,ann,x\n\"a,b\",bob,\n17,ann,again\n");
  in.write("ids.tsv", "theirs\tours\na,b\tbob\n17\tann\n");
  const auto csv = in.read("\"ids.csv\"");
  EXPECT_EQ(csv->size(), 2U);
  EXPECT_EQ(*csv->find("17"), "ann");
  EXPECT_EQ(*csv->find("a,b"), "bob");
  EXPECT_EQ(csv->find("ann"), nullptr);
  const auto table = in.read("{ 17 = \"ann\", \"a,b\" = \"bob\" }");
  EXPECT_EQ(table->fingerprint(), csv->fingerprint());
  EXPECT_EQ(in.read("\"ids.tsv\"")->fingerprint(), csv->fingerprint()) << "whatever the order";
  EXPECT_NE(in.read("{ 17 = \"ann\", \"a,b\" = \"bo\" }")->fingerprint(), csv->fingerprint());
  EXPECT_EQ(in.read("\"gone.csv\"", Sources::kMayBeMissing)->size(), 0U);
}

TEST(TextMap, WhatIsWrongIsSaidWithItsPlace) {
  const Folder in;
  in.write("two.csv", "a,b\n1,x\n2,y\n1,z\n");
  in.write("empty.csv", "a,b\n1,\n");
  in.write("one.csv", "a\n1\n");
  in.write("rows.jsonl", "{}\n");
  EXPECT_THAT(in.error("\"two.csv\""), HasSubstr("two.csv:4"));
  EXPECT_THAT(in.error("\"two.csv\""), HasSubstr("'1' has another text already"));
  EXPECT_THAT(in.error("\"empty.csv\""), HasSubstr("empty.csv:2"));
  EXPECT_THAT(in.error("\"one.csv\""), HasSubstr("has 1 columns"));
  EXPECT_THAT(in.error("\"rows.jsonl\""), HasSubstr("no delimited text"));
  EXPECT_THAT(in.error("\"gone.csv\""), HasSubstr("is not there"));
  EXPECT_THAT(in.error("\"../x.csv\""), HasSubstr("leads out of the data root"));
  EXPECT_THAT(in.error("{ a = \"\" }"), HasSubstr("ids.a"));
}

}  // namespace
}  // namespace weft::storage
