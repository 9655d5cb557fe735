// A layer of message passing over typed nodes: what all kinds of it have in common.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/layer_states.h"
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
  std::span<const float> stands_for = {};       // [rows or more]: edges that one pick stands for; empty: 1
};

// Who receives: the first `rows` (at least one) nodes of a type.
struct Reception {
  graph::NodeTypeId type = 0;
  std::size_t rows = 0;
  std::vector<RelationMessages> messages = {};  // `senders` is not read: states are given apart
};

class MessageLayer : public torch::nn::Module {
 public:
  MessageLayer(const ModelOptions& options, bool last);

  // New states of the receivers, [rows, hidden] each. states [node type]: of all nodes before the layer.
  // Relations of a type without messages count as having none.
  virtual std::vector<torch::Tensor> receive(const std::vector<LayerStates>& states,
                                             const std::vector<Reception>& receptions,
                                             ForwardContext& context) = 0;

 protected:
  void add_norm(graph::NodeTypeId type, const std::string& name);
  torch::Tensor activated(const torch::Tensor& x) const;
  // What follows the activation: dropout, the state before, the norm. `self` is read with a residual alone.
  torch::Tensor finish(graph::NodeTypeId type, torch::Tensor state, const torch::Tensor& self,
                       ForwardContext& context) const;

  std::int64_t hidden_;
  Activation activation_;
  bool residual_, layer_norm_, last_;
  double dropout_;

 private:
  struct Norm {
    torch::Tensor gain = {}, offset = {};
  };
  std::map<graph::NodeTypeId, Norm> norms_;
};

// [count, hidden]: of the first `count` nodes.
torch::Tensor first_states(const LayerStates& states, std::size_t count);

}  // namespace weft::gnn
