#include "gnn/layers/hetero_sage.h"

#include <algorithm>

#include "base/error.h"
#include "gnn/inputs/node_inputs.h"
#include "gnn/inputs/structure.h"
#include "gnn/ops/spmm.h"

namespace weft::gnn {
namespace {

constexpr double kSoftplusOfOne = 0.5413248546129181;  // softplus of it is 1
constexpr double kLeastMass = 1e-12;                   // rows without messages are zero

// [rows, 1]: the number of edges of each row.
torch::Tensor degrees(std::span<const std::uint32_t> offsets) {
  const torch::Tensor counts = torch::empty({static_cast<std::int64_t>(offsets.size()) - 1, 1});
  float* const values = counts.mutable_data_ptr<float>();
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    values[r] = static_cast<float>(offsets[r + 1] - offsets[r]);
  return counts;
}

}  // namespace

HeteroSageImpl::HeteroSageImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                               const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options,
                               bool last)
    : MessageLayer(options, last) {
  for (const graph::NodeTypeId type : receivers) {
    Receiver receiver;
    for (const graph::RelationId relation : relations) {
      if (schema.row_type(relation) == type) add_relation(schema, relation, options, receiver);
    }
    const std::string& name = schema.node_type(type).name;
    const auto inputs = static_cast<std::int64_t>(1 + receiver.groups.size());
    receiver.linear =
        register_module(module_name("linear", type, name), torch::nn::Linear(inputs * hidden_, hidden_));
    add_norm(type, name);
    receivers_.emplace(type, std::move(receiver));
  }
}

void HeteroSageImpl::add_relation(const graph::Schema& schema, graph::RelationId relation,
                                  const ModelOptions& options, Receiver& receiver) {
  const std::string name = schema.relation_name(relation);
  const auto one = [&](const char* kind, std::int64_t width) {
    return register_parameter(module_name(kind, relation, name), torch::full({width}, kSoftplusOfOne));
  };
  if (options.age_weights && schema.edge_type(graph::edge_type_of(relation)).timed) {
    ages_[relation] = one("ages", kAgeClasses);
  }
  const graph::NodeTypeId sender = schema.target_type(relation);
  const auto found = std::find_if(receiver.groups.begin(), receiver.groups.end(),
                                  [&](const Group& group) { return group.sender == sender; });
  if (options.pool_relations && found != receiver.groups.end()) {
    found->relations.push_back(relation);
    for (const graph::RelationId member : found->relations) {
      if (shares_.contains(member)) continue;
      shares_[member] = register_parameter(module_name("share", member, schema.relation_name(member)),
                                           torch::full({1}, kSoftplusOfOne));
    }
    return;
  }
  Group group{.sender = sender, .relations = {relation}};
  if (options.shrinkage) group.shrinkage = one("shrinkage", hidden_);
  receiver.groups.push_back(std::move(group));
}

torch::Tensor HeteroSageImpl::age_weights(graph::RelationId relation) const {
  const auto found = ages_.find(relation);
  return found == ages_.end() ? torch::ones({kAgeClasses}) : torch::softplus(found->second);
}

torch::Tensor HeteroSageImpl::edge_weights(const RelationMessages& messages) const {
  const auto count = static_cast<std::int64_t>(messages.offsets.back());
  torch::Tensor weights;
  const auto found = ages_.find(messages.relation);
  if (found != ages_.end() && !messages.ages.empty()) {
    const torch::Tensor classes =
        torch::from_blob(const_cast<std::int32_t*>(messages.ages.data()), {count}, torch::kInt);
    weights = torch::softplus(found->second).index_select(0, classes);
  }
  if (!messages.weights.empty()) {
    const torch::Tensor own =
        torch::from_blob(const_cast<float*>(messages.weights.data()), {count}, torch::kFloat);
    weights = weights.defined() ? weights * own : own;
  }
  return weights;
}

HeteroSageImpl::Sum HeteroSageImpl::sum(const RelationMessages& messages, ForwardContext& context) const {
  const auto sources = messages.sources.first(messages.offsets.back());
  const torch::Tensor weights = edge_weights(messages);
  Sum sum{segment_weighted_sum(messages.senders, messages.offsets, sources, weights, context.pool()),
          weights.defined() ? segment_weighted_sum(torch::ones({messages.senders.size(0), 1}),
                                                   messages.offsets, sources, weights, context.pool())
                            : degrees(messages.offsets)};
  if (!messages.stands_for.empty()) {
    const torch::Tensor scale = torch::from_blob(const_cast<float*>(messages.stands_for.data()),
                                                 {sum.mass.size(0), 1}, torch::kFloat);
    sum.states = sum.states * scale;
    sum.mass = sum.mass * scale;
  }
  const auto share = shares_.find(messages.relation);
  if (share != shares_.end()) {
    const torch::Tensor weight = torch::softplus(share->second);
    sum.states = sum.states * weight;
    sum.mass = sum.mass * weight;
  }
  return sum;
}

torch::Tensor HeteroSageImpl::aggregate(const Group& group, const std::vector<RelationMessages>& messages,
                                        const torch::Tensor& self, ForwardContext& context) const {
  Sum all;
  // The mean of a single relation: what a pick stands for, being the same for all of a row, cancels out.
  const bool mean = group.relations.size() == 1 && !group.shrinkage.defined();
  for (const RelationMessages& m : messages) {
    if (m.sources.empty() ||
        std::find(group.relations.begin(), group.relations.end(), m.relation) == group.relations.end())
      continue;
    if (mean) {
      return segment_weighted_mean(m.senders, m.offsets, m.sources.first(m.offsets.back()), edge_weights(m),
                                   context.pool());
    }
    const Sum one = sum(m, context);
    all.states = all.states.defined() ? all.states + one.states : one.states;
    all.mass = all.mass.defined() ? all.mass + one.mass : one.mass;
  }
  if (!all.states.defined()) return torch::zeros_like(self);
  if (group.shrinkage.defined()) return all.states / (all.mass + torch::softplus(group.shrinkage));
  return all.states / all.mass.clamp_min(kLeastMass);
}

torch::Tensor HeteroSageImpl::forward(graph::NodeTypeId type, const torch::Tensor& self,
                                      const std::vector<RelationMessages>& messages,
                                      ForwardContext& context) {
  const Receiver& receiver = receivers_.at(type);
  std::vector<torch::Tensor> parts{self};
  for (const Group& group : receiver.groups) parts.push_back(aggregate(group, messages, self, context));
  torch::nn::Linear linear = receiver.linear;
  return finish(type, activated(linear(torch::cat(parts, 1))), self, context);
}

bool HeteroSageImpl::takes_matrices(const ModelOptions& options) {
  return options.layer == LayerKind::kSage && !options.pool_relations && !options.shrinkage &&
         !options.age_weights && !options.edge_weights && options.walks.empty();
}

// A group's messages; nothing if there is none.
std::optional<JoinedGroup> HeteroSageImpl::messages_of(const Group& group, const Reception& reception,
                                                       ThreadPool* pool) const {
  std::vector<const RelationMessages*> sent;
  for (const RelationMessages& m : reception.messages) {
    if (!m.sources.empty() &&
        std::find(group.relations.begin(), group.relations.end(), m.relation) != group.relations.end())
      sent.push_back(&m);
  }
  if (sent.empty()) return std::nullopt;
  JoinedGroup made{.states = group.sender};
  if (group.relations.size() > 1) {
    const PooledEdges edges = pooled(sent, pool);
    made.offsets = edges.rows->offsets;
    made.sources = edges.rows->sources;
    made.weights = edges.weights;
    made.owner = edges.rows;
  } else {
    made.offsets = sent[0]->offsets;
    made.sources = sent[0]->sources;
    made.weights = edge_weights(*sent[0]);
    // The mean of a single relation: what a pick stands for, being the same for all of a row, cancels out.
    if (group.shrinkage.defined()) made.stands_for = sent[0]->stands_for;
  }
  if (group.shrinkage.defined()) made.shrinkage = torch::softplus(group.shrinkage);
  return made;
}

// Relations of one group as rows of one, so that their mean is a mean like any other.
PooledEdges HeteroSageImpl::pooled(const std::vector<const RelationMessages*>& sent, ThreadPool* pool) const {
  std::vector<PooledPart> parts;
  std::vector<torch::Tensor> shares, ages;
  for (const RelationMessages* m : sent) {
    PooledPart part{
        .offsets = m->offsets, .sources = m->sources, .weights = m->weights, .stands_for = m->stands_for};
    const auto found = ages_.find(m->relation);
    if (found != ages_.end() && !m->ages.empty()) {
      part.classes = m->ages;
      ages.push_back(found->second);
    }
    shares.push_back(shares_.at(m->relation));
    parts.push_back(part);
  }
  return pool_edges(parts, torch::softplus(torch::cat(shares)),
                    ages.empty() ? torch::Tensor() : torch::softplus(torch::stack(ages)), pool);
}

// The layer's matrix with the states' own multiplied in: part by part, then offsets.
JoinedReceiver HeteroSageImpl::joined(const Receiver& receiver, const std::vector<LayerStates>& states,
                                      const Reception& reception, ThreadPool* pool) const {
  JoinedReceiver made{.rows = reception.rows};
  const torch::Tensor weight = receiver.linear->weight.t();  // [parts x hidden, hidden]
  std::vector<torch::Tensor> matrices, shown;
  torch::Tensor offset = receiver.linear->bias;
  const auto add = [&](std::size_t part, JoinedGroup group) {
    const LayerStates& of = states[group.states];
    const torch::Tensor block = weight.narrow(0, static_cast<std::int64_t>(part) * hidden_, hidden_);
    matrices.push_back(of.matrix.defined() ? torch::mm(of.matrix, block) : block);
    if (of.offset.defined()) {
      const torch::Tensor moved = torch::mv(block.t(), of.offset);
      if (group.offsets.empty()) {
        offset = offset + moved;
      } else {
        group.shows = true;  // a mean of nothing has no offset
        shown.push_back(moved.unsqueeze(0));
      }
    }
    made.groups.push_back(std::move(group));
  };
  add(0, {.states = reception.type});
  for (std::size_t g = 0; g < receiver.groups.size(); ++g) {
    std::optional<JoinedGroup> group = messages_of(receiver.groups[g], reception, pool);
    if (group) add(1 + g, std::move(*group));
  }
  matrices.push_back(offset.unsqueeze(0));
  matrices.insert(matrices.end(), shown.begin(), shown.end());
  made.matrix = torch::cat(matrices, 0);
  return made;
}

std::vector<torch::Tensor> HeteroSageImpl::receive(const std::vector<LayerStates>& states,
                                                   const std::vector<Reception>& receptions,
                                                   ForwardContext& context) {
  std::vector<StateRows> rows;
  for (const LayerStates& of : states) rows.push_back(of.rows);
  std::vector<JoinedReceiver> joined_receivers;
  for (const Reception& reception : receptions)
    joined_receivers.push_back(joined(receivers_.at(reception.type), states, reception, context.pool()));
  const bool relu = !last_ && activation_ == Activation::kRelu;
  std::vector<torch::Tensor> outs = joined_linear(rows, joined_receivers, relu, context.pool());
  for (std::size_t i = 0; i < outs.size(); ++i) {
    const Reception& reception = receptions[i];
    const torch::Tensor self =
        residual_ ? first_states(states[reception.type], reception.rows) : torch::Tensor();
    outs[i] = finish(reception.type, relu ? outs[i] : activated(outs[i]), self, context);
  }
  return outs;
}

}  // namespace weft::gnn
