#include "gnn/train_options.h"

namespace weft::gnn {
namespace {

void read_batches(const TomlSection& train, TrainOptions& options) {
  options.epochs = train.get_integer_in("epochs", options.epochs, 1, 100000);
  options.batch_size = train.get_integer_in("batch_size", options.batch_size, 1, 1 << 20);
  options.batching =
      static_cast<Batching>(train.get_choice("batching", {"auto", "window", "disjoint", "shared"}, 0));
  options.repeats = train.get_bool("repeats", options.repeats);
  options.history = train.get_number_in("history", options.history, 0.0, 0.9);
  options.threads = train.get_integer_in("threads", options.threads, 0, 256);
}

void read_hard(const TomlSection& train, TrainOptions& options) {
  HardNegatives& hard = options.hard;
  hard.count = train.get_integer_in("hard_negatives", 0, 0, options.negatives);
  if (hard.count == 0) return;  // the keys below would say nothing: they are unknown then
  hard.easy = train.get_integer_in("easy_negatives", 0, 0, options.negatives);
  hard.skip = train.get_integer_in("hard_skip", 0, 0, options.negatives);
  if (hard.easy + hard.skip + hard.count > options.negatives) {
    train.fail("hard_negatives", "more negatives are asked for than are drawn",
               "hard_negatives + hard_skip + easy_negatives at most train.negatives, " +
                   std::to_string(options.negatives));
  }
  if (options.loss != LossKind::kSoftmax) return;
  // What is chosen by its score was not proposed with a probability that could be corrected for.
  if (options.in_batch || options.candidates != CandidateKind::kSampled || options.log_q) {
    train.fail("hard_negatives", "this loss compares with more than the negatives of an event",
               "loss = \"bpr\"; or candidates = \"sampled\", in_batch = false and log_q = false");
  }
}

void read_loss(const TomlSection& train, TrainOptions& options) {
  options.loss = static_cast<LossKind>(train.get_choice("loss", {"softmax", "bpr"}, 0));
  options.candidates =
      static_cast<CandidateKind>(train.get_choice("candidates", {"auto", "all", "sampled"}, 0));
  options.all_candidates_up_to =
      train.get_integer_in("all_candidates_up_to", options.all_candidates_up_to, 0, 1 << 20);
  options.negatives = train.get_integer_in("negatives", options.negatives, 1, 4096);
  options.negative_law =
      static_cast<NegativeKind>(train.get_choice("negative_law", {"uniform", "popularity"}, 0));
  options.popularity_power = train.get_number_in("popularity_power", options.popularity_power, 0.0, 2.0);
  options.in_batch = train.get_bool("in_batch", options.in_batch);
  options.log_q = train.get_bool("log_q", options.log_q);
  read_hard(train, options);
}

void read_optimizer(const TomlSection& train, TrainOptions& options) {
  options.optimizer = static_cast<OptimizerKind>(train.get_choice("optimizer", {"adam", "adamw"}, 1));
  options.learning_rate = train.get_number_in("learning_rate", options.learning_rate, 1e-8, 10.0);
  options.weight_decay = train.get_number_in("weight_decay", options.weight_decay, 0.0, 10.0);
  options.beta1 = train.get_number_in("beta1", options.beta1, 0.0, 0.9999);
  options.beta2 = train.get_number_in("beta2", options.beta2, 0.0, 0.999999);
  options.epsilon = train.get_number_in("epsilon", options.epsilon, 1e-16, 1.0);
  options.schedule = static_cast<ScheduleKind>(train.get_choice("schedule", {"constant", "cosine"}, 1));
  options.warmup = train.get_number_in("warmup", options.warmup, 0.0, 0.9);
  options.clip_norm = train.get_number_in("clip_norm", options.clip_norm, 0.0, 1e9);
}

}  // namespace

TrainOptions read_train_options(const TomlSection& root) {
  const TomlSection train = root.section("train");
  TrainOptions options;
  read_batches(train, options);
  read_loss(train, options);
  read_optimizer(train, options);
  options.seed = static_cast<std::uint64_t>(
      train.get_integer_in("seed", static_cast<std::int64_t>(options.seed), 0, INT64_MAX));
  options.metric = train.get_choice("metric", {"recall", "ndcg"}, 1) == 0 ? "recall" : "ndcg";
  options.metric_k = train.get_integer_in("metric_k", options.metric_k, 1, 1000);
  options.validate_every = train.get_integer_in("validate_every", options.validate_every, 1, 100000);
  options.patience = train.get_integer_in("patience", options.patience, 0, 100000);
  options.checkpoint_steps = train.get_integer_in("checkpoint_steps", options.checkpoint_steps, 0, INT64_MAX);
  train.check_no_unknown_keys();
  return options;
}

Batching resolve_batching(Batching batching, const graph::Split& split) {
  if (batching != Batching::kAuto) return batching;
  const bool by_time =
      split.spec.kind == graph::SplitKind::kTime || split.spec.kind == graph::SplitKind::kLast;
  return by_time ? Batching::kWindow : Batching::kShared;
}

}  // namespace weft::gnn
