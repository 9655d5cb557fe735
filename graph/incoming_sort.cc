#include "graph/incoming_sort.h"

#include <algorithm>

#include "base/insertion_sort.h"

namespace weft::graph {
namespace {

constexpr std::size_t kMinEdges = 16;

}  // namespace

IncomingSort::IncomingSort(Scratch& scratch, std::size_t memory, ThreadPool* pool)
    : scratch_(scratch),
      memory_(memory),
      capacity_(std::max(kMinEdges, memory / (2 * sizeof(IncomingEdge)))),
      pool_(pool) {}

// By row into buckets of about one row each, then each bucket.
void IncomingSort::sort() {
  if (edges_.size() < 2) return;
  std::uint64_t rows = 0;
  for (const IncomingEdge& edge : edges_) rows = std::max<std::uint64_t>(rows, edge.row + std::uint64_t{1});
  int shift = 0;
  while (rows >> shift > edges_.size()) ++shift;
  std::vector<std::uint32_t> begin((rows >> shift) + 2, 0);
  for (const IncomingEdge& edge : edges_) ++begin[(edge.row >> shift) + 1];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  std::vector<IncomingEdge> sorted(edges_.size());
  {
    std::vector<std::uint32_t> next = begin;
    for (const IncomingEdge& edge : edges_) sorted[next[edge.row >> shift]++] = edge;
  }
  const auto sort_buckets = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i)
      sort_few(sorted.data() + begin[i], sorted.data() + begin[i + 1]);
  };
  const std::size_t buckets = begin.size() - 1;
  if (pool_ == nullptr) {
    sort_buckets(0, buckets);
  } else {
    pool_->parallel_for(buckets, std::max<std::size_t>(1024, buckets / (8 * pool_->size())), sort_buckets);
  }
  edges_ = std::move(sorted);
}

void IncomingSort::spill() {
  sort();
  SpoolWriter run(scratch_, "incoming", Keep::kOnDisk);
  run.append(edges_.data(), edges_.size() * sizeof(IncomingEdge));
  runs_.push_back(run.finish());
  edges_.clear();
  scratch_.files().kill_point("snapshot.after_run");
}

}  // namespace weft::graph
