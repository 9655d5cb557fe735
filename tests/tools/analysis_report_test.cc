#include "tools/analysis_report.h"

#include <gmock/gmock.h>

#include "tests/graph/random_graph.h"
#include "tests/tools/small_graph.h"

namespace weft::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AnalysisReport, SaysWhatIsKnownOfASmallGraph) {
  graph::TestFolder folder;
  const graph::Snapshot snapshot = write_small_graph(folder / "s");
  const auto json = analysis_json(snapshot, graph::analyse(graph::view(snapshot), {.top = 2}));
  EXPECT_EQ(json["nodes"], 9);
  EXPECT_EQ(json["edges"], 10);
  EXPECT_EQ(json["components"], 1);
  EXPECT_EQ(json["largest"].dump(), "[9]");
  EXPECT_EQ(json["degrees"]["item"]["nodes"], 4);
  EXPECT_EQ(json["degrees"]["item"]["max"], 3);  // i0: two buyers, a brand
  EXPECT_EQ(json["relations"]["rev_buys"]["rows"], "item");
  EXPECT_EQ(json["relations"]["browses"]["without"], 2);
  EXPECT_EQ(json["cores"]["largest"], 2);
  // u2 - i3 - Vale - i2 - u0 is a tail; what is left has cycles over i0, i1 and Harbor.
  EXPECT_EQ(json["cores"]["numbers"].back()["in_core"]["brand"], 1);
  EXPECT_EQ(json["cores"]["numbers"].back()["in_core"]["item"], 2);
  ASSERT_EQ(json["page_rank"]["top"]["item"].size(), 2U);
  EXPECT_EQ(json["page_rank"]["top"]["item"][0]["id"], "i0");
  EXPECT_EQ(json["page_rank"]["top"]["item"][0]["name"], "red chair");
  EXPECT_EQ(json["page_rank"]["top"]["item"][0]["edges"], 3);

  const std::string text = analysis_text(json);
  EXPECT_THAT(text, HasSubstr("9 nodes, 10 edges, 1 connected components; nodes of the largest: 9"));
  EXPECT_THAT(text, HasSubstr("rev_buys of item"));
  EXPECT_THAT(text, HasSubstr("nodes in the k-core, k =  user  item  brand"));
  EXPECT_THAT(text, HasSubstr("red chair"));
}

// Unicode ids and names, and a type without edges, come through; nothing is said of what is not there.
TEST(AnalysisReport, OddGraphs) {
  graph::TestFolder folder;
  graph::write_snapshot(graph::random_shop(3), folder / "shop");
  const graph::Snapshot shop = graph::Snapshot::open(folder / "shop");
  const auto json = analysis_json(shop, graph::analyse(graph::view(shop), {.top = 1000}));
  EXPECT_EQ(json["page_rank"]["top"]["étiquette"].size(), 6U);
  EXPECT_THAT(json["page_rank"]["top"]["étiquette"].dump(), HasSubstr("é中"));
  EXPECT_EQ(json["relations"]["nothing"]["max"], 0);
  EXPECT_FALSE(json["relations"].contains("rev_friend"));
  EXPECT_THAT(analysis_text(json), HasSubstr("item  review  étiquette"));

  graph::write_snapshot(graph::GraphTables{}, folder / "none");
  const graph::Snapshot none = graph::Snapshot::open(folder / "none");
  const std::string text = analysis_text(analysis_json(none, graph::analyse(graph::view(none))));
  EXPECT_THAT(text, HasSubstr("0 nodes, 0 edges, 0 connected components"));
  EXPECT_THAT(text, Not(HasSubstr("PageRank")));
  graph::write_snapshot(graph::plain_graph(1, {}), folder / "one");
  const graph::Snapshot one = graph::Snapshot::open(folder / "one");
  EXPECT_THAT(analysis_text(analysis_json(one, graph::analyse(graph::view(one)))),
              HasSubstr("1 nodes, 0 edges"));
}

// Rows of the table of cores are few, whatever the graph: the least core from each round number up, and the
// largest.
TEST(AnalysisReport, TableOfCoresIsShort) {
  graph::TestFolder folder;
  std::vector<std::pair<graph::NodeId, graph::NodeId>> edges;  // a clique of 38: core number 37
  for (graph::NodeId a = 0; a < 38; ++a) {
    for (graph::NodeId b = 0; b < a; ++b) edges.emplace_back(a, b);
  }
  edges.emplace_back(38, 0);  // core numbers 1 and 4
  for (graph::NodeId b = 0; b < 4; ++b) edges.emplace_back(39, b);
  graph::write_snapshot(graph::plain_graph(40, edges), folder / "s");
  const graph::Snapshot snapshot = graph::Snapshot::open(folder / "s");
  const auto json = analysis_json(snapshot, graph::analyse(graph::view(snapshot)));
  EXPECT_EQ(json["cores"]["numbers"].size(), 3U);
  EXPECT_EQ(json["cores"]["numbers"][1]["core"], 4);
  EXPECT_EQ(json["cores"]["numbers"][1]["in_core"]["node"], 39);
  EXPECT_EQ(json["cores"]["numbers"][1]["nodes"]["node"], 1);
  EXPECT_THAT(analysis_text(json), HasSubstr("  37"));
}

}  // namespace
}  // namespace weft::tools
