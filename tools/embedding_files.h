// Writes embeddings for other programs: .npy with the ids beside it, or Parquet with ids and vectors in one
// table.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gnn/trained_model.h"

namespace weft::tools {

// Throws Error (kUsage) unless the name's ending is one of those below.
void check_embedding_file(const std::filesystem::path& file);

// `ids` [vectors.rows] external ids. By the file's ending:
//   .npy      float32 [rows, dim], C order; the ids go to FILE.ids.jsonl, a JSON string a line
//   .parquet  columns id (string) and embedding (fixed-size list of float32)
// Replaces the file whole. Throws as check_embedding_file() does.
void write_embeddings(const std::filesystem::path& file, const std::vector<std::string>& ids,
                      const gnn::NodeVectors& vectors);

}  // namespace weft::tools
