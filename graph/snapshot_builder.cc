#include "graph/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace weft::graph {
namespace {

constexpr const char* kScratchName = "runs";

}  // namespace

NodeWriter::NodeWriter(SnapshotFolder& folder, const NodeType& type, NodeTypeId id, std::uint64_t nodes)
    : type_(type),
      nodes_(nodes),
      ids_(folder, node_file(id, "ids")),
      order_(folder, node_file(id, "id_order")),
      first_seen_(folder, node_file(id, "first_seen")),
      events_(folder, node_file(id, "events")) {}

void NodeWriter::put_id(std::string_view external_id) {
  ids_.put(external_id);
}

void NodeWriter::put_seen(TimeMs first_seen, EventId event) {
  first_seen_.put(first_seen);
  events_.put(event);
}

void NodeWriter::put_sorted(std::string_view external_id, NodeId node) {
  const bool forgotten = external_id.empty() && last_.empty();
  if (order_.count() > 0 && external_id <= last_ && !forgotten) {
    if (external_id != last_)
      throw Error("ids of nodes of type " + type_.name + " do not ascend", {.value = excerpt(external_id)});
    throw Error("two nodes of type " + type_.name + " have the same id", {.value = excerpt(external_id)});
  }
  last_ = external_id;
  order_.put(node);
}

void NodeWriter::finish() {
  for (const std::uint64_t count : {ids_.count(), order_.count(), first_seen_.count()}) {
    if (count == nodes_) continue;
    throw Error(
        fmt::format("there should be {} nodes of type {} and there are {}", nodes_, type_.name, count));
  }
  ids_.close();
  order_.close();
  first_seen_.close();
  events_.close();
}

SnapshotBuilder::SnapshotBuilder(Schema schema, std::vector<std::uint64_t> node_counts,
                                 const std::filesystem::path& folder, BuilderOptions options, Files& files)
    : schema_(std::move(schema)),
      node_counts_(std::move(node_counts)),
      options_(std::move(options)),
      folder_(folder, files),
      scratch_(std::make_unique<Scratch>(folder_.path() / kScratchName, files)),
      edge_counts_(schema_.edge_types().size(), 0) {
  WEFT_CHECK(node_counts_.size() == schema_.node_types().size());
  for (std::size_t i = 0; i < node_counts_.size(); ++i) {
    if (node_counts_[i] > kNoNode)
      throw Error("too many nodes of one type",
                  {.field = schema_.node_types()[i].name, .expected = fmt::format("at most {}", kNoNode)});
  }
  files.kill_point("snapshot.before_files");
}

NodeWriter SnapshotBuilder::nodes(NodeTypeId type) {
  return NodeWriter(folder_, schema_.node_type(type), type, node_counts_[type]);
}

std::unique_ptr<FieldWriter> SnapshotBuilder::field(NodeTypeId type, std::size_t field) {
  return FieldWriter::make(folder_, *scratch_, schema_.node_type(type), type, field, node_counts_[type]);
}

EdgeWriter SnapshotBuilder::edges(EdgeTypeId type, std::size_t sharers) {
  const EdgeType& edge_type = schema_.edge_type(type);
  return EdgeWriter({.folder = folder_,
                     .scratch = *scratch_,
                     .schema = schema_,
                     .type = type,
                     .from_nodes = node_counts_[edge_type.from],
                     .to_nodes = node_counts_[edge_type.to],
                     .memory = options_.memory / std::max<std::size_t>(sharers, 1),
                     .pool = options_.pool,
                     .name_of = options_.name_of});
}

void SnapshotBuilder::finished(EdgeTypeId type, const EdgeWriter& writer) {
  const std::lock_guard lock(mutex_);
  edge_counts_[type] = writer.edges();
  greatest_source_ = std::max(greatest_source_, writer.greatest_source());
}

SnapshotInfo SnapshotBuilder::seal(SnapshotInfo info) {
  if (greatest_source_ >= std::max<std::size_t>(1, info.source_files.size())) {
    throw Error(
        "an edge's source is none of the source files",
        {.value = std::to_string(greatest_source_), .expected = "sources among the listed source files"});
  }
  folder_.files().remove_all(folder_.path() / kScratchName);
  return folder_.seal(
      {.info = std::move(info), .schema = schema_, .node_counts = node_counts_, .edge_counts = edge_counts_});
}

}  // namespace weft::graph
