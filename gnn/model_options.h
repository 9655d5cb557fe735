// The [model] section of the project file: the shape of the network. docs/project-file.md lists every key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/toml.h"
#include "graph/number_cleaning.h"

namespace weft::gnn {

enum class LayerKind { kSage, kGat };
enum class PickOrder { kUniform, kRecent, kWeighted, kLabor };
enum class FusionKind { kGated, kSum };
enum class Activation { kRelu, kGelu };
enum class DecoderKind { kDot, kCosine };
enum class HeadKind { kLinear, kMlp };

using NumberFieldRules = std::map<std::string, graph::NumberRules>;  // by "type.field"

// A relation that random walks make (PinSAGE), [model.walks.NAME]: a node hears from the nodes at which the
// most rounds of its walks end, each by its share of their visits.
struct WalkRelationOptions {
  std::string name = {};
  std::vector<std::string> path = {};  // names of relations: back to the node type that it begins at
  std::int64_t per_node = 32;          // walks from a node
  std::int64_t rounds = 2;             // of the path, a walk at most
  double restart = 0.5;                // chance that a walk ends after a round
  bool weighted = false;               // steps by the edges' weights
  std::int64_t neighbours = 10;        // at most so many of those visited, at each hop
  ErrorContext where = {};             // the path's place in the file; says nothing of the walks

  bool operator==(const WalkRelationOptions& other) const;
};

struct ModelOptions {
  LayerKind layer = LayerKind::kSage;
  std::int64_t hidden = 64;  // width of node states
  std::int64_t dim = 64;     // width of the embeddings that come out
  // Neighbours per relation, a number a hop; the length is the number of layers.
  std::vector<std::int64_t> fan_outs = {32, 8};
  std::vector<std::int64_t> inference_fan_outs =
      {};  // when embedding; empty: as fan_outs; -1: all neighbours
  PickOrder picks = PickOrder::kUniform;
  bool replacement = false;  // each pick is drawn from all of a row's edges; kUniform and kWeighted alone
  std::vector<std::string> skip_relations =
      {};                                       // relations (or edge types: both directions) no message takes
  std::vector<WalkRelationOptions> walks = {};  // relations beside those of edges, by name
  std::vector<std::string> skip_fields = {};    // "type.field": inputs left out, as for an ablation
  NumberFieldRules numbers = {};                // how number fields are cleaned and scaled
  // Node types with a free vector a node; none given: both ends of the target edge type.
  std::optional<std::vector<std::string>> id_embeddings = {};
  double id_init = 0.5;           // deviation of the free vectors' first values
  double id_dropout = 0.2;        // share of nodes whose free vector is hidden in a training step
  double cold_items = 0.1;        // share of target nodes shown in a step as if they had no event yet
  double cold_users = 0.0;        // the same for source nodes
  double modality_dropout = 0.1;  // chance that an input of a node is hidden; never all of them
  double dropout = 0.1;           // of layer outputs
  FusionKind fusion = FusionKind::kGated;
  Activation activation = Activation::kRelu;
  bool residual = true;
  bool layer_norm = true;
  bool event_counts = true;     // counts of events before the bound per relation, as an input
  double recent_days = 30;      // and of those in the last days; 0: without
  bool recency = true;          // time since the last event per timed relation, as an input
  bool node_age = true;         // time since the node first appeared, as an input
  std::int64_t heads = 4;       // kGat: parts of the width with shares of their own; hidden is a multiple
  bool pool_relations = false;  // relations from one node type are one weighted mean, their weights learned
  bool age_weights = true;      // messages weigh by the age of their edge, learned per relation
  bool shrinkage = true;      // few messages count less: their weighted sum is divided by their weight plus a
                              // learned constant per relation, not by their weight alone
  bool edge_weights = false;  // messages also weigh by the edge's own weight
  HeadKind head = HeadKind::kLinear;  // from the last layer's states to the vectors that are scored
  DecoderKind decoder = DecoderKind::kDot;
  double temperature = 1.0;  // scores are divided by it; learned from this value on
  bool item_bias = true;     // score offset of a target node from its state, counts and recency

  std::size_t layers() const { return fan_outs.size(); }
  bool operator==(const ModelOptions&) const = default;
};

// Reads [model]; an absent section gives the defaults. Throws Error (kUsage) on unknown keys and values out
// of range.
ModelOptions read_model_options(const TomlSection& root);

}  // namespace weft::gnn
