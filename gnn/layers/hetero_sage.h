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
#include "gnn/model_options.h"
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
  // The learned weight of each age class, [kAgeClasses].
  torch::Tensor age_weights(graph::RelationId relation) const;

 private:
  struct Receiver {
    std::vector<graph::RelationId> relations = {};
    torch::nn::Linear linear{nullptr};  // from (1 + relations) x hidden
    torch::Tensor norm_gain = {}, norm_offset = {};
  };
  torch::Tensor aggregate(const RelationMessages& messages, ForwardContext& context) const;

  std::int64_t hidden_;
  Activation activation_;
  bool residual_, layer_norm_, edge_weights_, last_;
  double dropout_;
  std::map<graph::NodeTypeId, Receiver> receivers_;
  std::map<graph::RelationId, torch::Tensor> ages_;       // [kAgeClasses], before softplus
  std::map<graph::RelationId, torch::Tensor> shrinkage_;  // before softplus; empty: plain means
};
TORCH_MODULE(HeteroSage);

}  // namespace weft::gnn
