// The files of one node type or edge type in an exported folder. Internal to storage/exchange. Each writer
// returns the names of the files it made in `folder`, each reader takes the same `stem`; columns and types
// are in docs/exchange.md. Readers throw Error naming the file unless it holds what a writer gives for the
// schema and `rows`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/snapshot.h"
#include "graph/snapshot_writer.h"

namespace weft::storage {

struct ExchangeFolder {
  std::filesystem::path path = {};
  Files& files;
};

std::vector<std::string> write_parquet_nodes(const ExchangeFolder& folder, const std::string& stem,
                                             const graph::Snapshot& snapshot, graph::NodeTypeId type);
std::vector<std::string> write_parquet_edges(const ExchangeFolder& folder, const std::string& stem,
                                             const graph::Snapshot& snapshot, graph::EdgeTypeId type);
graph::NodeTable read_parquet_nodes(const ExchangeFolder& folder, const std::string& stem,
                                    const graph::NodeType& type, std::uint64_t rows);
graph::EdgeList read_parquet_edges(const ExchangeFolder& folder, const std::string& stem,
                                   const graph::EdgeType& type, std::uint64_t rows);

std::vector<std::string> write_npy_nodes(const ExchangeFolder& folder, const std::string& stem,
                                         const graph::Snapshot& snapshot, graph::NodeTypeId type);
std::vector<std::string> write_npy_edges(const ExchangeFolder& folder, const std::string& stem,
                                         const graph::Snapshot& snapshot, graph::EdgeTypeId type);
graph::NodeTable read_npy_nodes(const ExchangeFolder& folder, const std::string& stem,
                                const graph::NodeType& type, std::uint64_t rows);
graph::EdgeList read_npy_edges(const ExchangeFolder& folder, const std::string& stem,
                               const graph::EdgeType& type, std::uint64_t rows);

// A node's field as the store holds it; monostate if missing.
graph::FieldValue field_of(const graph::Snapshot& snapshot, graph::NodeTypeId type, std::size_t field,
                           graph::NodeId node);

}  // namespace weft::storage
