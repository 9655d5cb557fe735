// One heterogeneous graph attention layer (Velickovic et al. 2018, with heads and, for each relation,
// matrices and coefficients of its own): a receiver's new state comes from its own state and, per relation,
// from its senders' projected states, weighed by a softmax over the relation's messages.
#pragma once

#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/layers/message_layer.h"
#include "gnn/model_options.h"
#include "graph/schema.h"

namespace weft::gnn {

class HeteroGatImpl : public MessageLayer {
 public:
  // `relations`: those of the network; `receivers`: node types this layer makes states of. hidden is a
  // multiple of heads.
  HeteroGatImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options, bool last);

  // States without a matrix. With W_r, s_r, t_r the relation's matrix and coefficients and z_j = W_r x_j,
  // head h of message j -> i scores leaky_relu(s_r[h] . z_j[h] + t_r[h] . (W_r' x_i)[h]) + age_r[h, age] +
  // log of the edge's weight; t_r and W_r' are one matrix, as nothing else reads their product.
  std::vector<torch::Tensor> receive(const std::vector<LayerStates>& states,
                                     const std::vector<Reception>& receptions,
                                     ForwardContext& context) override;

 private:
  struct Relation {
    graph::NodeTypeId sender = 0;
    torch::nn::Linear project{nullptr};  // without offset
    torch::Tensor of_sender = {};        // [heads, hidden / heads]
    torch::Tensor of_receiver = {};      // [hidden, heads]
    torch::Tensor ages = {};             // [kAgeClasses, heads], added to scores; undefined: not by age
  };
  torch::Tensor scores(const Relation& relation, const RelationMessages& messages,
                       const torch::Tensor& senders, std::span<const std::uint32_t> sources,
                       const torch::Tensor& self, ForwardContext& context) const;

  std::int64_t heads_;
  std::map<graph::NodeTypeId, torch::nn::Linear> own_;  // of a receiver's own state, with the offset
  std::map<graph::RelationId, Relation> relations_;
};
TORCH_MODULE(HeteroGat);

}  // namespace weft::gnn
