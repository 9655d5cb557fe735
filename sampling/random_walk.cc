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
// Of one walk, or of all that share their counters: block numbers stay below 2^28, pairs below 2^29.
constexpr std::size_t kMostSteps = std::size_t{1} << 24;
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
  PhiloxKey key = {};
  graph::NodeId start = 0;
  std::uint32_t relation = 0, hop = 0, root = 0;
  std::size_t first = 0;  // number of its first step among those that share these counters
  graph::TimeMs before = graph::kEndOfTime;
  const ExcludedEvents* excluded = nullptr;
  std::uint32_t tree = 0;
  DrawStream stream(Purpose purpose) const {
    return {key, start, purpose_word(purpose, relation, hop), root};
  }
};

// The row that a step is drawn from: `n` edges before the bound, counted from 0. They are one run of a
// snapshot's; of a live view, `first` of them, and the others the delta's.
struct RandomWalker::Step {
  std::uint32_t n = 0;
  std::uint32_t first = 0;
  bool weighted = false;  // else all edges weigh the same
  const graph::NodeId* targets = nullptr;
  const std::uint64_t* sums = nullptr;  // of the edges' weights
  // For what is hidden: where the row is.
  const graph::CsrView* csr = nullptr;
  std::span<const graph::EventId> events = {};  // by edge id
  std::uint64_t begin = 0;
  const LiveRelation* live = nullptr;  // null: `csr`, from `begin` on
  // Of a live view alone, else never read: there is one step for each of many short walks' steps.
  graph::RowSegments segments;
  const graph::NodeId* new_targets;
  const std::uint64_t* new_sums;  // go on from `sums`

  explicit Step(const LiveRelation* view) : live(view) {}  // NOLINT: leaves those of a live view as they are
  graph::NodeId target(std::uint32_t edge) const {
    return edge < first ? targets[edge] : new_targets[edge - first];
  }
  std::uint64_t sum(std::uint32_t edge) const { return edge < first ? sums[edge] : new_sums[edge - first]; }
  std::uint64_t weight(std::uint32_t edge) const { return sum(edge) - (edge == 0 ? 0 : sum(edge - 1)); }
  // edge_at_weight of the whole row.
  std::uint32_t at_weight(std::uint64_t x) const {
    if (first == n || (first > 0 && x < sums[first - 1])) return edge_at_weight(sums, first, x);
    return first + edge_at_weight(new_sums, n - first, x);
  }
  bool is_hidden(const Walk& walk, std::uint32_t edge) const {
    if (walk.excluded == nullptr) return false;
    return walk.excluded->contains(
        walk.tree, live == nullptr ? events[csr->edge_id(begin + edge)] : live->event_at(segments, edge));
  }
};

RandomWalker::RandomWalker(graph::GraphView graph, WalkOptions options)
    : RandomWalker(std::move(graph), {}, std::move(options)) {}

RandomWalker::RandomWalker(const graph::LiveGraphView& graph, WalkOptions options)
    : RandomWalker(graph.base, live_relations(graph), std::move(options)) {}

RandomWalker::RandomWalker(graph::GraphView graph, std::vector<LiveRelation> live, WalkOptions options)
    : graph_(std::move(graph)), live_(std::move(live)), options_(std::move(options)) {
  check();
  stop_ = static_cast<std::uint64_t>(options_.stop * 4294967296.0);
  second_order_ = options_.p != 1 || options_.q != 1;
  if (!second_order_) return;
  const double largest = std::max({1 / options_.p, 1.0, 1 / options_.q});
  const auto share = [&](double weight) {
    return static_cast<std::uint32_t>(std::llround(weight / largest * (1u << kAffinityBits)));
  };
  return_ = share(1 / options_.p);
  near_ = share(1);
  far_ = share(1 / options_.q);
  know_neighbours();
}

void RandomWalker::check() const {
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
  if ((options_.p == 1 && options_.q == 1) || path.size() == 1) return;
  throw Error("node2vec walks go along one relation",
              {.field = "path", .expected = "one relation where p or q is not 1"}, ErrorKind::kUsage);
}

void RandomWalker::know_neighbours() {
  const graph::RelationId relation = options_.path[0];
  graph::Csr joined;
  if (!live_.empty()) joined = joined_rows(live_[relation], graph_.node_counts[type_at(0)]);
  const graph::CsrView csr = live_.empty() ? graph_.relation(relation) : joined.view();
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
std::uint32_t RandomWalker::propose(const Step& step, const Walk& walk, std::size_t block,
                                    const PhiloxBlock& words) const {
  const std::uint64_t word = std::uint64_t{words.word[0]} << 32 | words.word[1];
  const auto pair = static_cast<std::uint32_t>(2 * block);
  const DrawStream stream = walk.stream(Purpose::kWalk);
  if (!step.weighted) return static_cast<std::uint32_t>(bounded64_of(stream, pair, word, step.n));
  return step.at_weight(bounded64_of(stream, pair, word, step.sum(step.n - 1)));
}

std::uint32_t RandomWalker::affinity(const Walk& walk, graph::NodeId previous, graph::NodeId to) const {
  if (to == previous) return return_;
  const std::size_t pair = pair_at(previous, to);
  const bool near = pair < neighbours_.pairs() && (earliest_.empty() || earliest_[pair] < walk.before);
  return near ? near_ : far_;
}

// kNoNode if every edge that weighs anything is hidden.
graph::NodeId RandomWalker::draw_exactly(const Step& step, const Walk& walk, std::size_t s,
                                         graph::NodeId previous) const {
  const auto own = [&](std::uint32_t edge) -> std::uint64_t {
    if (step.is_hidden(walk, edge)) return 0;
    return step.weighted ? step.weight(edge) : 1;
  };
  std::uint64_t allowed = 0;
  for (std::uint32_t edge = 0; edge < step.n; ++edge) allowed += own(edge);
  // A row of larger weights loses bits that are less than 2^-43 of its sum.
  const auto bits = static_cast<std::uint32_t>(std::bit_width(allowed));
  const std::uint32_t shift = step.weighted && bits > kSumBits ? bits - kSumBits : 0;
  const bool second_order = second_order_ && previous != graph::kNoNode;
  const auto weight = [&](std::uint32_t edge) {
    const std::uint64_t shifted = own(edge) >> shift;
    return second_order ? shifted * affinity(walk, previous, step.target(edge)) : shifted;
  };
  std::uint64_t total = 0;
  for (std::uint32_t edge = 0; edge < step.n; ++edge) total += weight(edge);
  if (total == 0) return graph::kNoNode;
  std::uint64_t x =
      bounded64(walk.stream(Purpose::kWalkExact), static_cast<std::uint32_t>(walk.first + s), total);
  for (std::uint32_t edge = 0; edge < step.n; ++edge) {
    const std::uint64_t share = weight(edge);
    if (x < share) return step.target(edge);
    x -= share;
  }
  WEFT_CHECK(false);  // x is below the total
  return graph::kNoNode;
}

RandomWalker::Step RandomWalker::row_of(const Walk& walk, graph::RelationId relation,
                                        graph::NodeId node) const {
  if (live_.empty()) {
    Step step(nullptr);
    const graph::CsrView& csr = graph_.relation(relation);
    step.begin = csr.offsets[node];
    step.n = static_cast<std::uint32_t>(
        walk.before == graph::kEndOfTime ? csr.degree(node) : csr.count_before(node, walk.before));
    step.first = step.n;
    step.targets = csr.targets.data() + step.begin;
    step.weighted = options_.weighted && !csr.weight_sums.empty();
    if (step.weighted) step.sums = csr.weight_sums.data() + step.begin;
    step.csr = &csr;
    step.events = graph_.events[graph::edge_type_of(relation)];
    return step;
  }
  const LiveRelation& live = live_[relation];
  Step step(&live);
  step.segments = live.rows.row(node);
  step.n = live.count_before(step.segments, walk.before);
  step.first = std::min(step.n, step.segments.base_length);
  step.weighted = options_.weighted && live.weighted;
  if (step.first > 0) {
    step.targets = live.rows.base.targets.data() + step.segments.base_start;
    if (step.weighted) step.sums = live.base_sums(step.segments);
  }
  if (step.first < step.n) {
    step.new_targets = live.rows.segments.targets.data() + (step.segments.delta_start - live.rows.edges);
    if (step.weighted) step.new_sums = live.delta_sums(step.segments);
  }
  return step;
}

// What is decided with a round's last step takes effect after it.
bool RandomWalker::stops_before(const Walk& walk, std::size_t s) const {
  if (stop_ == 0 || s == 0 || s % options_.path.size() != 0) return false;
  const std::size_t block = (walk.first + s - 1) * kAttempts;
  return walk.stream(Purpose::kWalk).block(static_cast<std::uint32_t>(block)).word[3] < stop_;
}

graph::NodeId RandomWalker::next(const Walk& walk, std::size_t s, graph::NodeId from,
                                 graph::NodeId previous) const {
  if (from == graph::kNoNode || stops_before(walk, s)) return graph::kNoNode;
  const graph::RelationId relation = options_.path[s % options_.path.size()];
  const Step step = row_of(walk, relation, from);
  if (step.n == 0 || (step.weighted && step.sum(step.n - 1) == 0)) return graph::kNoNode;
  const DrawStream stream = walk.stream(Purpose::kWalk);
  for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
    const std::size_t block = (walk.first + s) * kAttempts + attempt;
    const PhiloxBlock words = stream.block(static_cast<std::uint32_t>(block));
    const std::uint32_t edge = propose(step, walk, block, words);
    if (step.is_hidden(walk, edge)) continue;
    const graph::NodeId to = step.target(edge);
    if (!second_order_ || s == 0) return to;
    if (words.word[2] >> (32 - kAffinityBits) < affinity(walk, previous, to)) return to;
  }
  return draw_exactly(step, walk, s, previous);
}

void RandomWalker::walk(std::span<const graph::NodeId> starts, std::span<const graph::TimeMs> before,
                        std::uint32_t step, std::size_t walks, std::size_t length,
                        std::span<graph::NodeId> nodes) const {
  WEFT_CHECK(before.empty() || before.size() == starts.size());
  WEFT_CHECK(nodes.size() == starts.size() * walks * (length + 1));
  WEFT_CHECK(length < kMostSteps);
  const PhiloxKey key = pick_key(options_.seed, step);
  auto out = nodes.begin();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    WEFT_CHECK(starts[i] < graph_.node_counts[type_at(0)]);
    for (std::size_t number = 0; number < walks; ++number) {
      const Walk walk{.key = key,
                      .start = starts[i],
                      .root = static_cast<std::uint32_t>(number),
                      .before = before.empty() ? graph::kEndOfTime : before[i]};
      graph::NodeId previous = graph::kNoNode;
      graph::NodeId at = starts[i];
      *out++ = at;
      for (std::size_t s = 0; s < length; ++s) {
        const graph::NodeId to = next(walk, s, at, previous);
        *out++ = to;
        previous = at;
        at = to;
      }
    }
  }
}

// A step of all walks after the other: their cache misses overlap.
void RandomWalker::walk(const WalkStart& start, std::uint32_t step, std::size_t walks, std::size_t length,
                        std::span<graph::NodeId> nodes) const {
  WEFT_CHECK(!second_order_);  // what is near would be asked of all events, the excluded ones among them
  WEFT_CHECK(nodes.size() == walks * (length + 1));
  WEFT_CHECK(start.node < graph_.node_counts[type_at(0)]);
  WEFT_CHECK(walks * length < kMostSteps);
  Walk walk{.key = pick_key(options_.seed, step),
            .start = start.node,
            .relation = start.relation,
            .hop = start.hop,
            .root = start.root,
            .before = start.before,
            .excluded = start.excluded != nullptr && start.excluded->any() ? start.excluded : nullptr,
            .tree = start.tree};
  std::fill_n(nodes.begin(), walks, start.node);
  for (std::size_t s = 0; s < length; ++s) {
    const std::span<const graph::NodeId> from = nodes.subspan(s * walks, walks);
    const std::span<graph::NodeId> to = nodes.subspan((s + 1) * walks, walks);
    for (std::size_t number = 0; number < walks; ++number) {
      walk.first = number * length;
      to[number] = next(walk, s, from[number], graph::kNoNode);
    }
  }
}

}  // namespace weft::sampling
