#include "tools/skipgram_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/thread_pool.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/skipgram/skipgram_trainer.h"
#include "gnn/task_options.h"
#include "gnn/walk_relations.h"
#include "graph/graph_view.h"

namespace weft::tools {
namespace {

constexpr std::int64_t kLongest = 1000;  // steps of a walk

gnn::WalkSet read_walks(const TomlSection& section, const graph::Schema& schema) {
  gnn::WalkSet set;
  if (!section.has("path"))
    section.fail("", "walks need a path", "path = [...], the relations that a walk goes along in turn");
  set.path = gnn::walk_path(schema, section.get_strings("path"), section.where("path"));
  set.length = static_cast<std::size_t>(
      section.get_integer_in("length", static_cast<std::int64_t>(set.length), 1, kLongest));
  set.walks = static_cast<std::size_t>(
      section.get_integer_in("per_node", static_cast<std::int64_t>(set.walks), 1, 10'000));
  set.weighted = section.get_bool("weighted", false);
  for (const auto& [key, factor] : {std::pair{"p", &set.p}, {"q", &set.q}}) {
    *factor = section.get_number_in(key, 1, 1e-3, 1e3);
    if (*factor != 1 && set.path.size() != 1)
      section.fail(key, "has a meaning on walks along one relation alone",
                   "a path of one relation from a node type to itself");
  }
  section.check_no_unknown_keys();
  return set;
}

// Along the target's edges and back; a symmetric type has no other way back.
gnn::WalkSet default_walks(const graph::Schema& schema, graph::EdgeTypeId target) {
  gnn::WalkSet set;
  for (const graph::RelationId relation : schema.relations())
    if (graph::edge_type_of(relation) == target) set.path.push_back(relation);
  return set;
}

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

// Both ends of the target have to be met, or one of them would have no vectors.
void check_ends(const TomlSection& section, const graph::Schema& schema, graph::EdgeTypeId target,
                const std::vector<gnn::WalkSet>& walks) {
  std::set<graph::NodeTypeId> met;
  for (const gnn::WalkSet& set : walks)
    for (const graph::RelationId relation : set.path) met.insert(schema.target_type(relation));
  for (const graph::NodeTypeId end : {schema.edge_type(target).from, schema.edge_type(target).to}) {
    if (met.contains(end)) continue;
    section.fail("walks", fmt::format("no walk meets '{}' nodes", schema.node_type(end).name),
                 fmt::format("a path through both ends of the target, '{}'", schema.edge_type(target).name));
  }
}

}  // namespace

SkipGramSettings read_skipgram_settings(const TomlSection& root, const graph::Schema& schema) {
  const TomlSection section = root.section("skipgram");
  SkipGramSettings s;
  s.model.dim = static_cast<std::size_t>(section.get_integer_in("dim", 64, 1, 4096));
  s.model.adam.learning_rate = section.get_number_in("learning_rate", s.model.adam.learning_rate, 1e-9, 10);
  s.model.init_deviation = section.get_number_in("init", s.model.init_deviation, 1e-9, 10);
  s.model.seed = s.batches.seed = static_cast<std::uint64_t>(
      section.get_integer_in("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  gnn::WalkBatchOptions& b = s.batches;
  b.window = static_cast<std::size_t>(section.get_integer_in("window", 3, 1, kLongest));
  b.negatives = static_cast<std::size_t>(section.get_integer_in("negatives", 1, 1, 1000));
  b.negative_power = section.get_number_in("negative_power", b.negative_power, 0, 2);
  b.batch = static_cast<std::size_t>(section.get_integer_in("batch", 256, 1, 1 << 20));
  s.rules = read_epoch_rules(section);
  s.rules.learning_rate = s.model.adam.learning_rate;
  const TomlSection walks = section.section("walks");
  for (const auto& [name, walk] : walks.sections()) s.walks.push_back(read_walks(walk, schema));
  walks.check_no_unknown_keys();
  section.check_no_unknown_keys();
  const auto target = schema.find_edge_type(gnn::read_task_options(root).target);
  if (!target) return s;  // an error of [task], which says so
  if (s.walks.empty()) s.walks.push_back(default_walks(schema, *target));
  check_ends(section, schema, *target, s.walks);
  b.one_way = {schema.edge_type(*target).from, schema.edge_type(*target).to};
  return s;
}

gnn::TrainResult train_skipgram_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume) {
  const SkipGramSettings settings = read_skipgram_settings(context.toml.root(), context.snapshot.schema());
  ThreadPool pool(cli.threads());
  const gnn::LinkTask task = gnn::make_link_task(context.snapshot, context.split);
  TrainableSkipGram model(context, settings, pool);
  return train_vectors(cli, context, task, settings.rules, model, pool, folder, resume);
}

}  // namespace weft::tools
