#include "gnn/link_model.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "gnn/train_batches.h"
#include "tests/gnn/planted_shop.h"

namespace weft::gnn {
namespace {

// The whole network on a tiny shop, without random masks.
struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot =
      PlantedShop{.users = 8, .items = 6, .groups = 2, .purchases = 6, .cold_from = 6, .item_color = true}
          .write(folder / "s");
  graph::Split split = time_split(snapshot, "buys");
  LinkTask task = make_link_task(snapshot, split);
  ModelOptions options;
  TrainBatches batches;
  InputSpec inputs;
  std::vector<TypeTables> tables;
  LinkModel model{nullptr};

  explicit Bench(TrainOptions train, LayerKind layer = LayerKind::kSage)
      : options{.layer = layer,
                .hidden = 4,
                .dim = 3,
                .fan_outs = {3, 2},
                .id_dropout = 0,
                .cold_items = 0,
                .modality_dropout = 0,
                .dropout = 0,
                .activation = Activation::kGelu,
                .heads = 2},
        batches(snapshot, split, task, options, train, Masking::kOn) {
    at::set_num_threads(1);
    const auto visible = visible_nodes(snapshot, batches.sampler().setup().graph, split.valid_start);
    inputs = fit_inputs(snapshot, visible, {}, {}, {1, 1});
    for (std::size_t t = 0; t < 2; ++t)
      tables.push_back(read_tables(inputs.types[t], snapshot, static_cast<graph::NodeTypeId>(t), {}));
    model = LinkModel(snapshot.schema(), 0, batches.sampler().setup().relations, inputs,
                      batches.sampler().structure(), options, 9);
  }
};

void expect_numeric_gradients(TrainOptions train, LayerKind layer = LayerKind::kSage) {
  Bench bench(train, layer);
  NodeSampler::Scratch scratch;
  const TrainBatch batch = bench.batches.make(2, scratch);
  const auto loss = [&] {
    const at::NoGradGuard no_grad;
    ForwardContext context = ForwardContext::training(1);
    return bench.model->loss(bench.tables, batch, train.loss, context).item<double>();
  };
  ForwardContext context = ForwardContext::training(1);
  bench.model->loss(bench.tables, batch, train.loss, context).backward();
  const auto check = [&](const std::string& name, torch::Tensor value, const torch::Tensor& gradient) {
    const torch::Tensor flat = value.view({-1});
    for (std::int64_t i = 0; i < flat.numel(); i += 1 + flat.numel() / 5) {
      const at::NoGradGuard no_grad;
      const float before = flat[i].item<float>();
      const float step = 4e-3F;
      flat[i].fill_(before + step);
      const double above = loss();
      flat[i].fill_(before - step);
      const double below = loss();
      flat[i].fill_(before);
      // float32 all the way: rounding of the loss over the step bounds what differences can show.
      EXPECT_NEAR(gradient.view({-1})[i].item<float>(), (above - below) / (2 * step), 2e-3)
          << name << " " << i;
    }
  };
  for (const auto& item : bench.model->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined() || item.key().find("absent") != std::string::npos ||
                item.key().find("structure_in") != std::string::npos)
        << item.key();
    if (item.value().grad().defined())
      check(item.key(), item.value().detach(), item.value().grad().contiguous());
  }
  ASSERT_EQ(context.table_uses.size(), 2u);
  for (const auto& [name, table] : bench.model->id_tables()) {
    torch::Tensor gradient = torch::zeros_like(table);
    for (const TableUse& use : context.table_uses) {
      if (use.table == name) gradient.index_add_(0, use.ids, use.rows.grad());
    }
    check(name, table, gradient);
  }
}

TEST(LinkModel, GradientsOfAWindowWithSoftmax) {
  expect_numeric_gradients({.batch_size = 8});
}
TEST(LinkModel, GradientsOfDisjointTreesWithBpr) {
  expect_numeric_gradients(
      {.batch_size = 8, .batching = Batching::kDisjoint, .loss = LossKind::kBpr, .negatives = 2});
}
TEST(LinkModel, GradientsOfASharedFrontierWithSampledSoftmax) {
  expect_numeric_gradients({.batch_size = 8,
                            .batching = Batching::kShared,
                            .candidates = CandidateKind::kSampled,
                            .negatives = 2});
}

TEST(LinkModel, GradientsOfAttentionLayers) {
  expect_numeric_gradients({.batch_size = 8}, LayerKind::kGat);
}

TEST(LinkModel, SeedAloneDecidesTheFirstValues) {
  const Bench bench({.batch_size = 8});
  const auto make = [&](std::uint64_t seed) {
    return LinkModel(bench.snapshot.schema(), 0, bench.batches.sampler().setup().relations, bench.inputs,
                     bench.batches.sampler().structure(), bench.options, seed);
  };
  LinkModel a = make(4);
  torch::randn({100});
  LinkModel b = make(4), c = make(5);
  bool all_same = true, differs = false;
  for (const auto& item : a->named_parameters()) {
    all_same = all_same && item.value().equal(b->named_parameters()[item.key()]);
    differs = differs || !item.value().equal(c->named_parameters()[item.key()]);
  }
  EXPECT_TRUE(all_same);
  EXPECT_TRUE(differs);
  EXPECT_TRUE(a->id_tables()[0].second.equal(b->id_tables()[0].second));
}

}  // namespace
}  // namespace weft::gnn
