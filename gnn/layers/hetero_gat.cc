#include "gnn/layers/hetero_gat.h"

#include <torch/nn/init.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "gnn/inputs/node_inputs.h"
#include "gnn/inputs/structure.h"
#include "gnn/ops/attention.h"
#include "gnn/ops/spmm.h"

namespace weft::gnn {
namespace {

constexpr double kNegativeSlope = 0.2;

// [messages, columns]: for each message the row of x that `rows` names. The gradient is a sum over sorted
// messages, not a scatter.
torch::Tensor rows_of_messages(const torch::Tensor& x, std::span<const std::uint32_t> rows,
                               ForwardContext& context) {
  std::vector<std::uint32_t> one_each(rows.size() + 1);
  std::iota(one_each.begin(), one_each.end(), 0U);
  return segment_weighted_sum(x, one_each, rows, {}, context.pool());
}

std::vector<std::uint32_t> receivers_of(std::span<const std::uint32_t> offsets) {
  std::vector<std::uint32_t> receivers;
  receivers.reserve(offsets.back());
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    receivers.insert(receivers.end(), offsets[r + 1] - offsets[r], static_cast<std::uint32_t>(r));
  return receivers;
}

// [messages, 1]: what a weight adds to a score, so that shares are proportional to weights; one that is not
// positive takes its message out.
torch::Tensor log_weights(std::span<const float> weights) {
  const torch::Tensor logs = torch::empty({static_cast<std::int64_t>(weights.size()), 1});
  float* const values = logs.mutable_data_ptr<float>();
  for (std::size_t e = 0; e < weights.size(); ++e)
    values[e] = weights[e] > 0 ? std::log(weights[e]) : -std::numeric_limits<float>::infinity();
  return logs;
}

// The senders that one relation's messages come from. Of those that a batch has of a type a relation names a
// part, the less the more relations there are: the others need not be projected for it.
struct Senders {
  torch::Tensor states = {};  // [n, hidden]
  std::vector<std::uint32_t> renumbered = {};
  std::span<const std::uint32_t> sources = {};  // [messages], rows of states
};

Senders senders_of(const RelationMessages& messages, const torch::Tensor& all, ForwardContext& context) {
  constexpr double kMostOfThem = 0.8;  // from this share on, picking them out costs as much as it saves
  Senders made{.states = all, .sources = messages.sources.first(messages.offsets.back())};
  constexpr std::uint32_t kUnseen = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> place(static_cast<std::size_t>(all.size(0)), kUnseen), named;
  made.renumbered.reserve(made.sources.size());
  for (const std::uint32_t source : made.sources) {
    WEFT_CHECK(source < place.size());
    if (place[source] == kUnseen) {
      place[source] = static_cast<std::uint32_t>(named.size());
      named.push_back(source);
    }
    made.renumbered.push_back(place[source]);
  }
  if (static_cast<double>(named.size()) > kMostOfThem * static_cast<double>(place.size())) return made;
  made.states = rows_of_messages(all, named, context);
  made.sources = made.renumbered;
  return made;
}

}  // namespace

HeteroGatImpl::HeteroGatImpl(const graph::Schema& schema, const std::vector<graph::RelationId>& relations,
                             const std::vector<graph::NodeTypeId>& receivers, const ModelOptions& options,
                             bool last)
    : MessageLayer(options, last), heads_(options.heads) {
  WEFT_CHECK(hidden_ % heads_ == 0);
  for (const graph::NodeTypeId type : receivers) {
    const std::string& name = schema.node_type(type).name;
    own_.emplace(type, register_module(module_name("own", type, name), torch::nn::Linear(hidden_, hidden_)));
    add_norm(type, name);
  }
  for (const graph::RelationId id : relations) {
    if (!own_.contains(schema.row_type(id))) continue;
    const std::string name = schema.relation_name(id);
    Relation relation{.sender = schema.target_type(id)};
    relation.project =
        register_module(module_name("project", id, name),
                        torch::nn::Linear(torch::nn::LinearOptions(hidden_, hidden_).bias(false)));
    const auto coefficients = [&](const char* kind, at::IntArrayRef shape) {
      torch::Tensor made = register_parameter(module_name(kind, id, name), torch::empty(shape));
      torch::nn::init::xavier_uniform_(made);
      return made;
    };
    relation.of_sender = coefficients("of_sender", {heads_, hidden_ / heads_});
    relation.of_receiver = coefficients("of_receiver", {hidden_, heads_});
    if (options.age_weights && schema.edge_type(graph::edge_type_of(id)).timed)
      relation.ages = register_parameter(module_name("ages", id, name), torch::zeros({kAgeClasses, heads_}));
    relations_.emplace(id, std::move(relation));
  }
}

torch::Tensor HeteroGatImpl::scores(const Relation& relation, const RelationMessages& messages,
                                    const torch::Tensor& senders, std::span<const std::uint32_t> sources,
                                    const torch::Tensor& self, ForwardContext& context) const {
  const std::size_t count = messages.offsets.back();
  // s . (W x) is (W^T s) . x: a column a head instead of the projected states.
  const torch::Tensor by_head = relation.project->weight.view({heads_, hidden_ / heads_, hidden_});
  const torch::Tensor turned = (by_head * relation.of_sender.unsqueeze(2)).sum(1).t();  // [hidden, heads]
  const std::vector<std::uint32_t> receivers = receivers_of(messages.offsets);
  torch::Tensor scores =
      torch::leaky_relu(rows_of_messages(torch::mm(senders, turned), sources, context) +
                            rows_of_messages(torch::mm(self, relation.of_receiver), receivers, context),
                        kNegativeSlope);
  if (relation.ages.defined() && !messages.ages.empty()) {
    std::vector<std::uint32_t> classes(messages.ages.begin(), messages.ages.begin() + count);
    scores = scores + rows_of_messages(relation.ages, classes, context);
  }
  if (!messages.weights.empty()) scores = scores + log_weights(messages.weights.first(count));
  return scores;
}

std::vector<torch::Tensor> HeteroGatImpl::receive(const std::vector<LayerStates>& states,
                                                  const std::vector<Reception>& receptions,
                                                  ForwardContext& context) {
  std::vector<torch::Tensor> all, outs;
  for (const LayerStates& of : states)
    all.push_back(of.rows.values.defined() ? first_states(of, of.rows.size()) : torch::Tensor());
  for (const Reception& reception : receptions) {
    const torch::Tensor self = all[reception.type].narrow(0, 0, static_cast<std::int64_t>(reception.rows));
    torch::nn::Linear own = own_.at(reception.type);
    torch::Tensor state = own(self);
    for (const RelationMessages& messages : reception.messages) {
      if (messages.offsets.back() == 0) continue;
      const Relation& relation = relations_.at(messages.relation);
      const Senders senders = senders_of(messages, all[relation.sender], context);
      const torch::Tensor shares =
          segment_softmax(scores(relation, messages, senders.states, senders.sources, self, context),
                          messages.offsets, context.pool());
      torch::nn::Linear project = relation.project;
      state = state + attention_sum(project(senders.states), shares, messages.offsets, senders.sources,
                                    context.pool());
    }
    outs.push_back(finish(reception.type, activated(state), self, context));
  }
  return outs;
}

}  // namespace weft::gnn
