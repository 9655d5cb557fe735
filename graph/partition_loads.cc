#include "graph/partition_loads.h"

namespace weft::graph {
namespace {

// One zero a node.
NodeLoad no_load(const Snapshot& snapshot, const char* name) {
  NodeLoad load{.name = name};
  for (std::size_t t = 0; t < snapshot.schema().node_types().size(); ++t) {
    load.of.emplace_back(snapshot.node_count(static_cast<NodeTypeId>(t)), 0);
  }
  return load;
}

void add_lengths(const StringColumn& column, std::vector<std::uint64_t>& bytes) {
  for (std::size_t n = 0; n < bytes.size(); ++n) bytes[n] += column.offsets[n + 1] - column.offsets[n];
}

void add_field(const Snapshot& snapshot, NodeTypeId type, std::size_t field,
               std::vector<std::uint64_t>& bytes) {
  switch (snapshot.schema().node_type(type).fields[field].kind) {
    case FieldKind::kNumber:
      for (std::uint64_t& b : bytes) b += sizeof(double);
      return;
    case FieldKind::kCategory: {
      const CategoryColumn column = snapshot.categories(type, field);
      for (std::size_t n = 0; n < bytes.size(); ++n) bytes[n] += sizeof(std::uint32_t) * column[n].size();
      return;
    }
    case FieldKind::kText:
      return add_lengths(snapshot.texts(type, field), bytes);
    case FieldKind::kImage:
    case FieldKind::kAudio:
      return add_lengths(snapshot.media(type, field).paths, bytes);
  }
}

}  // namespace

NodeLoad training_edge_load(const Snapshot& snapshot, const Split* split) {
  NodeLoad load = no_load(snapshot, "training edges");
  for (std::size_t t = 0; t < snapshot.schema().edge_types().size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    if (split != nullptr && type != split->target) continue;
    const CsrView out = snapshot.outgoing(type);
    std::vector<std::uint64_t>& edges = load.of[snapshot.schema().edge_type(type).from];
    for (std::size_t row = 0; row < out.rows(); ++row) {
      for (std::uint64_t e = out.offsets[row]; e < out.offsets[row + 1]; ++e) {
        edges[row] += split == nullptr || split->parts[type][e] == Part::kTrain ? 1 : 0;
      }
    }
  }
  return load;
}

NodeLoad field_byte_load(const Snapshot& snapshot) {
  NodeLoad load = no_load(snapshot, "field bytes");
  for (std::size_t t = 0; t < load.of.size(); ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    for (std::size_t f = 0; f < snapshot.schema().node_type(type).fields.size(); ++f) {
      add_field(snapshot, type, f, load.of[t]);
    }
  }
  return load;
}

}  // namespace weft::graph
