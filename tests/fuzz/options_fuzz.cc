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

namespace weft::fuzz {

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
  return changed_toml(input, random);
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
