// `weft evaluate`: full ranking of all items on held-out events, the model beside the baselines (and the
// oracle, where the truth is known).
#include <fmt/format.h>

#include <memory>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/thread_pool.h"
#include "gnn/baselines/ease.h"
#include "gnn/baselines/item_knn.h"
#include "gnn/baselines/oracle.h"
#include "gnn/baselines/popularity.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"
#include "tools/cli.h"
#include "tools/loaded_model.h"
#include "tools/split_files.h"
#include "tools/table.h"
#include "tools/torch_threads.h"
#include "tools/tsv.h"

namespace weft::tools {
namespace {

constexpr std::size_t kShownK = 20;
constexpr std::size_t kMostEaseItems = 20'000;
constexpr double kDefaultEaseLambda = 250;

struct Options {
  std::string model = "default";
  std::string part = "test";
  std::filesystem::path oracle, lists, split_files;
  bool model_only = false, baselines_only = false;
};

struct Row {
  std::string name;
  gnn::Evaluation evaluation;
};

class Evaluation {
 public:
  Evaluation(Cli& cli, const Options& options, graph::Part part, const ProjectContext& context)
      : cli_(cli),
        options_(options),
        context_(context),
        part_(part),
        task_(gnn::make_link_task(context.snapshot, context.split)),
        pool_(cli.threads()) {
    if (task_.targets(part_).pairs() == 0) {
      throw Error(
          fmt::format("the {} part holds no pair that is new to its user", options.part),
          {.file = context.project.file.string(), .field = "task.split", .hint = "give it a larger share"});
    }
    counts_.assign(task_.items, 0);
    for (const graph::NodeId item : task_.mask(part_).all_targets()) ++counts_[item];
    ranking_.targets = &task_.targets(part_);
    ranking_.mask = &task_.mask(part_);
    ranking_.item_warm = task_.item_warm;
    ranking_.user_warm = task_.user_warm;
    ranking_.item_counts = counts_;
  }

  void set_remark(std::string remark) { remark_ = std::move(remark); }
  void set_item_vectors(const gnn::NodeVectors& items) {
    item_vectors_ = items.values;
    ranking_.item_vectors = item_vectors_;
    ranking_.item_dim = items.dim;
  }

  void run(const std::string& name, const gnn::Scorer& scorer) {
    gnn::EvaluationOptions options;
    options.ks = {5, 10, kShownK};
    if (!options_.lists.empty()) {
      real_files().make_folders(options_.lists);
      options.lists.path = options_.lists / (name + ".tsv");
      options.lists.user_name = [this](graph::NodeId n) {
        return tsv_escaped(context_.snapshot.external_id({context_.user_type(), n}));
      };
      options.lists.item_name = [this](graph::NodeId n) {
        return tsv_escaped(context_.snapshot.external_id({context_.item_type(), n}));
      };
    }
    rows_.push_back({name, gnn::evaluate(scorer, ranking_, options, pool_, cli_.progress())});
  }

  void run_baselines() {
    const graph::PositiveIndex& seen = task_.mask(part_);
    run("popularity", gnn::PopularityScorer(counts_));
    run("item-knn", gnn::ItemKnnScorer(seen, task_.items, {}, pool_));
    if (task_.items > kMostEaseItems) {
      cli_.note(fmt::format("EASE is left out: {} items, and its matrix is made for {} at most",
                            with_commas(task_.items), with_commas(kMostEaseItems)));
      return;
    }
    gnn::EaseOptions ease;
    ease.lambda = kDefaultEaseLambda;
    if (task_.valid_targets.pairs() > 0) {
      const std::vector<double> grid = {10, 30, 100, 300, 1000};
      ease.lambda = gnn::choose_ease_lambda(task_, grid, ease, pool_).lambda;
    }
    ease_lambda_ = ease.lambda;
    run("ease", gnn::EaseScorer(seen, task_.items, ease));
  }

  Json to_json() const {
    Json out = {{"part", options_.part},
                {"split", context_.split.description},
                {"users", task_.users},
                {"items", task_.items},
                {"cold_items", std::count(task_.item_warm.begin(), task_.item_warm.end(), 0)},
                {"pairs", task_.targets(part_).pairs()},
                {"ease_lambda", ease_lambda_}};
    if (!remark_.empty()) out["remark"] = remark_;
    for (const Row& row : rows_) out["models"][row.name] = Json::parse(row.evaluation.to_json());
    return out;
  }

  std::string text() const {
    std::string out = fmt::format(
        "{}\n{} users, {} items ({} without an event in train); {} {} pairs; every item is ranked, known "
        "pairs left out\n{}\n",
        context_.split.description, with_commas(task_.users), with_commas(task_.items),
        std::count(task_.item_warm.begin(), task_.item_warm.end(), 0),
        with_commas(task_.targets(part_).pairs()), options_.part, remark_.empty() ? "" : remark_ + "\n");
    const std::string k = std::to_string(kShownK);
    Table table({"at " + k, "recall", "precision", "NDCG", "MRR", "hit rate", "AUC", "coverage", "diversity",
                 "novelty"});
    const auto number = [](double value) {
      return value < 0 ? std::string("-") : fmt::format("{:.4f}", value);
    };
    for (const Row& row : rows_) {
      const gnn::RankMetrics& m = row.evaluation.at(kShownK);
      const gnn::ListFigures& lists = row.evaluation.lists.back();
      table.add({row.name, number(m.recall), number(m.precision), number(m.ndcg), number(m.mrr),
                 number(m.hit_rate), number(row.evaluation.group("all").auc), number(lists.coverage),
                 number(lists.diversity), number(lists.novelty)});
    }
    out += table.text() + "\n";
    Table groups({"recall at " + k, "all", "warm items", "cold items", "warm users", "cold users"});
    for (const Row& row : rows_) {
      std::vector<std::string> cells = {row.name};
      for (const char* group : {"all", "warm items", "cold items", "warm users", "cold users"})
        cells.push_back(group_recall(row, group));
      groups.add(std::move(cells));
    }
    return out + groups.text();
  }

 private:
  static std::string group_recall(const Row& row, std::string_view name) {
    for (const gnn::EvaluationGroup& group : row.evaluation.groups) {
      if (group.name == name)
        return group.users == 0 ? "-" : fmt::format("{:.4f}", row.evaluation.at(kShownK, name).recall);
    }
    return "-";
  }

  Cli& cli_;
  const Options& options_;
  const ProjectContext& context_;
  graph::Part part_;
  gnn::LinkTask task_;
  ThreadPool pool_;
  std::vector<std::uint64_t> counts_;  // [items], distinct buyers before the part
  std::vector<float> item_vectors_;
  gnn::RankingTask ranking_;
  double ease_lambda_ = 0;
  std::string remark_;
  std::vector<Row> rows_;
};

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const graph::Part part = options.part == "valid" ? graph::Part::kValid : graph::Part::kTest;
  std::optional<LoadedModel> loaded;
  std::optional<ProjectContext> alone;
  if (options.baselines_only)
    alone.emplace(open_project(cli));
  else
    loaded.emplace(LoadedModel::load(cli, options.model, part));
  const ProjectContext& context = loaded ? loaded->context() : *alone;
  if (!options.split_files.empty()) write_split_files(context.snapshot, context.split, options.split_files);
  Evaluation evaluation(cli, options, part, context);
  std::optional<gnn::ModelScorer> model;
  if (loaded) {
    model.emplace(loaded->scorer(gnn::evaluation_view(context.split, part), cli.progress()));
    evaluation.set_item_vectors(model->item_vectors());
    evaluation.set_remark(loaded->remark());
  }
  if (!options.oracle.empty()) {
    evaluation.run("oracle", gnn::OracleScorer::open(options.oracle, context.snapshot, context.user_type(),
                                                     context.item_type()));
  }
  if (model) evaluation.run("model", *model);
  if (!options.model_only) evaluation.run_baselines();
  if (cli.common().json)
    cli.print_json(evaluation.to_json());
  else
    cli.print(evaluation.text());
}

}  // namespace

void add_evaluate(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("evaluate", "Rank all items on held-out events: the model beside the baselines",
                              [&cli, options] { run(cli, *options); });
  cli.add_threads(command);
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
  command->add_option("--part", options->part, "Which held-out part: valid or test")
      ->capture_default_str()
      ->check(CLI::IsMember({"valid", "test"}));
  command
      ->add_option("--oracle", options->oracle,
                   "A folder with the true affinities (a synthetic shop's truth/)")
      ->check(CLI::ExistingDirectory);
  command->add_option("--lists", options->lists, "Write each model's ranked lists into this folder, as TSV");
  command->add_option("--write-split", options->split_files,
                      "Write train.tsv, valid.tsv and test.tsv into this folder");
  CLI::Option* only = command->add_flag("--no-baselines", options->model_only, "The model alone");
  command->add_flag("--baselines-only", options->baselines_only, "No model: the baselines alone")
      ->excludes(only);
}

}  // namespace weft::tools
