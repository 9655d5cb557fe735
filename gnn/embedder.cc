#include "gnn/embedder.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "gnn/walk_relations.h"

namespace weft::gnn {
namespace {

using graph::NodeId;
using graph::NodeTypeId;

// The ids of one chunk: begin, begin + 1, ...
std::vector<NodeId> chunk_ids(std::size_t begin, std::size_t end) {
  std::vector<NodeId> ids(end - begin);
  std::iota(ids.begin(), ids.end(), static_cast<NodeId>(begin));
  return ids;
}

NodeVectors node_vectors(const torch::Tensor& values, const torch::Tensor& offsets) {
  const torch::Tensor rows = values.contiguous();
  const torch::Tensor bias = offsets.contiguous();
  NodeVectors vectors{.rows = static_cast<std::size_t>(rows.size(0)),
                      .dim = static_cast<std::size_t>(rows.size(1))};
  vectors.values.assign(rows.const_data_ptr<float>(), rows.const_data_ptr<float>() + rows.numel());
  vectors.bias.assign(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + bias.numel());
  return vectors;
}

}  // namespace

Embedder::Embedder(EmbedderSetup setup, const ModelOptions& options)
    : setup_(std::move(setup)), target_(setup_.graph.schema->edge_type(setup_.target)) {
  const auto& fan_outs = options.inference_fan_outs.empty() ? options.fan_outs : options.inference_fan_outs;
  for (std::size_t layer = 0; layer < options.layers(); ++layer) {
    NodeSamplerSetup sampler{.snapshot = setup_.snapshot, .graph = setup_.graph, .target = setup_.target};
    sampler.relations = followed_relations(*setup_.graph.schema, options.skip_relations);
    sampler.fan_outs = {fan_outs[options.layers() - 1 - layer]};
    sampler.walks = walk_relations(*setup_.graph.schema, options, 1);
    sampler.picks = options.picks;
    sampler.replacement = options.replacement;
    sampler.structure = structure_options(options);
    sampler.ages = options.age_weights;
    sampler.weights = options.edge_weights;
    sampler.nodes = false;
    sampler.stands_for = options.shrinkage || options.pool_relations;
    sampler.seed = setup_.seed;
    samplers_.emplace_back(std::move(sampler));
  }
}

Embedder::Facts Embedder::facts(NodeTypeId type, std::span<const NodeId> ids) const {
  const Structure& structure = samplers_.front().structure();
  Facts facts;
  facts.structure.resize(ids.size() * structure.width(type));
  facts.has_events.resize(ids.size());
  const std::vector<graph::TimeMs> before(ids.size(), setup_.before.value_or(graph::kEndOfTime));
  structure.describe(type, ids, before, {}, {}, facts.structure, facts.has_events);
  return facts;
}

torch::Tensor Embedder::input_states(LinkModel& model, const std::vector<TypeTables>& tables, NodeTypeId type,
                                     ForwardContext& context) const {
  const std::size_t nodes = setup_.graph.node_counts[type];
  std::vector<torch::Tensor> parts;
  for (std::size_t begin = 0; begin < nodes; begin += setup_.batch) {
    const std::vector<NodeId> ids = chunk_ids(begin, std::min(begin + setup_.batch, nodes));
    const Facts known = facts(type, ids);
    parts.push_back(model->input_states(
        tables, type, InputNodes{.ids = ids, .structure = known.structure, .id_shown = known.has_events},
        context));
  }
  return parts.empty() ? torch::Tensor() : torch::cat(parts, 0);
}

torch::Tensor Embedder::layer_states(LinkModel& model, std::size_t layer, NodeTypeId type,
                                     const std::vector<torch::Tensor>& previous,
                                     ForwardContext& context) const {
  const std::size_t nodes = setup_.graph.node_counts[type];
  NodeSampler::Scratch scratch;
  std::vector<torch::Tensor> parts;
  for (std::size_t begin = 0; begin < nodes; begin += setup_.batch) {
    std::vector<graph::NodeRef> seeds;
    for (const NodeId id : chunk_ids(begin, std::min(begin + setup_.batch, nodes)))
      seeds.push_back({type, id});
    std::vector<graph::TimeMs> before;
    if (setup_.before) before.assign(seeds.size(), *setup_.before);
    const SampledNodes sampled = samplers_[layer].sample({.nodes = seeds, .before = before}, 0, {}, scratch);
    parts.push_back(model->layer_states(layer, type, previous, sampled, context));
  }
  return parts.empty() ? torch::Tensor() : torch::cat(parts, 0);
}

NodeVectors Embedder::finish_to(LinkModel& model, const torch::Tensor& states) const {
  const std::size_t rows = setup_.graph.node_counts[target_.to];
  if (rows == 0) return {};
  const std::vector<NodeId> ids = chunk_ids(0, rows);
  const Facts known = facts(target_.to, ids);
  const std::size_t width = known.structure.size() / rows;
  const torch::Tensor structure =
      torch::from_blob(const_cast<float*>(known.structure.data()),
                       {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)}, torch::kFloat);
  const auto [values, offsets] = model->to_vectors(states, structure);
  return node_vectors(values, offsets);
}

LinkVectors Embedder::embed(LinkModel& model, const std::vector<TypeTables>& tables, ThreadPool* pool,
                            ProgressSink& progress) const {
  const at::NoGradGuard no_grad;
  ForwardContext context = ForwardContext::inference(pool);
  const std::size_t type_count = setup_.graph.node_counts.size();
  const std::size_t layers = model->layers();
  progress.begin("embed", (layers + 1) * type_count, "steps");
  std::vector<torch::Tensor> states(type_count);
  for (std::size_t t = 0; t < type_count; ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    if (model->needs(0, type)) states[t] = input_states(model, tables, type, context);
    progress.advance(t + 1);
  }
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::vector<torch::Tensor> next(type_count);
    for (std::size_t t = 0; t < type_count; ++t) {
      const auto type = static_cast<NodeTypeId>(t);
      if (model->needs(layer + 1, type)) next[t] = layer_states(model, layer, type, states, context);
      progress.advance((layer + 1) * type_count + t + 1);
    }
    states = std::move(next);
  }
  progress.end();
  LinkVectors vectors;
  if (const torch::Tensor& from = states[target_.from]; from.defined()) {
    vectors.from = node_vectors(model->from_vectors(from), torch::zeros({from.size(0)}));
  }
  if (states[target_.to].defined()) vectors.to = finish_to(model, states[target_.to]);
  return vectors;
}

}  // namespace weft::gnn
