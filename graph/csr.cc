#include "graph/csr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace weft::graph {
namespace {

constexpr std::size_t kMaxEdges = kNoEdge;  // ids 0 .. 2^32 - 2

void check_lengths(const EdgeList& edges) {
  const std::size_t n = edges.size();
  const auto fits = [n](std::size_t size) { return size == n || size == 0; };
  WEFT_CHECK(edges.to.size() == n && fits(edges.times.size()) && fits(edges.weights.size()) &&
             fits(edges.events.size()) && fits(edges.sources.size()));
  if (n > kMaxEdges) {
    throw Error("too many edges of one type",
                {.value = std::to_string(n), .expected = fmt::format("at most {}", kMaxEdges)});
  }
}

// Order of two edges of the list that are in the same row.
class RowOrder {
 public:
  explicit RowOrder(const EdgeList& edges) : edges_(edges) {}
  bool operator()(EdgeId a, EdgeId b) const {
    if (!edges_.times.empty() && edges_.times[a] != edges_.times[b]) return edges_.times[a] < edges_.times[b];
    if (edges_.to[a] != edges_.to[b]) return edges_.to[a] < edges_.to[b];
    return !edges_.events.empty() && edges_.events[a] < edges_.events[b];
  }

 private:
  const EdgeList& edges_;
};

template <typename T>
void permute(std::vector<T>& values, const std::vector<EdgeId>& order) {
  if (values.empty()) return;
  std::vector<T> result(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) result[i] = values[order[i]];
  values = std::move(result);
}

// Edge positions grouped by row, in list order within a row. Counting sort where rows are not much more than
// edges.
std::vector<EdgeId> group_by_row(const std::vector<NodeId>& from) {
  std::vector<EdgeId> order(from.size());
  const std::size_t rows = from.empty() ? 0 : std::size_t{*std::max_element(from.begin(), from.end())} + 1;
  if (rows <= 4 * from.size() + 1024) {
    std::vector<EdgeId> next(rows + 1, 0);
    for (const NodeId row : from) ++next[row + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (std::size_t i = 0; i < from.size(); ++i) order[next[from[i]]++] = static_cast<EdgeId>(i);
  } else {
    std::iota(order.begin(), order.end(), EdgeId{0});
    std::stable_sort(order.begin(), order.end(), [&](EdgeId a, EdgeId b) { return from[a] < from[b]; });
  }
  return order;
}

void check_range(const char* end, NodeId node, std::size_t nodes) {
  if (node < nodes) return;
  throw Error(fmt::format("{} end of an edge is no node", end),
              {.value = std::to_string(node), .expected = fmt::format("a node below {}", nodes)});
}

// Adds up fixed-point weights of one row.
class RowSum {
 public:
  void start_row() { sum_ = 0; }
  std::uint64_t add(std::uint64_t weight) {
    if (weight > std::numeric_limits<std::uint64_t>::max() - sum_) {
      throw Error("weights of one node's edges add up to too much", {.expected = "a sum below 2^44"});
    }
    return sum_ += weight;
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace

std::uint64_t CsrView::count_before(NodeId row, TimeMs before) const {
  const std::uint64_t n = degree(row);
  if (times.empty()) return n;
  const auto row_times = times.subspan(offsets[row], n);
  return static_cast<std::uint64_t>(std::lower_bound(row_times.begin(), row_times.end(), before) -
                                    row_times.begin());
}

std::uint64_t fixed_point_weight(double weight) {
  if (!(weight >= 0.0 && weight <= 4294967296.0)) {
    throw Error("edge weight is out of range",
                {.value = fmt::format("{}", weight), .expected = "a number from 0 to 2^32"});
  }
  if (weight == 0.0) return 0;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(weight * kWeightScale)));
}

void sort_outgoing(EdgeList& edges) {
  check_lengths(edges);
  const RowOrder in_row(edges);
  bool sorted = true;
  for (std::size_t i = 1; i < edges.size() && sorted; ++i) {
    const auto a = static_cast<EdgeId>(i - 1);
    const auto b = static_cast<EdgeId>(i);
    sorted = edges.from[a] < edges.from[b] || (edges.from[a] == edges.from[b] && !in_row(b, a));
  }
  if (sorted) return;

  std::vector<EdgeId> order = group_by_row(edges.from);
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && edges.from[order[end]] == edges.from[order[begin]]) ++end;
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(end), in_row);
    begin = end;
  }
  permute(edges.times, order);
  permute(edges.to, order);
  permute(edges.weights, order);
  permute(edges.events, order);
  permute(edges.sources, order);
  permute(edges.from, order);
}

Csr build_outgoing(const EdgeList& sorted, std::size_t rows, std::size_t targets) {
  check_lengths(sorted);
  Csr csr;
  csr.offsets.assign(rows + 1, 0);
  const RowOrder in_row(sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    check_range("source", sorted.from[i], rows);
    check_range("target", sorted.to[i], targets);
    if (i > 0) {
      WEFT_CHECK(sorted.from[i - 1] <= sorted.from[i]);
      WEFT_CHECK(sorted.from[i - 1] < sorted.from[i] ||
                 !in_row(static_cast<EdgeId>(i), static_cast<EdgeId>(i - 1)));
    }
    ++csr.offsets[std::size_t{sorted.from[i]} + 1];
  }
  std::partial_sum(csr.offsets.begin(), csr.offsets.end(), csr.offsets.begin());
  csr.targets.assign(sorted.to.begin(), sorted.to.end());
  csr.times.assign(sorted.times.begin(), sorted.times.end());
  if (!sorted.weights.empty()) {
    csr.weight_sums.resize(sorted.size());
    RowSum sum;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i == 0 || sorted.from[i] != sorted.from[i - 1]) sum.start_row();
      csr.weight_sums[i] = sum.add(fixed_point_weight(sorted.weights[i]));
    }
  }
  return csr;
}

Csr build_incoming(const CsrView& outgoing, std::size_t targets, std::span<const float> weights) {
  WEFT_CHECK(outgoing.edge_ids.empty());
  WEFT_CHECK(weights.empty() || weights.size() == outgoing.edges());
  const std::size_t n = outgoing.edges();
  Csr csr;
  csr.offsets.assign(targets + 1, 0);
  for (const NodeId target : outgoing.targets) {
    check_range("target", target, targets);
    ++csr.offsets[std::size_t{target} + 1];
  }
  std::partial_sum(csr.offsets.begin(), csr.offsets.end(), csr.offsets.begin());

  // Edge ids ascend within each row: ascending source node, then time, target and event: only time is left to
  // sort by.
  csr.edge_ids.resize(n);
  std::vector<std::uint64_t> next(csr.offsets.begin(), csr.offsets.end() - 1);
  for (std::size_t i = 0; i < n; ++i) csr.edge_ids[next[outgoing.targets[i]]++] = static_cast<EdgeId>(i);
  if (!outgoing.times.empty()) {
    for (std::size_t row = 0; row < targets; ++row) {
      std::sort(csr.edge_ids.begin() + static_cast<std::ptrdiff_t>(csr.offsets[row]),
                csr.edge_ids.begin() + static_cast<std::ptrdiff_t>(csr.offsets[row + 1]),
                [&](EdgeId a, EdgeId b) {
                  if (outgoing.times[a] != outgoing.times[b]) return outgoing.times[a] < outgoing.times[b];
                  return a < b;
                });
    }
    csr.times.resize(n);
    for (std::size_t i = 0; i < n; ++i) csr.times[i] = outgoing.times[csr.edge_ids[i]];
  }

  std::vector<NodeId> row_of(n);
  for (std::size_t row = 0; row < outgoing.rows(); ++row) {
    std::fill(row_of.begin() + static_cast<std::ptrdiff_t>(outgoing.offsets[row]),
              row_of.begin() + static_cast<std::ptrdiff_t>(outgoing.offsets[row + 1]),
              static_cast<NodeId>(row));
  }
  csr.targets.resize(n);
  for (std::size_t i = 0; i < n; ++i) csr.targets[i] = row_of[csr.edge_ids[i]];
  if (!weights.empty()) {
    csr.weight_sums.resize(n);
    RowSum sum;
    for (std::size_t row = 0; row < targets; ++row) {
      sum.start_row();
      for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
        csr.weight_sums[i] = sum.add(fixed_point_weight(weights[csr.edge_ids[i]]));
      }
    }
  }
  return csr;
}

}  // namespace weft::graph
