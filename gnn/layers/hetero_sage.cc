#include "gnn/layers/hetero_sage.h"

#include <algorithm>

#include "base/error.h"
#include "gnn/inputs/node_inputs.h"
#include "gnn/inputs/structure.h"
#include "gnn/ops/spmm.h"

namespace weft::gnn {
namespace {

constexpr double kSoftplusOfOne = 0.5413248546129181;  // softplus of it is 1

}  // namespace

HeteroSageImpl::HeteroSageImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                               const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options,
                               bool last)
    : hidden_(options.hidden),
      activation_(options.activation),
      residual_(options.residual),
      layer_norm_(options.layer_norm),
      edge_weights_(options.edge_weights),
      last_(last),
      dropout_(options.dropout) {
  for (const graph::NodeTypeId type : receivers) {
    Receiver receiver;
    const std::string& name = schema.node_type(type).name;
    for (const graph::RelationId relation : relations) {
      if (schema.row_type(relation) != type) continue;
      receiver.relations.push_back(relation);
      if (options.age_weights && schema.edge_type(graph::edge_type_of(relation)).timed) {
        ages_[relation] = register_parameter(module_name("ages", relation, schema.relation_name(relation)),
                                             torch::full({kAgeClasses}, kSoftplusOfOne));
      }
      if (options.shrinkage) {
        shrinkage_[relation] =
            register_parameter(module_name("shrinkage", relation, schema.relation_name(relation)),
                               torch::full({1}, kSoftplusOfOne));
      }
    }
    const auto inputs = static_cast<std::int64_t>(1 + receiver.relations.size());
    receiver.linear =
        register_module(module_name("linear", type, name), torch::nn::Linear(inputs * hidden_, hidden_));
    if (layer_norm_) {
      receiver.norm_gain = register_parameter(module_name("norm_gain", type, name), torch::ones({hidden_}));
      receiver.norm_offset =
          register_parameter(module_name("norm_offset", type, name), torch::zeros({hidden_}));
    }
    receivers_.emplace(type, std::move(receiver));
  }
}

torch::Tensor HeteroSageImpl::age_weights(graph::RelationId relation) const {
  const auto found = ages_.find(relation);
  return found == ages_.end() ? torch::ones({kAgeClasses}) : torch::softplus(found->second);
}

torch::Tensor HeteroSageImpl::aggregate(const RelationMessages& messages, ForwardContext& context) const {
  const std::size_t picked = messages.offsets.empty() ? 0 : messages.offsets.back();
  const auto count = static_cast<std::int64_t>(picked);
  torch::Tensor weights;
  const auto found = ages_.find(messages.relation);
  if (found != ages_.end() && !messages.ages.empty()) {
    const torch::Tensor classes =
        torch::from_blob(const_cast<std::int32_t*>(messages.ages.data()), {count}, torch::kInt);
    weights = torch::softplus(found->second).index_select(0, classes);
  }
  if (edge_weights_ && !messages.weights.empty()) {
    const torch::Tensor own =
        torch::from_blob(const_cast<float*>(messages.weights.data()), {count}, torch::kFloat);
    weights = weights.defined() ? weights * own : own;
  }
  const auto sources = messages.sources.first(picked);
  if (!shrinkage_.contains(messages.relation)) {
    return segment_weighted_mean(messages.senders, messages.offsets, sources, weights, context.pool());
  }
  const torch::Tensor sums =
      segment_weighted_sum(messages.senders, messages.offsets, sources, weights, context.pool());
  const torch::Tensor mass = segment_weighted_sum(torch::ones({messages.senders.size(0), 1}),
                                                  messages.offsets, sources, weights, context.pool());
  return sums / (mass + torch::softplus(shrinkage_.at(messages.relation)));
}

torch::Tensor HeteroSageImpl::forward(graph::NodeTypeId type, const torch::Tensor& self,
                                      const std::vector<RelationMessages>& messages,
                                      ForwardContext& context) {
  const Receiver& receiver = receivers_.at(type);
  std::vector<torch::Tensor> parts{self};
  for (const graph::RelationId relation : receiver.relations) {
    const auto found = std::find_if(messages.begin(), messages.end(),
                                    [&](const RelationMessages& m) { return m.relation == relation; });
    const bool none = found == messages.end() || found->sources.empty();
    parts.push_back(none ? torch::zeros_like(self) : aggregate(*found, context));
  }
  torch::nn::Linear linear = receiver.linear;
  torch::Tensor state = linear(torch::cat(parts, 1));
  if (!last_) state = activation_ == Activation::kRelu ? torch::relu(state) : torch::gelu(state);
  state = context.dropout(state, dropout_);
  if (residual_) state = state + self;
  if (layer_norm_) state = torch::layer_norm(state, {hidden_}, receiver.norm_gain, receiver.norm_offset);
  return state;
}

}  // namespace weft::gnn
