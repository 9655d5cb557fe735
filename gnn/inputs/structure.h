// Inputs that say how active a node has been before a moment: counts of its events per relation, in all and
// lately, relative to the average node at that moment (so that they mean the same early and late), and the
// time since the last one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "graph/graph_view.h"

namespace weft::gnn {

// Log-spaced classes of an age: 0 for under an hour, then doubling; the last holds all from 2^15 hours (3.7
// years) on.
inline constexpr int kAgeClasses = 16;
int age_class(graph::TimeMs age);
// log2(1 + hours) / 16, the same scale without steps.
float age_scale(graph::TimeMs age);

struct StructureOptions {
  bool counts = true;
  double recent_days = 30;  // 0: no counts of late events
  bool recency = true;
  bool age = true;  // time since the node first appeared, for types whose nodes have such a time
  bool operator==(const StructureOptions&) const = default;
};

// Where events are hidden from a batch: how many edges each (relation, row) loses.
struct HiddenRows {
  std::span<const graph::EventId> events = {};                   // sorted
  std::unordered_map<std::uint64_t, std::uint32_t> counts = {};  // relation << 32 | row
};

// When the nodes of each type came into being, as far as something else than an event of theirs says so (a
// table with times): a first appearance before all of the node's events. A type of which the snapshot knows
// no time at all has an empty list. What events say is left to Structure, which sees only those of its graph:
// a held-out event must not tell by an age that it took place.
std::vector<std::vector<graph::TimeMs>> listed_times(const graph::Snapshot& snapshot);

// Immutable after construction; thread-safe. The graph behind the view must outlive it.
class Structure {
 public:
  // `relations`: those to count. `target`: the supervised edge type, whose edges count as events even if
  // untimed. With `hides_events` an index of edges by event is built, which hidden_rows needs. `listed`
  // [node type]: when each node came into being apart from its events (listed_times), kNoTime where nothing
  // says so; an empty list, or none for a type: without ages.
  Structure(graph::GraphView graph, std::vector<graph::RelationId> relations, graph::EdgeTypeId target,
            StructureOptions options, bool hides_events, std::vector<std::vector<graph::TimeMs>> listed = {});

  // Floats a node of a type.
  std::size_t width(graph::NodeTypeId type) const { return widths_[type]; }
  // The time that stands for "now" where there is no bound: just after the last event.
  graph::TimeMs now() const { return now_; }
  // What ages are counted from under a bound: the bound itself, so that later events in the graph change
  // nothing.
  graph::TimeMs moment(graph::TimeMs before) const { return before == graph::kEndOfTime ? now_ : before; }
  HiddenRows hidden_rows(std::span<const graph::EventId> sorted_events) const;

  // Writes values [nodes, width] and, per node, whether an event of it shows (a timed relation or the target
  // has an edge before the bound that is not hidden; always so for a type that has no such relation, as
  // brands). `before`: a bound a node. Nodes with cold[i] != 0 are described as without events; an empty
  // `cold`: none.
  void describe(graph::NodeTypeId type, std::span<const graph::NodeId> nodes,
                std::span<const graph::TimeMs> before, std::span<const std::uint8_t> cold,
                const HiddenRows& hidden, std::span<float> values, std::span<std::uint8_t> has_events) const;

  // Whether a relation's edges are events, as opposed to lasting attributes.
  bool is_event_relation(graph::RelationId relation) const;

 private:
  struct RowFacts {
    std::uint64_t count = 0, recent = 0;
    graph::TimeMs last = graph::kNoTime;
  };
  struct Averages {
    float count = 0, recent = 0;  // log1p of the mean over nodes
  };
  struct EventEdge {
    graph::EventId event = 0;
    graph::EdgeTypeId type = 0;
    graph::NodeId from = 0, to = 0;
  };
  RowFacts row_facts(graph::RelationId relation, graph::NodeId row, graph::TimeMs before,
                     const HiddenRows& hidden) const;
  RowFacts facts_without_hidden(graph::RelationId relation, graph::NodeId row, graph::TimeMs before,
                                const HiddenRows& hidden) const;
  Averages averages(graph::RelationId relation, graph::TimeMs before) const;
  void describe_relation(graph::RelationId relation, graph::NodeTypeId type, std::size_t column,
                         std::span<const graph::NodeId> nodes, std::span<const graph::TimeMs> before,
                         std::span<const std::uint8_t> cold, const HiddenRows& hidden,
                         std::span<float> values, std::span<std::uint8_t> has_events) const;
  std::size_t relation_width(graph::RelationId relation) const;
  // The node's first event that is not hidden, or kEndOfTime.
  graph::TimeMs first_event(graph::NodeTypeId type, graph::NodeId node, const HiddenRows& hidden) const;

  graph::GraphView graph_;
  std::vector<graph::RelationId> relations_;
  graph::EdgeTypeId target_ = 0;
  StructureOptions options_;
  graph::TimeMs recent_ms_ = 0;
  graph::TimeMs now_ = 0;
  std::vector<std::size_t> widths_;                      // [node type]
  std::vector<std::vector<graph::TimeMs>> listed_;       // [node type]; empty: no ages for this type
  std::vector<std::vector<graph::TimeMs>> first_event_;  // [node type], of the graph; empty as listed_
  std::vector<std::vector<graph::RelationId>> timed_relations_;  // [node type] of the rows
  std::vector<std::vector<graph::TimeMs>> sorted_times_;         // [edge type], ascending; empty if untimed
  std::vector<EventEdge> event_edges_;                           // by event; empty unless hides_events
};

}  // namespace weft::gnn
