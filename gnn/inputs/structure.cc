#include "gnn/inputs/structure.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace weft::gnn {
namespace {

using graph::kEndOfTime;
using graph::NodeId;
using graph::RelationId;
using graph::TimeMs;

constexpr TimeMs kHour = 3'600'000;

TimeMs saturating_subtract(TimeMs time, TimeMs span) {
  return time < std::numeric_limits<TimeMs>::min() + span ? std::numeric_limits<TimeMs>::min() : time - span;
}

// Where a row's edges that have a time begin.
std::uint64_t timed_begin(const graph::CsrView& csr, NodeId row) {
  return csr.offsets[row] + csr.count_before(row, graph::kNoTime + 1);
}

// [node type][node]: the earliest of a node's timed edges, kEndOfTime without one; empty where `wanted` is.
std::vector<std::vector<TimeMs>> first_events(const graph::GraphView& graph,
                                              const std::vector<std::vector<TimeMs>>& wanted) {
  std::vector<std::vector<TimeMs>> first(wanted.size());
  for (std::size_t type = 0; type < wanted.size(); ++type)
    first[type].assign(wanted[type].size(), kEndOfTime);
  for (const RelationId relation : graph.schema->relations()) {
    const graph::CsrView& csr = graph.relation(relation);
    auto& times = first[graph.schema->row_type(relation)];
    if (csr.times.empty() || times.empty()) continue;
    for (std::size_t row = 0; row < csr.rows(); ++row) {
      const std::uint64_t first_timed = timed_begin(csr, static_cast<NodeId>(row));
      if (first_timed < csr.offsets[row + 1]) times[row] = std::min(times[row], csr.times[first_timed]);
    }
  }
  return first;
}

std::uint64_t row_key(RelationId relation, NodeId row) {
  return std::uint64_t{relation} << 32 | row;
}

}  // namespace

int age_class(TimeMs age) {
  const auto hours = static_cast<std::uint64_t>(std::max<TimeMs>(age, 0) / kHour);
  return std::min(static_cast<int>(std::bit_width(hours + 1)) - 1, kAgeClasses - 1);
}

float age_scale(TimeMs age) {
  const double hours = static_cast<double>(std::max<TimeMs>(age, 0)) / static_cast<double>(kHour);
  return static_cast<float>(std::log2(1.0 + hours) / kAgeClasses);
}

std::vector<std::vector<TimeMs>> listed_times(const graph::Snapshot& snapshot) {
  std::vector<std::vector<TimeMs>> listed;
  for (std::size_t type = 0; type < snapshot.schema().node_types().size(); ++type) {
    const auto seen = snapshot.first_seen(static_cast<graph::NodeTypeId>(type));
    const bool known =
        std::any_of(seen.begin(), seen.end(), [](TimeMs time) { return time != graph::kNoTime; });
    listed.emplace_back();
    if (known) listed.back().assign(seen.begin(), seen.end());
  }
  const auto first = first_events(graph::view(snapshot), listed);
  for (std::size_t type = 0; type < listed.size(); ++type) {
    for (std::size_t node = 0; node < listed[type].size(); ++node) {
      if (listed[type][node] >= first[type][node]) listed[type][node] = graph::kNoTime;
    }
  }
  return listed;
}

Structure::Structure(graph::GraphView graph, std::vector<RelationId> relations, graph::EdgeTypeId target,
                     StructureOptions options, bool hides_events, std::vector<std::vector<TimeMs>> listed)
    : graph_(std::move(graph)),
      relations_(std::move(relations)),
      target_(target),
      options_(options),
      listed_(std::move(listed)) {
  recent_ms_ = static_cast<TimeMs>(options_.recent_days * 24.0 * static_cast<double>(kHour));
  const graph::Schema& schema = *graph_.schema;
  widths_.assign(schema.node_types().size(), 0);
  for (const RelationId relation : relations_) widths_[schema.row_type(relation)] += relation_width(relation);
  listed_.resize(widths_.size());
  for (std::size_t type = 0; type < widths_.size(); ++type) {
    if (!options_.age) listed_[type] = {};
    if (!listed_[type].empty()) ++widths_[type];
  }
  first_event_ = first_events(graph_, listed_);
  timed_relations_.resize(widths_.size());
  for (const RelationId relation : schema.relations()) {
    if (graph_.relation(relation).times.empty()) continue;
    timed_relations_[schema.row_type(relation)].push_back(relation);
  }
  sorted_times_.resize(schema.edge_types().size());
  TimeMs latest = std::numeric_limits<TimeMs>::min();
  for (std::size_t type = 0; type < sorted_times_.size(); ++type) {
    const auto times = graph_.relation(graph::outgoing_relation(static_cast<graph::EdgeTypeId>(type))).times;
    sorted_times_[type].assign(times.begin(), times.end());
    std::sort(sorted_times_[type].begin(), sorted_times_[type].end());
    if (!times.empty()) latest = std::max(latest, sorted_times_[type].back());
  }
  now_ = latest == std::numeric_limits<TimeMs>::min() ? 0 : latest + 1;
  if (!hides_events) return;
  for (std::size_t type = 0; type < sorted_times_.size(); ++type) {
    const auto edge_type = static_cast<graph::EdgeTypeId>(type);
    const graph::CsrView& csr = graph_.relation(graph::outgoing_relation(edge_type));
    for (NodeId row = 0; row < csr.rows(); ++row) {
      for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
        event_edges_.push_back({graph_.events[type][csr.edge_id(i)], edge_type, row, csr.targets[i]});
      }
    }
  }
  std::sort(event_edges_.begin(), event_edges_.end(), [](const EventEdge& a, const EventEdge& b) {
    return std::tie(a.event, a.type, a.from, a.to) < std::tie(b.event, b.type, b.from, b.to);
  });
}

bool Structure::is_event_relation(RelationId relation) const {
  const graph::EdgeTypeId type = graph::edge_type_of(relation);
  return type == target_ || graph_.schema->edge_type(type).timed;
}

std::size_t Structure::relation_width(RelationId relation) const {
  const bool timed = graph_.schema->edge_type(graph::edge_type_of(relation)).timed;
  std::size_t width = options_.counts ? 1 : 0;
  if (options_.counts && timed && options_.recent_days > 0) ++width;
  if (options_.recency && timed) ++width;
  return width;
}

HiddenRows Structure::hidden_rows(std::span<const graph::EventId> sorted_events) const {
  HiddenRows hidden{.events = sorted_events};
  if (sorted_events.empty()) return hidden;
  WEFT_CHECK(!event_edges_.empty());
  for (const graph::EventId event : sorted_events) {
    auto edge = std::lower_bound(event_edges_.begin(), event_edges_.end(), event,
                                 [](const EventEdge& a, graph::EventId id) { return a.event < id; });
    for (; edge != event_edges_.end() && edge->event == event; ++edge) {
      ++hidden.counts[row_key(graph::outgoing_relation(edge->type), edge->from)];
      ++hidden.counts[row_key(graph::incoming_relation(edge->type), edge->to)];
    }
  }
  return hidden;
}

Structure::RowFacts Structure::facts_without_hidden(RelationId relation, NodeId row, TimeMs before,
                                                    const HiddenRows& hidden) const {
  const graph::CsrView& csr = graph_.relation(relation);
  const auto& events = graph_.events[graph::edge_type_of(relation)];
  const TimeMs recent_from = saturating_subtract(moment(before), recent_ms_);
  RowFacts facts;
  const std::uint64_t begin = csr.offsets[row];
  // Without a bound all hidden edges of the row are among the counted; only its latest ones have to be looked
  // at.
  const bool all_count = before == kEndOfTime;
  if (all_count) facts.count = csr.degree(row) - hidden.counts.at(row_key(relation, row));
  if (all_count && csr.times.empty()) return facts;
  for (std::uint64_t i = begin + csr.count_before(row, before); i > begin; --i) {
    const bool is_recent = !csr.times.empty() && csr.times[i - 1] >= recent_from;
    if (all_count && facts.last != graph::kNoTime && !is_recent) break;
    if (std::binary_search(hidden.events.begin(), hidden.events.end(), events[csr.edge_id(i - 1)])) continue;
    if (!all_count) ++facts.count;
    if (csr.times.empty()) continue;
    if (facts.last == graph::kNoTime) facts.last = csr.times[i - 1];
    if (is_recent) ++facts.recent;
  }
  return facts;
}

Structure::RowFacts Structure::row_facts(RelationId relation, NodeId row, TimeMs before,
                                         const HiddenRows& hidden) const {
  if (!hidden.counts.empty() && hidden.counts.contains(row_key(relation, row))) {
    return facts_without_hidden(relation, row, before, hidden);
  }
  const graph::CsrView& csr = graph_.relation(relation);
  RowFacts facts{.count = csr.count_before(row, before)};
  if (facts.count == 0 || csr.times.empty()) return facts;
  facts.last = csr.times[csr.offsets[row] + facts.count - 1];
  const TimeMs recent_from = saturating_subtract(moment(before), recent_ms_);
  if (options_.recent_days > 0) facts.recent = facts.count - csr.count_before(row, recent_from);
  return facts;
}

Structure::Averages Structure::averages(RelationId relation, TimeMs before) const {
  const graph::CsrView& csr = graph_.relation(relation);
  const auto rows = static_cast<double>(std::max<std::size_t>(csr.rows(), 1));
  const auto& times = sorted_times_[graph::edge_type_of(relation)];
  if (times.empty())
    return {.count = static_cast<float>(std::log1p(static_cast<double>(csr.edges()) / rows))};
  const auto earlier = [&](TimeMs bound) {
    return static_cast<double>(std::lower_bound(times.begin(), times.end(), bound) - times.begin());
  };
  const double all = earlier(before);
  const double recent = all - earlier(saturating_subtract(moment(before), recent_ms_));
  return {static_cast<float>(std::log1p(all / rows)), static_cast<float>(std::log1p(recent / rows))};
}

void Structure::describe_relation(RelationId relation, graph::NodeTypeId type, std::size_t column,
                                  std::span<const NodeId> nodes, std::span<const TimeMs> before,
                                  std::span<const std::uint8_t> cold, const HiddenRows& hidden,
                                  std::span<float> values, std::span<std::uint8_t> has_events) const {
  const bool timed = graph_.schema->edge_type(graph::edge_type_of(relation)).timed;
  const bool is_event = is_event_relation(relation);
  Averages average;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i == 0 || before[i] != before[i - 1]) average = averages(relation, before[i]);
    const bool hide = is_event && !cold.empty() && cold[i] != 0;
    const RowFacts facts = hide ? RowFacts{} : row_facts(relation, nodes[i], before[i], hidden);
    if (is_event && facts.count > 0) has_events[i] = 1;
    float* out = values.data() + i * widths_[type] + column;
    if (options_.counts)
      *out++ = static_cast<float>(std::log1p(static_cast<double>(facts.count))) - average.count;
    if (!timed) continue;
    if (options_.counts && options_.recent_days > 0) {
      *out++ = static_cast<float>(std::log1p(static_cast<double>(facts.recent))) - average.recent;
    }
    if (options_.recency) *out++ = facts.count == 0 ? 1.0F : age_scale(moment(before[i]) - facts.last);
  }
}

TimeMs Structure::first_event(graph::NodeTypeId type, NodeId node, const HiddenRows& hidden) const {
  TimeMs first = first_event_[type][node];
  if (hidden.counts.empty() || first == kEndOfTime) return first;
  const auto& relations = timed_relations_[type];
  if (std::none_of(relations.begin(), relations.end(),
                   [&](RelationId relation) { return hidden.counts.contains(row_key(relation, node)); })) {
    return first;
  }
  first = kEndOfTime;
  for (const RelationId relation : relations) {
    const graph::CsrView& csr = graph_.relation(relation);
    const auto& events = graph_.events[graph::edge_type_of(relation)];
    for (std::uint64_t i = timed_begin(csr, node); i < csr.offsets[node + 1]; ++i) {
      if (std::binary_search(hidden.events.begin(), hidden.events.end(), events[csr.edge_id(i)])) continue;
      first = std::min(first, csr.times[i]);
      break;
    }
  }
  return first;
}

void Structure::describe(graph::NodeTypeId type, std::span<const NodeId> nodes,
                         std::span<const TimeMs> before, std::span<const std::uint8_t> cold,
                         const HiddenRows& hidden, std::span<float> values,
                         std::span<std::uint8_t> has_events) const {
  WEFT_CHECK(before.size() == nodes.size() && has_events.size() == nodes.size());
  WEFT_CHECK(values.size() == nodes.size() * widths_[type]);
  const bool lasting = std::none_of(relations_.begin(), relations_.end(), [&](RelationId relation) {
    return graph_.schema->row_type(relation) == type && is_event_relation(relation);
  });
  std::fill(has_events.begin(), has_events.end(), lasting ? std::uint8_t{1} : std::uint8_t{0});
  std::size_t column = 0;
  for (const RelationId relation : relations_) {
    if (graph_.schema->row_type(relation) != type) continue;
    describe_relation(relation, type, column, nodes, before, cold, hidden, values, has_events);
    column += relation_width(relation);
  }
  if (listed_[type].empty()) return;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    // A first appearance at or after the bound is not known yet: it may be the very event that is asked for.
    TimeMs seen = listed_[type][nodes[i]];
    const bool is_cold = !cold.empty() && cold[i] != 0;
    if (seen == graph::kNoTime) seen = is_cold ? kEndOfTime : first_event(type, nodes[i], hidden);
    const bool unknown = seen == kEndOfTime || seen >= before[i];
    values[i * widths_[type] + column] = unknown ? 1.0F : age_scale(moment(before[i]) - seen);
  }
}

}  // namespace weft::gnn
