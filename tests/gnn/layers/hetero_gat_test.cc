#include "gnn/layers/hetero_gat.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "gnn/inputs/structure.h"
#include "tests/gnn/ops/random_block.h"

namespace weft::gnn {
namespace {

constexpr std::int64_t kHidden = 6;

graph::Schema shop_schema() {
  graph::Schema schema;
  const auto user = schema.add_node_type({.name = "user"});
  const auto item = schema.add_node_type({.name = "item"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  schema.add_edge_type({.name = "likes", .from = user, .to = item, .timed = false});
  return schema;
}

// Users and items with random messages; nobody has messages over the reverse of `likes`.
struct Bench {
  graph::Schema schema = shop_schema();
  ModelOptions options;
  std::vector<std::size_t> rows{30, 12};
  std::vector<torch::Tensor> states;
  std::vector<Block> blocks;
  std::vector<std::vector<std::int32_t>> ages;
  std::vector<std::vector<float>> weights;
  HeteroGat layer{nullptr};

  explicit Bench(std::int64_t heads, bool last = false)
      : options{.layer = LayerKind::kGat,
                .hidden = kHidden,
                .dropout = 0,
                .heads = heads,
                .shrinkage = false,
                .edge_weights = true} {
    torch::manual_seed(heads);
    layer = HeteroGat(schema, schema.relations(), std::vector<graph::NodeTypeId>{0, 1}, options, last);
    const at::NoGradGuard no_grad;
    for (auto& item : layer->named_parameters()) {
      if (item.key().starts_with("ages_")) item.value().copy_(torch::randn_like(item.value()));
    }
    states = {torch::randn({40, kHidden}), torch::randn({15, kHidden})};
    for (const graph::RelationId relation : schema.relations()) {
      const std::size_t receivers = rows[schema.row_type(relation)];
      Block block = random_block(relation, receivers,
                                 static_cast<std::size_t>(states[schema.target_type(relation)].size(0)));
      if (relation == 3) block = {.offsets = std::vector<std::uint32_t>(receivers + 1, 0)};
      ages.emplace_back(), weights.emplace_back();
      for (std::size_t e = 0; e < block.sources.size(); ++e) {
        ages.back().push_back(static_cast<std::int32_t>(e % kAgeClasses));
        weights.back().push_back(static_cast<float>(e % 4));
      }
      blocks.push_back(std::move(block));
    }
  }

  std::vector<Reception> receptions() const {
    std::vector<Reception> all{{.type = 0, .rows = rows[0]}, {.type = 1, .rows = rows[1]}};
    for (const graph::RelationId relation : schema.relations()) {
      const bool timed = schema.edge_type(graph::edge_type_of(relation)).timed;
      all[schema.row_type(relation)].messages.push_back(
          {.relation = relation,
           .offsets = blocks[relation].offsets,
           .sources = blocks[relation].sources,
           .ages = timed ? ages[relation] : std::span<const std::int32_t>(),
           .weights = relation == 0 ? weights[relation] : std::span<const float>()});
    }
    return all;
  }
  std::vector<torch::Tensor> run(ThreadPool* pool = nullptr) {
    ForwardContext context = ForwardContext::training(3, pool);
    return layer->receive({{.rows = {states[0]}}, {.rows = {states[1]}}}, receptions(), context);
  }

  // What one relation brings a receiver, message by message.
  torch::Tensor message(graph::RelationId relation, std::size_t row, const torch::Tensor& self) {
    const std::string tail = std::to_string(relation) + "_" + schema.relation_name(relation);
    auto parameters = layer->named_parameters();
    const torch::Tensor matrix = parameters["project_" + tail + ".weight"];
    const torch::Tensor of_sender = parameters["of_sender_" + tail],
                        of_receiver = parameters["of_receiver_" + tail];
    const Block& block = blocks[relation];
    const std::int64_t heads = of_sender.size(0);
    torch::Tensor sum = torch::zeros({heads, kHidden / heads}), total = torch::zeros({heads, 1});
    for (std::uint32_t e = block.offsets[row]; e < block.offsets[row + 1]; ++e) {
      const torch::Tensor sent =
          torch::mv(matrix, states[schema.target_type(relation)][block.sources[e]]).view({heads, -1});
      torch::Tensor score =
          torch::leaky_relu((sent * of_sender).sum(1) + torch::mv(of_receiver.t(), self), 0.2);
      if (relation < 2) score = score + parameters["ages_" + tail][ages[relation][e]];
      const torch::Tensor share =
          (relation == 0 ? weights[relation][e] : 1.0F) * torch::exp(score).unsqueeze(1);
      sum = sum + share * sent;
      total = total + share;
    }
    return torch::where(total > 0, sum / total.clamp_min(1e-20), torch::zeros_like(sum)).view({-1});
  }
  std::vector<torch::Tensor> by_formula(bool last) {
    auto parameters = layer->named_parameters();
    std::vector<torch::Tensor> outs;
    for (const graph::NodeTypeId type : {0, 1}) {
      const std::string tail = type == 0 ? "0_user" : "1_item";
      std::vector<torch::Tensor> made;
      for (std::size_t row = 0; row < rows[type]; ++row) {
        const torch::Tensor self = states[type][static_cast<std::int64_t>(row)];
        torch::Tensor state =
            torch::mv(parameters["own_" + tail + ".weight"], self) + parameters["own_" + tail + ".bias"];
        for (const graph::RelationId relation : schema.relations()) {
          if (schema.row_type(relation) == type) state = state + message(relation, row, self);
        }
        made.push_back((last ? state : torch::relu(state)) + self);
      }
      outs.push_back(torch::layer_norm(torch::stack(made), {kHidden}, parameters["norm_gain_" + tail],
                                       parameters["norm_offset_" + tail]));
    }
    return outs;
  }
};

TEST(HeteroGat, ValuesAndGradientsEqualTheFormula) {
  for (const auto& [heads, last] : {std::pair<std::int64_t, bool>{1, false}, {2, true}, {3, false}}) {
    SCOPED_TRACE(testing::Message() << heads << " heads");
    Bench bench(heads, last);
    std::vector<torch::Tensor> inputs;
    for (torch::Tensor& values : bench.states) inputs.push_back(values.requires_grad_());
    for (const torch::Tensor& parameter : bench.layer->parameters()) inputs.push_back(parameter);
    const auto got = bench.run(), expected = bench.by_formula(last);
    std::vector<torch::Tensor> grads;
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(torch::allclose(got[i], expected[i], 1e-3, 1e-4)) << i;
      grads.push_back(torch::randn_like(got[i]));
    }
    const auto given = torch::autograd::grad(got, inputs, grads, {}, false, /*allow_unused=*/true);
    const auto wanted = torch::autograd::grad(expected, inputs, grads, {}, false, true);
    for (std::size_t i = 0; i < given.size(); ++i) {
      const torch::Tensor zero = torch::zeros_like(inputs[i]);
      EXPECT_TRUE(torch::allclose(given[i].defined() ? given[i] : zero,
                                  wanted[i].defined() ? wanted[i] : zero, 2e-3, 1e-3))
          << "input " << i;
    }
  }
}

TEST(HeteroGat, ThreadsDoNotChangeABit) {
  Bench bench(2);
  ThreadPool pool(2);
  const auto one = bench.run(), two = bench.run(&pool);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(two[i]));
}

}  // namespace
}  // namespace weft::gnn
