// `weft score`: one link's score, and where it stands among all items for that user.
#include <fmt/format.h>

#include <memory>

#include "gnn/retrieval/top_k.h"
#include "tools/cli.h"
#include "tools/loaded_model.h"
#include "tools/table.h"
#include "tools/torch_threads.h"

namespace weft::tools {
namespace {

struct Options {
  std::string user, item, model = "default";
};

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const LoadedModel loaded = LoadedModel::load(cli, options.model);
  const ProjectContext& context = loaded.context();
  const graph::NodeId user = find_node(context.snapshot, context.user_type(), options.user);
  const graph::NodeId item = find_node(context.snapshot, context.item_type(), options.item);
  const gnn::ModelScorer scorer = loaded.scorer(gnn::EmbedView{}, cli.progress());
  require_known(scorer.user_vectors(), context.snapshot, {context.user_type(), user});
  std::vector<float> scores(scorer.items());
  scorer.score(std::span(&user, 1), scores);
  const gnn::ScoredItem asked{item, scores[item]};
  std::size_t rank = 1;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (gnn::ranks_before({static_cast<graph::NodeId>(i), scores[i]}, asked)) ++rank;
  }
  if (cli.common().json) {
    cli.print_json({{"user", options.user},
                    {"item", options.item},
                    {"score", asked.score},
                    {"rank", rank},
                    {"items", scores.size()}});
  } else {
    cli.print(printable(fmt::format("{:.4f}  rank {} of {} items, '{}'", asked.score, with_commas(rank),
                                    with_commas(scores.size()),
                                    context.snapshot.display_name({context.item_type(), item}))));
  }
}

}  // namespace

void add_score(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command("score", "The score of one user and item, and its rank",
                                              [&cli, options] { run(cli, *options); });
  command->add_option("--user", options->user, "External id of the user")->required();
  command->add_option("--item", options->item, "External id of the item")->required();
  cli.add_threads(command);
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
}

}  // namespace weft::tools
