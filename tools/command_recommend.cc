// `weft recommend`: the best items for a user, with reasons.
#include <fmt/format.h>

#include <memory>

#include "gnn/retrieval/top_k.h"
#include "graph/positive_index.h"
#include "tools/cli.h"
#include "tools/loaded_model.h"
#include "tools/reasons.h"
#include "tools/table.h"
#include "tools/torch_threads.h"

namespace weft::tools {
namespace {

constexpr std::size_t kHistoryShown = 8;
constexpr std::size_t kTitleCells = 48;

struct Options {
  std::string user;
  std::size_t count = 10;
  std::string model = "default";
  bool include_known = false;
};

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const LoadedModel loaded = LoadedModel::load(cli, options.model);
  const ProjectContext& context = loaded.context();
  const graph::Snapshot& snapshot = context.snapshot;
  const graph::NodeTypeId users = context.user_type(), items = context.item_type();
  const graph::NodeId user = find_node(snapshot, users, options.user);
  const gnn::ModelScorer scorer = loaded.scorer(gnn::EmbedView{}, cli.progress());
  require_known(scorer.user_vectors(), snapshot, {users, user});
  std::vector<float> scores(scorer.items());
  scorer.score(std::span(&user, 1), scores);
  const graph::PositiveIndex known(context.all.outgoing(context.target), {});  // those cleaned away too
  const std::vector<gnn::ScoredItem> best =
      gnn::top_k(scores, options.count, nodes_to_show(snapshot, items),
                 options.include_known ? std::span<const graph::NodeId>{} : known.targets(user));
  const std::vector<Interaction> history = history_of(snapshot, users, items, context.target, user);

  Json json = {{"user", options.user}, {"items", Json::array()}};
  Table table({"#", "item", "id", "score", "why"});
  for (std::size_t rank = 0; rank < best.size(); ++rank) {
    const graph::NodeRef node{items, best[rank].item};
    const std::string title = snapshot.display_name(node);
    const std::string id(snapshot.external_id(node));
    const std::string why =
        reason_for(snapshot, items, context.target, history, scorer.item_vectors(), node.id);
    table.add({std::to_string(rank + 1), fit(title, kTitleCells), id, fmt::format("{:.3f}", best[rank].score),
               why});
    json["items"].push_back(
        {{"rank", rank + 1}, {"id", id}, {"title", title}, {"score", best[rank].score}, {"reason", why}});
  }
  if (cli.common().json) {
    cli.print_json(json);
    return;
  }
  cli.print(printable(fmt::format("{} {}", snapshot.schema().node_type(users).name, options.user)));
  if (history.empty()) cli.print("  no history yet: ranked from what is known of the user and of the items");
  for (std::size_t i = 0; i < std::min(history.size(), kHistoryShown); ++i) {
    cli.print(fmt::format("  {:<10} {}", snapshot.schema().edge_type(history[i].edge_type).name,
                          fit(snapshot.display_name({items, history[i].item}), 80)));
  }
  if (history.size() > kHistoryShown)
    cli.print(fmt::format("  ... and {} more", history.size() - kHistoryShown));
  cli.print("\n" + table.text());
}

}  // namespace

void add_recommend(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command("recommend", "The best items for a user, with reasons",
                                              [&cli, options] { run(cli, *options); });
  command->add_option("--user", options->user, "External id of the user")->required();
  command->add_option("-k,--count", options->count, "How many items")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  cli.add_threads(command);
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
  command->add_flag("--include-known", options->include_known,
                    "Also items that the user has a target event with");
}

}  // namespace weft::tools
