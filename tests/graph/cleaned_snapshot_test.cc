#include "graph/cleaned_snapshot.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/live_view.h"
#include "tests/graph/random_delta.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

// Keeps two edges of three; every seventh that stays weighs something else.
CleanEdges random_edges(const Snapshot& snapshot, Random& random) {
  CleanEdges out;
  for (std::size_t i = 0; i < snapshot.schema().edge_types().size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    out.keep.emplace_back(snapshot.edge_count(type), std::uint8_t{1});
    out.summed.emplace_back();
    if (random.chance(0.3)) continue;  // a type that loses nothing
    for (EdgeId edge = 0; edge < out.keep[i].size(); ++edge) {
      out.keep[i][edge] = random.chance(0.66) ? 1 : 0;
      if (snapshot.schema().edge_types()[i].weighted && random.chance(0.15))
        out.summed[i].emplace_back(edge, 3.5F + static_cast<float>(edge));
    }
  }
  return out;
}

// The oracle: the same graph by the other writer, from tables.
GraphTables tables_of(const Snapshot& snapshot, GraphTables tables, const CleanEdges& edges) {
  for (std::size_t i = 0; i < tables.edges.size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    const CsrView out = snapshot.outgoing(type);
    const EdgeColumns columns = snapshot.edge_columns(type);
    const auto rows = snapshot.edge_rows(type);
    EdgeList list;
    for (EdgeId edge = 0; edge < out.edges(); ++edge) {
      if (edges.keep[i][edge] == 0) continue;
      list.from.push_back(rows[edge]);
      list.to.push_back(out.targets[edge]);
      list.events.push_back(columns.events[edge]);
      list.sources.push_back(columns.sources[edge]);
      if (!out.times.empty()) list.times.push_back(out.times[edge]);
      if (columns.weights.empty()) continue;
      list.weights.push_back(columns.weights[edge]);
      for (const auto& [id, weight] : edges.summed[i]) {
        if (id == edge) list.weights.back() = weight;
      }
    }
    tables.edges[i] = std::move(list);
  }
  return tables;
}

TEST(CleanedSnapshot, HasTheBytesOfTheSameGraphWrittenFromTables) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    Random random(seed);
    const GraphTables tables = random_shop(seed);
    write_snapshot(tables, folder / "all");
    const Snapshot snapshot = Snapshot::open(folder / "all");
    const CleanEdges edges = random_edges(snapshot, random);
    write_snapshot(tables_of(snapshot, tables, edges), folder / "expected");
    // As little memory as goes: the incoming edges spill.
    const SnapshotInfo info = write_cleaned_snapshot(snapshot, edges, folder / "got", {.memory = 1 << 12});
    EXPECT_EQ(folder_content(folder / "got"), folder_content(folder / "expected"));
    EXPECT_EQ(Snapshot::open(folder / "got").info().checksum, info.checksum);
    EXPECT_EQ(info.store_uuid, snapshot.info().store_uuid);
    EXPECT_EQ(info.sequence, snapshot.info().sequence);
  }
}

TEST(CleanedSnapshot, TakesNoDelta) {
  TestFolder folder;
  Random random(9);
  const GraphTables tables = random_shop(9);
  const SnapshotInfo info = write_snapshot(tables, folder / "all");
  const Snapshot snapshot = Snapshot::open(folder / "all");
  CleanEdges edges = random_edges(snapshot, random);
  edges.keep[0][0] = 0;
  write_cleaned_snapshot(snapshot, edges, folder / "cleaned");
  const Delta delta = random_delta(tables, info, 4);
  EXPECT_NO_THROW(LiveView(snapshot, delta));
  try {
    LiveView(Snapshot::open(folder / "cleaned"), delta);
    FAIL() << "it took the delta";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("a delta cannot be put on a cleaned snapshot"));
  }
}

TEST(CleanedSnapshot, LeavesNothingWhereItFails) {
  TestFolder folder;
  Random random(5);
  write_snapshot(random_shop(5), folder / "all");
  const Snapshot snapshot = Snapshot::open(folder / "all");
  const CleanEdges edges = random_edges(snapshot, random);
  EXPECT_THROW(write_cleaned_snapshot(snapshot, edges, folder / "all"), Error);
  std::filesystem::create_directory(folder / "place");
  std::size_t failures = 0;
  for (std::uint64_t n = 1;; n += 1 + n / 8) {
    FaultFiles files(real_files());
    files.fail_nth(FileOperation::kWrite, n);
    try {
      write_cleaned_snapshot(snapshot, edges, folder / "place" / "s", {}, files);
    } catch (const Error&) {
      ++failures;
      EXPECT_TRUE(std::filesystem::is_empty(folder / "place"));
      continue;
    }
    break;
  }
  EXPECT_GT(failures, 3U);
}

}  // namespace
}  // namespace weft::graph
