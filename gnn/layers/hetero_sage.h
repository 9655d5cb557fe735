// One heterogeneous GraphSAGE layer (Hamilton et al. 2017, mean aggregator, one per relation as in R-GCN): a
// receiver's new state comes from its own state and, per relation, the weighted mean of its senders' states.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/layer_states.h"
#include "gnn/model_options.h"
#include "gnn/ops/joined_linear.h"
#include "graph/schema.h"

namespace weft::gnn {

// What one relation brings to the first `rows` receivers. Spans must live until backward.
struct RelationMessages {
  graph::RelationId relation = 0;
  torch::Tensor senders = {};                   // [n, hidden]
  std::span<const std::uint32_t> offsets = {};  // [rows + 1], from 0
  std::span<const std::uint32_t> sources = {};  // rows of senders; may go on past offsets.back()
  std::span<const std::int32_t> ages = {};      // as sources, age classes; empty: untimed
  std::span<const float> weights = {};          // as sources; empty: 1
  std::span<const float> stands_for = {};       // [rows or more]: edges that one pick stands for; empty: 1
};

// Who receives: the first `rows` nodes of a type. Of messages `senders` is not read.
struct Reception {
  graph::NodeTypeId type = 0;
  std::size_t rows = 0;
  std::vector<RelationMessages> messages = {};
};

class HeteroSageImpl : public torch::nn::Module {
 public:
  // `relations`: those of the network; `receivers`: node types this layer makes states of.
  HeteroSageImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                 const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options, bool last);

  bool receives(graph::NodeTypeId type) const { return receivers_.contains(type); }
  // self [rows, hidden] -> [rows, hidden]. Relations of the type without messages count as having none.
  torch::Tensor forward(graph::NodeTypeId type, const torch::Tensor& self,
                        const std::vector<RelationMessages>& messages, ForwardContext& context);
  // The same for several types at once, one operation for all joined rows and products. states [node type].
  std::vector<torch::Tensor> forward_all(const std::vector<LayerStates>& states,
                                         const std::vector<Reception>& receptions, ForwardContext& context);
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
    torch::Tensor norm_gain = {}, norm_offset = {};
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
                        const Reception& reception) const;
  torch::Tensor finish(const Receiver& receiver, torch::Tensor state, const torch::Tensor& self,
                       ForwardContext& context) const;
  torch::Tensor aggregate(const Group& group, const std::vector<RelationMessages>& messages,
                          const torch::Tensor& self, ForwardContext& context) const;

  std::int64_t hidden_;
  Activation activation_;
  bool residual_, layer_norm_, edge_weights_, pool_relations_, last_;
  double dropout_;
  std::map<graph::NodeTypeId, Receiver> receivers_;
  std::map<graph::RelationId, torch::Tensor> ages_;    // [kAgeClasses], before softplus
  std::map<graph::RelationId, torch::Tensor> shares_;  // [1], before softplus: of a relation in its group
};
TORCH_MODULE(HeteroSage);

}  // namespace weft::gnn
