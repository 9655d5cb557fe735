#include "graph/live_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "base/strings.h"

namespace weft::graph {

struct LiveView::Rows {
  std::vector<std::uint64_t> has_delta = {};
  std::vector<std::uint32_t> before = {};
  std::vector<std::uint8_t> copied = {};
  Csr segments = {};
};

namespace {

[[noreturn]] void misfit(const Snapshot& base, const std::string& what, const std::string& expected) {
  throw Error("the delta does not fit its snapshot: " + what,
              {.file = base.folder().string(),
               .expected = expected,
               .hint = "remove the delta: the next `weft ingest` writes the graph again"});
}

void check_base(const Snapshot& base, const Delta& delta) {
  const SnapshotInfo& info = base.info();
  // Both of one state of the store: the base is what cleaning over rows left of the delta's snapshot.
  if (delta.info.store_uuid == info.store_uuid && delta.info.base_sequence == info.sequence &&
      delta.info.base_checksum != info.checksum) {
    throw Error("a delta cannot be put on a cleaned snapshot",
                {.file = base.folder().string(),
                 .expected = "the whole snapshot that it was made for",
                 .hint = "the next `weft ingest` takes what is new into a snapshot, which is cleaned anew"});
  }
  if (delta.info.store_uuid != info.store_uuid || delta.info.base_sequence != info.sequence ||
      delta.info.base_checksum != info.checksum)
    misfit(base, "it stands on another one", "the snapshot that it was made for");
  if (!(delta.schema == base.schema())) misfit(base, "another schema", "the same schema");
  for (std::size_t i = 0; i < delta.nodes.size(); ++i) {
    if (delta.nodes[i].base_count != base.node_count(static_cast<NodeTypeId>(i)))
      misfit(base, "another number of nodes", std::to_string(base.node_count(static_cast<NodeTypeId>(i))));
  }
  for (std::size_t i = 0; i < delta.edges.size(); ++i) {
    if (delta.edges[i].base_count != base.edge_count(static_cast<EdgeTypeId>(i)))
      misfit(base, "another number of edges", std::to_string(base.edge_count(static_cast<EdgeTypeId>(i))));
  }
}

// Where an edge stands in its row.
using Place = std::tuple<TimeMs, NodeId, EventId>;

// One relation of a snapshot, with what orders its rows.
class BaseRows {
 public:
  BaseRows(const Snapshot& base, RelationId relation)
      : csr_(base.relation(relation)), events_(base.edge_columns(edge_type_of(relation)).events) {}

  const CsrView& csr() const { return csr_; }
  std::uint64_t begin(NodeId row) const { return row < csr_.rows() ? csr_.offsets[row] : 0; }
  std::uint64_t end(NodeId row) const { return row < csr_.rows() ? csr_.offsets[row + 1] : 0; }
  Place place(std::uint64_t position) const {
    return {csr_.times.empty() ? kNoTime : csr_.times[position], csr_.targets[position],
            events_[csr_.edge_id(position)]};
  }
  std::uint64_t weight(NodeId row, std::uint64_t position) const {
    return csr_.weight_sums[position] - (position == csr_.offsets[row] ? 0 : csr_.weight_sums[position - 1]);
  }

 private:
  CsrView csr_;
  std::span<const EventId> events_;
};

// The snapshot's edges that the delta takes out, by id, ascending.
std::vector<EdgeId> find_removed(const Snapshot& base, EdgeTypeId type, const EdgeList& removed) {
  const BaseRows rows(base, outgoing_relation(type));
  std::vector<EdgeId> out;
  for (std::size_t i = 0; i < removed.size(); ++i) {
    const Place wanted{removed.times.empty() ? kNoTime : removed.times[i], removed.to[i], removed.events[i]};
    std::uint64_t low = rows.begin(removed.from[i]), high = rows.end(removed.from[i]);
    const std::uint64_t end = high;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (rows.place(middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == end || rows.place(low) != wanted)
      misfit(base, fmt::format("it takes out edge {} of type {}, which is not there", i, type),
             "edges of the snapshot");
    out.push_back(static_cast<EdgeId>(low));
  }
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end())
    misfit(base, fmt::format("it takes out an edge of type {} twice", type), "each edge once");
  return out;
}

// Makes the delta's segments of one relation, row by row.
class SegmentBuilder {
 public:
  SegmentBuilder(const Snapshot& base, RelationId relation, const EdgeDelta& delta,
                 const std::vector<EdgeId>& removed)
      : base_(base),
        rows_(base, relation),
        type_(base.schema().edge_type(edge_type_of(relation))),
        delta_(delta),
        removed_(removed),
        from_(is_incoming(relation) ? delta.added.to : delta.added.from),
        to_(is_incoming(relation) ? delta.added.from : delta.added.to) {}

  // Fills everything but the bits; returns the rows that have a segment, ascending.
  std::vector<NodeId> build(std::vector<std::uint8_t>& copied, Csr& out) {
    std::vector<std::uint32_t> order(from_.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tuple(from_[a], place(a)) < std::tuple(from_[b], place(b));
    });
    const std::vector<NodeId> losing = losing_rows();
    std::vector<NodeId> changed;
    for (const std::uint32_t each : order) {
      if (changed.empty() || changed.back() != from_[each]) changed.push_back(from_[each]);
    }
    const std::size_t growing = changed.size();
    changed.insert(changed.end(), losing.begin(), losing.end());
    std::inplace_merge(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(growing),
                       changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    out.offsets.push_back(0);
    auto next = order.begin();
    for (const NodeId row : changed) {
      auto end = next;
      while (end != order.end() && from_[*end] == row) ++end;
      const bool copies =
          std::binary_search(losing.begin(), losing.end(), row) || (next != end && is_late(row, *next));
      copied.push_back(copies ? 1 : 0);
      add_row(row, {next, end}, copies, out);
      next = end;
    }
    return changed;
  }

 private:
  Place place(std::uint32_t added) const {
    return {type_.timed ? delta_.added.times[added] : kNoTime, to_[added], delta_.added.events[added]};
  }
  // Whether the row's first new edge comes before its last one in the snapshot.
  bool is_late(NodeId row, std::uint32_t first) const {
    return rows_.begin(row) < rows_.end(row) && place(first) < rows_.place(rows_.end(row) - 1);
  }

  std::vector<NodeId> losing_rows() const {
    std::vector<NodeId> out;
    if (removed_.empty()) return out;
    const CsrView& csr = rows_.csr();
    if (csr.edge_ids.empty()) {
      for (const EdgeId edge : removed_) {
        const auto after = std::upper_bound(csr.offsets.begin(), csr.offsets.end(), edge);
        out.push_back(static_cast<NodeId>(after - csr.offsets.begin() - 1));
      }
    } else {
      // By the ends that the delta gives: the incoming rows are the targets.
      out = delta_.removed.to;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  void add_row(NodeId row, std::span<const std::uint32_t> added, bool copies, Csr& out) {
    std::uint64_t sum = 0;
    const std::uint64_t begin = rows_.begin(row), end = rows_.end(row);
    if (!copies && type_.weighted && begin < end) sum = rows_.csr().weight_sums[end - 1];
    std::uint64_t at = copies ? begin : end;
    std::size_t next = 0;
    while (at < end || next < added.size()) {
      if (at < end && std::binary_search(removed_.begin(), removed_.end(), rows_.csr().edge_id(at))) {
        ++at;
      } else if (at < end && (next == added.size() || !(place(added[next]) < rows_.place(at)))) {
        const CsrView& csr = rows_.csr();
        put(csr.targets[at], type_.timed ? csr.times[at] : kNoTime, csr.edge_id(at),
            type_.weighted ? rows_.weight(row, at) : 0, sum, out);
        ++at;
      } else {
        const std::uint32_t edge = added[next++];
        put(to_[edge], type_.timed ? delta_.added.times[edge] : kNoTime,
            static_cast<EdgeId>(delta_.base_count + edge),
            type_.weighted ? fixed_point_weight(delta_.added.weights[edge]) : 0, sum, out);
      }
    }
    out.offsets.push_back(out.targets.size());
  }

  void put(NodeId target, TimeMs time, EdgeId edge, std::uint64_t weight, std::uint64_t& sum, Csr& out) {
    out.targets.push_back(target);
    if (type_.timed) out.times.push_back(time);
    out.edge_ids.push_back(edge);
    if (!type_.weighted) return;
    if (weight > std::numeric_limits<std::uint64_t>::max() - sum)
      misfit(base_, "the weights of a node of " + type_.name + " add up to too much",
             "a sum below 2^44 for each node");
    out.weight_sums.push_back(sum += weight);
  }

  const Snapshot& base_;
  BaseRows rows_;
  const EdgeType& type_;
  const EdgeDelta& delta_;
  const std::vector<EdgeId>& removed_;
  const std::vector<NodeId>&from_, &to_;
};

}  // namespace

LiveView::LiveView(Snapshot base, Delta delta) : base_(std::move(base)), delta_(std::move(delta)) {
  check_delta(delta_, base_.folder().string());
  check_base(base_, delta_);
  for (std::size_t i = 0; i < delta_.nodes.size(); ++i) {
    const std::vector<std::string>& ids = delta_.nodes[i].external_ids;
    std::vector<NodeId>& order = id_order_.emplace_back(ids.size());
    std::iota(order.begin(), order.end(), NodeId{0});
    std::sort(order.begin(), order.end(), [&](NodeId a, NodeId b) { return ids[a] < ids[b]; });
  }
  for (std::size_t i = 0; i < delta_.edges.size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    const std::vector<EdgeId> removed = find_removed(base_, type, delta_.edges[i].removed);
    for (const RelationId relation : {outgoing_relation(type), incoming_relation(type)}) {
      auto rows = std::make_shared<Rows>();
      const std::vector<NodeId> changed =
          SegmentBuilder(base_, relation, delta_.edges[i], removed).build(rows->copied, rows->segments);
      const std::uint64_t positions = base_.edge_count(type) + rows->segments.targets.size();
      if (positions >= std::numeric_limits<std::uint32_t>::max())
        misfit(base_, "too many edges of one type in a live view", "fewer than 2^32 - 1: compact first");
      const std::size_t words = node_count(schema().row_type(relation)) / 64 + 1;
      rows->has_delta.assign(words, 0);
      rows->before.assign(words, 0);
      for (const NodeId row : changed) rows->has_delta[row / 64] |= std::uint64_t{1} << (row % 64);
      for (std::size_t w = 1; w < words; ++w)
        rows->before[w] =
            rows->before[w - 1] + static_cast<std::uint32_t>(std::popcount(rows->has_delta[w - 1]));
      rows_.push_back(std::move(rows));
    }
  }
}

std::uint64_t LiveView::edge_count(EdgeTypeId type) const {
  const EdgeDelta& edges = delta_.edges.at(type);
  return edges.base_count + edges.added.size() - edges.removed.size();
}

DeltaRows LiveView::relation(RelationId relation) const {
  const Rows& rows = *rows_.at(relation);
  const CsrView csr = base_.relation(relation);
  return {.base = csr,
          .edges = static_cast<std::uint32_t>(csr.edges()),
          .has_delta = rows.has_delta,
          .before = rows.before,
          .copied = rows.copied,
          .segments = rows.segments.view()};
}

LiveGraphView LiveView::view() const {
  LiveGraphView out{.base = graph::view(base_)};
  for (std::size_t i = 0; i < out.base.node_counts.size(); ++i)
    out.base.node_counts[i] = node_count(static_cast<NodeTypeId>(i));
  for (std::size_t i = 0; i < rows_.size(); ++i)
    out.relations.push_back(relation(static_cast<RelationId>(i)));
  for (const EdgeDelta& edges : delta_.edges) out.new_events.emplace_back(edges.added.events);
  return out;
}

EventId LiveView::edge_event(EdgeTypeId type, EdgeId edge) const {
  const EdgeDelta& edges = delta_.edges.at(type);
  return edge < edges.base_count ? base_.edge_columns(type).events[edge]
                                 : edges.added.events.at(edge - edges.base_count);
}

TimeMs LiveView::edge_time(EdgeTypeId type, EdgeId edge) const {
  if (!schema().edge_type(type).timed) return kNoTime;
  const EdgeDelta& edges = delta_.edges.at(type);
  return edge < edges.base_count ? base_.outgoing(type).times[edge]
                                 : edges.added.times.at(edge - edges.base_count);
}

float LiveView::edge_weight(EdgeTypeId type, EdgeId edge) const {
  if (!schema().edge_type(type).weighted) return 1.0F;
  const EdgeDelta& edges = delta_.edges.at(type);
  return edge < edges.base_count ? base_.edge_columns(type).weights[edge]
                                 : edges.added.weights.at(edge - edges.base_count);
}

std::uint16_t LiveView::edge_source(EdgeTypeId type, EdgeId edge) const {
  const EdgeDelta& edges = delta_.edges.at(type);
  return edge < edges.base_count ? base_.edge_columns(type).sources[edge]
                                 : edges.added.sources.at(edge - edges.base_count);
}

std::string_view LiveView::external_id(NodeRef node) const {
  const NodeDelta& nodes = delta_.nodes.at(node.type);
  if (node.id < nodes.base_count) return base_.external_id(node);
  return nodes.external_ids.at(node.id - nodes.base_count);
}

std::optional<NodeId> LiveView::find_node(NodeTypeId type, std::string_view external_id) const {
  const NodeDelta& nodes = delta_.nodes.at(type);
  const std::vector<NodeId>& order = id_order_[type];
  const auto found =
      std::lower_bound(order.begin(), order.end(), external_id,
                       [&](NodeId id, std::string_view wanted) { return nodes.external_ids[id] < wanted; });
  if (found != order.end() && nodes.external_ids[*found] == external_id)
    return static_cast<NodeId>(nodes.base_count + *found);
  return base_.find_node(type, external_id);
}

TimeMs LiveView::first_seen(NodeRef node) const {
  const NodeDelta& nodes = delta_.nodes.at(node.type);
  if (node.id >= nodes.base_count) return nodes.first_seen.at(node.id - nodes.base_count);
  const auto found = std::lower_bound(nodes.seen_nodes.begin(), nodes.seen_nodes.end(), node.id);
  if (found != nodes.seen_nodes.end() && *found == node.id)
    return nodes.seen_times[static_cast<std::size_t>(found - nodes.seen_nodes.begin())];
  return base_.first_seen(node.type)[node.id];
}

EventId LiveView::node_event(NodeRef node) const {
  const NodeDelta& nodes = delta_.nodes.at(node.type);
  if (node.id >= nodes.base_count) return nodes.events.at(node.id - nodes.base_count);
  return base_.node_events(node.type)[node.id];
}

namespace {

FieldValue base_field(const Snapshot& base, NodeRef node, std::size_t field, FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumber: {
      const double number = base.numbers(node.type, field)[node.id];
      return number == number ? FieldValue(number) : FieldValue();
    }
    case FieldKind::kText: {
      const std::string_view text = base.texts(node.type, field)[node.id];
      return text.empty() ? FieldValue() : FieldValue(std::string(text));
    }
    case FieldKind::kCategory: {
      const CategoryColumn column = base.categories(node.type, field);
      std::vector<std::string> words;
      for (const std::uint32_t code : column[node.id]) words.emplace_back(column.dictionary[code]);
      return words.empty() ? FieldValue() : FieldValue(std::move(words));
    }
    case FieldKind::kImage:
    case FieldKind::kAudio: {
      const MediaColumn column = base.media(node.type, field);
      const std::string_view path = column.paths[node.id];
      if (path.empty()) return {};
      return MediaValue{.path = std::string(path),
                        .content_hash = std::string(column.content_hashes[node.id])};
    }
  }
  return {};
}

}  // namespace

FieldValue LiveView::field(NodeRef node, std::size_t field) const {
  const NodeDelta& nodes = delta_.nodes.at(node.type);
  const auto found =
      std::lower_bound(nodes.fields.begin(), nodes.fields.end(), std::pair(node.id, field),
                       [](const ChangedField& changed, const auto& wanted) {
                         return std::pair<NodeId, std::size_t>(changed.node, changed.field) < wanted;
                       });
  if (found != nodes.fields.end() && found->node == node.id && found->field == field) return found->value;
  if (node.id >= nodes.base_count) return {};
  return base_field(base_, node, field, schema().node_type(node.type).fields.at(field).kind);
}

}  // namespace weft::graph
