#include "graph/cleaned_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/spool.h"
#include "graph/edge_writer.h"
#include "graph/snapshot_folder.h"
#include "graph/snapshot_manifest.h"

namespace weft::graph {
namespace {

constexpr const char* kScratchName = "runs";
constexpr std::size_t kCopiedAtOnce = std::size_t{8} << 20;

void copy_file(const std::filesystem::path& from, const std::string& name, SnapshotFolder& folder,
               Files& files) {
  const MappedFile source = files.map(from / name);
  SnapshotFile file(folder, name);
  for (std::span<const std::byte> rest = source.bytes(); !rest.empty();) {
    const std::size_t count = std::min(rest.size(), kCopiedAtOnce);
    file.append(rest.first(count));
    rest = rest.subspan(count);
  }
  file.close();
}

bool loses_edges(const CleanEdges& edges, std::size_t type) {
  return !edges.summed[type].empty() ||
         std::find(edges.keep[type].begin(), edges.keep[type].end(), 0) != edges.keep[type].end();
}

std::uint64_t write_edges(const Snapshot& snapshot, const CleanEdges& edges, EdgeTypeId type,
                          EdgeWriter writer) {
  const CsrView out = snapshot.outgoing(type);
  const EdgeColumns columns = snapshot.edge_columns(type);
  const std::vector<std::uint8_t>& keep = edges.keep[type];
  auto sum = edges.summed[type].begin();
  for (std::size_t row = 0; row < out.rows(); ++row) {
    for (std::uint64_t e = out.offsets[row]; e < out.offsets[row + 1]; ++e) {
      const bool summed = sum != edges.summed[type].end() && sum->first == e;
      const float own = columns.weights.empty() ? 1.0F : columns.weights[e];
      const float weight = summed ? (sum++)->second : own;
      if (keep[e] == 0) continue;
      writer.add({.from = static_cast<NodeId>(row),
                  .to = out.targets[e],
                  .time = out.times.empty() ? kNoTime : out.times[e],
                  .weight = weight,
                  .event = columns.events[e],
                  .source = columns.sources[e]});
    }
  }
  writer.finish();
  return writer.edges();
}

}  // namespace

SnapshotInfo write_cleaned_snapshot(const Snapshot& snapshot, const CleanEdges& edges,
                                    const std::filesystem::path& target,
                                    const CleanedSnapshotOptions& options, Files& files) {
  const Schema& schema = snapshot.schema();
  const std::filesystem::path from = snapshot.folder();
  const std::string manifest_file = (from / kManifestName).string();
  Manifest manifest = read_manifest(files.read_whole(manifest_file), manifest_file);
  SnapshotFolder folder(target, files);
  files.kill_point("snapshot.before_files");
  auto scratch = std::make_unique<Scratch>(folder.path() / kScratchName, files);

  std::vector<std::string> rewritten;  // beginnings of names
  for (std::size_t i = 0; i < schema.edge_types().size(); ++i) {
    if (loses_edges(edges, i)) rewritten.push_back(edge_file(static_cast<EdgeTypeId>(i), ""));
  }
  for (const ManifestFile& file : manifest.files) {
    const bool copied = std::none_of(rewritten.begin(), rewritten.end(),
                                     [&](const std::string& begin) { return file.name.starts_with(begin); });
    if (copied) copy_file(from, file.name, folder, files);
  }
  for (std::size_t i = 0; i < schema.edge_types().size(); ++i) {
    if (!loses_edges(edges, i)) continue;
    const auto type = static_cast<EdgeTypeId>(i);
    const EdgeType& edge_type = schema.edge_type(type);
    EdgeWriter writer({.folder = folder,
                       .scratch = *scratch,
                       .schema = schema,
                       .type = type,
                       .from_nodes = snapshot.node_count(edge_type.from),
                       .to_nodes = snapshot.node_count(edge_type.to),
                       .memory = options.memory,
                       .pool = options.pool,
                       .name_of = [&](NodeRef node) { return std::string(snapshot.external_id(node)); }});
    manifest.edge_counts[i] = write_edges(snapshot, edges, type, std::move(writer));
  }
  scratch.reset();
  files.remove_all(folder.path() / kScratchName);
  SnapshotInfo info = folder.seal(std::move(manifest));
  folder.publish();
  return info;
}

}  // namespace weft::graph
