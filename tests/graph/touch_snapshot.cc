#include "tests/graph/touch_snapshot.h"

#include <cmath>

#include "base/error.h"
#include "base/hash.h"

namespace weft::graph {
namespace {

std::uint64_t touch_fields(const Snapshot& snapshot, NodeTypeId type, NodeId id) {
  std::uint64_t sum = 0;
  const NodeType& node_type = snapshot.schema().node_type(type);
  for (std::size_t f = 0; f < node_type.fields.size(); ++f) {
    switch (node_type.fields[f].kind) {
      case FieldKind::kNumber:
        sum += std::isnan(snapshot.numbers(type, f)[id]) ? 1 : 0;
        break;
      case FieldKind::kText:
        sum += hash64(snapshot.texts(type, f)[id]);
        break;
      case FieldKind::kCategory:
        for (const auto code : snapshot.categories(type, f)[id])
          sum += hash64(snapshot.categories(type, f).dictionary[code]);
        break;
      default:
        sum += hash64(snapshot.media(type, f).paths[id]) + hash64(snapshot.media(type, f).content_hashes[id]);
    }
  }
  return sum;
}

}  // namespace

std::uint64_t touch_everything(const Snapshot& snapshot) {
  std::uint64_t sum = 0;
  const Schema& schema = snapshot.schema();
  for (std::size_t i = 0; i < schema.node_types().size(); ++i) {
    const auto type = static_cast<NodeTypeId>(i);
    for (NodeId id = 0; id < snapshot.node_count(type); ++id) {
      const auto found = snapshot.find_node(type, snapshot.external_id({type, id}));
      WEFT_CHECK(snapshot.is_forgotten({type, id}) ? !found.has_value() : found == id);
      sum += snapshot.display_name({type, id}).size() +
             static_cast<std::uint64_t>(snapshot.first_seen(type)[id]) + snapshot.node_events(type)[id] +
             touch_fields(snapshot, type, id);
    }
  }
  for (RelationId r = 0; r < 2 * schema.edge_types().size(); ++r) {
    const CsrView csr = snapshot.relation(r);
    const auto first_seen = snapshot.first_seen(schema.target_type(r));
    const EdgeColumns columns = snapshot.edge_columns(edge_type_of(r));
    for (NodeId row = 0; row < csr.rows(); ++row) {
      WEFT_CHECK(csr.count_before(row, 5) <= csr.degree(row));
      for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
        const EdgeId edge = csr.edge_id(i);
        sum += static_cast<std::uint64_t>(first_seen[csr.targets[i]]) + columns.events[edge] +
               columns.sources[edge];
        if (!columns.weights.empty()) WEFT_CHECK(std::isfinite(columns.weights[edge]));
      }
    }
  }
  return sum;
}

}  // namespace weft::graph
