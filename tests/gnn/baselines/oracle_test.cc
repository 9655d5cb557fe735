#include "gnn/baselines/oracle.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "graph/snapshot_writer.h"
#include "tests/support/temp_folder.h"

namespace weft::gnn {
namespace {

graph::Snapshot write_people(const std::filesystem::path& folder) {
  graph::GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item = tables.schema.add_node_type({.name = "item"});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item});
  tables.nodes.resize(2);
  tables.nodes[0].external_ids = {"ann", "bob", "cem"};
  tables.nodes[1].external_ids = {"lamp", "mug"};
  for (auto& table : tables.nodes) {
    table.first_seen.assign(table.external_ids.size(), graph::kNoTime);
    table.events.assign(table.external_ids.size(), graph::kNoEvent);
  }
  tables.edges.resize(1);
  graph::write_snapshot(std::move(tables), folder);
  return graph::Snapshot::open(folder);
}

TEST(Oracle, RowsAndColumnsAreFoundByExternalId) {
  const test::TempFolder folder;
  const graph::Snapshot snapshot = write_people(folder / "snapshot");
  // The matrix knows a vase that no log mentions, and no mug and no cem.
  write_npy(folder / "affinity.npy", std::vector<float>{1, 2, 3, 4}, 2, 2);
  real_files().write_whole(folder / "users.txt", "bob\nann\n");
  real_files().write_whole(folder / "items.txt", "vase\nlamp\n");
  const OracleScorer oracle = OracleScorer::open(folder.path(), snapshot, 0, 1);
  const std::vector<graph::NodeId> users = {0, 1, 2};
  std::vector<float> out(6);
  oracle.score(users, out);
  const float none = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(out, (std::vector<float>{4, none, 2, none, 0, none}));
}

TEST(Oracle, Errors) {
  const test::TempFolder folder;
  const graph::Snapshot snapshot = write_people(folder / "snapshot");
  EXPECT_THROW(OracleScorer::open(folder.path(), snapshot, 0, 1), Error);
  write_npy(folder / "affinity.npy", std::vector<float>{1, 2, 3, 4}, 2, 2);
  real_files().write_whole(folder / "users.txt", "bob\nann\n");
  real_files().write_whole(folder / "items.txt", "lamp\n");
  EXPECT_THROW(OracleScorer::open(folder.path(), snapshot, 0, 1), Error);  // too few ids
  real_files().write_whole(folder / "items.txt", "lamp\nlamp\n");
  EXPECT_THROW(OracleScorer::open(folder.path(), snapshot, 0, 1), Error);  // twice
}

}  // namespace
}  // namespace weft::gnn
