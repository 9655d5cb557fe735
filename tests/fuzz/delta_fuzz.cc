// Deltas, damaged behind valid checksums: reading refuses one; or it reads back as it was written, and on its
// snapshot it is a live view of which every entry can be read, or is refused as one.
// Parser: graph/delta.cc graph/delta_files.cc graph/live_view.cc graph/sealed_json.cc
#include "graph/delta.h"
#include "graph/live_view.h"
#include "tests/fuzz/sealed_folder.h"
#include "tests/graph/random_delta.h"

namespace weft::fuzz {
namespace {

using namespace graph;

const TestFolder& folder() {
  static const TestFolder instance;
  return instance;
}

SealedFolder& sound() {
  static SealedFolder instance = [] {
    const GraphTables base = random_shop(3, 4, 4, 12);
    const SnapshotInfo info = write_snapshot(base, folder() / "base");
    write_delta(random_delta(base, info, 5), folder() / "d");
    return SealedFolder(folder() / "d");
  }();
  return instance;
}

// Every entry of the view, and by every way to it.
std::uint64_t touch(const LiveView& live) {
  std::uint64_t sum = 0;
  const Schema& schema = live.schema();
  for (RelationId relation = 0; relation < 2 * schema.edge_types().size(); ++relation) {
    const EdgeTypeId type = edge_type_of(relation);
    const DeltaRows rows = live.relation(relation);
    const NodeTypeId row_type = schema.row_type(relation);
    for (NodeId row = 0; row < live.node_count(row_type); ++row) {
      const RowSegments segments = rows.row(row);
      for (std::uint32_t p = 0; p < segments.length(); ++p) {
        const EdgeId edge = rows.edge_id(segments.position(p));
        sum += rows.target(segments.position(p)) + live.edge_event(type, edge) + live.edge_source(type, edge);
        sum += static_cast<std::uint64_t>(live.edge_time(type, edge)) + (live.edge_weight(type, edge) > 1);
      }
    }
  }
  for (NodeTypeId type = 0; type < schema.node_types().size(); ++type) {
    for (NodeId node = 0; node < live.node_count(type); ++node) {
      const std::string_view id = live.external_id({type, node});
      FUZZ_CHECK(live.find_node(type, id).has_value());
      sum += id.size() + static_cast<std::uint64_t>(live.first_seen({type, node}));
      for (std::size_t field = 0; field < schema.node_types()[type].fields.size(); ++field)
        sum += live.field({type, node}, field).index();
    }
  }
  return sum;
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
  Delta delta;
  const bool read = parses([&] { delta = read_delta(sound().path()); });
  sound().undo();
  if (!read) return;
  std::filesystem::remove_all(folder() / "again");
  write_delta(delta, folder() / "again");
  FUZZ_CHECK(read_delta(folder() / "again").changes() == delta.changes());
  try {
    touch(LiveView(Snapshot::open(folder() / "base"), std::move(delta)));
  } catch (const Error&) {
    // Of another snapshot, or taking out what is not there: the view said so.
  }
}

}  // namespace weft::fuzz
