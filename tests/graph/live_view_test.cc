#include "graph/live_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "tests/graph/random_delta.h"

namespace weft::graph {
namespace {

// A shop's snapshot, a delta on it, and the snapshot of both: what the live view must be like.
struct Grown {
  explicit Grown(std::uint64_t seed, std::uint64_t delta_seed) {
    const GraphTables base = random_shop(seed);
    const SnapshotInfo info = write_snapshot(base, folder / "base");
    delta = random_delta(base, info, delta_seed);
    write_snapshot(grown(base, delta), folder / "whole");
  }
  LiveView live() const { return LiveView(Snapshot::open(folder / "base"), delta); }
  Snapshot whole() const { return Snapshot::open(folder / "whole"); }

  TestFolder folder;
  Delta delta;
};

using Edge = std::tuple<NodeId, TimeMs, EventId, std::uint64_t, float, std::uint16_t>;

std::vector<Edge> row_of(const Snapshot& whole, RelationId relation, NodeId row) {
  const CsrView csr = whole.relation(relation);
  const EdgeColumns columns = whole.edge_columns(edge_type_of(relation));
  std::vector<Edge> out;
  for (std::uint64_t at = csr.offsets[row]; at < csr.offsets[row + 1]; ++at) {
    const EdgeId edge = csr.edge_id(at);
    out.emplace_back(csr.targets[at], csr.times.empty() ? kNoTime : csr.times[at], columns.events[edge],
                     csr.weight_sums.empty() ? 0 : csr.weight_sums[at],
                     columns.weights.empty() ? 1.0F : columns.weights[edge], columns.sources[edge]);
  }
  return out;
}

std::vector<Edge> row_of(const LiveView& live, RelationId relation, NodeId row) {
  const EdgeTypeId type = edge_type_of(relation);
  const EdgeType& edge_type = live.schema().edge_type(type);
  const DeltaRows rows = live.relation(relation);
  const RowSegments segments = rows.row(row);
  std::vector<Edge> out;
  for (std::uint32_t p = 0; p < segments.length(); ++p) {
    const std::uint32_t at = segments.position(p);
    const EdgeId edge = rows.edge_id(at);
    const TimeMs time = edge_type.timed ? rows.time(at) : kNoTime;
    EXPECT_EQ(live.edge_time(type, edge), time);
    out.emplace_back(rows.target(at), time, live.edge_event(type, edge),
                     edge_type.weighted ? rows.weight_sum(at) : 0, live.edge_weight(type, edge),
                     live.edge_source(type, edge));
  }
  return out;
}

FieldValue whole_field(const Snapshot& whole, NodeRef node, std::size_t field) {
  switch (whole.schema().node_type(node.type).fields[field].kind) {
    case FieldKind::kNumber: {
      const double number = whole.numbers(node.type, field)[node.id];
      return std::isnan(number) ? FieldValue() : FieldValue(number);
    }
    case FieldKind::kText: {
      const std::string_view text = whole.texts(node.type, field)[node.id];
      return text.empty() ? FieldValue() : FieldValue(std::string(text));
    }
    case FieldKind::kCategory: {
      const CategoryColumn column = whole.categories(node.type, field);
      std::vector<std::string> words;
      for (const std::uint32_t code : column[node.id]) words.emplace_back(column.dictionary[code]);
      return words.empty() ? FieldValue() : FieldValue(words);
    }
    case FieldKind::kImage:
    case FieldKind::kAudio: {
      const MediaColumn column = whole.media(node.type, field);
      const std::string path(column.paths[node.id]);
      return path.empty() ? FieldValue()
                          : FieldValue(MediaValue{path, std::string(column.content_hashes[node.id])});
    }
  }
  return {};
}

TEST(LiveView, RowsAreThoseOfTheWholeSnapshot) {
  std::size_t late = 0, split = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Grown shop(seed, seed * 3);
    const LiveView live = shop.live();
    const Snapshot whole = shop.whole();
    const std::size_t relations = 2 * whole.schema().edge_types().size();
    for (std::size_t r = 0; r < relations; ++r) {
      const auto relation = static_cast<RelationId>(r);
      ASSERT_EQ(live.edge_count(edge_type_of(relation)), whole.edge_count(edge_type_of(relation)));
      const NodeTypeId rows = whole.schema().row_type(relation);
      ASSERT_EQ(live.node_count(rows), whole.node_count(rows));
      for (NodeId row = 0; row < whole.node_count(rows); ++row) {
        ASSERT_EQ(row_of(live, relation, row), row_of(whole, relation, row))
            << "seed " << seed << ", relation " << relation << ", row " << row;
        const RowSegments segments = live.relation(relation).row(row);
        late += segments.delta_length > 0 && segments.base_length == 0 ? 1 : 0;
        split += segments.delta_length > 0 && segments.base_length > 0 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(late, 500U);   // copied or new
  EXPECT_GT(split, 500U);  // appended to
}

TEST(LiveView, NodesAndFieldsAreThoseOfTheWholeSnapshot) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Grown shop(seed, seed + 100);
    const LiveView live = shop.live();
    const Snapshot whole = shop.whole();
    EXPECT_EQ(live.source_files(), whole.info().source_files);
    EXPECT_EQ(live.info().sequence, whole.info().sequence);
    for (std::size_t t = 0; t < whole.schema().node_types().size(); ++t) {
      const auto type = static_cast<NodeTypeId>(t);
      for (NodeId id = 0; id < whole.node_count(type); ++id) {
        const NodeRef node{type, id};
        ASSERT_EQ(live.external_id(node), whole.external_id(node));
        ASSERT_EQ(live.find_node(type, whole.external_id(node)), id);
        ASSERT_EQ(live.first_seen(node), whole.first_seen(type)[id]);
        ASSERT_EQ(live.node_event(node), whole.node_events(type)[id]);
        for (std::size_t f = 0; f < whole.schema().node_type(type).fields.size(); ++f) {
          // As the snapshot has it: empty and missing are one.
          FieldValue value = live.field(node, f);
          if (value == FieldValue(std::string()) || value == FieldValue(std::vector<std::string>{}))
            value = FieldValue();
          ASSERT_EQ(value, whole_field(whole, node, f))
              << "seed " << seed << " node " << id << " field " << f;
        }
      }
      EXPECT_EQ(live.find_node(type, "nobody"), std::nullopt);
    }
  }
}

TEST(LiveView, ADeltaOfAnotherSnapshotIsRefused) {
  const Grown shop(5, 6);
  const auto refused = [&](const auto& change) {
    Delta delta = shop.delta;
    change(delta);
    EXPECT_THROW(LiveView(Snapshot::open(shop.folder / "base"), delta), Error);
  };
  refused([](Delta& delta) { delta.info.store_uuid = "other"; });
  refused([](Delta& delta) { ++delta.info.base_checksum; });
  refused([](Delta& delta) { --delta.info.base_sequence; });
  refused([](Delta& delta) { ++delta.nodes[0].base_count; });
  refused([](Delta& delta) { ++delta.edges[0].base_count; });
  refused([](Delta& delta) { delta.edges[0].removed.events.at(0) ^= 1; });  // an edge that is not there
  refused([](Delta& delta) {
    EdgeList& removed = delta.edges[0].removed;  // one twice
    removed.from.push_back(removed.from[0]);
    removed.to.push_back(removed.to[0]);
    removed.events.push_back(removed.events[0]);
    removed.times.push_back(removed.times[0]);
  });
}

TEST(LiveView, AnEmptyDeltaIsTheSnapshot) {
  const GraphTables base = random_shop(9);
  TestFolder folder;
  const SnapshotInfo info = write_snapshot(base, folder / "base");
  const Snapshot snapshot = Snapshot::open(folder / "base");
  EXPECT_EQ(info.checksum, empty_delta(snapshot).info.base_checksum);
  const LiveView live(snapshot, empty_delta(snapshot));
  for (RelationId relation = 0; relation < 14; ++relation) {
    for (NodeId row = 0; row < snapshot.node_count(snapshot.schema().row_type(relation)); ++row)
      ASSERT_EQ(row_of(live, relation, row), row_of(snapshot, relation, row));
  }
}

}  // namespace
}  // namespace weft::graph
