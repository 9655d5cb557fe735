// One heterogeneous GraphSAGE layer (Hamilton et al. 2017, mean aggregator, one per relation as in R-GCN): a
// receiver's new state comes from its own state and, per relation, the weighted mean of its senders' states.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/layers/message_layer.h"
#include "gnn/model_options.h"
#include "gnn/ops/joined_linear.h"
#include "gnn/ops/pooled_edges.h"
#include "graph/schema.h"

namespace weft::gnn {

class HeteroSageImpl : public MessageLayer {
 public:
  // `relations`: those of the network; `receivers`: node types this layer makes states of.
  HeteroSageImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                 const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options, bool last);

  // Joined rows and products of all types are one operation (gnn/ops/joined_linear.h); relations that are
  // pooled are rows of one for it (gnn/ops/pooled_edges.h).
  std::vector<torch::Tensor> receive(const std::vector<LayerStates>& states,
                                     const std::vector<Reception>& receptions,
                                     ForwardContext& context) override;
  // One type through Torch's own operations, which is also what tests hold the other way against: self [rows,
  // hidden] -> [rows, hidden]. Messages carry their senders.
  torch::Tensor forward(graph::NodeTypeId type, const torch::Tensor& self,
                        const std::vector<RelationMessages>& messages, ForwardContext& context);
  // Whether a layer made with these options takes states with a matrix: it sums them as they are, which is
  // the same as multiplying first only where the sums' weights are constant and no column has a divisor of
  // its own.
  static bool takes_matrices(const ModelOptions& options);
  // The learned weight of each age class, [kAgeClasses].
  torch::Tensor age_weights(graph::RelationId relation) const;

 private:
  // Relations whose messages make one mean: one relation, or all from one node type.
  struct Group {
    graph::NodeTypeId sender = 0;
    std::vector<graph::RelationId> relations = {};
    torch::Tensor shrinkage = {};  // [hidden], before softplus; undefined: plain means
  };
  struct Receiver {
    std::vector<Group> groups = {};
    torch::nn::Linear linear{nullptr};  // from (1 + groups) x hidden
  };
  struct Sum {
    torch::Tensor states = {};  // [rows, hidden], weighted sum of messages
    torch::Tensor mass = {};    // [rows, 1], sum of weights
  };
  void add_relation(const graph::Schema& schema, graph::RelationId relation, const ModelOptions& options,
                    Receiver& receiver);
  torch::Tensor edge_weights(const RelationMessages& messages) const;  // [edges]; undefined: all 1
  Sum sum(const RelationMessages& messages, ForwardContext& context) const;
  JoinedReceiver joined(const Receiver& receiver, const std::vector<LayerStates>& states,
                        const Reception& reception, ThreadPool* pool) const;
  std::optional<JoinedGroup> messages_of(const Group& group, const Reception& reception,
                                         ThreadPool* pool) const;
  PooledEdges pooled(const std::vector<const RelationMessages*>& sent, ThreadPool* pool) const;
  torch::Tensor aggregate(const Group& group, const std::vector<RelationMessages>& messages,
                          const torch::Tensor& self, ForwardContext& context) const;

  std::map<graph::NodeTypeId, Receiver> receivers_;
  std::map<graph::RelationId, torch::Tensor> ages_;    // [kAgeClasses], before softplus
  std::map<graph::RelationId, torch::Tensor> shares_;  // [1], before softplus: of a relation in its group
};
TORCH_MODULE(HeteroSage);

}  // namespace weft::gnn
