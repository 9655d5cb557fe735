#include "tools/loaded_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "tools/features.h"
#include "tools/row_cleaning.h"

namespace weft::tools {

LoadedModel LoadedModel::load(Cli& cli, const std::string& name, std::optional<graph::Part> evaluated) {
  auto context = std::make_shared<const ProjectContext>(open_project_for_model(cli, name));
  const std::filesystem::path folder = model_folder(context->project, name);
  return load(cli, std::move(context), folder, evaluated);
}

LoadedModel LoadedModel::load(Cli& cli, std::shared_ptr<const ProjectContext> opened,
                              const std::filesystem::path& folder, std::optional<graph::Part> evaluated) {
  LoadedModel loaded;
  loaded.context_ = std::move(opened);
  const ProjectContext& context = *loaded.context_;
  const auto check_split = [&](const gnn::TrainedSplit& trained) {
    if (evaluated) gnn::check_evaluation_split(trained, context.split, *evaluated, folder);
  };
  loaded.kind_ = held_vectors(folder);
  if (loaded.kind_) {
    if (evaluated) check_split(vectors_split(folder));
    loaded.vectors_ = load_vectors(context, folder);
    return loaded;
  }
  if (!std::filesystem::exists(folder / "model.safetensors")) {
    throw Error("there is no trained model",
                {.file = folder.string(),
                 .hint = fmt::format("run 'weft train {}' first", context.project.file.string())});
  }
  const gnn::ModelInfo info = gnn::read_model_info(folder);
  check_split(info.trained_split);
  const FeatureReport features = features_for_model(cli, context, info.encoders);
  loaded.network_ = std::make_unique<gnn::TrainedModel>(
      gnn::TrainedModel::load(folder, context.snapshot, context.split, features.inputs));
  if (loaded.network_->target() != context.target) {
    throw Error("the model was trained for another target",
                {.file = folder.string(), .hint = "train it again, or give --model"});
  }
  return loaded;
}

std::string LoadedModel::remark() const {
  if (!kind_) return {};
  if (*kind_ == VectorKind::kSkipGram)
    return "skip-gram: vectors from walks over the train part, over all its events, the supervised ones "
           "included";
  return "LightGCN: vectors of the train part, propagated over all its events, the supervised ones included "
         "(as published)";
}

gnn::ModelScorer LoadedModel::scorer(const gnn::EmbedView& seen, ProgressSink& progress) const {
  if (kind_) return gnn::ModelScorer(vectors_.users, vectors_.items);
  return network_->scorer(seen, progress);
}

gnn::NodeVectors LoadedModel::embed(graph::NodeTypeId type, ProgressSink& progress) const {
  if (!kind_) return std::move(network_->embed({type}, gnn::EmbedView{}, progress).front());
  if (type == context_->user_type()) return vectors_.users;
  if (type == context_->item_type()) return vectors_.items;
  const std::string& name = context_->snapshot.schema().node_type(type).name;
  const auto found = vectors_.others.find(name);
  if (found != vectors_.others.end()) return found->second;
  throw Error(
      fmt::format("{} has no vectors of '{}' nodes", title_of(*kind_), name),
      {.expected = *kind_ == VectorKind::kSkipGram ? "a node type that its walks visit"
                                                   : "the source or target type of the predicted edges"},
      ErrorKind::kUsage);
}

std::optional<std::uint64_t> model_snapshot(const std::filesystem::path& folder) {
  if (held_vectors(folder)) return vectors_snapshot(folder);
  if (!std::filesystem::exists(folder / "model.safetensors")) return std::nullopt;
  return gnn::read_model_info(folder).snapshot_checksum;
}

ProjectContext open_project_for_model(const Cli& cli, const std::string& model) {
  const auto of_model = [&](const storage::Project& project,
                            const graph::CleanRules& rules) -> std::optional<graph::CleanConstants> {
    const std::filesystem::path folder = model_folder(project, model);
    const auto trained_on = model_snapshot(folder);
    if (!trained_on) return std::nullopt;  // no model: its own error follows
    auto constants = model_constants(folder, *trained_on, project.schema.graph);
    const graph::CleanRules trained = constants ? constants->rules : graph::CleanRules{};
    if (constants ? trained == rules : !rules.any()) return constants;
    throw Error("the model was trained with other rules over rows",
                {.file = folder.string(),
                 .field = "clean",
                 .value = rules.text(project.schema.graph),
                 .expected = constants ? trained.text(project.schema.graph) : "none",
                 .hint = "train it again, or put clean.pairs and clean.core back"},
                ErrorKind::kUsage);
  };
  return open_project(cli, of_model);
}

void require_known(const gnn::NodeVectors& vectors, const graph::Snapshot& snapshot, graph::NodeRef node) {
  const auto row = vectors.row(node.id);
  if (std::any_of(row.begin(), row.end(), [](float value) { return value != 0; })) return;
  throw Error(
      fmt::format("the model does not know this {}: it had no event to learn from",
                  snapshot.schema().node_type(node.type).name),
      {.value = std::string(snapshot.external_id(node)),
       .hint = "train again once it has events, or use model.kind = \"graphsage\", which also goes by "
               "what else is known of it"});
}

}  // namespace weft::tools
