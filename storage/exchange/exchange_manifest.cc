#include "storage/exchange/exchange_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/hash.h"
#include "graph/sealed_json.h"

namespace weft::storage {
namespace {

using graph::Json;
using graph::JsonObject;

constexpr const char* kFormat = "weft export";
constexpr std::uint64_t kVersion = 1;
constexpr const char* kHint = "export the graph again";

std::string stem(const char* kind, const std::string& name, std::size_t index) {
  const bool plain = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
                     name.size() < 100 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '_' || c == '-';
                     });
  return plain ? fmt::format("{}.{}", kind, name) : fmt::format("{}.{}", kind, index);
}

}  // namespace

std::string_view exchange_format_name(ExchangeFormat format) {
  return format == ExchangeFormat::kParquet ? "parquet" : "npy";
}

std::string node_stem(const graph::Schema& schema, graph::NodeTypeId type) {
  return stem("nodes", schema.node_type(type).name, type);
}
std::string edge_stem(const graph::Schema& schema, graph::EdgeTypeId type) {
  return stem("edges", schema.edge_type(type).name, type);
}

std::string write_exchange_manifest(const ExchangeManifest& manifest) {
  const graph::Schema& schema = manifest.schema.graph;
  Json nodes = Json::array(), edges = Json::array(), files = Json::array();
  for (graph::NodeTypeId type = 0; type < schema.node_types().size(); ++type)
    nodes.push_back({{"type", schema.node_type(type).name},
                     {"files", node_stem(schema, type) + ".*"},
                     {"rows", manifest.node_counts[type]}});
  for (graph::EdgeTypeId type = 0; type < schema.edge_types().size(); ++type)
    edges.push_back({{"type", schema.edge_type(type).name},
                     {"files", edge_stem(schema, type) + ".*"},
                     {"rows", manifest.edge_counts[type]}});
  for (const ExchangeFile& file : manifest.files)
    files.push_back({{"name", file.name}, {"size", file.size}, {"xxh3", to_hex(file.hash)}});
  try {
    return graph::seal_json({{"format", kFormat},
                             {"version", kVersion},
                             {"tables", exchange_format_name(manifest.format)},
                             {"store_uuid", manifest.store_uuid},
                             {"sequence", manifest.sequence},
                             {"snapshot_checksum", to_hex(manifest.snapshot_checksum)},
                             {"source_files", manifest.source_files},
                             {"schema", Json::parse(manifest.schema.to_json())},
                             {"nodes", nodes},
                             {"edges", edges},
                             {"files", files}});
  } catch (const nlohmann::json::exception&) {
    throw Error("the name of a source file is not UTF-8", {.hint = "rename the file"});
  }
}

ExchangeManifest read_exchange_manifest(std::string_view text, const std::string& file) {
  const Json parsed = graph::read_sealed_json(text, file, kHint);
  const JsonObject root(parsed, file, "");
  if (root.string("format") != kFormat) root.fail("format", kFormat);
  if (root.number("version") != kVersion) root.fail("version", std::to_string(kVersion));
  ExchangeManifest out;
  const std::string tables = root.string("tables");
  if (tables != "parquet" && tables != "npy") root.fail("tables", "parquet or npy");
  out.format = tables == "npy" ? ExchangeFormat::kNpy : ExchangeFormat::kParquet;
  out.store_uuid = root.string("store_uuid");
  out.sequence = root.number("sequence");
  out.snapshot_checksum = root.hash("snapshot_checksum");
  for (const Json& name : root.array("source_files")) {
    if (!name.is_string()) root.fail("source_files", "strings");
    out.source_files.push_back(name.get<std::string>());
  }
  if (out.source_files.size() > kMaxSources) root.fail("source_files", "at most 65535");
  out.schema = StoreSchema::from_json(root.get("schema").dump(), file);
  const auto counts = [&](const char* key, std::size_t types) {
    if (root.array(key).size() != types) root.fail(key, fmt::format("{} types", types));
    std::vector<std::uint64_t> rows;
    for (std::size_t i = 0; i < types; ++i)
      rows.push_back(root.element(key, i).number("rows", graph::kNoNode - 1));
    return rows;
  };
  out.node_counts = counts("nodes", out.schema.graph.node_types().size());
  out.edge_counts = counts("edges", out.schema.graph.edge_types().size());
  for (std::size_t i = 0; i < root.array("files").size(); ++i) {
    const JsonObject entry = root.element("files", i);
    const std::string name = entry.string("name");
    if (name.empty() || name[0] == '.' || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
      entry.fail("name", "a plain name");
    out.files.push_back({name, entry.number("size"), entry.hash("xxh3")});
  }
  return out;
}

}  // namespace weft::storage
