// The obvious neighbour sampler: maps, sets and loops, one edge at a time. NeighborSampler must equal it bit
// for bit.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "sampling/neighbor_sampler.h"
#include "sampling/philox.h"
#include "sampling/picks.h"

namespace weft::sampling::testing {

class ReferenceSampler {
 public:
  ReferenceSampler(graph::GraphView graph, SamplerOptions options)
      : graph_(std::move(graph)), options_(std::move(options)) {}

  Subgraph sample(const SeedBatch& seeds, std::uint32_t step) {
    out_ = {};
    locals_.clear();
    tree_root_.clear();
    step_ = step;
    disjoint_ = !seeds.roots.empty();
    const std::size_t types = graph_.node_counts.size();
    out_.nodes.resize(types);
    out_.trees.resize(types);
    out_.hop_ends.resize(types);
    if (!disjoint_) {
      tree_root_ = {0};
      out_.tree_before = {seeds.before.empty() ? graph::kEndOfTime : seeds.before[0]};
    }
    for (std::size_t i = 0; i < seeds.nodes.size(); ++i) {
      std::uint32_t tree = 0;
      if (disjoint_) {
        const auto found = std::find(tree_root_.begin(), tree_root_.end(), seeds.roots[i]);
        tree = static_cast<std::uint32_t>(found - tree_root_.begin());
        if (found == tree_root_.end()) {
          tree_root_.push_back(seeds.roots[i]);
          out_.tree_before.push_back(seeds.before.empty() ? graph::kEndOfTime : seeds.before[i]);
        }
      }
      out_.seeds.push_back(local(seeds.nodes[i].type, tree, seeds.nodes[i].id));
    }
    for (const RelationId relation : graph_.schema->relations()) {
      bool used = false;
      for (const auto& hop : options_.fan_outs) used |= hop[relation] > 0;
      if (used) out_.relations.push_back({.relation = relation, .offsets = {0}});
    }
    const std::size_t of_edges = out_.relations.size();
    std::vector<std::size_t> walks;
    for (std::size_t w = 0; w < options_.walks.size(); ++w) {
      bool used = false;
      for (const std::uint32_t fan_out : options_.walks[w].fan_outs) used |= fan_out > 0;
      if (!used) continue;
      walks.push_back(w);
      const auto id = static_cast<RelationId>(2 * graph_.schema->edge_types().size() + 2 * w);
      out_.relations.push_back({.relation = id, .offsets = {0}});
    }
    end_hop();
    for (std::size_t hop = 0; hop < options_.fan_outs.size(); ++hop) {
      for (std::size_t i = 0; i < of_edges; ++i) expand(out_.relations[i], hop, seeds);
      for (std::size_t i = 0; i < walks.size(); ++i)
        visit(out_.relations[of_edges + i], options_.walks[walks[i]], hop, seeds);
      end_hop();
    }
    return out_;
  }

 private:
  void end_hop() {
    for (std::size_t type = 0; type < out_.nodes.size(); ++type) {
      out_.hop_ends[type].push_back(static_cast<std::uint32_t>(out_.nodes[type].size()));
    }
  }

  std::uint32_t local(NodeTypeId type, std::uint32_t tree, NodeId node) {
    const auto [at, added] =
        locals_.emplace(std::tuple(type, tree, node), static_cast<std::uint32_t>(out_.nodes[type].size()));
    if (added) {
      out_.nodes[type].push_back(node);
      if (disjoint_) out_.trees[type].push_back(tree);
    }
    return at->second;
  }

  std::set<EventId> hidden_from(std::uint32_t tree, const SeedBatch& seeds) const {
    if (!disjoint_ || seeds.excluded_offsets.empty()) return {seeds.excluded.begin(), seeds.excluded.end()};
    return {seeds.excluded.begin() + seeds.excluded_offsets[tree],
            seeds.excluded.begin() + seeds.excluded_offsets[tree + 1]};
  }

  void expand(RelationBlock& block, std::size_t hop, const SeedBatch& seeds) {
    const NodeTypeId row_type = graph_.schema->row_type(block.relation);
    const NodeTypeId target_type = graph_.schema->target_type(block.relation);
    const auto& ends = out_.hop_ends[row_type];
    for (std::uint32_t row = hop == 0 ? 0 : ends[hop - 1]; row < ends[hop]; ++row) {
      const std::uint32_t tree = disjoint_ ? out_.trees[row_type][row] : 0;
      const std::set<EventId> hidden = hidden_from(tree, seeds);
      for (const std::uint64_t position :
           choose(block.relation, hop, out_.nodes[row_type][row], tree, hidden)) {
        const graph::CsrView& csr = graph_.relation(block.relation);
        block.sources.push_back(local(target_type, tree, csr.targets[position]));
        block.edges.push_back(csr.edge_id(position));
      }
      block.offsets.push_back(static_cast<std::uint32_t>(block.sources.size()));
    }
  }

  void visit(RelationBlock& block, const WalkRelation& walks, std::size_t hop, const SeedBatch& seeds) {
    const NodeTypeId type = graph_.schema->row_type(walks.path[0]);
    const auto& ends = out_.hop_ends[type];
    for (std::uint32_t row = hop == 0 ? 0 : ends[hop - 1]; row < ends[hop]; ++row) {
      const std::uint32_t tree = disjoint_ ? out_.trees[type][row] : 0;
      const NodeId start = out_.nodes[type][row];
      const auto word = [&](Purpose purpose) {
        return DrawStream{.key = pick_key(options_.seed, step_),
                          .node = start,
                          .purpose = purpose_word(purpose, block.relation, static_cast<std::uint32_t>(hop)),
                          .root = tree_root_[tree]};
      };
      std::map<NodeId, std::uint32_t> visits;
      for (std::size_t number = 0; number < walks.walks; ++number)
        walk(walks, start, number, out_.tree_before[tree], hidden_from(tree, seeds), word(Purpose::kWalk),
             word(Purpose::kWalkExact), visits);
      visits.erase(start);
      std::vector<std::pair<std::uint32_t, NodeId>> sorted;  // visits, all bits of the node turned
      for (const auto& [node, count] : visits) sorted.emplace_back(count, ~node);
      std::sort(sorted.rbegin(), sorted.rend());
      for (std::size_t i = 0; i < sorted.size() && i < walks.fan_outs[hop]; ++i) {
        block.sources.push_back(local(type, tree, ~sorted[i].second));
        block.visits.push_back(sorted[i].first);
      }
      block.offsets.push_back(static_cast<std::uint32_t>(block.sources.size()));
    }
  }

  // Counts where the rounds of one walk end.
  void walk(const WalkRelation& walks, NodeId at, std::size_t number, TimeMs before,
            const std::set<EventId>& hidden, const DrawStream& stream, const DrawStream& exact,
            std::map<NodeId, std::uint32_t>& visits) const {
    const std::size_t length = walks.path.size() * walks.rounds;
    for (std::size_t s = 0; s < length; ++s) {
      const auto place = static_cast<std::uint32_t>(number * length + s);
      if (s > 0 && s % walks.path.size() == 0 &&
          stream.block(16 * (place - 1)).word[3] < walks.stop * 4294967296.0)
        return;
      const RelationId relation = walks.path[s % walks.path.size()];
      const graph::CsrView& csr = graph_.relation(relation);
      const auto events = graph_.events[graph::edge_type_of(relation)];
      std::vector<std::pair<std::uint64_t, std::uint64_t>> edges;  // position, weight
      std::vector<std::uint64_t> allowed;
      std::uint64_t sum = 0, allowed_sum = 0;
      for (std::uint64_t p = csr.offsets[at]; p < csr.offsets[at + 1]; ++p) {
        if (!csr.times.empty() && csr.times[p] >= before) continue;
        const bool weighted = walks.weighted && !csr.weight_sums.empty();
        const std::uint64_t below = p == csr.offsets[at] ? 0 : weighted ? csr.weight_sums[p - 1] : 0;
        const std::uint64_t weight = weighted ? csr.weight_sums[p] - below : 1;
        const bool seen = hidden.count(events[csr.edge_id(p)]) == 0;
        edges.emplace_back(p, weight);
        allowed.push_back(seen ? weight : 0);
        sum += weight;
        allowed_sum += allowed.back();
      }
      if (allowed_sum == 0) return;
      std::optional<std::size_t> chosen;
      for (std::uint32_t attempt = 0; attempt < 16 && !chosen; ++attempt) {
        const std::uint32_t block = 16 * place + attempt;
        const PhiloxBlock words = stream.block(block);
        std::uint64_t x =
            bounded64_of(stream, 2 * block, std::uint64_t{words.word[0]} << 32 | words.word[1], sum);
        std::size_t i = 0;
        while (x >= edges[i].second) x -= edges[i++].second;
        if (allowed[i] > 0) chosen = i;
      }
      if (!chosen) {
        std::uint64_t x = bounded64(exact, place, allowed_sum);
        std::size_t i = 0;
        while (x >= allowed[i]) x -= allowed[i++];
        chosen = i;
      }
      at = csr.targets[edges[*chosen].first];
      if ((s + 1) % walks.path.size() == 0) ++visits[at];
    }
  }

  // Positions of the picks, in order.
  std::vector<std::uint64_t> choose(RelationId relation, std::size_t hop, NodeId node, std::uint32_t tree,
                                    const std::set<EventId>& hidden) {
    const graph::CsrView& csr = graph_.relation(relation);
    const auto events = graph_.events[graph::edge_type_of(relation)];
    std::vector<std::uint64_t> all, allowed;
    for (std::uint64_t p = csr.offsets[node]; p < csr.offsets[node + 1]; ++p) {
      const TimeMs before = out_.tree_before[tree];
      if (!csr.times.empty() && before != graph::kEndOfTime && csr.times[p] >= before) continue;
      all.push_back(p);
      if (hidden.count(events[csr.edge_id(p)]) == 0) allowed.push_back(p);
    }
    const std::uint32_t fan_out = options_.fan_outs[hop][relation];
    if (fan_out == 0) return {};
    if (options_.law == PickLaw::kMostRecent) {
      std::reverse(allowed.begin(), allowed.end());
      if (allowed.size() > fan_out) allowed.resize(fan_out);
      return allowed;
    }
    const Row row{relation, hop, node, tree, fan_out, csr, all, allowed};
    if (options_.law == PickLaw::kLabor) return labor(row);
    const bool weighted = options_.law == PickLaw::kWeighted && !csr.weight_sums.empty();
    if (options_.replacement == Replacement::kWith && fan_out != kAllNeighbours)
      return replaced(row, weighted);
    if (weighted) return successive(row);
    if (all.size() <= fan_out) return allowed;
    const auto first = floyd(all, fan_out, Purpose::kNeighbours, relation, hop, node, tree);
    for (const std::uint64_t p : first) {
      if (hidden.count(events[csr.edge_id(p)]) != 0) {
        if (allowed.size() <= fan_out) return allowed;
        return floyd(allowed, fan_out, Purpose::kNeighboursAllowed, relation, hop, node, tree);
      }
    }
    return first;
  }

  struct Row {
    RelationId relation;
    std::size_t hop;
    NodeId node;
    std::uint32_t tree;
    std::uint32_t fan_out;
    const graph::CsrView& csr;
    const std::vector<std::uint64_t>& all;      // positions before the bound
    const std::vector<std::uint64_t>& allowed;  // those that are not hidden
  };

  DrawStream stream_of(const Row& row, Purpose purpose) const {
    return {.key = pick_key(options_.seed, step_),
            .node = row.node,
            .purpose = purpose_word(purpose, row.relation, static_cast<std::uint32_t>(row.hop)),
            .root = tree_root_[row.tree]};
  }
  static std::uint64_t weight(const Row& row, std::uint64_t position) {
    const bool first = position == row.csr.offsets[row.node];
    return row.csr.weight_sums[position] - (first ? 0 : row.csr.weight_sums[position - 1]);
  }
  static std::uint64_t total(const Row& row, const std::vector<std::uint64_t>& from) {
    std::uint64_t sum = 0;
    for (const std::uint64_t p : from) sum += weight(row, p);
    return sum;
  }
  // The position in whose share of the weight of `from` x lies.
  static std::uint64_t at_weight(const Row& row, const std::vector<std::uint64_t>& from, std::uint64_t x) {
    for (const std::uint64_t p : from) {
      if (x < weight(row, p)) return p;
      x -= weight(row, p);
    }
    ADD_FAILURE() << "a draw beyond the row's weight";
    return 0;
  }
  static std::vector<std::uint64_t> without(std::vector<std::uint64_t> from,
                                            const std::vector<std::uint64_t>& taken) {
    std::erase_if(from,
                  [&](std::uint64_t p) { return std::find(taken.begin(), taken.end(), p) != taken.end(); });
    return from;
  }

  // Independent draws; one that hits a hidden edge is made again among the allowed.
  std::vector<std::uint64_t> replaced(const Row& row, bool weighted) {
    const auto draw = [&](const std::vector<std::uint64_t>& from, Purpose purpose, std::uint32_t i) {
      const DrawStream stream = stream_of(row, purpose);
      if (weighted) return at_weight(row, from, bounded64(stream, i, total(row, from)));
      return from[bounded(stream, i, stream.word(i), static_cast<std::uint32_t>(from.size()))];
    };
    if (weighted ? total(row, row.allowed) == 0 : row.allowed.empty()) return {};
    std::vector<std::uint64_t> picks;
    for (std::uint32_t i = 0; i < row.fan_out; ++i) {
      std::uint64_t p = draw(row.all, Purpose::kNeighbours, i);
      if (std::find(row.allowed.begin(), row.allowed.end(), p) == row.allowed.end())
        p = draw(row.allowed, Purpose::kNeighboursAllowed, i);
      picks.push_back(p);
    }
    return picks;
  }

  // One after the other by weight: first among all, then, for each that was hidden, one more among the
  // allowed.
  std::vector<std::uint64_t> successive(const Row& row) {
    std::vector<std::uint64_t> picks;
    if (row.all.size() <= row.fan_out) {
      for (const std::uint64_t p : row.all) {
        if (weight(row, p) > 0) picks.push_back(p);
      }
      return without(picks, without(row.all, row.allowed));
    }
    if (total(row, row.all) == 0) return {};
    for (std::uint32_t t = 0; t < 4 * row.fan_out && picks.size() < row.fan_out; ++t) {
      const std::uint64_t p =
          at_weight(row, row.all, bounded64(stream_of(row, Purpose::kNeighbours), t, total(row, row.all)));
      if (std::find(picks.begin(), picks.end(), p) == picks.end()) picks.push_back(p);
    }
    while (picks.size() < row.fan_out) {
      const std::vector<std::uint64_t> rest = without(row.all, picks);
      if (total(row, rest) == 0) break;
      const auto i = static_cast<std::uint32_t>(picks.size());
      picks.push_back(
          at_weight(row, rest, bounded64(stream_of(row, Purpose::kNeighboursExact), i, total(row, rest))));
    }
    const std::size_t before = picks.size();
    picks = without(picks, without(row.all, row.allowed));
    if (picks.size() == before) return picks;
    while (picks.size() < row.fan_out) {
      const std::vector<std::uint64_t> rest = without(row.allowed, picks);
      if (total(row, rest) == 0) break;
      const auto i = static_cast<std::uint32_t>(picks.size());
      picks.push_back(
          at_weight(row, rest, bounded64(stream_of(row, Purpose::kNeighboursAllowed), i, total(row, rest))));
    }
    return picks;
  }

  // Every target node has one draw a hop, and a row of n takes those below fan_out / n.
  std::vector<std::uint64_t> labor(const Row& row) {
    std::vector<std::uint64_t> picks;
    for (const std::uint64_t p : row.allowed) {
      const DrawStream stream{
          .key = pick_key(options_.seed, step_),
          .node = row.csr.targets[p],
          .purpose = purpose_word(Purpose::kLabor, graph_.schema->target_type(row.relation),
                                  static_cast<std::uint32_t>(row.hop)),
          .root = tree_root_[row.tree]};
      const double n = static_cast<double>(row.allowed.size());
      if (n <= row.fan_out || stream.word(0) * n < row.fan_out * 4294967296.0) picks.push_back(p);
    }
    return picks;
  }

  std::vector<std::uint64_t> floyd(const std::vector<std::uint64_t>& from, std::uint32_t k, Purpose purpose,
                                   RelationId relation, std::size_t hop, NodeId node, std::uint32_t tree) {
    const DrawStream stream{.key = pick_key(options_.seed, step_),
                            .node = node,
                            .purpose = purpose_word(purpose, relation, static_cast<std::uint32_t>(hop)),
                            .root = tree_root_[tree]};
    const auto n = static_cast<std::uint32_t>(from.size());
    std::set<std::uint32_t> taken;
    std::vector<std::uint64_t> picks;
    for (std::uint32_t i = 0; i < k; ++i) {
      std::uint32_t t = bounded(stream, i, stream.word(i), n - k + i + 1);
      if (!taken.insert(t).second) {
        t = n - k + i;
        taken.insert(t);
      }
      picks.push_back(from[t]);
    }
    return picks;
  }

  graph::GraphView graph_;
  SamplerOptions options_;
  Subgraph out_;
  std::map<std::tuple<NodeTypeId, std::uint32_t, NodeId>, std::uint32_t> locals_;
  std::vector<std::uint32_t> tree_root_;
  std::uint32_t step_ = 0;
  bool disjoint_ = false;
};

}  // namespace weft::sampling::testing
