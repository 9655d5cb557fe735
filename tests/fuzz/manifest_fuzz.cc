// Manifests of snapshots, behind a checksum that is put right: what is read must be what would be written.
#include "base/hash.h"
#include "graph/snapshot_manifest.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {
namespace {

constexpr std::string_view kChecksumKey = ",\n \"manifest_checksum\": \"";

std::string signed_again(std::string text) {
  const std::string checksum = to_hex(hash64(std::string_view(text)));
  return std::move(text) + std::string(kChecksumKey) + checksum + "\"\n}\n";
}

}  // namespace

Seeds seeds() {
  using namespace graph;
  Schema schema;
  Manifest manifest;
  const NodeTypeId user = schema.add_node_type({.name = "user", .fields = {{"age", FieldKind::kNumber}}});
  const NodeTypeId item =
      schema.add_node_type({.name = "item",
                            .fields = {{"title", FieldKind::kText}, {"photo", FieldKind::kImage}},
                            .name_field = "title"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true, .weighted = true});
  schema.add_edge_type({.name = "friend", .from = user, .to = user, .symmetric = true});
  manifest.schema = schema;
  manifest.info.store_uuid = "0123";
  manifest.info.sequence = 12;
  manifest.info.source_files = {"a.csv", "b \"quoted\".jsonl"};
  manifest.node_counts = {3, 4};
  manifest.edge_counts = {5, 6};
  manifest.files = {{"edge_0.out.offsets", 32, 1}, {"node_0.first_seen", 24, 0xFFFFFFFFFFFFFFFF}};
  manifest.info.checksum = files_checksum(manifest.files);
  std::string text = write_manifest(manifest);
  text.resize(text.rfind(kChecksumKey));
  return {.accepted = {text}, .others = {}};
}

void run(std::string_view input) {
  const std::string text = signed_again(std::string(input));
  parses([&] {
    const graph::Manifest manifest = graph::read_manifest(text, "manifest.json");
    const graph::Manifest again = graph::read_manifest(graph::write_manifest(manifest), "again");
    FUZZ_CHECK(again.schema == manifest.schema && again.node_counts == manifest.node_counts &&
               again.edge_counts == manifest.edge_counts && again.info.checksum == manifest.info.checksum);
  });
}

}  // namespace weft::fuzz
