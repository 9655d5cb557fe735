// The manifest.json of an exported folder: docs/exchange.md. Internal to storage/exchange.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/exchange/graph_exchange.h"

namespace weft::storage {

struct ExchangeFile {
  std::string name = {};
  std::uint64_t size = 0, hash = 0;  // xxh3 of the content
};

struct ExchangeManifest {
  ExchangeFormat format = ExchangeFormat::kParquet;
  std::string store_uuid = {};
  std::uint64_t sequence = 0, snapshot_checksum = 0;
  std::vector<std::string> source_files = {};
  StoreSchema schema = {};
  std::vector<std::uint64_t> node_counts = {}, edge_counts = {};
  std::vector<ExchangeFile> files = {};
};

inline constexpr const char* kExchangeManifest = "manifest.json";

std::string write_exchange_manifest(const ExchangeManifest& manifest);
// Throws Error naming `file` on anything that write_exchange_manifest() did not write.
ExchangeManifest read_exchange_manifest(std::string_view text, const std::string& file);

// What the names of a type's files begin with: "nodes.user", "edges.buys"; its number instead of a name that
// is no plain one.
std::string node_stem(const graph::Schema& schema, graph::NodeTypeId type);
std::string edge_stem(const graph::Schema& schema, graph::EdgeTypeId type);

}  // namespace weft::storage
