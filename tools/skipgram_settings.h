// Section [skipgram] of a project file, with its walks.
#pragma once

#include <vector>

#include "base/toml.h"
#include "gnn/skipgram/skipgram.h"
#include "gnn/skipgram/walk_batches.h"
#include "graph/schema.h"
#include "tools/vector_kind.h"

namespace weft::tools {

struct SkipGramSettings {
  gnn::SkipGramOptions model = {};
  gnn::WalkBatchOptions batches = {};
  std::vector<gnn::WalkSet> walks = {};
  EpochRules rules = {};
};

// Reads [skipgram]: dim, window, negatives, negative_power, learning_rate, init, seed, batch, epochs,
// validate_every, patience, and [skipgram.walks.NAME]: path, length, per_node, weighted, p, q. Without
// walks of its own: along the target edge type and back. Throws Error (kUsage) on unknown keys and values out
// of range, on a path whose relations do not exist or do not follow one another, and on walks that leave out
// one end of the target.
SkipGramSettings read_skipgram_settings(const TomlSection& root, const graph::Schema& schema);

// Trains on walks over the train part's edges, as train_vectors says.

}  // namespace weft::tools
