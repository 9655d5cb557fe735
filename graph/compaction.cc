#include "graph/compaction.h"

#include <variant>

namespace weft::graph {
namespace {

void write_nodes(const LiveView& live, NodeTypeId type, SnapshotBuilder& builder) {
  const NodeId count = live.node_count(type);
  NodeWriter writer = builder.nodes(type);
  for (NodeId id = 0; id < count; ++id) {
    const NodeRef node{type, id};
    writer.put_id(live.external_id(node));
    writer.put_seen(live.first_seen(node), live.node_event(node));
  }
  // Both orders ascend in external ids: merged.
  const std::span<const NodeId> old = live.base().id_order(type), fresh = live.new_id_order(type);
  const auto first_new = static_cast<NodeId>(old.size());
  std::size_t a = 0, b = 0;
  while (a < old.size() || b < fresh.size()) {
    const bool takes_old =
        b == fresh.size() || (a < old.size() && live.external_id({type, old[a]}) <=
                                                    live.external_id({type, first_new + fresh[b]}));
    const NodeId id = takes_old ? old[a++] : first_new + fresh[b++];
    writer.put_sorted(live.external_id({type, id}), id);
  }
  writer.finish();
  for (std::size_t field = 0; field < live.schema().node_type(type).fields.size(); ++field) {
    const std::unique_ptr<FieldWriter> values = builder.field(type, field);
    for (NodeId id = 0; id < count; ++id) {
      const FieldValue value = live.field({type, id}, field);
      if (!std::holds_alternative<std::monostate>(value)) values->put(id, value);
    }
    values->finish();
  }
}

void write_edges(const LiveView& live, EdgeTypeId type, SnapshotBuilder& builder) {
  const EdgeType& edge_type = live.schema().edge_type(type);
  const DeltaRows rows = live.relation(outgoing_relation(type));
  EdgeWriter writer = builder.edges(type);
  for (NodeId row = 0; row < live.node_count(edge_type.from); ++row) {
    const RowSegments segments = rows.row(row);
    for (std::uint32_t p = 0; p < segments.length(); ++p) {
      const std::uint32_t at = segments.position(p);
      const EdgeId edge = rows.edge_id(at);
      writer.add({.from = row,
                  .to = rows.target(at),
                  .time = edge_type.timed ? rows.time(at) : kNoTime,
                  .weight = live.edge_weight(type, edge),
                  .event = live.edge_event(type, edge),
                  .source = live.edge_source(type, edge)});
    }
  }
  writer.finish();
  builder.finished(type, writer);
}

}  // namespace

SnapshotInfo compact(const LiveView& live, const std::filesystem::path& folder, const std::string& data_root,
                     const BuilderOptions& options, ProgressSink& progress, Files& files) {
  const Schema& schema = live.schema();
  const std::size_t nodes = schema.node_types().size(), edges = schema.edge_types().size();
  std::vector<std::uint64_t> counts;
  for (std::size_t i = 0; i < nodes; ++i) counts.push_back(live.node_count(static_cast<NodeTypeId>(i)));
  BuilderOptions with_names = options;
  if (!with_names.name_of)
    with_names.name_of = [&](NodeRef node) { return std::string(live.external_id(node)); };
  SnapshotBuilder builder(schema, std::move(counts), folder, with_names, files);
  progress.begin("compact", nodes + edges, "types");
  for (std::size_t i = 0; i < nodes; ++i) {
    write_nodes(live, static_cast<NodeTypeId>(i), builder);
    progress.advance(i + 1);
  }
  files.kill_point("snapshot.after_nodes");
  for (std::size_t i = 0; i < edges; ++i) {
    write_edges(live, static_cast<EdgeTypeId>(i), builder);
    progress.advance(nodes + i + 1);
  }
  files.kill_point("snapshot.after_edges");
  const DeltaInfo& delta = live.info();
  SnapshotInfo info = builder.seal({.store_uuid = delta.store_uuid,
                                    .sequence = delta.sequence,
                                    .data_root = data_root,
                                    .source_files = delta.source_files});
  builder.publish();
  progress.end();
  return info;
}

}  // namespace weft::graph
