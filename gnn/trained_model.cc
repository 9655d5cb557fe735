#include "gnn/trained_model.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "gnn/checkpoint.h"
#include "gnn/embedder.h"
#include "gnn/kernels/dot_scores.h"
#include "gnn/link_model.h"
#include "gnn/model_options.h"
#include "gnn/sampled_nodes.h"
#include "gnn/train_options.h"

namespace weft::gnn {

namespace {

auto fields_of(const graph::SplitSpec& spec) {
  return std::tie(spec.kind, spec.valid, spec.test, spec.seed, spec.train_files, spec.valid_files,
                  spec.test_files);
}

}  // namespace

EmbedView evaluation_view(const graph::Split& split, graph::Part part) {
  WEFT_CHECK(part != graph::Part::kTrain);
  const bool valid = part == graph::Part::kValid;
  EmbedView view{.last = valid ? graph::Part::kTrain : graph::Part::kValid};
  const graph::TimeMs start = valid ? split.valid_start : split.test_start;
  if (start != graph::kEndOfTime) view.before = start;
  return view;
}

void check_evaluation_split(const TrainedSplit& trained, const graph::Split& now, graph::Part part,
                            const std::filesystem::path& file) {
  WEFT_CHECK(part != graph::Part::kTrain);
  if (fields_of(trained.spec) != fields_of(now.spec)) {
    throw Error(
        "the model was trained with another split: some events to evaluate on were trained on",
        {.file = file.string(),
         .field = "task.split",
         .value = now.description,
         .hint = "train again with this split, or evaluate with the one that the model was trained with"},
        ErrorKind::kUsage);
  }
  const graph::TimeMs train_end = std::min(trained.valid_start, trained.test_start);
  const graph::TimeMs start = part == graph::Part::kValid ? now.valid_start : now.test_start;
  if (now.spec.kind == graph::SplitKind::kTime && train_end > start) {
    throw Error(
        "the split's cut has moved since the model was trained: some events to evaluate on were trained on",
        {.file = file.string(), .field = "task.split", .value = now.description, .hint = "train again"});
  }
}

void ModelScorer::score(std::span<const graph::NodeId> users, std::span<float> out) const {
  WEFT_CHECK(out.size() == users.size() * items_.rows);
  std::vector<const float*> rows;
  for (const graph::NodeId user : users) {
    WEFT_CHECK(user < users_.rows);
    rows.push_back(users_.row(user).data());
  }
  dot_scores(rows, items_.values, items_.dim, items_.bias, out);
}

struct TrainedModel::State {
  const graph::Snapshot* snapshot = nullptr;
  const graph::Split* split = nullptr;
  Masking masking = Masking::kOn;
  Checkpoint checkpoint = {};
  ModelOptions options = {};
  std::uint64_t seed = 0;
  graph::EdgeTypeId target = 0;
  std::vector<TypeTables> tables = {};
  LinkModel model{nullptr};
  std::unique_ptr<ThreadPool> pool = {};

  LinkVectors link_vectors(EmbedView seen, ProgressSink& progress);
};

LinkVectors TrainedModel::State::link_vectors(EmbedView seen, ProgressSink& progress) {
  std::optional<graph::FilteredGraph> filtered;
  if (masking == Masking::kOffForLeakTests) seen = {};
  if (seen.last != graph::Part::kTest) filtered.emplace(*snapshot, split->keep_up_to(seen.last));
  const Embedder embedder({.snapshot = snapshot,
                           .graph = filtered ? filtered->view() : graph::view(*snapshot),
                           .target = target,
                           .before = seen.before,
                           .seed = seed},
                          options);
  return embedder.embed(model, tables, pool.get(), progress);
}

TrainedModel::TrainedModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainedModel::TrainedModel(TrainedModel&&) noexcept = default;
TrainedModel& TrainedModel::operator=(TrainedModel&&) noexcept = default;
TrainedModel::~TrainedModel() = default;

TrainedModel TrainedModel::load(const std::filesystem::path& folder, const graph::Snapshot& snapshot,
                                const graph::Split& split, const FeatureInputs& features, Masking masking) {
  const std::filesystem::path file = folder / kBestFile;
  auto state = std::make_unique<State>();
  state->checkpoint = load_checkpoint(file);
  const Checkpoint& checkpoint = state->checkpoint;
  if (checkpoint.info.store_uuid != snapshot.info().store_uuid) {
    throw Error(
        "the model was trained on another store",
        {.file = file.string(), .value = checkpoint.info.store_uuid, .expected = snapshot.info().store_uuid});
  }
  if (checkpoint.schema != snapshot.schema().to_json() ||
      checkpoint.inputs.types.size() != snapshot.schema().node_types().size()) {
    throw Error("the model was trained on a graph of other node, field or edge types",
                {.file = file.string(),
                 .hint = "train again after a change of the project file's [nodes] or [edges]"});
  }
  const TomlFile config = TomlFile::parse(checkpoint.info.config, file.string());
  state->snapshot = &snapshot;
  state->split = &split;
  state->masking = masking;
  state->options = read_model_options(config.root());
  state->seed = read_train_options(config.root()).seed;
  state->target = snapshot.schema().edge_type_named(checkpoint.target);
  for (std::size_t t = 0; t < checkpoint.inputs.types.size(); ++t) {
    state->tables.push_back(
        read_tables(checkpoint.inputs.types[t], snapshot, static_cast<graph::NodeTypeId>(t), features));
  }
  const std::vector<graph::RelationId> relations =
      followed_relations(snapshot.schema(), state->options.skip_relations);
  const Structure structure(graph::view(snapshot), relations, state->target,
                            structure_options(state->options), false, listed_times(snapshot));
  state->model = LinkModel(snapshot.schema(), state->target, relations, checkpoint.inputs, structure,
                           state->options, state->seed);
  restore_model(*state->model, checkpoint, file);
  state->checkpoint.tensors.clear();
  if (at::get_num_threads() > 1) state->pool = std::make_unique<ThreadPool>(at::get_num_threads());
  return TrainedModel(std::move(state));
}

const ModelInfo& TrainedModel::info() const {
  return state_->checkpoint.info;
}
graph::EdgeTypeId TrainedModel::target() const {
  return state_->target;
}
std::size_t TrainedModel::dim() const {
  return static_cast<std::size_t>(state_->options.dim);
}

std::vector<NodeVectors> TrainedModel::embed(const std::vector<graph::NodeTypeId>& types,
                                             const EmbedView& seen, ProgressSink& progress) const {
  const graph::Schema& schema = state_->snapshot->schema();
  const graph::EdgeType& target = schema.edge_type(state_->target);
  for (const graph::NodeTypeId type : types) {
    if (type == target.from || type == target.to) continue;
    throw Error("the model has no embeddings of this node type: it was trained for the ends of its target",
                {.field = schema.node_type(type).name,
                 .expected = schema.node_type(target.from).name + " or " + schema.node_type(target.to).name},
                ErrorKind::kUsage);
  }
  const LinkVectors vectors = state_->link_vectors(seen, progress);
  std::vector<NodeVectors> chosen;
  for (const graph::NodeTypeId type : types) chosen.push_back(type == target.to ? vectors.to : vectors.from);
  return chosen;
}

ModelScorer TrainedModel::scorer(const EmbedView& seen, ProgressSink& progress) const {
  LinkVectors vectors = state_->link_vectors(seen, progress);
  return ModelScorer(std::move(vectors.from), std::move(vectors.to));
}

}  // namespace weft::gnn
