#include "graph/clean_rules.h"

#include <gmock/gmock.h>

#include "tests/support/error_of.h"

namespace weft::graph {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Schema shop() {
  Schema schema;
  const auto user = schema.add_node_type({.name = "user"});
  const auto item = schema.add_node_type({.name = "item"});
  const auto brand = schema.add_node_type({.name = "brand"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true, .weighted = true});
  schema.add_edge_type({.name = "views", .from = user, .to = item, .timed = true});
  schema.add_edge_type({.name = "item_brand", .from = item, .to = brand});
  return schema;
}

CleanRules read(const std::string& text) {
  const TomlFile toml = TomlFile::parse("[clean]\n" + text, "shop.toml");
  const TomlSection section = toml.root().section("clean");
  CleanRules rules = read_clean_rules(section, shop());
  section.check_no_unknown_keys();
  return rules;
}

std::string error_of_text(const std::string& text) {
  return error_of([&] { read(text); });
}

TEST(CleanRules, WithoutKeysNothingIsAskedFor) {
  const CleanRules rules = read("");
  EXPECT_FALSE(rules.any());
  EXPECT_FALSE(rules.has_core());
  EXPECT_EQ(settle_clean_rules(rules, shop(), 0).text(shop()), "none");
}

TEST(CleanRules, AreReadAndSettled) {
  const CleanRules rules =
      read("pairs = { buys = \"sum\", item_brand = \"first\" }\ncore = { user = 5, item = 3 }");
  EXPECT_TRUE(rules.any());
  EXPECT_THAT(rules.pairs, ElementsAre(PairRule::kSum, PairRule::kAll, PairRule::kFirst));
  EXPECT_THAT(rules.core, ElementsAre(5, 3, 0));
  const CleanRules settled = settle_clean_rules(rules, shop(), 1);
  EXPECT_THAT(settled.core_edges, ElementsAre(0, 1, 0));
  EXPECT_EQ(settled.text(shop()), "pairs buys sum; pairs item_brand first; core user 5, item 3 over views");
  EXPECT_THAT(read("core = { user = 2 }\ncore_edges = [\"buys\", \"views\"]").core_edges,
              ElementsAre(1, 1, 0));
}

TEST(CleanRules, SayWhatLooksAhead) {
  const auto ahead = [](const std::string& text) { return pairs_that_look_ahead(read(text), shop()); };
  EXPECT_THAT(ahead("pairs = { buys = \"sum\", views = \"last\", item_brand = \"last\" }"),
              ElementsAre("buys", "views"));
  EXPECT_THAT(ahead("pairs = { buys = \"first\", views = \"all\" }"), ElementsAre());
}

TEST(CleanRules, MistakesAreErrorsWithAHint) {
  EXPECT_THAT(error_of_text("pairs = { buy = \"first\" }"), HasSubstr("did you mean 'buys'?"));
  EXPECT_THAT(error_of_text("pairs = { buys = \"newest\" }"), HasSubstr("newest"));
  EXPECT_THAT(error_of_text("pairs = { views = \"sum\" }"), HasSubstr("'views' has no weights to add up"));
  EXPECT_THAT(error_of_text("core = { users = 5 }"), HasSubstr("did you mean 'user'?"));
  EXPECT_THAT(error_of_text("core = { user = 1 }"), HasSubstr("clean.core.user"));
  EXPECT_THAT(error_of_text("core = { user = 2 }\ncore_edges = [\"view\"]"),
              HasSubstr("did you mean 'views'?"));
  EXPECT_THAT(error_of_text("core_edges = [\"views\"]"), HasSubstr("there is no core"));
  EXPECT_THAT(error_of([] { settle_clean_rules(read("core = { brand = 2 }"), shop(), 0); }),
              HasSubstr("clean.core.brand"));
}

}  // namespace
}  // namespace weft::graph
