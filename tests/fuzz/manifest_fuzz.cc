// Manifests of snapshots, behind a checksum that is put right: what is read must be what would be written.
// Parser: graph/sealed_json.cc graph/snapshot_manifest.cc graph/schema.cc
#include <algorithm>
#include <cstdlib>

#include "base/hash.h"
#include "graph/snapshot_manifest.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/schema_changes.h"

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

// Changes fields or the schema; then mostly puts the list of files in order and its checksum right.
std::string mutated(std::string_view input, std::mt19937_64& random) {
  OrderedJson json = OrderedJson::parse(std::string(input) + "\n}", nullptr, false);
  if (!json.is_object()) return "";
  if (random() % 3 == 0 && json.contains("schema") && change_schema(json["schema"], random)) {
    fit_list(json, "node_counts", node_types_of(json["schema"]), random() % 9);
    fit_list(json, "edge_counts", edge_types_of(json["schema"]), random() % 9);
  } else {
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) change_json(json, random);
  }
  if (json.is_object() && json.contains("files") && json["files"].is_array() && random() % 8 != 0) {
    std::vector<graph::ManifestFile> files;
    for (const OrderedJson& file : json["files"]) {
      if (!file.is_object() || !file.contains("name") || !file["name"].is_string()) continue;
      if (!file.contains("size") || !file["size"].is_number_unsigned()) continue;
      const std::string hash =
          file.value("xxh3", OrderedJson()).is_string() ? file["xxh3"].get<std::string>() : "";
      files.push_back({file["name"].get<std::string>(), file["size"].get<std::uint64_t>(),
                       hash.size() == 16 ? std::strtoull(hash.c_str(), nullptr, 16) : random()});
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    files.erase(std::unique(files.begin(), files.end(),
                            [](const auto& a, const auto& b) { return a.name == b.name; }),
                files.end());
    json["files"] = OrderedJson::array();
    for (const graph::ManifestFile& file : files)
      json["files"].push_back({{"name", file.name}, {"size", file.size}, {"xxh3", to_hex(file.hash)}});
    json["content_checksum"] = to_hex(graph::files_checksum(files));
  }
  std::string text = json.dump(1, ' ', false, OrderedJson::error_handler_t::replace);
  text.resize(text.size() - std::min<std::size_t>(2, text.size()));
  return text;
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
