#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/forget.h"
#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

bool spelled_otherwise(const Shop& shop, const std::vector<std::string>& sets, const char* type) {
  const Project project = shop.project(sets);
  return forget_options(project, *project.schema.graph.find_node_type(type)).spelled_otherwise;
}

TEST(ForgetOptions, TypesThatNoSectionReads) {
  const Shop shop;
  const Project project = shop.project();
  const ForgetOptions options = forget_options(project, 0);
  for (std::size_t i = 0; i < options.only_by_edges.size(); ++i) {
    const std::string& name = project.schema.graph.node_types()[i].name;
    EXPECT_EQ(options.only_by_edges[i] != 0, name == "brand" || name == "tags" || name == "photo") << name;
  }
  EXPECT_FALSE(options.dry_run);
}

TEST(ForgetOptions, RulesThatChangeHowIdsAreWritten) {
  Shop shop;
  shop.write("ids.csv", "old,new\n1,2\n");
  EXPECT_FALSE(spelled_otherwise(shop, {}, "user"));
  const std::string users = "nodes.user.columns.user_id=";
  EXPECT_FALSE(spelled_otherwise(shop, {users + "{required=true}"}, "user"));
  for (const char* rules :
       {"{prefix=\"x\"}", "{ids=\"ids.csv\"}", "{values=\"ids.csv\"}", "{tidy=[\"nfc\"]}", "{factor=2.0}"}) {
    EXPECT_TRUE(spelled_otherwise(shop, {users + rules}, "user")) << rules;
    EXPECT_FALSE(spelled_otherwise(shop, {users + rules}, "item")) << rules;
  }
  // Of a source's own rules, at an edge's end, and of a field that makes nodes.
  EXPECT_TRUE(spelled_otherwise(shop, {"sources.\"events.csv\".columns.item={prefix=\"x\"}"}, "item"));
  EXPECT_TRUE(spelled_otherwise(shop, {"edges.follows.columns.b={prefix=\"x\"}"}, "user"));
  EXPECT_TRUE(spelled_otherwise(shop, {"nodes.item.columns.brand={tidy=[\"space\"]}"}, "brand"));
  EXPECT_FALSE(spelled_otherwise(shop, {"nodes.item.columns.brand={tidy=[\"space\"]}"}, "item"));
}

}  // namespace
}  // namespace weft::storage
