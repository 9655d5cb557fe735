#include "tools/loaded_model.h"

#include <fmt/format.h>

#include "base/error.h"
#include "tools/features.h"

namespace weft::tools {

LoadedModel LoadedModel::load(Cli& cli, const std::string& name) {
  LoadedModel loaded;
  loaded.context_ = std::make_unique<ProjectContext>(open_project(cli));
  const ProjectContext& context = *loaded.context_;
  const std::filesystem::path folder = model_folder(context.project, name);
  if (holds_lightgcn(folder)) {
    loaded.lightgcn_ = load_lightgcn(context, folder);
    return loaded;
  }
  if (!std::filesystem::exists(folder / "model.safetensors")) {
    throw Error("there is no trained model",
                {.file = folder.string(),
                 .hint = fmt::format("run 'weft train {}' first", context.project.file.string())});
  }
  const FeatureReport features = features_for_model(cli, context, folder);
  loaded.network_ = std::make_unique<gnn::TrainedModel>(
      gnn::TrainedModel::load(folder, context.snapshot, context.split, features.inputs));
  if (loaded.network_->target() != context.target) {
    throw Error("the model was trained for another target",
                {.file = folder.string(), .hint = "train it again, or give --model"});
  }
  return loaded;
}

gnn::ModelScorer LoadedModel::scorer(const gnn::EmbedView& seen, ProgressSink& progress) const {
  if (lightgcn_) return gnn::ModelScorer(lightgcn_->users, lightgcn_->items);
  return network_->scorer(seen, progress);
}

gnn::NodeVectors LoadedModel::embed(graph::NodeTypeId type, ProgressSink& progress) const {
  if (!lightgcn_) return std::move(network_->embed({type}, gnn::EmbedView{}, progress).front());
  if (type == context_->user_type()) return lightgcn_->users;
  if (type == context_->item_type()) return lightgcn_->items;
  throw Error(
      fmt::format("LightGCN has no vectors of '{}' nodes", context_->snapshot.schema().node_type(type).name),
      {.expected = "the source or target type of the predicted edges"}, ErrorKind::kUsage);
}

}  // namespace weft::tools
