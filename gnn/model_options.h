// The [model] section of the project file: the shape of the network. docs/project-file.md lists every key.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/toml.h"

namespace weft::gnn {

enum class PickOrder { kUniform, kRecent };
enum class FusionKind { kGated, kSum };
enum class Activation { kRelu, kGelu };
enum class DecoderKind { kDot, kCosine };

struct ModelOptions {
  std::int64_t hidden = 64;  // width of node states
  std::int64_t dim = 64;     // width of the embeddings that come out
  std::vector<std::int64_t> fan_outs = {
      32, 8};  // neighbours per relation, a number a hop; its length is the number of layers
  std::vector<std::int64_t> inference_fan_outs =
      {};  // the same when embedding; empty: as fan_outs; -1: all neighbours
  PickOrder picks = PickOrder::kUniform;
  std::vector<std::string> skip_relations = {};  // relation or edge type names that no message takes
  std::vector<std::string> skip_fields = {};     // "type.field": inputs left out, as for an ablation
  std::vector<std::string> id_embeddings =
      {};                            // node types with a free vector per node; see id_embeddings_given
  bool id_embeddings_given = false;  // not given: both ends of the target edge type
  double id_dropout = 0.2;           // share of nodes whose free vector is hidden in a training step
  double cold_dropout = 0.1;         // share of nodes shown as if they had no timed event yet
  double modality_dropout = 0.1;     // chance that a modality of a node is hidden; never all of them
  double dropout = 0.1;              // of layer outputs
  FusionKind fusion = FusionKind::kGated;
  Activation activation = Activation::kRelu;
  bool residual = true;
  bool layer_norm = true;
  bool event_counts = true;   // log(1 + events before the bound) per relation, as an input
  bool recency = true;        // time since the last event per timed relation, as an input
  bool age_weights = true;    // learned weights of messages by the age of their edge
  bool edge_weights = false;  // messages also weigh by the edge's own weight
  DecoderKind decoder = DecoderKind::kDot;
  double temperature = 1.0;  // scores are divided by it; learned from this value on
  bool item_bias = true;     // score offset of a target node from its counts and recency

  std::size_t layers() const { return fan_outs.size(); }
  bool operator==(const ModelOptions&) const = default;
};

// Reads [model]; an absent section gives the defaults. Throws Error (kUsage) on unknown keys and values out
// of range.
ModelOptions read_model_options(const TomlSection& root);

}  // namespace weft::gnn
