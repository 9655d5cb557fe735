// A sampled neighbourhood with all that a network reads of it except the stored features: structural inputs,
// which nodes show their free vector, ages and weights of edges. Made on sampler threads, without Torch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gnn/inputs/structure.h"
#include "gnn/model_options.h"
#include "graph/graph_view.h"
#include "graph/snapshot.h"
#include "sampling/neighbor_sampler.h"

namespace weft::gnn {

struct EdgeInputs {
  std::vector<std::int32_t> ages = {};  // [picked], age_class; empty: untimed or not wanted
  // [picked]; empty: unweighted or not wanted. Of walks: each one's share of the row's visits.
  std::vector<float> weights = {};
  // [rows]: how many of the row's edges (before its bound) one pick stands for (below 1 with
  // replacement, where a row has fewer edges than picks); empty: 1
  // everywhere. Only where all edges had the same chance: not for recent and weighted picks.
  std::vector<float> stands_for = {};
};

struct SampledNodes {
  sampling::Subgraph graph = {};
  std::vector<std::vector<float>> structure = {};        // [type]: [nodes, width]
  std::vector<std::vector<std::uint8_t>> id_shown = {};  // [type][nodes], 1: the free vector may be used
  std::vector<EdgeInputs> edges = {};                    // one for each of graph.relations
};

// Chances of hiding, for training; zero when embedding.
struct HidingRates {
  double id = 0;          // of any node's free vector
  double cold_users = 0;  // of showing a user (an item) as if it had no event
  double cold_items = 0;
};

// The sampler's word for an order of picks.
sampling::PickLaw pick_law(PickOrder picks);

// [hop][relation id] from a number a hop (-1: all neighbours); 0 for relations that are not among these.
std::vector<std::vector<std::uint32_t>> relation_fan_outs(const graph::Schema& schema,
                                                          std::span<const graph::RelationId> relations,
                                                          std::span<const std::int64_t> per_hop);

// What the network sees and how: shared by training and embedding.
struct NodeSamplerSetup {
  const graph::Snapshot* snapshot = nullptr;  // for edge weights and the nodes' ages
  graph::GraphView graph = {};
  graph::EdgeTypeId target = 0;
  std::vector<graph::RelationId> relations = {};   // followed and counted, ascending
  std::vector<std::int64_t> fan_outs = {};         // a number a hop; -1: all neighbours
  std::vector<sampling::WalkRelation> walks = {};  // followed beside them, by as many hops
  PickOrder picks = PickOrder::kUniform;
  bool replacement = false;  // kUniform and kWeighted alone
  StructureOptions structure = {};
  bool ages = true;
  bool weights = false;
  bool hides_events = false;
  bool nodes = true;  // false: structure and id_shown are left empty
  // [node type], whether its nodes may have free vectors: of the others id_shown is 0. Empty: all may.
  std::vector<std::uint8_t> id_types = {};
  bool stands_for = true;  // false: what a pick stands for is left out
  std::uint64_t seed = 0;
};

// Thread-safe; Scratch is one thread's.
class NodeSampler {
 public:
  using Scratch = sampling::NeighborSampler::Scratch;
  explicit NodeSampler(NodeSamplerSetup setup);

  // Step 0 is inference and hides nothing whatever `rates` says.
  SampledNodes sample(const sampling::SeedBatch& seeds, std::uint32_t step, const HidingRates& rates,
                      Scratch& scratch) const;
  const Structure& structure() const { return structure_; }
  const NodeSamplerSetup& setup() const { return setup_; }

 private:
  void describe_nodes(const sampling::SeedBatch& seeds, std::uint32_t step, const HidingRates& rates,
                      std::vector<std::vector<std::uint8_t>>& cold, SampledNodes& out) const;
  bool is_walk(graph::RelationId relation) const;
  graph::NodeTypeId row_type(graph::RelationId relation) const;
  // Whether its rows are events: an edge type's, or those that walks go along.
  bool tells_events(graph::RelationId relation) const;
  void describe_edges(std::size_t block, SampledNodes& out) const;
  void count_edges(const sampling::RelationBlock& block, const sampling::Subgraph& graph,
                   std::span<const graph::TimeMs> bounds, EdgeInputs& inputs) const;

  NodeSamplerSetup setup_;
  Structure structure_;
  sampling::NeighborSampler sampler_;
};

// [node type], whether its nodes have free vectors: as the options say, or those of both ends of the target
// and of types that have no fields.
std::vector<std::uint8_t> id_types(const graph::Schema& schema, graph::EdgeTypeId target,
                                   const ModelOptions& options);

// The structural inputs that the options ask for.
StructureOptions structure_options(const ModelOptions& options);

// The relations of a schema except those named (a relation by its name, an edge type by its: both
// directions). Throws Error (kUsage) on an unknown name.
std::vector<graph::RelationId> followed_relations(const graph::Schema& schema,
                                                  const std::vector<std::string>& skipped);

}  // namespace weft::gnn
