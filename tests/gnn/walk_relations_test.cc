#include "gnn/walk_relations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace weft::gnn {
namespace {

using ::testing::HasSubstr;

graph::Schema shop_schema() {
  graph::Schema schema;
  const auto user = schema.add_node_type({.name = "user"});
  const auto item = schema.add_node_type({.name = "item"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  schema.add_edge_type({.name = "friend", .from = user, .to = user, .symmetric = true});
  return schema;
}

std::string refusal(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(error.context().file, "shop.toml");
    EXPECT_EQ(error.context().line, 7U);
    return std::string(error.what());
  }
  return "nothing";
}

TEST(WalkPath, NamesRelationsThatCloseARound) {
  const graph::Schema schema = shop_schema();
  EXPECT_EQ(walk_path(schema, {"rev_buys", "buys"}, {}), (std::vector<graph::RelationId>{1, 0}));
  EXPECT_EQ(walk_path(schema, {"friend"}, {}), (std::vector<graph::RelationId>{2}));
  EXPECT_EQ(walk_path(schema, {"buys", "rev_buys", "friend"}, {}), (std::vector<graph::RelationId>{0, 1, 2}));
  const ErrorContext where{.file = "shop.toml", .line = 7, .field = "model.walks.a.path"};
  const auto said = [&](const std::vector<std::string>& names) {
    return refusal([&] { walk_path(schema, names, where); });
  };
  EXPECT_THAT(said({}), HasSubstr("names no relation"));
  EXPECT_THAT(said({"bys"}), HasSubstr("did you mean 'buys'?"));
  EXPECT_THAT(said({"rev_friend"}), HasSubstr("no relation is called 'rev_friend'")) << "the redundant half";
  EXPECT_THAT(said({"buys"}), HasSubstr("begins at 'user' nodes"));
  EXPECT_THAT(said({"buys", "buys"}), HasSubstr("ends at 'item' nodes"));
  EXPECT_THAT(said({"buys", "rev_buys", "buys"}), HasSubstr("'buys' ends at 'item' nodes and 'buys'"));
}

TEST(WalkRelations, AreWhatTheFileSays) {
  const graph::Schema schema = shop_schema();
  const ModelOptions options{.walks = {{.name = "also_bought",
                                        .path = {"rev_buys", "buys"},
                                        .per_node = 7,
                                        .rounds = 3,
                                        .restart = 0.25,
                                        .weighted = true,
                                        .neighbours = 4},
                                       {.name = "circle", .path = {"friend"}}}};
  const auto walks = walk_relations(schema, options, 2);
  ASSERT_EQ(walks.size(), 2U);
  EXPECT_EQ(walks[0].path, (std::vector<graph::RelationId>{1, 0}));
  EXPECT_EQ(walks[0].walks, 7U);
  EXPECT_EQ(walks[0].rounds, 3U);
  EXPECT_EQ(walks[0].stop, 0.25);
  EXPECT_TRUE(walks[0].weighted);
  EXPECT_EQ(walks[0].fan_outs, (std::vector<std::uint32_t>{4, 4}));
  EXPECT_EQ(walks[1].path, (std::vector<graph::RelationId>{2}));
  EXPECT_EQ(walk_relations(schema, options, 1)[0].fan_outs, (std::vector<std::uint32_t>{4}));

  const graph::Schema extended = with_walks(schema, options);
  ASSERT_EQ(extended.edge_types().size(), 4U);
  for (std::size_t walk = 0; walk < 2; ++walk) {
    const graph::RelationId id = sampling::walk_relation_id(schema, walk);
    EXPECT_EQ(extended.relation_name(id), options.walks[walk].name);
    EXPECT_EQ(extended.row_type(id), walk == 0 ? 1 : 0);
    EXPECT_EQ(extended.target_type(id), walk == 0 ? 1 : 0);
    EXPECT_FALSE(extended.edge_type(graph::edge_type_of(id)).timed);
  }
  EXPECT_EQ(extended.relations().size(), schema.relations().size() + 2) << "no way back";
}

TEST(WalkRelations, NeedNamesOfTheirOwn) {
  const graph::Schema schema = shop_schema();
  for (const char* name : {"buys", "rev_buys", "friend"}) {
    const ModelOptions options{
        .walks = {{.name = name, .path = {"friend"}, .where = {.file = "shop.toml", .line = 7}}}};
    EXPECT_THAT(refusal([&] { with_walks(schema, options); }), HasSubstr("the name of a relation"));
  }
}

}  // namespace
}  // namespace weft::gnn
