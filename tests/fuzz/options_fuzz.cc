// What [task], [model], [train] and [encoders] of a project file may say: read, or an error of the file's.
// Parser: gnn/model_options.cc gnn/task_options.cc gnn/train_options.cc encoders/options.cc base/toml.cc
#include <cmath>

#include "base/toml.h"
#include "encoders/options.h"
#include "gnn/model_options.h"
#include "gnn/task_options.h"
#include "gnn/train_options.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"
#include "tests/fuzz/toml_options.h"

namespace weft::fuzz {
namespace {

// docs/project-file.md, cleaning.md, encoders.md.
constexpr TomlOption kOptions[] = {
    {"[task]", "target = \"views\""},
    {"[task]", "split = { kind = \"time\", valid = 0.25, test = 0 }"},
    {"[task]", "split = { kind = \"last\", valid = 1, test = 1 }"},
    {"[task]", "split = { kind = \"random\", valid = 0.1, test = 0.1, seed = 7 }"},
    {"[task]", "split = { kind = \"files\", train = \"a.csv\", valid_files = [\"b.csv\", \"c.csv\"] }"},
    {"[task]", "split = \"last\""},
    {"[model]", "kind = \"graphsage\""},
    {"[model]", "kind = \"gat\""},
    {"[model]", "kind = \"lightgcn\""},
    {"[model]", "kind = \"skipgram\""},
    {"[model]", "hidden = #1"},
    {"[model]", "dim = #1"},
    {"[model]", "fan_outs = [#1]"},
    {"[model]", "fan_outs = [#1, #1]"},
    {"[model]", "fan_outs = [#1, #1, #1]"},
    {"[model]", "inference_fan_outs = [-1, #1]"},
    {"[model]", "picks = \"uniform\""},
    {"[model]", "picks = \"weighted\""},
    {"[model]", "picks = \"labor\""},
    {"[model]", "replacement = true"},
    {"[model]", "skip_relations = [\"rev_buys\", \"friend\"]"},
    {"[model]", "skip_fields = []"},
    {"[model]", "id_embeddings = []"},
    {"[model]", "id_init = #."},
    {"[model]", "id_dropout = #."},
    {"[model]", "cold_items = #.\ncold_users = #."},
    {"[model]", "modality_dropout = #."},
    {"[model]", "dropout = #."},
    {"[model]", "fusion = \"sum\""},
    {"[model]", "activation = \"relu\""},
    {"[model]", "residual = false"},
    {"[model]", "layer_norm = false"},
    {"[model]", "event_counts = false"},
    {"[model]", "recent_days = #1"},
    {"[model]", "recency = false"},
    {"[model]", "node_age = false"},
    {"[model]", "heads = #1"},
    {"[model]", "pool_relations = true"},
    {"[model]", "shrinkage = false"},
    {"[model]", "age_weights = false"},
    {"[model]", "edge_weights = true"},
    {"[model]", "head = \"mlp\""},
    {"[model]", "decoder = \"cosine\""},
    {"[model]", "temperature = 0.05"},
    {"[model]", "item_bias = false"},
    {"[model.numbers]",
     "\"item.price\" = { outliers = \"kmeans\", clusters = #1, outliers_are = \"missing\" }"},
    {"[model.numbers]", "\"item.weight\" = { outliers = \"mad\", limit = #1, scale = \"minmax\" }"},
    {"[model.numbers]", "\"user.age\" = { missing = \"median\", scale = \"zscore\" }"},
    {"[model.walks.near]", "path = \"friend\""},
    {"[model.walks.near]", "weighted = true"},
    {"[model.walks.near]", "per_node = #1"},
    {"[model.walks.near]", "rounds = #1"},
    {"[model.walks.near]", "restart = #."},
    {"[model.walks.near]", "neighbours = #1"},
    {"[train]", "epochs = #1"},
    {"[train]", "batch_size = #1"},
    {"[train]", "batching = \"disjoint\""},
    {"[train]", "batching = \"auto\""},
    {"[train]", "loss = \"softmax\""},
    {"[train]", "candidates = \"sampled\""},
    {"[train]", "candidates = \"all\""},
    {"[train]", "all_candidates_up_to = #1"},
    {"[train]", "negatives = #1"},
    {"[train]", "negative_law = \"popularity\"\npopularity_power = #."},
    {"[train]", "loss = \"bpr\"\nhard_negatives = 2\nhard_skip = 1\neasy_negatives = 1"},
    {"[train]", "candidates = \"sampled\"\nin_batch = false\nlog_q = false\nhard_negatives = 1"},
    {"[train]", "repeats = true"},
    {"[train]", "history = #."},
    {"[train]", "optimizer = \"adamw\""},
    {"[train]", "learning_rate = 0.003"},
    {"[train]", "weight_decay = #."},
    {"[train]", "beta1 = #.\nbeta2 = 0.9\nepsilon = 1e-8"},
    {"[train]", "schedule = \"cosine\""},
    {"[train]", "warmup = #."},
    {"[train]", "clip_norm = #1"},
    {"[train]", "seed = #1"},
    {"[train]", "threads = #1"},
    {"[train]", "metric = \"recall\"\nmetric_k = #1"},
    {"[train]", "validate_every = #1"},
    {"[train]", "patience = 0"},
    {"[train]", "checkpoint_steps = #1"},
    {"[encoders.text]", "dim = #1"},
    {"[encoders.text]", "whiten = #."},
    {"[encoders.text]", "min_df = #1"},
    {"[encoders.text]", "max_features = 1000"},
    {"[encoders.text]", "max_bytes = 100"},
    {"[encoders.text]", "seed = #1"},
    {"[encoders.text]", "ngrams = []"},
    {"[encoders.text]", "ngrams = [1, 8]"},
    {"[encoders.image]", "dim = #1\nwhiten = #."},
    {"[encoders.image]", "max_fit = #1"},
    {"[encoders.audio]", "dim = #1\nwhiten = #."},
    {"[encoders.audio]", "max_fit = #1"},
    {"", "[model.walks.far]\npath = [\"rev_buys\", \"buys\"]\nrounds = #1"},
    {"", "[model.numbers]"},
    {"", "[encoders.text]"},
    {"", "[encoders.audio]"},
    {"", "[train]"},
    {"", "[model]"},
};

}  // namespace

Seeds seeds() {
  return {
      .accepted = {R"([task]
target = "buys"
split = { kind = "time", valid = 0.1, test = 0.2 }
[model]
kind = "graphsage"
hidden = 32
dim = 16
fan_outs = [8, 4]
picks = "recent"
skip_fields = ["item.price"]
id_embeddings = ["user"]
dropout = 0.2
activation = "gelu"
[model.numbers]
"item.price" = { outliers = "iqr" }
[model.walks.near]
path = ["rev_buys", "buys"]
per_node = 20
rounds = 3
restart = 0.25
neighbours = 5
[train]
epochs = 3
batch_size = 128
batching = "window"
loss = "bpr"
negatives = 8
optimizer = "adam"
learning_rate = 0.01
schedule = "constant"
seed = 5
[encoders.text]
dim = 64
whiten = 0.5
ngrams = [3, 5]
[encoders.image]
max_pixels = 1000000
[encoders.audio]
max_seconds = 10
)",
                   "[task]\ntarget = \"e\"\nsplit = { kind = \"random\", valid = 0.1, test = 0.1 }\n",
                   "[task]\ntarget = \"e\"\nsplit = { kind = \"files\", train = [\"a.csv\"], test_files = "
                   "[\"b.csv\"], valid = 0.1 }\n"},
      .others = {"[model]\nkind = \"gat\"\nheads = 3\nhidden = 64\n", "[train]\nbeta1 = nan\n"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return random() % 4 != 0 ? with_option(input, kOptions, random) : changed_toml(input, random);
}

void run(std::string_view input) {
  parses([&] {
    const TomlFile toml = TomlFile::parse(input, "fuzz.toml");
    gnn::read_task_options(toml.root());
    const gnn::ModelOptions model = gnn::read_model_options(toml.root());
    const gnn::TrainOptions train = gnn::read_train_options(toml.root());
    encoders::parse_encoder_options(toml.root().section("encoders"));
    FUZZ_CHECK(model.hidden > 0 && model.dim > 0 && !model.fan_outs.empty() && model.layers() < 64);
    for (const double share : {model.id_dropout, model.cold_items, model.modality_dropout, model.dropout})
      FUZZ_CHECK(share >= 0 && share <= 1);
    FUZZ_CHECK(std::isfinite(train.learning_rate) && train.learning_rate > 0 && train.batch_size > 0);
    // What is kept in a checkpoint reads back as the same.
    const TomlFile again = TomlFile::parse(toml.to_text(), "again.toml");
    FUZZ_CHECK(gnn::read_model_options(again.root()) == model);
    FUZZ_CHECK(gnn::read_train_options(again.root()) == train);
  });
}

}  // namespace weft::fuzz
