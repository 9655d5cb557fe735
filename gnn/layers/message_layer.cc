#include "gnn/layers/message_layer.h"

#include "gnn/inputs/node_inputs.h"

namespace weft::gnn {

MessageLayer::MessageLayer(const ModelOptions& options, bool last)
    : hidden_(options.hidden),
      activation_(options.activation),
      residual_(options.residual),
      layer_norm_(options.layer_norm),
      last_(last),
      dropout_(options.dropout) {}

void MessageLayer::add_norm(graph::NodeTypeId type, const std::string& name) {
  if (!layer_norm_) return;
  Norm& norm = norms_[type];
  norm.gain = register_parameter(module_name("norm_gain", type, name), torch::ones({hidden_}));
  norm.offset = register_parameter(module_name("norm_offset", type, name), torch::zeros({hidden_}));
}

torch::Tensor MessageLayer::activated(const torch::Tensor& x) const {
  if (last_) return x;
  return activation_ == Activation::kRelu ? torch::relu(x) : torch::gelu(x);
}

torch::Tensor MessageLayer::finish(graph::NodeTypeId type, torch::Tensor state, const torch::Tensor& self,
                                   ForwardContext& context) const {
  state = context.dropout(state, dropout_);
  if (residual_) state = state + self;
  if (!layer_norm_) return state;
  const Norm& norm = norms_.at(type);
  return torch::layer_norm(state, {hidden_}, norm.gain, norm.offset);
}

torch::Tensor first_states(const LayerStates& states, std::size_t count) {
  const auto rows = static_cast<std::int64_t>(count);
  torch::Tensor values = states.rows.values;
  if (!states.rows.ids.empty())
    values = values.index_select(0, index_tensor(states.rows.ids.first(count)));
  else if (values.size(0) != rows)
    values = values.narrow(0, 0, rows);
  return states.matrix.defined() ? torch::addmm(states.offset, values, states.matrix) : values;
}

}  // namespace weft::gnn
