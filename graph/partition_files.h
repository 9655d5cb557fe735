// Partitions on disk: a folder of flat arrays and a manifest with their checksums (docs/format.md), for
// workers that each take a part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/mapped_file.h"
#include "graph/partition.h"
#include "graph/partition_report.h"
#include "graph/snapshot.h"

namespace weft::graph {

struct PartitionInfo {
  std::string store_uuid = {};  // of the snapshot that was partitioned
  std::uint64_t sequence = 0;
  std::uint64_t snapshot_checksum = 0;
  std::uint32_t parts = 0;
  PartitionMethod method = PartitionMethod::kMetis;
  std::uint64_t seed = 0;
  std::vector<std::uint64_t> node_counts = {};  // [node type]
};

// Writes `folder` (which must not exist: an existing one is left as it is and is an Error) under a temporary
// name, synced, then renamed. The same partition gives the same bytes. Kill points: partition.before_files,
// partition.before_manifest, partition.before_rename, partition.after_rename.
void write_partition(const std::filesystem::path& folder, const Snapshot& snapshot,
                     const Partition& partition, const std::vector<HaloTable>& halos, std::uint64_t seed,
                     Files& files = real_files());

// Memory-mapped; movable. Thread-safe to read.
class PartitionFolder {
 public:
  // Checks the manifest, every file's size and checksum, that each node is in exactly the one part that
  // `part_of` says, and that halos are sorted nodes of other parts. Throws Error naming the file.
  static PartitionFolder open(const std::filesystem::path& folder, Files& files = real_files());

  const PartitionInfo& info() const { return info_; }
  std::span<const std::uint32_t> part_of(NodeTypeId type) const { return types_.at(type).part_of; }
  // Ascending: the part's own nodes; those outside with an edge into it.
  std::span<const NodeId> nodes(NodeTypeId type, std::uint32_t part) const;
  std::span<const NodeId> halo(NodeTypeId type, std::uint32_t part) const;

 private:
  struct Type {
    std::span<const std::uint32_t> part_of = {};                          // [nodes]
    std::span<const std::uint64_t> node_offsets = {}, halo_offsets = {};  // [parts + 1]
    std::span<const NodeId> nodes = {}, halo = {};
  };
  PartitionInfo info_;
  std::vector<Type> types_;
  std::vector<MappedFile> maps_;
};

}  // namespace weft::graph
