// Embeds all nodes of a type layer by layer: every node's state of one layer is computed once from sampled
// neighbours' states of the layer before, so that a vector does not depend on batch sizes, other nodes asked
// for, or threads.
#pragma once

#include <optional>
#include <vector>

#include "base/progress.h"
#include "gnn/link_model.h"
#include "gnn/trained_model.h"

namespace weft::gnn {

struct EmbedderSetup {
  const graph::Snapshot* snapshot = nullptr;
  graph::GraphView graph = {};  // what may be seen
  graph::EdgeTypeId target = 0;
  std::optional<graph::TimeMs> before = {};  // and only what is earlier than this
  std::uint64_t seed = 0;
  std::size_t batch = 4096;  // nodes at a time: speed alone
};

// Both ends of the target edge type, rows by dense id.
struct LinkVectors {
  NodeVectors from = {}, to = {};
};

// All that the setup names, and the model, must outlive it. Not thread-safe.
class Embedder {
 public:
  Embedder(EmbedderSetup setup, const ModelOptions& options);

  LinkVectors embed(LinkModel& model, const std::vector<TypeTables>& tables, ThreadPool* pool,
                    ProgressSink& progress = no_progress()) const;

 private:
  struct Facts {  // of a chunk of nodes
    std::vector<float> structure = {};
    std::vector<std::uint8_t> has_events = {};
  };
  Facts facts(graph::NodeTypeId type, std::span<const graph::NodeId> ids) const;
  torch::Tensor input_states(LinkModel& model, const std::vector<TypeTables>& tables, graph::NodeTypeId type,
                             ForwardContext& context) const;
  torch::Tensor layer_states(LinkModel& model, std::size_t layer, graph::NodeTypeId type,
                             const std::vector<torch::Tensor>& previous, ForwardContext& context) const;
  NodeVectors finish_to(LinkModel& model, const torch::Tensor& states) const;

  EmbedderSetup setup_;
  graph::EdgeType target_;
  std::vector<NodeSampler> samplers_;  // [layer], one hop each
};

}  // namespace weft::gnn
