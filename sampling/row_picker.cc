#include "sampling/row_picker.h"

#include <algorithm>

#include "sampling/weighted_picks.h"

namespace weft::sampling {
DrawStream RowPicker::stream(Purpose purpose, std::uint32_t row) const {
  return {.key = job_.key,
          .node = out_.nodes[job_.row_type][row],
          .purpose = purpose_word(purpose, job_.relation, job_.hop),
          .root = state_.trees ? state_.tree_roots[tree_of(row)] : 0};
}

void RowPicker::bound(Chunk& chunk) const {
  if (job_.csr.times.empty()) return;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    const TimeMs before = state_.tree_before[tree_of(chunk.first_row + i)];
    if (before == graph::kEndOfTime || chunk.length[i] == 0) continue;
    const TimeMs* times = job_.csr.times.data() + chunk.start[i];
    if (times[chunk.length[i] - 1] < before) continue;
    chunk.length[i] = count_earlier(times, chunk.length[i], before);
  }
}

// As much as the law may write: never more than the rows have, except with replacement. LABOR makes room row
// by row.
void RowPicker::make_room_for_picks(Chunk& chunk) const {
  std::size_t most = 0;
  const bool replaces = job_.replacement == Replacement::kWith;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    most += replaces && chunk.length[i] > 0 ? job_.fan_out : std::min(chunk.length[i], job_.fan_out);
  }
  make_room(chunk.positions, most + kRun);
}

void RowPicker::pick(Chunk& chunk) {
  if (starts_early()) return settle_weighted_rows(chunk);
  bound(chunk);
  make_room_for_picks(chunk);
  if (job_.replacement == Replacement::kWith) {
    with_replacement(chunk);
  } else if (job_.law == PickLaw::kMostRecent) {
    newest(chunk);
  } else if (job_.law == PickLaw::kLabor) {
    labor(chunk);
  } else {
    uniform(chunk);
  }
}

// The last of each row, newest first.
void RowPicker::newest(Chunk& chunk) const {
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    std::uint32_t* const positions = chunk.positions.data() + at;
    const std::uint32_t last = chunk.start[i] + chunk.length[i] - 1;
    const std::uint32_t count = chunk.count[i] = std::min(chunk.length[i], job_.fan_out);
    for (std::uint32_t j = 0; j < kRun; ++j) positions[j] = last - j;
    for (std::uint32_t j = kRun; j < count; ++j) positions[j] = last - j;
    at += count;
  }
  chunk.picked = at;
}

// All of the short rows, in row order; then Floyd's picks of the others.
void RowPicker::uniform(Chunk& chunk) {
  const NodeId* const nodes = out_.nodes[job_.row_type].data() + chunk.first_row;
  std::array<FloydRow, kChunkRows>& drawn = chunk.drawn;
  std::size_t draws = 0;
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    const std::uint32_t start = chunk.start[i];
    const std::uint32_t count = chunk.count[i] = std::min(chunk.length[i], job_.fan_out);
    std::uint32_t* const positions = chunk.positions.data() + at;
    for (std::uint32_t j = 0; j < kRun; ++j) positions[j] = start + j;
    drawn[draws] = {nodes[i], 0, chunk.length[i], start, at};
    if (state_.trees) drawn[draws].root = state_.tree_roots[tree_of(chunk.first_row + i)];
    at += count;
    if (chunk.length[i] > count) {
      ++draws;
    } else {
      for (std::uint32_t j = kRun; j < count; ++j) positions[j] = start + j;
    }
  }
  chunk.picked = at;
  floyd_rows(job_.key, purpose_word(Purpose::kNeighbours, job_.relation, job_.hop), job_.fan_out,
             std::span(drawn).first(draws), chunk.positions.data());
}

// The first proposals of all rows look for their edges in step, so that their cache misses overlap; then, a
// stage later, row by row who came first is settled. Equal to weighted_without_replacement.
void RowPicker::start(Chunk& chunk) {
  bound(chunk);
  make_room_for_picks(chunk);
  const NodeId* const nodes = out_.nodes[job_.row_type].data() + chunk.first_row;
  const std::uint32_t k = job_.fan_out;
  std::uint32_t at = 0;
  chunk.draws = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    std::uint32_t* const positions = chunk.positions.data() + at;
    const std::uint64_t* const sums = sums_of(chunk, i);
    const std::uint32_t n = chunk.length[i];
    std::uint32_t count = 0;
    if (n <= k) {
      count = all_with_weight(sums, n, positions);
      for (std::uint32_t j = 0; j < count; ++j) positions[j] += chunk.start[i];
    } else if (sums[n - 1] != 0) {
      count = k;
      FloydRow& row = chunk.drawn[chunk.draws];
      row = {nodes[i], 0, n, chunk.start[i], at};
      if (state_.trees) row.root = state_.tree_roots[tree_of(chunk.first_row + i)];
      chunk.drawn_rows[chunk.draws++] = i;
      prefetch_short_row(sums, n);
    }
    chunk.count[i] = count;
    at += count;
  }
  chunk.picked = at;
  propose_weighted(chunk);
}

// How many proposals of a row are made before it is known how many it takes: what fills whole tiles of words.
std::uint32_t RowPicker::proposals() const {
  const std::uint32_t wanted = (2 * job_.fan_out + 15) / 16 * 8;
  return std::min(wanted, kProposalsPerPick * job_.fan_out);
}

// Of them, how many are looked up at once: in a long row few proposals repeat another, and each costs cache
// misses.
std::uint32_t RowPicker::asked(std::uint32_t length) const {
  constexpr std::uint32_t kFewRepeats = 8, kSpare = 2;  // a row so many times as long as its picks; for them
  const std::uint32_t all = proposals();
  return length / kFewRepeats > job_.fan_out ? std::min(all, job_.fan_out + kSpare) : all;
}

WeightQuestions RowPicker::questions(Chunk& chunk) {
  return {.sums = job_.csr.weight_sums.data(),
          .rows = std::span<const FloydRow>(chunk.drawn).first(chunk.draws),
          .each = proposals(),
          .asked = chunk.asked.data(),
          .weights = chunk.weights.data(),
          .lengths = state_.lengths.data(),
          .edges = chunk.proposals.data()};
}

// Where in the rows' weights the first proposals lie, into chunk.weights, and guesses of their edges.
void RowPicker::propose_weighted(Chunk& chunk) {
  const auto rows = std::span<const FloydRow>(chunk.drawn).first(chunk.draws);
  const std::uint32_t each = proposals();
  const std::uint32_t tiles = (2 * each + 15) / 16;
  const std::uint32_t purpose = purpose_word(Purpose::kNeighbours, job_.relation, job_.hop);
  make_room(state_.words, rows.size() * 16 * tiles);
  make_room(chunk.weights, rows.size() * each);
  make_room(chunk.proposals, rows.size() * each);
  row_words(job_.key, purpose, tiles, rows, state_.words.data());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const FloydRow& row = rows[r];
    const std::uint64_t total = job_.csr.weight_sums[row.start + row.length - 1];
    const std::uint32_t* const words = state_.words.data() + r * 16 * tiles;
    const DrawStream stream{job_.key, row.node, purpose, row.root};
    chunk.asked[r] = asked(row.length);
    for (std::uint32_t t = 0; t < chunk.asked[r]; ++t) {
      const std::uint64_t word = std::uint64_t{words[2 * t]} << 32 | words[2 * t + 1];
      chunk.weights[r * each + t] = bounded64_of(stream, t, word, total);
    }
  }
  guess_weights(questions(chunk));
}

void RowPicker::settle_weighted_rows(Chunk& chunk) {
  search_weights(questions(chunk));
  const auto rows = std::span<const FloydRow>(chunk.drawn).first(chunk.draws);
  bool fewer = false;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::uint32_t i = chunk.drawn_rows[r];
    std::uint32_t* const positions = chunk.positions.data() + rows[r].at;
    const std::uint32_t row = chunk.first_row + i;
    chunk.count[i] = settle_weighted(
        stream(Purpose::kNeighbours, row), stream(Purpose::kNeighboursExact, row), sums_of(chunk, i),
        rows[r].length, job_.fan_out, chunk.proposals.data() + r * proposals(), chunk.asked[r], positions);
    for (std::uint32_t j = 0; j < chunk.count[i]; ++j) positions[j] += rows[r].start;
    fewer |= chunk.count[i] < job_.fan_out;
  }
  if (!fewer) return;
  // Some rows ran out of weight: close the gaps.
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::size_t r = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    const bool was_drawn = r < rows.size() && chunk.drawn_rows[r] == i;
    std::copy_n(chunk.positions.data() + from, chunk.count[i], chunk.positions.data() + to);
    from += was_drawn ? job_.fan_out : chunk.count[i];
    to += chunk.count[i];
    r += was_drawn ? 1 : 0;
  }
  chunk.picked = to;
}

void RowPicker::with_replacement(Chunk& chunk) {
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    std::uint32_t* const positions = chunk.positions.data() + at;
    const DrawStream draws = stream(Purpose::kNeighbours, chunk.first_row + i);
    const std::uint32_t count = chunk.count[i] =
        job_.law == PickLaw::kWeighted
            ? weighted_with_replacement(draws, sums_of(chunk, i), chunk.length[i], job_.fan_out, positions)
            : uniform_with_replacement(draws, chunk.length[i], job_.fan_out, positions);
    for (std::uint32_t j = 0; j < count; ++j) positions[j] += chunk.start[i];
    at += count;
  }
  chunk.picked = at;
}

// Excluded edges are left out on the way, for the chance depends on how many are allowed. Each row's edges
// are listed where its picks will stand: room for the longest row beside the picks, not for all rows.
void RowPicker::labor(Chunk& chunk) {
  std::uint32_t at = 0;
  const NodeId* const targets = job_.csr.targets.data();
  DrawStream draws{.key = job_.key, .purpose = purpose_word(Purpose::kLabor, job_.target_type, job_.hop)};
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    make_room(chunk.positions, std::size_t{at} + chunk.length[i] + kRun);
    std::uint32_t* const positions = chunk.positions.data() + at;
    const std::uint32_t tree = tree_of(chunk.first_row + i);
    draws.root = state_.trees ? state_.tree_roots[tree] : 0;
    std::uint32_t allowed = 0;
    for (std::uint32_t p = 0; p < chunk.length[i]; ++p) {
      const std::uint32_t position = chunk.start[i] + p;
      if (state_.excluded.any() && is_excluded(tree, job_.csr.edge_id(position))) continue;
      positions[allowed++] = position;
    }
    std::uint32_t count = 0;
    for (std::uint32_t p = 0; p < allowed; ++p) {
      draws.node = targets[positions[p]];
      if (!labor_picks(draws.word(0), allowed, job_.fan_out)) continue;
      positions[count++] = positions[p];
    }
    chunk.count[i] = count;
    at += count;
  }
  chunk.picked = at;
}

bool RowPicker::hits_excluded(const Chunk& chunk) const {
  bool hit = false;
  std::uint32_t j = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    const std::uint32_t tree = tree_of(chunk.first_row + i);
    for (const std::uint32_t end = j + chunk.count[i]; j < end; ++j) hit |= is_excluded(tree, chunk.edges[j]);
  }
  return hit;
}

bool RowPicker::leave_out_excluded(Chunk& chunk) {
  if (!state_.excluded.any() || !hits_excluded(chunk)) return false;
  std::vector<std::uint32_t>& fresh = state_.again;
  fresh.clear();
  std::uint32_t j = 0;
  for (std::uint32_t i = 0; i < chunk.rows; ++i) {
    const std::uint32_t tree = tree_of(chunk.first_row + i);
    const std::uint32_t end = j + chunk.count[i];
    bool hit = false;
    for (std::uint32_t p = j; p < end; ++p) hit |= is_excluded(tree, chunk.edges[p]);
    const std::size_t before = fresh.size();
    if (!hit) {
      fresh.insert(fresh.end(), chunk.positions.begin() + j, chunk.positions.begin() + end);
    } else if (job_.replacement == Replacement::kWith) {
      replaced_allowed(chunk, i, tree, j);
    } else if (job_.law == PickLaw::kMostRecent) {
      newest_allowed(chunk, i, tree);
    } else if (job_.law == PickLaw::kWeighted) {
      weighted_allowed(chunk, i, tree, j);
    } else {
      uniform_allowed(chunk, i, tree);
    }
    chunk.count[i] = static_cast<std::uint32_t>(fresh.size() - before);
    j = end;
  }
  chunk.positions.swap(fresh);
  chunk.picked = static_cast<std::uint32_t>(chunk.positions.size());
  return true;
}

// The row's excluded positions, counted from its start, ascending, into state.hidden.
void RowPicker::find_hidden(const Chunk& chunk, std::uint32_t i, std::uint32_t tree) {
  state_.hidden.clear();
  for (std::uint32_t p = 0; p < chunk.length[i]; ++p) {
    if (is_excluded(tree, job_.csr.edge_id(chunk.start[i] + p))) state_.hidden.push_back(p);
  }
}

void RowPicker::newest_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree) {
  std::uint32_t found = 0;
  for (std::uint32_t p = chunk.length[i]; p-- > 0 && found < job_.fan_out;) {
    const std::uint32_t position = chunk.start[i] + p;
    if (is_excluded(tree, job_.csr.edge_id(position))) continue;
    state_.again.push_back(position);
    ++found;
  }
}

namespace {

// The allowed position number `at`, given the hidden ones in ascending order.
std::uint32_t skip_hidden(std::span<const std::uint32_t> hidden, std::uint32_t at) {
  for (const std::uint32_t p : hidden) {
    if (p > at) break;
    ++at;
  }
  return at;
}

}  // namespace

void RowPicker::uniform_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree) {
  find_hidden(chunk, i, tree);
  const std::uint32_t allowed = chunk.length[i] - static_cast<std::uint32_t>(state_.hidden.size());
  const std::uint32_t count = std::min(allowed, job_.fan_out);
  const std::size_t begin = state_.again.size();
  state_.again.resize(begin + count);
  std::uint32_t* picks = state_.again.data() + begin;
  if (count == allowed) {
    for (std::uint32_t q = 0; q < count; ++q) picks[q] = q;
  } else {
    floyd_picks(stream(Purpose::kNeighboursAllowed, chunk.first_row + i), allowed, count, picks);
  }
  for (std::uint32_t q = 0; q < count; ++q) picks[q] = chunk.start[i] + skip_hidden(state_.hidden, picks[q]);
}

// The allowed among the first picks are the first picks among the allowed (sampling/weighted_picks.h): they
// stay, and the next are drawn from the allowed weight that is left.
void RowPicker::weighted_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree,
                                 std::uint32_t begin) {
  const std::uint64_t* const sums = sums_of(chunk, i);
  const std::uint32_t n = chunk.length[i];
  const DrawStream draws = stream(Purpose::kNeighboursAllowed, chunk.first_row + i);
  find_hidden(chunk, i, tree);
  std::vector<std::uint32_t>& skipped = state_.hidden;
  std::uint64_t left = sums[n - 1];
  for (const std::uint32_t p : skipped) left -= weight_of(sums, p);
  std::uint32_t kept = 0;
  for (std::uint32_t j = begin; j < begin + chunk.count[i]; ++j) {
    if (is_excluded(tree, chunk.edges[j])) continue;
    const std::uint32_t p = chunk.positions[j] - chunk.start[i];
    state_.again.push_back(chunk.positions[j]);
    skipped.push_back(p);
    left -= weight_of(sums, p);
    ++kept;
  }
  for (; kept < job_.fan_out && left > 0; ++kept) {
    const std::uint32_t p = edge_at_weight_left(sums, n, bounded64(draws, kept, left), skipped.data(),
                                                static_cast<std::uint32_t>(skipped.size()));
    state_.again.push_back(chunk.start[i] + p);
    skipped.push_back(p);
    left -= weight_of(sums, p);
  }
}

// Draws are independent: those that hit are drawn again, from the allowed alone.
void RowPicker::replaced_allowed(const Chunk& chunk, std::uint32_t i, std::uint32_t tree,
                                 std::uint32_t begin) {
  const std::uint32_t n = chunk.length[i];
  const DrawStream draws = stream(Purpose::kNeighboursAllowed, chunk.first_row + i);
  find_hidden(chunk, i, tree);
  const auto hidden = static_cast<std::uint32_t>(state_.hidden.size());
  const bool weighted = job_.law == PickLaw::kWeighted;
  const std::uint64_t* const sums = weighted ? sums_of(chunk, i) : nullptr;
  std::uint64_t left = weighted ? sums[n - 1] : n - hidden;
  if (weighted) {
    for (const std::uint32_t p : state_.hidden) left -= weight_of(sums, p);
  }
  if (left == 0) return;
  for (std::uint32_t draw = 0; draw < chunk.count[i]; ++draw) {
    if (!is_excluded(tree, chunk.edges[begin + draw])) {
      state_.again.push_back(chunk.positions[begin + draw]);
      continue;
    }
    const std::uint32_t p =
        weighted ? edge_at_weight_left(sums, n, bounded64(draws, draw, left), state_.hidden.data(), hidden)
                 : skip_hidden(state_.hidden,
                               bounded(draws, draw, draws.word(draw), static_cast<std::uint32_t>(left)));
    state_.again.push_back(chunk.start[i] + p);
  }
}

}  // namespace weft::sampling
