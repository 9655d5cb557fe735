#include "graph/schema.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/graph/random_graph.h"
#include "tests/support/error_of.h"

namespace weft::graph {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Schema, NumbersTypesInOrderAndFindsThemByName) {
  const Schema schema = random_shop(1).schema;
  EXPECT_EQ(schema.find_node_type("item"), NodeTypeId{1});
  EXPECT_EQ(schema.find_edge_type("friend"), EdgeTypeId{4});
  EXPECT_EQ(schema.find_node_type("nobody"), std::nullopt);
  EXPECT_EQ(schema.node_type_named("étiquette"), 3);
  EXPECT_EQ(schema.node_type(1).find_field("tags"), 2u);
  EXPECT_EQ(schema.node_type(1).find_field("age"), std::nullopt);
}

TEST(Schema, UnknownNamesNameTheKnownOnesAndTheNearest) {
  const Schema schema = random_shop(1).schema;
  const std::string edge = error_of([&] { (void)schema.edge_type_named("bys"); });
  EXPECT_THAT(edge, HasSubstr("buys, wrote, about"));
  EXPECT_THAT(edge, HasSubstr("did you mean \"buys\""));
  EXPECT_THAT(error_of([&] { (void)schema.node_type_named("usr"); }), HasSubstr("did you mean \"user\""));
}

TEST(Schema, RelationsLeaveOutTheSecondHalfOfSymmetricTypes) {
  const Schema schema = random_shop(1).schema;
  EXPECT_THAT(schema.relations(),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, /* 9 is friend's reverse */ 10, 11, 12, 13));
  EXPECT_EQ(schema.row_type(0), 0);
  EXPECT_EQ(schema.target_type(0), 1);
  EXPECT_EQ(schema.row_type(1), 1);
  EXPECT_EQ(schema.target_type(1), 0);
  EXPECT_EQ(schema.relation_name(2), "wrote");
  EXPECT_EQ(schema.relation_name(3), "rev_wrote");
}

TEST(Schema, RejectsWhatCannotBe) {
  Schema schema;
  schema.add_node_type({.name = "user"});
  schema.add_node_type({.name = "item"});
  EXPECT_THROW(schema.add_node_type({.name = "user"}), Error);
  EXPECT_THROW(schema.add_node_type({.name = ""}), Error);
  EXPECT_THROW(schema.add_node_type({.name = "\xff"}), Error);
  EXPECT_THROW(schema.add_node_type({.name = "a", .fields = {{"x"}, {"x"}}}), Error);
  EXPECT_THROW(
      schema.add_node_type({.name = "a", .fields = {{"title", FieldKind::kText}}, .name_field = "titel"}),
      Error);
  EXPECT_THROW(schema.add_node_type({.name = "a", .fields = {{"n", FieldKind::kNumber}}, .name_field = "n"}),
               Error);
  schema.add_edge_type({.name = "buys", .from = 0, .to = 1});
  EXPECT_THROW(schema.add_edge_type({.name = "buys", .from = 0, .to = 1}), Error);
  EXPECT_THROW(schema.add_edge_type({.name = "sells", .from = 0, .to = 2}), Error);
  EXPECT_THROW(schema.add_edge_type({.name = "both", .from = 0, .to = 1, .symmetric = true}), Error);
  EXPECT_EQ(schema.node_types().size(), 2u);
  EXPECT_EQ(schema.edge_types().size(), 1u);
}

TEST(Schema, RejectsMoreTypesThanRelationIdsCanName) {
  Schema schema;
  for (std::size_t i = 0; i < (1U << 15) - 1; ++i) schema.add_node_type({.name = std::to_string(i)});
  EXPECT_THROW(schema.add_node_type({.name = "one more"}), Error);
}

TEST(Schema, JsonGivesTheSameSchemaBack) {
  const Schema schema = random_shop(1).schema;
  EXPECT_EQ(Schema::from_json(schema.to_json(), "x.json"), schema);
  EXPECT_EQ(Schema::from_json(schema.to_json(), "x.json").to_json(), schema.to_json());
  EXPECT_EQ(Schema::from_json(Schema().to_json(), "x.json"), Schema());
}

TEST(Schema, DamagedJsonIsAnErrorThatNamesTheFile) {
  const std::string json = random_shop(1).schema.to_json();
  EXPECT_THAT(error_of([&] { Schema::from_json(json.substr(0, json.size() / 2), "m.json"); }),
              HasSubstr("m.json"));
  for (
      const char* bad :
      {"[]", "{}", "null", "{\"node_types\":{},\"edge_types\":[]}", "{\"node_types\":[1],\"edge_types\":[]}",
       R"({"node_types":[{"name":"a","fields":[],"name_field":"b"}],"edge_types":[]})",
       R"({"node_types":[{"name":"a","fields":[{"name":"f","kind":"smell"}],"name_field":""}],"edge_types":[]})",
       R"({"node_types":[],"edge_types":[{"name":"e","from":0,"to":0,"timed":false,"weighted":false,"symmetric":false}]})",
       R"({"node_types":[{"name":"a","fields":[],"name_field":""}],"edge_types":[{"name":"e","from":65536,"to":0,"timed":false,"weighted":false,"symmetric":false}]})",
       R"({"node_types":[{"name":"a","fields":[],"name_field":""}],"edge_types":[{"name":"e","from":-1,"to":0,"timed":false,"weighted":false,"symmetric":false}]})"}) {
    EXPECT_THAT(error_of([&] { Schema::from_json(bad, "m.json"); }), HasSubstr("m.json")) << bad;
  }
}

// Every cut and every one-byte change of the JSON either parses or is an Error: nothing else.
TEST(Schema, AnyBytesAreReadOrRefused) {
  const std::string json = random_shop(1).schema.to_json();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    for (std::string text : {json.substr(0, i), json.substr(0, i) + "\"" + json.substr(i + 1),
                             json.substr(0, i) + "9" + json.substr(i + 1)}) {
      try {
        (void)Schema::from_json(text, "m.json");
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, json.size());
}

}  // namespace
}  // namespace weft::graph
