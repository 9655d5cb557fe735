#include "tools/skipgram_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/thread_pool.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/skipgram/skipgram_trainer.h"
#include "graph/graph_view.h"
#include "tools/skipgram_settings.h"
#include "tools/vector_model.h"

namespace weft::tools {
namespace {

std::string path_text(const graph::Schema& schema, const gnn::WalkSet& set) {
  std::string text = schema.node_type(schema.row_type(set.path[0])).name;
  for (const graph::RelationId relation : set.path)
    text += fmt::format(" -{}-> {}", schema.relation_name(relation),
                        schema.node_type(schema.target_type(relation)).name);
  return text;
}

class TrainableSkipGram final : public TrainableVectors {
 public:
  TrainableSkipGram(const ProjectContext& context, const SkipGramSettings& settings, ThreadPool& pool)
      : context_(context),
        settings_(settings),
        graph_(context.snapshot, context.split.keep_up_to(graph::Part::kTrain)),
        batches_(graph_.view(), settings.walks, settings.batches, pool),
        model_(batches_.places(), settings.model, pool) {}

  VectorKind kind() const override { return VectorKind::kSkipGram; }
  std::string settings() const override {
    const gnn::SkipGramOptions& m = settings_.model;
    const gnn::WalkBatchOptions& b = settings_.batches;
    std::string text =
        fmt::format("skipgram {} {} {} {} {} {} {} {}", m.dim, m.adam.learning_rate, m.init_deviation, m.seed,
                    b.window, b.negatives, b.negative_power, b.batch);
    for (const gnn::WalkSet& set : settings_.walks)
      text += fmt::format(" walk {} {} {} {} {} {}", path_text(context_.snapshot.schema(), set), set.length,
                          set.walks, set.weighted, set.p, set.q);
    return text;
  }
  std::vector<std::string> inputs() const override {
    std::vector<std::string> lines;
    for (const gnn::WalkSet& set : settings_.walks) {
      lines.push_back(fmt::format("walks of {} steps over train events: {}", set.length,
                                  path_text(context_.snapshot.schema(), set)));
    }
    return lines;
  }
  const gnn::VectorState& state() const override { return model_.state(); }
  void set_state(gnn::VectorState state) override { model_.set_state(std::move(state)); }
  std::size_t dim() const override { return settings_.model.dim; }

  void train(ProgressSink& progress, const std::function<bool(const Epoch&)>& end_of_epoch) override {
    gnn::train_skipgram(model_, batches_, settings_.rules.epochs, progress,
                        [&](const gnn::SkipGramEpoch& epoch) {
                          return end_of_epoch({epoch.epoch, epoch.mean_loss, epoch.seconds});
                        });
  }

  NodeTypeVectors vectors() const override {
    const graph::NodeTypeId user = context_.user_type(), item = context_.item_type();
    NodeTypeVectors made{.users = vectors_of(user), .items = vectors_of(item)};
    const graph::Schema& schema = context_.snapshot.schema();
    for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
      const auto type = static_cast<graph::NodeTypeId>(t);
      if (type != user && type != item && batches_.first_place(type))
        made.others.emplace(schema.node_type(type).name, vectors_of(type));
    }
    return made;
  }

 private:
  // Zero where there is no edge that a walk could come by: what such a vector began as says nothing.
  gnn::NodeVectors vectors_of(graph::NodeTypeId type) const {
    const std::size_t dim = settings_.model.dim, first = *batches_.first_place(type);
    const std::vector<std::uint64_t>& edges = batches_.edge_counts(type);
    gnn::NodeVectors out{.rows = edges.size(), .dim = dim};
    out.values.assign(out.rows * dim, 0.0F);
    out.bias.assign(out.rows, 0.0F);
    const std::vector<float>& all = model_.state().parameters;
    for (std::size_t i = 0; i < out.rows; ++i) {
      if (edges[i] > 0)
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>((first + i) * dim), dim,
                    out.values.begin() + static_cast<std::ptrdiff_t>(i * dim));
    }
    return out;
  }

  const ProjectContext& context_;
  SkipGramSettings settings_;
  graph::FilteredGraph graph_;  // the train part: walks know of no other edge
  gnn::WalkBatches batches_;
  gnn::SkipGram model_;
};

}  // namespace

gnn::TrainResult train_skipgram_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume) {
  const SkipGramSettings settings = read_skipgram_settings(context.toml.root(), context.snapshot.schema());
  ThreadPool pool(cli.threads());
  const gnn::LinkTask task = gnn::make_link_task(context.snapshot, context.split);
  TrainableSkipGram model(context, settings, pool);
  return train_vectors(cli, context, task, settings.rules, model, pool, folder, resume);
}

}  // namespace weft::tools
