// Folders of partitions, damaged behind valid checksums: opening refuses one, or its parts are a partition.
// Parser: graph/partition_files.cc
#include "graph/partition_files.h"
#include "graph/snapshot.h"
#include "tests/fuzz/sealed_folder.h"
#include "tests/graph/random_graph.h"

namespace weft::fuzz {
namespace {

using namespace graph;

SealedFolder& sound() {
  static const TestFolder folder;
  static SealedFolder instance = [] {
    write_snapshot(random_shop(3, 8, 8, 30), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    const Partition partition = graph::partition(view(snapshot), {.parts = 3});
    write_partition(folder / "p", snapshot, partition, halo_tables(view(snapshot), partition), 1);
    return SealedFolder(folder / "p");
  }();
  return instance;
}

}  // namespace

Seeds seeds() {
  return sound().seeds();
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return sound().mutated(input, random);
}

void run(std::string_view input) {
  sound().write(input);
  parses([&] {
    const PartitionFolder folder = PartitionFolder::open(sound().path());
    for (NodeTypeId type = 0; type < folder.info().node_counts.size(); ++type) {
      const auto part_of = folder.part_of(type);
      FUZZ_CHECK(part_of.size() == folder.info().node_counts[type]);
      std::size_t own = 0;
      for (std::uint32_t part = 0; part < folder.info().parts; ++part) {
        for (const NodeId node : folder.nodes(type, part)) FUZZ_CHECK(part_of[node] == part);
        for (const NodeId node : folder.halo(type, part)) FUZZ_CHECK(part_of[node] != part);
        own += folder.nodes(type, part).size();
      }
      FUZZ_CHECK(own == part_of.size());
    }
  });
  sound().undo();
}

}  // namespace weft::fuzz
