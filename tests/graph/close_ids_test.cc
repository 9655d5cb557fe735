#include "graph/close_ids.h"

#include <gmock/gmock.h>

#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CloseIds, NearestFirst) {
  GraphTables tables = plain_graph(7, {});
  tables.nodes[0].external_ids = {
      "user-10", "user-11", "user-1", "züge", "zuge", "item-42", std::string(400, 'x')};
  TestFolder folder;
  write_snapshot(std::move(tables), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THAT(close_ids(snapshot, 0, "user-12"), ElementsAre("user-1", "user-10", "user-11"));
  EXPECT_THAT(close_ids(snapshot, 0, "user-12", 1), ElementsAre("user-1"));
  EXPECT_THAT(close_ids(snapshot, 0, "42"), ElementsAre("item-42"));  // a part of it
  EXPECT_THAT(close_ids(snapshot, 0, "zügе"), ElementsAre("züge"));   // a Cyrillic letter
  EXPECT_THAT(close_ids(snapshot, 0, "xy"), IsEmpty());
  EXPECT_THAT(close_ids(snapshot, 0, std::string(300, 'x')), ElementsAre(std::string(400, 'x')));
  EXPECT_THAT(close_ids(snapshot, 0, ""), IsEmpty());
  EXPECT_THAT(close_ids(snapshot, 0, "user-12", 0), IsEmpty());
}

TEST(CloseIds, OfAnEmptyType) {
  TestFolder folder;
  write_snapshot(plain_graph(0, {}), folder / "s");
  EXPECT_THAT(close_ids(Snapshot::open(folder / "s"), 0, "u"), IsEmpty());
}

}  // namespace
}  // namespace weft::graph
