#include "tools/path_report.h"

#include <gmock/gmock.h>

#include "tests/graph/random_graph.h"
#include "tests/tools/small_graph.h"

namespace weft::tools {
namespace {

TEST(PathReport, ReadsLikeTheGraph) {
  graph::TestFolder folder;
  const graph::Snapshot snapshot = write_small_graph(folder / "s");
  // u2 bought i3; i3 and i2 are of Vale.
  const auto paths = graph::explanation_paths(snapshot, {0, 2}, {1, 2});
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(path_text(snapshot, paths[0], "  "),
            "  user u2\n"
            "  -- buys 1970-01-01 00:00 -->  item i3\n"
            "  -- item_brand -->             brand Vale\n"
            "  <-- item_brand --             item i2 'blue lamp'\n");
  EXPECT_EQ(
      path_json(snapshot, paths[0]).dump(),
      R"({"hops":3,"relations":["buys","item_brand","rev_item_brand"],"steps":[)"
      R"({"relation":"buys","from":{"type":"user","id":"u2","name":"u2"},"to":{"type":"item","id":"i3","name":"i3"},)"
      R"("time":"1970-01-01T00:00:00.030Z","weight":null},)"
      R"({"relation":"item_brand","from":{"type":"item","id":"i3","name":"i3"},)"
      R"("to":{"type":"brand","id":"Vale","name":"Vale"},"time":null,"weight":null},)"
      R"({"relation":"rev_item_brand","from":{"type":"brand","id":"Vale","name":"Vale"},)"
      R"("to":{"type":"item","id":"i2","name":"blue lamp"},"time":null,"weight":null}]})");
}

// Wide characters line up; weights and symmetric edges are shown as such; nothing drives the terminal.
TEST(PathReport, OddNamesWeightsAndSymmetricEdges) {
  graph::GraphTables tables;
  const auto person = tables.schema.add_node_type({.name = "人"});
  tables.schema.add_edge_type(
      {.name = "友達", .from = person, .to = person, .weighted = true, .symmetric = true});
  tables.schema.add_edge_type({.name = "x", .from = person, .to = person});
  tables.nodes.resize(1);
  tables.nodes[0].external_ids = {"a\x1b[31m", "é", "c"};
  tables.edges = {{.from = {0, 1}, .to = {1, 0}, .weights = {2.5F, 2.5F}}, {.from = {2}, .to = {1}}};
  graph::TestFolder folder;
  graph::write_snapshot(std::move(tables), folder / "s");
  const graph::Snapshot snapshot = graph::Snapshot::open(folder / "s");
  const auto paths = graph::explanation_paths(snapshot, {0, 0}, {0, 2});
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(path_text(snapshot, paths[0], ""),
            "人 a [31m\n"
            "-- 友達, weight 2.5 --  人 é\n"
            "<-- x --                人 c\n");
}

}  // namespace
}  // namespace weft::tools
