#include "sampling/live_expansion.h"

#include <algorithm>

#include "sampling/allowed_picks.h"

namespace weft::sampling {
namespace {

template <typename Relabel>
class LiveExpander {
 public:
  LiveExpander(const RelationHop& job, const LiveRelation& live, ExpansionState& state, Relabel& relabel,
               Subgraph& out)
      : job_(job),
        live_(live),
        state_(state),
        relabel_(relabel),
        out_(out),
        block_(out.relations[job.block]) {}

  void run() {
    for (std::uint32_t row = job_.first_row; row < job_.end_row; ++row) {
      const std::uint32_t tree = state_.trees ? out_.trees[job_.row_type][row] : 0;
      const graph::RowSegments segments = live_.rows.row(out_.nodes[job_.row_type][row]);
      const std::uint32_t length = live_.count_before(segments, state_.tree_before[tree]);
      const std::uint32_t count =
          job_.law == PickLaw::kLabor ? labor(segments, length, tree) : pick(segments, length, row, tree);
      place(segments, count, tree);
    }
  }

 private:
  // The row's running sums, all in one place.
  const std::uint64_t* sums(const graph::RowSegments& segments, std::uint32_t length) {
    if (length <= segments.base_length) return live_.base_sums(segments);
    const std::uint64_t* const delta = live_.delta_sums(segments);
    if (segments.base_length == 0) return delta;
    make_room(state_.weights, length);
    std::copy_n(live_.base_sums(segments), segments.base_length, state_.weights.begin());
    std::copy_n(delta, length - segments.base_length, state_.weights.begin() + segments.base_length);
    return state_.weights.data();
  }

  DrawStream stream(Purpose purpose, std::uint32_t row, std::uint32_t tree) const {
    return {.key = job_.key,
            .node = out_.nodes[job_.row_type][row],
            .purpose = purpose_word(purpose, job_.relation, job_.hop),
            .root = state_.trees ? state_.tree_roots[tree] : 0};
  }

  // Into state.proposals, counted from the row's start; returns how many.
  std::uint32_t pick(const graph::RowSegments& segments, std::uint32_t length, std::uint32_t row,
                     std::uint32_t tree) {
    if (length == 0) return 0;
    const bool replaces = job_.replacement == Replacement::kWith;
    make_room(state_.proposals, replaces ? job_.fan_out : std::min(length, job_.fan_out));
    std::uint32_t* const picks = state_.proposals.data();
    PickRow work{.weight_sums = job_.law == PickLaw::kWeighted ? sums(segments, length) : nullptr,
                 .n = length,
                 .k = job_.fan_out,
                 .law = job_.law,
                 .replacement = job_.replacement,
                 .first = stream(Purpose::kNeighbours, row, tree),
                 .exact = stream(Purpose::kNeighboursExact, row, tree),
                 .allowed = stream(Purpose::kNeighboursAllowed, row, tree)};
    const std::uint32_t count = first_picks(work, picks);
    if (!state_.excluded.any() || std::none_of(picks, picks + count, [&](std::uint32_t p) {
          return state_.excluded.contains(tree, live_.event_at(segments, p));
        }))
      return count;
    events_.clear();
    for (std::uint32_t p = 0; p < length; ++p) events_.push_back(live_.event_at(segments, p));
    const std::span<const EventId> hidden = state_.excluded.of(tree);
    work.events = events_.data();  // by place in the row, as the edge ids then are
    work.hidden = {hidden.data(), static_cast<std::uint32_t>(hidden.size())};
    return allowed_picks(work, picks, count);
  }

  std::uint32_t labor(const graph::RowSegments& segments, std::uint32_t length, std::uint32_t tree) {
    make_room(state_.proposals, length);
    std::uint32_t* const picks = state_.proposals.data();
    std::uint32_t allowed = 0;
    for (std::uint32_t p = 0; p < length; ++p) {
      if (state_.excluded.any() && state_.excluded.contains(tree, live_.event_at(segments, p))) continue;
      picks[allowed++] = p;
    }
    DrawStream draws{.key = job_.key,
                     .purpose = purpose_word(Purpose::kLabor, job_.target_type, job_.hop),
                     .root = state_.trees ? state_.tree_roots[tree] : 0};
    std::uint32_t count = 0;
    for (std::uint32_t p = 0; p < allowed; ++p) {
      draws.node = live_.rows.target(segments.position(picks[p]));
      if (labor_picks(draws.word(0), allowed, job_.fan_out)) picks[count++] = picks[p];
    }
    return count;
  }

  void place(const graph::RowSegments& segments, std::uint32_t count, std::uint32_t tree) {
    std::uint32_t placed = state_.node_counts[job_.target_type];
    std::uint32_t written = state_.pick_counts[job_.block];
    relabel_.reserve(std::size_t{placed} + count);
    make_room(block_.sources, std::size_t{written} + count);
    make_room(block_.edges, std::size_t{written} + count);
    make_room(out_.nodes[job_.target_type], std::size_t{placed} + count + 1);
    if (state_.trees) make_room(out_.trees[job_.target_type], std::size_t{placed} + count + 1);
    auto placer = relabel_.placer();
    for (std::uint32_t j = 0; j < count; ++j) {
      const std::uint32_t position = segments.position(state_.proposals[j]);
      const NodeId target = live_.rows.target(position);
      out_.nodes[job_.target_type][placed] = target;  // stays if it is new
      if (state_.trees) out_.trees[job_.target_type][placed] = tree;
      block_.edges[written] = live_.rows.edge_id(position);
      block_.sources[written++] = placer.place(tree, target, placed);
    }
    block_.offsets.push_back(written);
    state_.node_counts[job_.target_type] = placed;
    state_.pick_counts[job_.block] = written;
  }

  const RelationHop& job_;
  const LiveRelation& live_;
  ExpansionState& state_;
  Relabel& relabel_;
  Subgraph& out_;
  RelationBlock& block_;
  std::vector<EventId> events_ = {};  // of one row
};

}  // namespace

void expand_live(const RelationHop& job, const LiveRelation& live, ExpansionState& state, Subgraph& out) {
  if (job.first_row == job.end_row) return;
  if (job.fan_out == 0) {
    std::vector<std::uint32_t>& offsets = out.relations[job.block].offsets;
    offsets.insert(offsets.end(), job.end_row - job.first_row, offsets.back());
    return;
  }
  if (state.hashed[job.target_type] != 0) {
    LiveExpander(job, live, state, state.tables[job.target_type], out).run();
  } else {
    LiveExpander(job, live, state, state.stamps[job.target_type], out).run();
  }
}

}  // namespace weft::sampling
