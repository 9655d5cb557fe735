#include "sampling/random_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "sampling/weighted_picks.h"

namespace weft::sampling {
namespace {

constexpr std::uint32_t kAttempts = 16;  // blocks of a step: each proposes once
constexpr std::uint32_t kAffinityBits = 20;
// Of a row's sum of weights when it is drawn from by weight times affinity: their product fits 64 bits.
constexpr std::uint32_t kSumBits = 44;
constexpr double kSmallest = 1e-3;
constexpr double kLargest = 1e3;

void check_factor(const char* name, double value) {
  if (value >= kSmallest && value <= kLargest) return;
  throw Error("a weight of node2vec is out of range",
              {.field = name, .value = fmt::format("{}", value), .expected = "0.001 to 1000"},
              ErrorKind::kUsage);
}

}  // namespace

struct RandomWalker::Walk {
  PhiloxKey key;
  graph::NodeId start;
  std::uint32_t number;
  graph::TimeMs before;
  DrawStream stream(Purpose purpose) const { return {key, start, purpose_word(purpose, 0, 0), number}; }
};

RandomWalker::RandomWalker(graph::GraphView graph, WalkOptions options)
    : graph_(std::move(graph)), options_(std::move(options)) {
  const graph::Schema& schema = *graph_.schema;
  const std::vector<graph::RelationId>& path = options_.path;
  if (path.empty()) throw Error("a walk needs a path", {.field = "path"}, ErrorKind::kUsage);
  for (std::size_t s = 0; s < path.size(); ++s) {
    const graph::RelationId next = path[(s + 1) % path.size()];
    if (path[s] >= graph_.relations.size() || next >= graph_.relations.size()) {
      throw Error("a path names a relation that is not there", {.field = "path"}, ErrorKind::kUsage);
    }
    if (schema.target_type(path[s]) == schema.row_type(next)) continue;
    throw Error("a path's relations do not follow each other",
                {.field = "path",
                 .value = schema.relation_name(path[s]) + " then " + schema.relation_name(next),
                 .expected = "each begins where the one before ends, the first where the last does"},
                ErrorKind::kUsage);
  }
  check_factor("p", options_.p);
  check_factor("q", options_.q);
  if (!(options_.stop >= 0 && options_.stop < 1)) {
    throw Error("the chance to stop is out of range",
                {.field = "stop", .value = fmt::format("{}", options_.stop), .expected = "0 to below 1"},
                ErrorKind::kUsage);
  }
  stop_ = static_cast<std::uint64_t>(options_.stop * 4294967296.0);
  second_order_ = options_.p != 1 || options_.q != 1;
  if (!second_order_) return;
  if (path.size() != 1) {
    throw Error("node2vec walks go along one relation",
                {.field = "path", .expected = "one relation where p or q is not 1"}, ErrorKind::kUsage);
  }
  const double largest = std::max({1 / options_.p, 1.0, 1 / options_.q});
  const auto share = [&](double weight) {
    return static_cast<std::uint32_t>(std::llround(weight / largest * (1u << kAffinityBits)));
  };
  return_ = share(1 / options_.p);
  near_ = share(1);
  far_ = share(1 / options_.q);
  const graph::CsrView& csr = graph_.relation(path[0]);
  neighbours_ = graph::PositiveIndex(csr, {});
  if (csr.times.empty()) return;
  earliest_.resize(neighbours_.pairs());
  for (graph::NodeId row = 0; row < csr.rows(); ++row) {
    for (std::uint64_t i = csr.offsets[row + 1]; i-- > csr.offsets[row];) {  // the earliest is written last
      earliest_[pair_at(row, csr.targets[i])] = csr.times[i];
    }
  }
}

std::size_t RandomWalker::pair_at(graph::NodeId row, graph::NodeId target) const {
  const auto targets = neighbours_.targets(row);
  const auto found = std::lower_bound(targets.begin(), targets.end(), target);
  if (found == targets.end() || *found != target) return neighbours_.pairs();
  return neighbours_.offsets()[row] + static_cast<std::size_t>(found - targets.begin());
}

graph::NodeTypeId RandomWalker::type_at(std::size_t s) const {
  return graph_.schema->row_type(options_.path[s % options_.path.size()]);
}

// The edge that a block's first two words propose.
std::uint32_t RandomWalker::propose(const graph::CsrView& csr, const Walk& walk, std::size_t block,
                                    graph::NodeId from, std::uint32_t n, const PhiloxBlock& words) const {
  const std::uint64_t word = std::uint64_t{words.word[0]} << 32 | words.word[1];
  const auto pair = static_cast<std::uint32_t>(2 * block);
  const DrawStream stream = walk.stream(Purpose::kWalk);
  if (!options_.weighted || csr.weight_sums.empty()) {
    return static_cast<std::uint32_t>(bounded64_of(stream, pair, word, n));
  }
  const std::uint64_t* const sums = csr.weight_sums.data() + csr.offsets[from];
  return edge_at_weight(sums, n, bounded64_of(stream, pair, word, sums[n - 1]));
}

std::uint32_t RandomWalker::affinity(const Walk& walk, graph::NodeId previous, graph::NodeId to) const {
  if (to == previous) return return_;
  const std::size_t pair = pair_at(previous, to);
  const bool near = pair < neighbours_.pairs() && (earliest_.empty() || earliest_[pair] < walk.before);
  return near ? near_ : far_;
}

std::uint32_t RandomWalker::draw_exactly(const graph::CsrView& csr, const Walk& walk, std::size_t s,
                                         graph::NodeId from, graph::NodeId previous, std::uint32_t n) const {
  const std::uint64_t first = csr.offsets[from];
  const bool weighted = options_.weighted && !csr.weight_sums.empty();
  const std::uint64_t* const sums = csr.weight_sums.data() + first;
  // A row of larger weights loses bits that are less than 2^-43 of its sum.
  const auto bits = weighted ? static_cast<std::uint32_t>(std::bit_width(sums[n - 1])) : 0;
  const std::uint32_t shift = bits > kSumBits ? bits - kSumBits : 0;
  const auto weight = [&](std::uint32_t edge) {
    const std::uint64_t own = weighted ? weight_of(sums, edge) >> shift : 1;
    return own * affinity(walk, previous, csr.targets[first + edge]);
  };
  std::uint64_t total = 0;
  for (std::uint32_t edge = 0; edge < n; ++edge) total += weight(edge);
  std::uint64_t x = bounded64(walk.stream(Purpose::kWalkExact), static_cast<std::uint32_t>(s), total);
  for (std::uint32_t edge = 0; edge < n; ++edge) {
    const std::uint64_t own = weight(edge);
    if (x < own) return edge;
    x -= own;
  }
  WEFT_CHECK(false);  // x is below the total
  return 0;
}

graph::NodeId RandomWalker::next(const Walk& walk, std::size_t s, graph::NodeId from, graph::NodeId previous,
                                 bool& stops) const {
  const graph::CsrView& csr = graph_.relation(options_.path[s % options_.path.size()]);
  const std::uint64_t first = csr.offsets[from];
  const auto n = static_cast<std::uint32_t>(
      walk.before == graph::kEndOfTime ? csr.degree(from) : csr.count_before(from, walk.before));
  if (n == 0) return graph::kNoNode;
  if (options_.weighted && !csr.weight_sums.empty() && csr.weight_sums[first + n - 1] == 0)
    return graph::kNoNode;
  const DrawStream stream = walk.stream(Purpose::kWalk);
  for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
    const std::size_t block = s * kAttempts + attempt;
    const PhiloxBlock words = stream.block(static_cast<std::uint32_t>(block));
    if (attempt == 0) stops = words.word[3] < stop_;
    const graph::NodeId to = csr.targets[first + propose(csr, walk, block, from, n, words)];
    if (!second_order_ || s == 0) return to;
    if (words.word[2] >> (32 - kAffinityBits) < affinity(walk, previous, to)) return to;
  }
  return csr.targets[first + draw_exactly(csr, walk, s, from, previous, n)];
}

void RandomWalker::walk(std::span<const graph::NodeId> starts, std::span<const graph::TimeMs> before,
                        std::uint32_t step, std::size_t walks, std::size_t length,
                        std::span<graph::NodeId> nodes) const {
  WEFT_CHECK(before.empty() || before.size() == starts.size());
  WEFT_CHECK(nodes.size() == starts.size() * walks * (length + 1));
  WEFT_CHECK(length < (std::size_t{1} << 24));  // block numbers stay below 2^28, pairs below 2^29
  const PhiloxKey key = pick_key(options_.seed, step);
  auto out = nodes.begin();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    WEFT_CHECK(starts[i] < graph_.node_counts[type_at(0)]);
    for (std::size_t number = 0; number < walks; ++number) {
      const Walk walk{key, starts[i], static_cast<std::uint32_t>(number),
                      before.empty() ? graph::kEndOfTime : before[i]};
      graph::NodeId previous = graph::kNoNode;
      graph::NodeId at = starts[i];
      *out++ = at;
      for (std::size_t s = 0; s < length; ++s) {
        bool stops = false;
        const graph::NodeId to = at == graph::kNoNode ? graph::kNoNode : next(walk, s, at, previous, stops);
        *out++ = to;
        previous = at;
        // What is decided with a round's last step takes effect after it.
        at = stops && (s + 1) % options_.path.size() == 0 ? graph::kNoNode : to;
      }
    }
  }
}

VisitedNeighbours visited_neighbours(const RandomWalker& walker, std::span<const graph::NodeId> starts,
                                     std::span<const graph::TimeMs> before, std::uint32_t step,
                                     std::size_t walks, std::size_t rounds, std::size_t count) {
  const std::size_t path_length = walker.path_length();
  const std::size_t length = path_length * rounds;
  VisitedNeighbours result{.offsets = {0}};
  std::vector<graph::NodeId> nodes(walks * (length + 1));
  std::vector<graph::NodeId> ends;
  std::vector<std::pair<std::uint32_t, graph::NodeId>> visited;  // visits, node
  for (std::size_t i = 0; i < starts.size(); ++i) {
    walker.walk(starts.subspan(i, 1), before.empty() ? before : before.subspan(i, 1), step, walks, length,
                nodes);
    ends.clear();
    for (std::size_t w = 0; w < walks; ++w) {
      for (std::size_t s = path_length; s <= length; s += path_length) {
        const graph::NodeId node = nodes[w * (length + 1) + s];
        if (node != graph::kNoNode && node != starts[i]) ends.push_back(node);
      }
    }
    std::sort(ends.begin(), ends.end());
    visited.clear();
    for (std::size_t a = 0, b = 0; a < ends.size(); a = b) {
      while (b < ends.size() && ends[b] == ends[a]) ++b;
      visited.emplace_back(static_cast<std::uint32_t>(b - a), ends[a]);
    }
    const std::size_t kept = std::min(count, visited.size());
    std::partial_sort(visited.begin(), visited.begin() + static_cast<std::ptrdiff_t>(kept), visited.end(),
                      [](const auto& a, const auto& b) {
                        return a.first != b.first ? a.first > b.first : a.second < b.second;
                      });
    for (std::size_t j = 0; j < kept; ++j) {
      result.visits.push_back(visited[j].first);
      result.nodes.push_back(visited[j].second);
    }
    result.offsets.push_back(static_cast<std::uint32_t>(result.nodes.size()));
  }
  return result;
}

}  // namespace weft::sampling
