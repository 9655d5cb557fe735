// The heterogeneous link model: inputs and fusion per node type, GraphSAGE or attention layers, an output
// projection per end of the target edge type, a decoder.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "gnn/decoder.h"
#include "gnn/forward_context.h"
#include "gnn/inputs/node_inputs.h"
#include "gnn/layers/hetero_gat.h"
#include "gnn/layers/hetero_sage.h"
#include "gnn/model_options.h"
#include "gnn/output_head.h"
#include "gnn/sampled_nodes.h"
#include "gnn/train_batches.h"
#include "graph/schema.h"

namespace weft::gnn {

// Vectors of the seeds, ready for scalar products: score = from[u] . to[i] + to_offset[i].
struct SeedVectors {
  torch::Tensor from = {};       // [seeds of the source type, dim]
  torch::Tensor to = {};         // [seeds of the target type, dim]
  torch::Tensor to_offset = {};  // [seeds of the target type]
};

class LinkModelImpl : public torch::nn::Module {
 public:
  // Parameters are drawn from a generator that `seed` alone seeds. `relations`: those of edges that messages
  // take; the options' walks come to them. `structure`: for the widths of structural inputs.
  LinkModelImpl(const graph::Schema& schema, graph::EdgeTypeId target,
                const std::vector<graph::RelationId>& relations, const InputSpec& inputs,
                const Structure& structure, const ModelOptions& options, std::uint64_t seed);

  // All of a sampled batch. Rows are local ids up to hop 0.
  SeedVectors embed(const std::vector<TypeTables>& tables, const SampledNodes& nodes,
                    ForwardContext& context);
  // The loss of a training batch. `hard`: which of an event's negatives count, where it has its own.
  torch::Tensor loss(const std::vector<TypeTables>& tables, const TrainBatch& batch, LossKind kind,
                     ForwardContext& context, const HardNegatives& hard = {});

  // The same network a step at a time, for embedding layer by layer. `needs(l, type)`: layer l's states (0:
  // inputs) of this type are read by what follows.
  std::size_t layers() const { return layers_.size(); }
  bool needs(std::size_t layer, graph::NodeTypeId type) const { return needed_[layer][type] != 0; }
  torch::Tensor input_states(const std::vector<TypeTables>& tables, graph::NodeTypeId type,
                             const InputNodes& nodes, ForwardContext& context);
  // `previous` [node type]: states of all nodes. The receivers are the seeds of a batch sampled over one hop.
  torch::Tensor layer_states(std::size_t layer, graph::NodeTypeId type,
                             const std::vector<torch::Tensor>& previous, const SampledNodes& nodes,
                             ForwardContext& context);
  torch::Tensor from_vectors(const torch::Tensor& states);
  std::pair<torch::Tensor, torch::Tensor> to_vectors(const torch::Tensor& states,
                                                     const torch::Tensor& structure);

  // Tables of free vectors by name of their node type: row-sparse parameters.
  std::vector<std::pair<std::string, torch::Tensor>> id_tables() const;
  std::uint64_t parameter_count() const;

 private:
  std::vector<RelationMessages> messages_to(graph::NodeTypeId type, std::size_t rows,
                                            const SampledNodes& nodes,
                                            const std::vector<LayerStates>& states) const;
  std::vector<LayerStates> receive(std::size_t layer, std::vector<Reception> receptions,
                                   const std::vector<LayerStates>& states, ForwardContext& context);

  graph::Schema schema_;  // with the walks as edge types at its end
  graph::EdgeType target_;
  std::int64_t hidden_;
  bool takes_matrices_;
  std::vector<std::vector<std::uint8_t>> needed_;  // [layer 0 .. layers][node type]
  std::vector<NodeInputs> inputs_;                 // [node type]; null where not needed
  std::vector<std::shared_ptr<MessageLayer>> layers_;
  OutputHead from_out_{nullptr}, to_out_{nullptr};
  Decoder decoder_{nullptr};
};
TORCH_MODULE(LinkModel);

}  // namespace weft::gnn
