#include "gnn/link_model.h"

#include <ATen/Context.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "gnn/hard_choice.h"
#include "gnn/losses.h"
#include "gnn/walk_relations.h"

namespace weft::gnn {
namespace {

using graph::NodeTypeId;
using graph::RelationId;

// Torch's layers draw their first values from its global generator: seed it for as long as a model is made,
// then put it back.
class SeededInit {
 public:
  explicit SeededInit(std::uint64_t seed)
      : lock_(mutex()), generator_(at::globalContext().defaultGenerator(at::kCPU)) {
    const std::lock_guard guard(generator_.mutex());
    before_ = generator_.get_state();
    generator_.set_current_seed(seed);
  }
  ~SeededInit() {
    const std::lock_guard guard(generator_.mutex());
    generator_.set_state(before_);
  }
  SeededInit(const SeededInit&) = delete;
  SeededInit& operator=(const SeededInit&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  std::lock_guard<std::mutex> lock_;
  at::Generator generator_;
  torch::Tensor before_;
};

torch::Tensor structure_tensor(const SampledNodes& nodes, NodeTypeId type, std::int64_t rows) {
  const auto all = static_cast<std::int64_t>(nodes.graph.nodes[type].size());
  const std::vector<float>& values = nodes.structure[type];
  const std::int64_t width = all == 0 ? 0 : static_cast<std::int64_t>(values.size()) / all;
  return torch::from_blob(const_cast<float*>(values.data()), {rows, width}, torch::kFloat);
}

torch::Tensor int_tensor(const std::vector<std::int32_t>& values) {
  return torch::from_blob(const_cast<std::int32_t*>(values.data()),
                          {static_cast<std::int64_t>(values.size())}, torch::kInt);
}

// [events, negatives], true for those that count by the scores given.
torch::Tensor hard_ones(const HardNegatives& hard, const TrainBatch& batch, const torch::Tensor& scores) {
  const torch::Tensor values = scores.detach().contiguous();
  const torch::Tensor kept = torch::empty(scores.sizes(), torch::kByte);
  const std::size_t count = batch.negatives.size();
  choose_hard(hard, batch.negatives, {values.const_data_ptr<float>(), count}, batch.negatives_per_event,
              {kept.mutable_data_ptr<std::uint8_t>(), count});
  return kept.to(torch::kBool);
}

}  // namespace

LinkModelImpl::LinkModelImpl(const graph::Schema& schema, graph::EdgeTypeId target,
                             const std::vector<RelationId>& of_edges, const InputSpec& inputs,
                             const Structure& structure, const ModelOptions& options, std::uint64_t seed)
    : schema_(with_walks(schema, options)),
      target_(schema.edge_type(target)),
      hidden_(options.hidden),
      takes_matrices_(HeteroSageImpl::takes_matrices(options)) {
  const SeededInit seeded(seed);
  const std::size_t types = schema.node_types().size();
  std::vector<RelationId> relations = of_edges;
  for (std::size_t walk = 0; walk < options.walks.size(); ++walk)
    relations.push_back(sampling::walk_relation_id(schema, walk));
  needed_.assign(options.layers() + 1, std::vector<std::uint8_t>(types, 0));
  needed_.back()[target_.from] = needed_.back()[target_.to] = 1;
  for (std::size_t layer = options.layers(); layer-- > 0;) {
    needed_[layer] = needed_[layer + 1];
    for (const RelationId relation : relations) {
      if (needed_[layer + 1][schema_.row_type(relation)] != 0)
        needed_[layer][schema_.target_type(relation)] = 1;
    }
  }
  for (std::size_t t = 0; t < types; ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    const std::string& name = schema.node_type(type).name;
    inputs_.emplace_back(nullptr);
    if (needed_[0][t] == 0) continue;
    inputs_[t] = register_module(module_name("inputs", t, name),
                                 NodeInputs(name, inputs.types[t], structure.width(type), options));
  }
  for (std::size_t layer = 0; layer < options.layers(); ++layer) {
    std::vector<NodeTypeId> receivers;
    for (std::size_t t = 0; t < types; ++t) {
      if (needed_[layer + 1][t] != 0) receivers.push_back(static_cast<NodeTypeId>(t));
    }
    const bool last = layer + 1 == options.layers();
    std::shared_ptr<MessageLayer> made;
    if (options.layer == LayerKind::kGat)
      made = std::make_shared<HeteroGatImpl>(schema_, relations, receivers, options, last);
    else
      made = std::make_shared<HeteroSageImpl>(schema_, relations, receivers, options, last);
    layers_.push_back(register_module("layer_" + std::to_string(layer), made));
  }
  from_out_ = register_module("from_out", OutputHead(options));
  to_out_ = register_module("to_out", OutputHead(options));
  decoder_ = register_module("decoder", Decoder(structure.width(target_.to), options));
}

std::vector<RelationMessages> LinkModelImpl::messages_to(NodeTypeId type, std::size_t rows,
                                                         const SampledNodes& nodes,
                                                         const std::vector<LayerStates>& states) const {
  std::vector<RelationMessages> messages;
  for (std::size_t i = 0; i < nodes.graph.relations.size(); ++i) {
    const sampling::RelationBlock& block = nodes.graph.relations[i];
    if (schema_.row_type(block.relation) != type) continue;
    const StateRows& senders = states[schema_.target_type(block.relation)].rows;
    if (!senders.values.defined() || senders.size() == 0) continue;
    WEFT_CHECK(block.offsets.size() > rows);
    messages.push_back({.relation = block.relation,
                        .offsets = std::span(block.offsets).first(rows + 1),
                        .sources = block.sources,
                        .ages = nodes.edges[i].ages,
                        .weights = nodes.edges[i].weights,
                        .stands_for = nodes.edges[i].stands_for});
  }
  return messages;
}

// What `layer` makes of the receivers.
std::vector<LayerStates> LinkModelImpl::receive(std::size_t layer, std::vector<Reception> receptions,
                                                const std::vector<LayerStates>& states,
                                                ForwardContext& context) {
  std::vector<LayerStates> next(states.size());
  for (const Reception& reception : receptions) {
    if (reception.rows == 0) next[reception.type].rows.values = torch::zeros({0, hidden_});
  }
  std::erase_if(receptions, [](const Reception& reception) { return reception.rows == 0; });
  const std::vector<torch::Tensor> made = layers_[layer]->receive(states, receptions, context);
  for (std::size_t i = 0; i < made.size(); ++i) next[receptions[i].type].rows.values = made[i];
  return next;
}

SeedVectors LinkModelImpl::embed(const std::vector<TypeTables>& tables, const SampledNodes& nodes,
                                 ForwardContext& context) {
  const std::size_t types = schema_.node_types().size();
  std::vector<LayerStates> states(types);
  for (std::size_t t = 0; t < types; ++t) {
    if (inputs_[t].is_empty()) continue;
    const InputNodes known{
        .ids = nodes.graph.nodes[t], .structure = nodes.structure[t], .id_shown = nodes.id_shown[t]};
    std::optional<LayerStates> linear;
    if (takes_matrices_) linear = inputs_[t]->linear_states(tables[t], known.ids);
    if (linear)
      states[t] = *linear;
    else
      states[t].rows.values = input_states(tables, static_cast<NodeTypeId>(t), known, context);
  }
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    std::vector<Reception> receptions;
    for (std::size_t t = 0; t < types; ++t) {
      const auto type = static_cast<NodeTypeId>(t);
      if (!needs(layer + 1, type)) continue;
      const std::size_t rows = nodes.graph.hop_ends[t][layers_.size() - 1 - layer];
      receptions.push_back({type, rows, messages_to(type, rows, nodes, states)});
    }
    states = receive(layer, std::move(receptions), states, context);
  }
  SeedVectors seeds;
  seeds.from = from_vectors(states[target_.from].rows.values);
  const torch::Tensor& to_states = states[target_.to].rows.values;
  std::tie(seeds.to, seeds.to_offset) =
      to_vectors(to_states, structure_tensor(nodes, target_.to, to_states.size(0)));
  return seeds;
}

torch::Tensor LinkModelImpl::input_states(const std::vector<TypeTables>& tables, NodeTypeId type,
                                          const InputNodes& nodes, ForwardContext& context) {
  return inputs_[type](tables[type], nodes, context);
}

torch::Tensor LinkModelImpl::layer_states(std::size_t layer, NodeTypeId type,
                                          const std::vector<torch::Tensor>& previous,
                                          const SampledNodes& nodes, ForwardContext& context) {
  std::vector<LayerStates> states(previous.size());
  for (std::size_t t = 0; t < previous.size(); ++t) {
    if (!previous[t].defined()) continue;
    states[t].rows = {previous[t], nodes.graph.nodes[t]};
    // No ids stand for all rows in their order, not for none.
    if (nodes.graph.nodes[t].empty())
      states[t].rows = {previous[t].index_select(0, index_tensor(nodes.graph.nodes[t]))};
  }
  const std::size_t rows = nodes.graph.hop_ends[type][0];
  return receive(layer, {{type, rows, messages_to(type, rows, nodes, states)}}, states, context)[type]
      .rows.values;
}

torch::Tensor LinkModelImpl::from_vectors(const torch::Tensor& states) {
  return decoder_->from_vectors(from_out_(states));
}

std::pair<torch::Tensor, torch::Tensor> LinkModelImpl::to_vectors(const torch::Tensor& states,
                                                                  const torch::Tensor& structure) {
  const torch::Tensor out = to_out_(states);
  return {decoder_->to_vectors(out), decoder_->offsets(out, structure)};
}

torch::Tensor LinkModelImpl::loss(const std::vector<TypeTables>& tables, const TrainBatch& batch,
                                  LossKind kind, ForwardContext& context, const HardNegatives& hard) {
  const SeedVectors seeds = embed(tables, batch.sampled, context);
  const torch::Tensor users = seeds.from.index_select(0, int_tensor(batch.users));
  if (!batch.columns.empty()) {
    const torch::Tensor columns = int_tensor(batch.columns);
    const torch::Tensor scores =
        torch::addmm(seeds.to_offset.index_select(0, columns), users, seeds.to.index_select(0, columns).t());
    const torch::Tensor masked =
        torch::from_blob(const_cast<std::int64_t*>(batch.masked.data()),
                         {static_cast<std::int64_t>(batch.masked.size())}, torch::kLong);
    torch::Tensor log_q;
    if (!batch.log_q.empty()) log_q = torch::tensor(batch.log_q);
    return candidate_softmax_loss(scores, int_tensor(batch.positive_columns), masked, log_q);
  }
  const auto events = static_cast<std::int64_t>(batch.users.size());
  const auto per_event = static_cast<std::int64_t>(batch.negatives_per_event);
  const torch::Tensor positives = int_tensor(batch.positives);
  const torch::Tensor negatives = int_tensor(batch.negatives);
  const torch::Tensor drawn = negatives.clamp_min(0);
  const torch::Tensor positive =
      (users * seeds.to.index_select(0, positives)).sum(1) + seeds.to_offset.index_select(0, positives);
  const torch::Tensor negative =
      torch::bmm(seeds.to.index_select(0, drawn).view({events, per_event, -1}), users.unsqueeze(2))
          .squeeze(2) +
      seeds.to_offset.index_select(0, drawn).view({events, per_event});
  torch::Tensor valid = (negatives >= 0).view({events, per_event});
  if (hard.count > 0) valid = hard_ones(hard, batch, negative);
  if (kind == LossKind::kBpr) return bpr_loss(positive, negative, valid);
  torch::Tensor log_q;
  if (!batch.log_q.empty()) log_q = torch::tensor(batch.log_q).view({events, 1 + per_event});
  return sampled_softmax_loss(positive, negative, valid, log_q);
}

std::vector<std::pair<std::string, torch::Tensor>> LinkModelImpl::id_tables() const {
  std::vector<std::pair<std::string, torch::Tensor>> tables;
  for (const NodeInputs& inputs : inputs_) {
    if (!inputs.is_empty() && inputs->has_id_table()) tables.emplace_back(inputs->name(), inputs->id_table());
  }
  return tables;
}

std::uint64_t LinkModelImpl::parameter_count() const {
  std::uint64_t count = 0;
  for (const torch::Tensor& parameter : parameters()) count += static_cast<std::uint64_t>(parameter.numel());
  for (const auto& [name, table] : id_tables()) count += static_cast<std::uint64_t>(table.numel());
  return count;
}

}  // namespace weft::gnn
