#include "graph/incoming_sort.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

std::vector<IncomingEdge> random_edges(Random& random, std::size_t count, std::uint64_t rows) {
  std::vector<IncomingEdge> edges(count);
  for (std::size_t i = 0; i < count; ++i) {
    edges[i] = {.time = random.chance(0.2) ? kNoTime : random.between(-5, 5),
                .row = static_cast<NodeId>(random.below(rows)),
                .other = static_cast<NodeId>(random.below(1000)),
                .edge = static_cast<EdgeId>(i),
                .weight = static_cast<float>(random.below(9))};
  }
  return edges;
}

bool same(const IncomingEdge& a, const IncomingEdge& b) {
  return a.time == b.time && a.row == b.row && a.other == b.other && a.edge == b.edge && a.weight == b.weight;
}

TEST(IncomingSort, EqualsAGeneralSortWhateverMemoryThreadsAndDegrees) {
  TestFolder folder;
  Random random(1);
  ThreadPool pool(3);
  for (const std::uint64_t rows :
       {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{5000}, std::uint64_t{1} << 32}) {
    for (const std::size_t count : {0U, 1U, 2U, 300U, 20'000U}) {
      const std::vector<IncomingEdge> edges = random_edges(random, count, rows);
      std::vector<IncomingEdge> wanted = edges;
      std::sort(wanted.begin(), wanted.end());
      for (const std::size_t memory : {std::size_t{0}, std::size_t{40'000}, std::size_t{1} << 30}) {
        for (ThreadPool* const threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
          Scratch scratch(folder / "runs", real_files());
          IncomingSort sort(scratch, memory, threads);
          for (const IncomingEdge& edge : edges) sort.add(edge);
          std::vector<IncomingEdge> sorted;
          sort.finish([&](const IncomingEdge& edge) { sorted.push_back(edge); });
          ASSERT_TRUE(std::equal(sorted.begin(), sorted.end(), wanted.begin(), wanted.end(), same))
              << rows << " rows, " << count << " edges, " << memory << " bytes";
          if (count == 20'000) {
            EXPECT_EQ(scratch.runs() > 8, memory < 100'000);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::graph
