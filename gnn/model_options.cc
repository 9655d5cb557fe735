#include "gnn/model_options.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "gnn/model_kind.h"

namespace weft::gnn {
namespace {

constexpr std::int64_t kMaxWidth = 4096;
constexpr std::int64_t kMaxFanOut = 4096;
constexpr std::size_t kMaxLayers = 3;
constexpr std::int64_t kMaxHeads = 64;
constexpr std::int64_t kMaxWalks = 10'000;  // from a node
constexpr std::int64_t kMaxRounds = 100;
constexpr std::size_t kMaxPath = 16;  // with these, below the sampler's 2^24 steps from a node

std::vector<std::int64_t> read_fan_outs(const TomlSection& model, std::string_view key,
                                        const std::vector<std::int64_t>& fallback, std::int64_t lowest) {
  if (!model.has(key)) return fallback;
  std::vector<std::int64_t> fan_outs;
  for (const double value : model.get_numbers(key)) {
    if (value != std::floor(value) || value < static_cast<double>(lowest) || value == 0 ||
        value > static_cast<double>(kMaxFanOut)) {
      model.fail(key, "a fan-out is out of range",
                 lowest < 0 ? "whole numbers from 1 to 4096, or -1 for all neighbours"
                            : "whole numbers from 1 to 4096");
    }
    fan_outs.push_back(static_cast<std::int64_t>(value));
  }
  if (fan_outs.empty() || fan_outs.size() > kMaxLayers) {
    model.fail(key, "wrong number of fan-outs", "one number a layer, 1 to 3 layers");
  }
  return fan_outs;
}

double read_share(const TomlSection& model, std::string_view key, double fallback) {
  return model.get_number_in(key, fallback, 0.0, 0.95);
}

graph::NumberRules read_number_rules(const TomlSection& section) {
  using graph::OutlierRule;
  graph::NumberRules rules;
  rules.outliers = static_cast<OutlierRule>(
      section.get_choice("outliers", {"none", "deviation", "mad", "iqr", "kmeans"}, 0));
  const bool any = rules.outliers != OutlierRule::kNone;
  for (const char* key : {"limit", "outliers_are"}) {
    if (section.has(key) && !any) section.fail(key, "is given without 'outliers'", "a rule for outliers");
  }
  if (section.has("clusters") && rules.outliers != OutlierRule::kKmeans)
    section.fail("clusters", "is for outliers = \"kmeans\"", "no clusters here");
  rules.limit =
      section.get_number_in("limit", rules.outliers == OutlierRule::kIqr ? 1.5 : rules.limit, 0.01, 1e6);
  rules.clusters = static_cast<std::size_t>(
      section.get_integer_in("clusters", static_cast<std::int64_t>(rules.clusters), 1, 100));
  rules.clip = section.get_choice("outliers_are", {"clipped", "missing"}, 0) == 0;
  rules.missing =
      static_cast<graph::MissingRule>(section.get_choice("missing", {"flag", "mean", "median"}, 0));
  rules.scale = static_cast<graph::ScaleRange>(section.get_choice("scale", {"zscore", "minmax"}, 0));
  section.check_no_unknown_keys();
  return rules;
}

void read_numbers(const TomlSection& model, ModelOptions& options) {
  const TomlSection numbers = model.section("numbers");
  for (const auto& [field, section] : numbers.sections()) options.numbers[field] = read_number_rules(section);
  numbers.check_no_unknown_keys();
}

void read_inputs(const TomlSection& model, ModelOptions& options) {
  options.skip_fields = model.get_strings("skip_fields");
  read_numbers(model, options);
  if (model.has("id_embeddings")) options.id_embeddings = model.get_strings("id_embeddings");
  options.id_init = model.get_number_in("id_init", options.id_init, 0.0, 10.0);
  options.id_dropout = read_share(model, "id_dropout", options.id_dropout);
  options.cold_items = read_share(model, "cold_items", options.cold_items);
  options.cold_users = read_share(model, "cold_users", options.cold_users);
  options.modality_dropout = read_share(model, "modality_dropout", options.modality_dropout);
  options.fusion =
      model.get_choice("fusion", {"gated", "sum"}, 0) == 0 ? FusionKind::kGated : FusionKind::kSum;
  options.event_counts = model.get_bool("event_counts", options.event_counts);
  options.recent_days = model.get_number_in("recent_days", options.recent_days, 0.0, 36500.0);
  options.recency = model.get_bool("recency", options.recency);
  options.node_age = model.get_bool("node_age", options.node_age);
}

WalkRelationOptions read_walk(const std::string& name, const TomlSection& section) {
  WalkRelationOptions walk{.name = name};
  if (!section.has("path")) {
    section.fail("", "walks need a path",
                 "path = [...], the relations that a walk goes along in turn, as [\"rev_buys\", \"buys\"]");
  }
  walk.path = section.get_strings("path");
  walk.where = section.where("path");
  if (walk.path.empty() || walk.path.size() > kMaxPath) {
    section.fail("path", walk.path.empty() ? "names no relation" : "names too many relations",
                 "1 to 16 relations, as [\"rev_buys\", \"buys\"]");
  }
  walk.per_node = section.get_integer_in("per_node", walk.per_node, 1, kMaxWalks);
  walk.rounds = section.get_integer_in("rounds", walk.rounds, 1, kMaxRounds);
  walk.restart = section.get_number_in("restart", walk.restart, 0.0, 0.99);
  walk.weighted = section.get_bool("weighted", walk.weighted);
  walk.neighbours = section.get_integer_in("neighbours", walk.neighbours, 1, kMaxFanOut);
  section.check_no_unknown_keys();
  return walk;
}

void read_walks(const TomlSection& model, ModelOptions& options) {
  const TomlSection walks = model.section("walks");
  for (const auto& [name, section] : walks.sections()) options.walks.push_back(read_walk(name, section));
  walks.check_no_unknown_keys();
  // A checkpoint's copy of the file may have them in another order; their numbers must be the same.
  std::sort(options.walks.begin(), options.walks.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

// What one kind of layer has and the other has not: a key of the other is unknown.
void read_aggregation(const TomlSection& model, ModelOptions& options) {
  if (options.layer == LayerKind::kSage) {
    options.pool_relations = model.get_bool("pool_relations", options.pool_relations);
    options.shrinkage = model.get_bool("shrinkage", options.shrinkage);
    return;
  }
  options.shrinkage = false;  // a softmax's shares are of one whatever the number of messages
  options.heads = model.get_integer_in("heads", options.heads, 1, kMaxHeads);
  if (options.hidden % options.heads != 0) {
    model.fail("heads", "the width of node states cannot be cut into so many parts",
               "a divisor of model.hidden, " + std::to_string(options.hidden));
  }
}

}  // namespace

bool WalkRelationOptions::operator==(const WalkRelationOptions& other) const {
  const auto fields = [](const WalkRelationOptions& o) {
    return std::tie(o.name, o.path, o.per_node, o.rounds, o.restart, o.weighted, o.neighbours);
  };
  return fields(*this) == fields(other);
}

ModelOptions read_model_options(const TomlSection& root) {
  const TomlSection model = root.section("model");
  ModelOptions options;
  // Where another model is asked for, which has a section of its own, the keys are checked as GraphSAGE's.
  model.has("kind");
  options.layer = read_model_kind(root) == ModelKind::kGat ? LayerKind::kGat : LayerKind::kSage;
  options.hidden = model.get_integer_in("hidden", options.hidden, 1, kMaxWidth);
  options.dim = model.get_integer_in("dim", options.dim, 1, kMaxWidth);
  options.fan_outs = read_fan_outs(model, "fan_outs", options.fan_outs, 1);
  options.inference_fan_outs = read_fan_outs(model, "inference_fan_outs", options.inference_fan_outs, -1);
  if (!options.inference_fan_outs.empty() && options.inference_fan_outs.size() != options.fan_outs.size()) {
    model.fail("inference_fan_outs", "another number of layers than fan_outs",
               "as many numbers as fan_outs has");
  }
  constexpr PickOrder orders[] = {PickOrder::kUniform, PickOrder::kRecent, PickOrder::kWeighted,
                                  PickOrder::kLabor};
  options.picks = orders[model.get_choice("picks", {"uniform", "recent", "weighted", "labor"}, 0)];
  options.replacement = model.get_bool("replacement", options.replacement);
  if (options.replacement && (options.picks == PickOrder::kRecent || options.picks == PickOrder::kLabor)) {
    model.fail("replacement", "these picks cannot be drawn with replacement",
               "picks = \"uniform\" or \"weighted\"");
  }
  options.skip_relations = model.get_strings("skip_relations");
  read_walks(model, options);
  read_inputs(model, options);
  options.dropout = read_share(model, "dropout", options.dropout);
  options.activation =
      model.get_choice("activation", {"relu", "gelu"}, 0) == 0 ? Activation::kRelu : Activation::kGelu;
  options.residual = model.get_bool("residual", options.residual);
  options.layer_norm = model.get_bool("layer_norm", options.layer_norm);
  read_aggregation(model, options);
  options.age_weights = model.get_bool("age_weights", options.age_weights);
  options.edge_weights = model.get_bool("edge_weights", options.edge_weights);
  options.head = model.get_choice("head", {"linear", "mlp"}, 0) == 0 ? HeadKind::kLinear : HeadKind::kMlp;
  options.decoder =
      model.get_choice("decoder", {"dot", "cosine"}, 0) == 0 ? DecoderKind::kDot : DecoderKind::kCosine;
  options.temperature = model.get_number_in("temperature", options.temperature, 1e-3, 1e3);
  options.item_bias = model.get_bool("item_bias", options.item_bias);
  model.check_no_unknown_keys();
  return options;
}

}  // namespace weft::gnn
