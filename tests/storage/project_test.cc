#include "storage/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(const auto& types) {
  std::vector<std::string> out;
  for (const auto& type : types) out.push_back(type.name);
  return out;
}

TEST(Project, ReadsTheShop) {
  const Shop shop;
  const Project project = shop.project();
  const graph::Schema& schema = project.schema.graph;
  EXPECT_THAT(names(schema.node_types()), ElementsAre("user", "item", "review", "brand", "tags", "photo"));
  EXPECT_THAT(names(schema.edge_types()), ElementsAre("buys", "views", "rates", "wrote", "follows",
                                                      "item_brand", "item_tags", "item_photo"));
  EXPECT_THAT(names(schema.node_type(1).fields), ElementsAre("title", "price", "clip"));
  EXPECT_EQ(schema.node_type(1).name_field, "title");
  EXPECT_EQ(schema.node_type(5).fields, (std::vector<graph::Field>{{"content", graph::FieldKind::kImage}}));
  EXPECT_EQ(project.schema.from_event, (std::vector<std::uint8_t>{0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(project.schema.attribute, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_THAT(names(project.sources),
              ElementsAre("users.csv", "items.jsonl", "reviews.jsonl", "events.csv", "follows.tsv"));
  EXPECT_TRUE(schema.edge_type(0).timed);
  EXPECT_FALSE(schema.edge_type(0).weighted);
  EXPECT_TRUE(schema.edge_type(2).weighted);
  EXPECT_TRUE(schema.edge_type(4).symmetric);
  EXPECT_EQ(project.edges[2].time->fallback, graph::TimeMs{1704067200000});
  EXPECT_EQ(project.data_root, std::filesystem::canonical(shop.folder()));
  EXPECT_EQ(project.workspace.folder.filename(), "shop.weft");
  EXPECT_EQ(project.clean.max_bad_rows, 0.7);
}

TEST(Project, FingerprintFollowsTheMeaningOfASource) {
  const Shop shop;
  const Project project = shop.project();
  EXPECT_EQ(shop.project().fingerprint(3), project.fingerprint(3));
  EXPECT_NE(shop.project({"edges.buys.where.action=\"sell\""}).fingerprint(3), project.fingerprint(3));
  EXPECT_NE(shop.project({"edges.buys.time.unit=ms"}).fingerprint(3), project.fingerprint(3));
  EXPECT_EQ(shop.project({"edges.buys.time.unit=ms"}).fingerprint(0), project.fingerprint(0));
  EXPECT_EQ(shop.project({"clean.max_bad_rows=0.1"}).fingerprint(3), project.fingerprint(3));
}

// Stores that are there hold these: what a later version adds must not change the fingerprint of a project
// file that does not use it.
TEST(Project, FingerprintsOfThisVersionsStores) {
  const Shop shop;
  const Project project = shop.project();
  const std::vector<std::uint64_t> golden = {0x6628c231a259c931U, 0xed57ea5e44fd3f1bU, 0xd67d124b857d3f90U,
                                             0x49d9ff36ca8ec6ccU, 0x38616135665e0d8aU};
  for (std::uint16_t source = 0; source < golden.size(); ++source)
    EXPECT_EQ(project.fingerprint(source), golden[source]) << project.sources[source].name;
}

TEST(Project, OtherOwnersSectionsAreLeftAlone) {
  const Shop shop;
  EXPECT_NO_THROW(shop.project({"task.target=buys", "train.whatever=1", "model.x.y=2"}));
}

TEST(Project, DataRootOfTheCommandLineIsRelativeToTheWorkingFolder) {
  const Shop shop;
  const Project project =
      shop.project({"project.data_root=" + shop.folder().string(), "project.workspace=/tmp/elsewhere"});
  EXPECT_EQ(project.data_root, std::filesystem::canonical(shop.folder()));
  EXPECT_EQ(project.workspace.folder, "/tmp/elsewhere");
}

TEST(Project, MissingSourcesAreFineWhereTheyAreNotNeeded) {
  const Shop shop;
  std::filesystem::remove(shop.folder() / "users.csv");
  EXPECT_THROW(shop.project(), Error);
  EXPECT_NO_THROW(read_project(TomlFile::read(shop.folder() / "shop.toml"), shop.folder() / "shop.toml",
                               Sources::kMayBeMissing));
}

struct Broken {
  const char* name;
  const char* find;
  const char* replace;
  std::vector<const char*> says;
};

class BrokenProject : public ::testing::TestWithParam<Broken> {};

// A broken project file names file, line and what was expected.
TEST_P(BrokenProject, SaysWhereAndWhat) {
  Shop shop;
  std::string text = kShopToml;
  const std::size_t at = text.find(GetParam().find);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(GetParam().find).size(), GetParam().replace);
  shop.write("shop.toml", text);
  std::filesystem::create_symlink("/etc", shop.folder() / "out");
  try {
    shop.project();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("shop.toml:"));
    for (const char* part : GetParam().says) EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenProject,
    ::testing::Values(
        Broken{"NotToml", "[nodes.user]", "[nodes.user", {"shop.toml:1", "not valid TOML"}},
        Broken{"Section", "[clean]", "[claen]", {"claen", "did you mean 'clean'?"}},
        Broken{"Key",
               "id = \"user_id\"",
               "idd = \"user_id\"",
               {"shop.toml:3", "unknown key", "nodes.user.idd", "did you mean 'id'?"}},
        Broken{"FieldKey", "column = \"offer.price\"", "colum = \"offer.price\"", {"did you mean 'column'?"}},
        Broken{"Type", "id = \"user_id\"", "id = 5", {"shop.toml:3", "a string"}},
        Broken{"File",
               "\"users.csv\"",
               "\"user.csv\"",
               {"shop.toml:2", "is not there", "did you mean 'users.csv'?"}},
        Broken{"Outside", "\"users.csv\"", "\"../users.csv\"", {"leads out of the data root"}},
        Broken{"OutsideByLink", "\"users.csv\"", "\"out/users.csv\"", {"leads out of the data root"}},
        Broken{"Format", "\"users.csv\"", "\"users.xlsx\"", {"cannot tell the format", ".jsonl"}},
        Broken{"FieldKind", "kind = \"number\"", "kind = \"numbr\"", {"did you mean 'number'?"}},
        Broken{"NodeType",
               "from = \"user:user\"",
               "from = \"usr:user\"",
               {"no node type 'usr'", "did you mean 'user'?"}},
        Broken{"ColumnOfEventNode", "to = \"review\"", "to = \"review:id\"", {"have no ids"}},
        Broken{"EventNodeElsewhere",
               "to = \"item:item\"\ntime = { column = \"time\", unit = \"s\" }\nwhere = { action = \"buy\" }",
               "to = \"review\"",
               {"make no node of type 'review'"}},
        Broken{"Unit", "unit = \"s\"", "unit = \"sec\"", {"one of s, ms, us, day, iso8601"}},
        Broken{"Default", "default = \"2024-01-01\"", "default = \"soon\"", {"is no time"}},
        Broken{"Name", "name = \"title\"", "name = \"titel\"", {"is no text field", "did you mean 'title'?"}},
        Broken{"AsNodeOfText",
               "fields.title = { kind = \"text\" }",
               "fields.title = { kind = \"text\", as_node = true }",
               {"cannot be a node"}},
        Broken{"Collision",
               "fields.brand = ",
               "fields.user = ",
               {"node type 'user' is there already", "column = "}},
        Broken{"Path", "images/{photo}", "images/photo.jpg", {"names no column"}},
        Broken{"Symmetric", "weight = \"stars\"", "symmetric = true", {"different node types"}},
        Broken{"Duplicates", "duplicates = \"drop\"", "duplicates = \"dropp\"", {"did you mean 'drop'?"}},
        Broken{"Share", "max_bad_rows = 0.7", "max_bad_rows = 5", {"from 0 to 1"}},
        Broken{"EdgeWithoutSource", "source = \"follows.tsv\"\n", "", {"edges.follows.source", "required"}}),
    [](const auto& each) { return each.param.name; });

TEST(Project, FieldsWithoutASourceAreRefused) {
  Shop shop;
  shop.write("shop.toml", "[nodes.user]\nfields.age = { kind = \"number\" }\n");
  EXPECT_THROW(shop.project(), Error);
}

}  // namespace
}  // namespace weft::storage
