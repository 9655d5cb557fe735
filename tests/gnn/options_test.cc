#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "gnn/model_options.h"
#include "gnn/task_options.h"
#include "gnn/train_options.h"

namespace weft::gnn {
namespace {

TomlFile toml(const std::string& text) {
  return TomlFile::parse(text, "shop.toml");
}

TEST(ModelOptions, AbsentSectionGivesDefaults) {
  EXPECT_EQ(read_model_options(toml("").root()), ModelOptions{});
  EXPECT_EQ(read_train_options(toml("").root()), TrainOptions{});
}

TEST(ModelOptions, NamesEveryOrderOfPicks) {
  const auto picks = [](const std::string& name) {
    return read_model_options(toml("[model]\npicks = \"" + name + "\"\n").root()).picks;
  };
  EXPECT_EQ(picks("uniform"), PickOrder::kUniform);
  EXPECT_EQ(picks("recent"), PickOrder::kRecent);
  EXPECT_EQ(picks("weighted"), PickOrder::kWeighted);
  EXPECT_EQ(picks("labor"), PickOrder::kLabor);
  EXPECT_THROW(picks("heavy"), Error);
  const auto replaces = [](const std::string& name) {
    return read_model_options(toml("[model]\nreplacement = true\npicks = \"" + name + "\"\n").root())
        .replacement;
  };
  EXPECT_TRUE(replaces("uniform"));
  EXPECT_TRUE(replaces("weighted"));
  EXPECT_THROW(replaces("recent"), Error);
  EXPECT_THROW(replaces("labor"), Error);
}

TEST(ModelOptions, ReadsRulesForNumbers) {
  const ModelOptions options = read_model_options(toml(R"([model.numbers]
"item.price" = { outliers = "kmeans", limit = 4, clusters = 2, outliers_are = "missing" }
"user.age" = { outliers = "iqr", missing = "median", scale = "minmax" }
)")
                                                      .root());
  const graph::NumberRules price{
      .outliers = graph::OutlierRule::kKmeans, .limit = 4, .clusters = 2, .clip = false};
  const graph::NumberRules age{.outliers = graph::OutlierRule::kIqr,
                               .limit = 1.5,
                               .missing = graph::MissingRule::kMedian,
                               .scale = graph::ScaleRange::kMinmax};
  EXPECT_EQ(options.numbers, (NumberFieldRules{{"item.price", price}, {"user.age", age}}));
  for (const char* wrong :
       {R"({ outliers = "sigma" })", R"({ limit = 2 })", R"({ outliers_are = "missing" })",
        R"({ outliers = "mad", clusters = 2 })", R"({ outliers = "mad", limit = 0 })", R"({ fill = 1 })"}) {
    EXPECT_THROW(read_model_options(toml(std::string("[model.numbers]\n\"item.price\" = ") + wrong).root()),
                 Error)
        << wrong;
  }
}

TEST(ModelOptions, ReadsWalks) {
  const auto read = [](const std::string& text) {
    return read_model_options(toml("[model.walks.near]\n" + text).root()).walks;
  };
  const auto walks = read(R"(path = ["rev_buys", "buys"]
per_node = 5
rounds = 4
restart = 0.1
weighted = true
neighbours = 3
[model.walks.circle]
path = "friend"
)");
  // By name, as a copy of the file may have them in another order.
  const std::vector<WalkRelationOptions> expected{{.name = "circle", .path = {"friend"}},
                                                  {.name = "near",
                                                   .path = {"rev_buys", "buys"},
                                                   .per_node = 5,
                                                   .rounds = 4,
                                                   .restart = 0.1,
                                                   .weighted = true,
                                                   .neighbours = 3}};
  EXPECT_EQ(walks, expected);
  EXPECT_EQ(walks[1].where.line, 2U);
  EXPECT_EQ(walks[0].where.field, "model.walks.circle.path");
  const auto error_of = [&](const std::string& text) -> std::string {
    try {
      read(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "";
  };
  const std::string path = "path = [\"friend\"]\n";
  EXPECT_THAT(error_of("rounds = 1\n"), testing::HasSubstr("walks need a path"));
  EXPECT_THAT(error_of("path = []\n"), testing::HasSubstr("names no relation"));
  std::string long_path = "path = [\"friend\"";
  for (int i = 0; i < 16; ++i) long_path += ", \"friend\"";
  EXPECT_THAT(error_of(long_path + "]\n"), testing::HasSubstr("too many relations"));
  for (const char* wrong : {"neighbours = 0", "neighbours = 4097", "per_node = 0", "per_node = 10001",
                            "rounds = 0", "rounds = 101", "restart = 1.0", "restart = -0.1", "neighbors = 3"})
    EXPECT_THAT(error_of(path + wrong + "\n"),
                testing::HasSubstr("model.walks.near." + std::string(wrong).substr(0, 6)))
        << wrong;
  EXPECT_THROW(read_model_options(toml("[model.walks]\nnear = 3\n").root()), Error);
}

TEST(ModelOptions, EveryKindOfLayerHasItsOwnKeys) {
  const auto read = [](const std::string& text) {
    return read_model_options(toml("[model]\n" + text + "\n").root());
  };
  const ModelOptions gat = read("kind = \"gat\"\nheads = 8");
  EXPECT_EQ(gat.layer, LayerKind::kGat);
  EXPECT_EQ(gat.heads, 8);
  EXPECT_FALSE(gat.shrinkage);
  EXPECT_EQ(read("kind = \"graphsage\""), ModelOptions{});
  EXPECT_EQ(read("kind = \"lightgcn\""), ModelOptions{});
  EXPECT_THROW(read("heads = 8"), Error) << "GraphSAGE has no heads";
  EXPECT_THROW(read("kind = \"gat\"\nshrinkage = true"), Error);
  EXPECT_THROW(read("kind = \"gat\"\npool_relations = true"), Error);
  EXPECT_THROW(read("kind = \"gat\"\nheads = 5"), Error) << "64 is no multiple";
  EXPECT_THROW(read("kind = \"gcn\""), Error);
}

TEST(ModelOptions, ReadsEveryKey) {
  const ModelOptions options = read_model_options(toml(R"([model]
hidden = 32
dim = 16
fan_outs = [10, 5, 2]
inference_fan_outs = [-1, 5, 2]
picks = "recent"
skip_relations = ["rev_buys"]
skip_fields = ["item.photo"]
id_embeddings = []
id_init = 0.05
node_age = false
pool_relations = true
head = "mlp"
id_dropout = 0.3
cold_items = 0.25
cold_users = 0.05
modality_dropout = 0.2
dropout = 0.4
fusion = "sum"
activation = "gelu"
residual = false
layer_norm = false
event_counts = false
recent_days = 7
recency = false
age_weights = false
edge_weights = true
decoder = "cosine"
temperature = 0.05
item_bias = false
)")
                                                      .root());
  const ModelOptions expected{.hidden = 32,
                              .dim = 16,
                              .fan_outs = {10, 5, 2},
                              .inference_fan_outs = {-1, 5, 2},
                              .picks = PickOrder::kRecent,
                              .skip_relations = {"rev_buys"},
                              .skip_fields = {"item.photo"},
                              .id_embeddings = std::vector<std::string>{},
                              .id_init = 0.05,
                              .id_dropout = 0.3,
                              .cold_items = 0.25,
                              .cold_users = 0.05,
                              .modality_dropout = 0.2,
                              .dropout = 0.4,
                              .fusion = FusionKind::kSum,
                              .activation = Activation::kGelu,
                              .residual = false,
                              .layer_norm = false,
                              .event_counts = false,
                              .recent_days = 7,
                              .recency = false,
                              .node_age = false,
                              .pool_relations = true,
                              .age_weights = false,
                              .edge_weights = true,
                              .head = HeadKind::kMlp,
                              .decoder = DecoderKind::kCosine,
                              .temperature = 0.05,
                              .item_bias = false};
  EXPECT_EQ(options, expected);
}

TEST(TrainOptions, ReadsEveryKey) {
  const TrainOptions options = read_train_options(toml(R"([train]
epochs = 7
batch_size = 100
batching = "disjoint"
loss = "bpr"
candidates = "sampled"
all_candidates_up_to = 10
negatives = 9
negative_law = "popularity"
popularity_power = 0.5
in_batch = false
log_q = false
repeats = true
history = 0.2
optimizer = "adam"
learning_rate = 0.1
weight_decay = 0.2
beta1 = 0.8
beta2 = 0.95
epsilon = 1e-6
schedule = "constant"
warmup = 0.1
clip_norm = 2.5
seed = 12
threads = 3
metric = "recall"
metric_k = 10
validate_every = 2
patience = 4
checkpoint_steps = 50
)")
                                                      .root());
  const TrainOptions expected{.epochs = 7,
                              .batch_size = 100,
                              .batching = Batching::kDisjoint,
                              .loss = LossKind::kBpr,
                              .candidates = CandidateKind::kSampled,
                              .all_candidates_up_to = 10,
                              .negatives = 9,
                              .negative_law = NegativeKind::kPopularity,
                              .popularity_power = 0.5,
                              .in_batch = false,
                              .log_q = false,
                              .repeats = true,
                              .history = 0.2,
                              .optimizer = OptimizerKind::kAdam,
                              .learning_rate = 0.1,
                              .weight_decay = 0.2,
                              .beta1 = 0.8,
                              .beta2 = 0.95,
                              .epsilon = 1e-6,
                              .schedule = ScheduleKind::kConstant,
                              .warmup = 0.1,
                              .clip_norm = 2.5,
                              .seed = 12,
                              .threads = 3,
                              .metric = "recall",
                              .metric_k = 10,
                              .validate_every = 2,
                              .patience = 4,
                              .checkpoint_steps = 50};
  EXPECT_EQ(options, expected);
}

TEST(TrainOptions, HardNegativesNeedALossThatHasThem) {
  const auto read = [](const std::string& text) {
    return read_train_options(toml("[train]\n" + text + "\n").root());
  };
  const std::string bpr = "loss = \"bpr\"\nnegatives = 8\n";
  EXPECT_EQ(read(bpr + "hard_negatives = 3\nhard_skip = 1\neasy_negatives = 4").hard,
            (HardNegatives{.count = 3, .skip = 1, .easy = 4}));
  EXPECT_EQ(read("candidates = \"sampled\"\nin_batch = false\nlog_q = false\nhard_negatives = 2").hard.count,
            2);
  EXPECT_THROW(read(bpr + "hard_negatives = 9"), Error) << "more than are drawn";
  EXPECT_THROW(read(bpr + "hard_negatives = 3\nhard_skip = 2\neasy_negatives = 4"), Error);
  EXPECT_THROW(read(bpr + "hard_skip = 2"), Error) << "says nothing without hard_negatives";
  EXPECT_THROW(read("hard_negatives = 2"), Error) << "softmax over a batch's items";
  EXPECT_THROW(read("candidates = \"sampled\"\nin_batch = false\nhard_negatives = 2"), Error) << "log_q";
}

TEST(ModelOptions, BadValuesAreErrorsThatNameTheKey) {
  const auto error_of = [](const std::string& text) -> std::string {
    try {
      const TomlFile file = toml(text);
      read_model_options(file.root());
      read_train_options(file.root());
      read_task_options(file.root());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of("[model]\nhiden = 3\n"), testing::HasSubstr("hidden"));
  EXPECT_THAT(error_of("[model]\nhidden = 0\n"), testing::HasSubstr("hidden"));
  EXPECT_THAT(error_of("[model]\nfan_outs = []\n"), testing::HasSubstr("fan_outs"));
  EXPECT_THAT(error_of("[model]\nfan_outs = [1, 2, 3, 4]\n"), testing::HasSubstr("fan_outs"));
  EXPECT_THAT(error_of("[model]\nfan_outs = [2.5]\n"), testing::HasSubstr("fan_outs"));
  EXPECT_THAT(error_of("[model]\nfan_outs = [-1]\n"), testing::HasSubstr("fan_outs"));
  EXPECT_THAT(error_of("[model]\nfan_outs = [4]\ninference_fan_outs = [4, 4]\n"),
              testing::HasSubstr("inference_fan_outs"));
  EXPECT_THAT(error_of("[model]\ndropout = 1.0\n"), testing::HasSubstr("dropout"));
  EXPECT_THAT(error_of("[train]\nloss = \"hinge\"\n"), testing::HasSubstr("softmax"));
  EXPECT_THAT(error_of("[train]\nepoch = 3\n"), testing::HasSubstr("epochs"));
  EXPECT_THAT(error_of("[train]\nlearning_rate = -1\n"), testing::HasSubstr("learning_rate"));
  EXPECT_THAT(error_of("[task]\n"), testing::HasSubstr("target"));
  EXPECT_THAT(error_of("[task]\ntarget = \"buys\"\ntargets = 1\n"), testing::HasSubstr("target"));
}

TEST(TrainOptions, BatchingFollowsTheSplit) {
  graph::Split split;
  split.spec.kind = graph::SplitKind::kTime;
  EXPECT_EQ(resolve_batching(Batching::kAuto, split), Batching::kWindow);
  split.spec.kind = graph::SplitKind::kRandom;
  EXPECT_EQ(resolve_batching(Batching::kAuto, split), Batching::kShared);
  EXPECT_EQ(resolve_batching(Batching::kDisjoint, split), Batching::kDisjoint);
}

}  // namespace
}  // namespace weft::gnn
