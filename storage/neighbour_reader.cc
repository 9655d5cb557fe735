#include "storage/neighbour_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/error.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

void check_relation(const graph::Schema& schema, graph::RelationId relation, graph::NodeTypeId row_type) {
  if (graph::edge_type_of(relation) < schema.edge_types().size() && schema.row_type(relation) == row_type)
    return;
  throw Error("the relation has no rows of the node's type",
              {.field = "relation", .value = fmt::format("{}", relation)}, ErrorKind::kUsage);
}

}  // namespace

struct NeighbourReader::State {
  explicit State(const GraphStore& store) : impl(&store.impl()) {}

  void make_iterators() {
    rocksdb::ReadOptions read = scan_options(kOutgoing);
    read.prefix_same_as_start = true;
    std::vector<rocksdb::Iterator*> made;
    sequence = impl->db->GetLatestSequenceNumber();
    impl->check(impl->db->NewIterators(read, {impl->family(kOutgoing), impl->family(kIncoming)}, &made),
                "read the store");
    for (std::size_t i = 0; i < made.size(); ++i) iterators[i].reset(made[i]);
  }

  // Appends to `out`. `before` is kEndOfTime in untimed types.
  void append(graph::EdgeTypeId type, graph::NodeId node, bool incoming, std::size_t limit,
              graph::TimeMs before, std::vector<Neighbour>& out) const {
    if (limit == 0 || before == graph::kNoTime) return;
    rocksdb::Iterator& iterator = *iterators[incoming ? 1 : 0];
    const auto prefix = encode_edge_prefix(type, node);
    if (before == graph::kEndOfTime) {
      iterator.Seek(slice(prefix));
    } else {
      // The first key at a time of at most before - 1: the greatest node and event come first.
      const auto from = encode_edge_key({type, node, before - 1, ~graph::NodeId{0}, ~graph::EventId{0}});
      iterator.Seek(slice(from));
    }
    for (std::size_t read = 0; iterator.Valid(); iterator.Next()) {
      const rocksdb::Slice key = iterator.key();
      if (!key.starts_with(slice(prefix))) break;
      const auto edge = decode_edge_key({key.data(), key.size()});
      const auto value = decode_edge_value({iterator.value().data(), iterator.value().size()});
      if (!edge || !value) impl->damaged("an edge of the store is damaged");
      out.push_back({.node = edge->other,
                     .time = edge->time,
                     .event = edge->event,
                     .weight = value->weight,
                     .source = value->source});
      if (++read == limit) return;  // stepping on could cost a block
    }
    if (!iterator.Valid()) impl->check(iterator.status(), "read the store");
  }

  const GraphStore::Impl* impl;
  rocksdb::SequenceNumber sequence = 0;
  std::array<std::unique_ptr<rocksdb::Iterator>, 2> iterators = {};  // outgoing, incoming
  std::vector<Neighbour> one = {};
  std::vector<std::size_t> order = {};
};

NeighbourReader::NeighbourReader(const GraphStore& store) : state_(std::make_unique<State>(store)) {
  state_->make_iterators();
}
NeighbourReader::NeighbourReader(NeighbourReader&&) noexcept = default;
NeighbourReader& NeighbourReader::operator=(NeighbourReader&&) noexcept = default;
NeighbourReader::~NeighbourReader() = default;

void NeighbourReader::refresh() {
  if (state_->impl->db->GetLatestSequenceNumber() != state_->sequence) state_->make_iterators();
}

std::span<const Neighbour> NeighbourReader::newest(graph::NodeRef node, graph::RelationId relation,
                                                   std::size_t limit, graph::TimeMs before) {
  const graph::Schema& schema = state_->impl->schema.graph;
  check_relation(schema, relation, node.type);
  const graph::EdgeTypeId type = graph::edge_type_of(relation);
  if (!schema.edge_type(type).timed) before = graph::kEndOfTime;
  state_->one.clear();
  state_->append(type, node.id, graph::is_incoming(relation), limit, before, state_->one);
  return state_->one;
}

void NeighbourReader::newest(std::span<const graph::NodeId> nodes, graph::RelationId relation,
                             std::size_t limit, std::span<const graph::TimeMs> before, NeighbourLists& out) {
  const graph::Schema& schema = state_->impl->schema.graph;
  const graph::EdgeTypeId type = graph::edge_type_of(relation);
  if (type >= schema.edge_types().size()) check_relation(schema, relation, 0);
  WEFT_CHECK(before.empty() || before.size() == nodes.size());
  const bool bounded = schema.edge_type(type).timed && !before.empty();
  const bool incoming = graph::is_incoming(relation);
  std::vector<std::size_t>& order = state_->order;
  order.resize(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    return std::pair(nodes[i], bounded ? before[i] : graph::kEndOfTime);
  };
  if (!std::is_sorted(nodes.begin(), nodes.end()) || bounded)
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  out.ranges.resize(nodes.size());
  out.neighbours.clear();
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::size_t i = order[at];
    if (at > 0 && key(order[at - 1]) == key(i)) {
      out.ranges[i] = out.ranges[order[at - 1]];
      continue;
    }
    const std::size_t first = out.neighbours.size();
    state_->append(type, nodes[i], incoming, limit, key(i).second, out.neighbours);
    out.ranges[i] = {first, out.neighbours.size()};
  }
}

}  // namespace weft::storage
