// `weft similar`: the items nearest to an item.
#include <fmt/format.h>

#include <memory>

#include "base/strings.h"
#include "gnn/retrieval/top_k.h"
#include "tools/cli.h"
#include "tools/loaded_model.h"
#include "tools/reasons.h"
#include "tools/table.h"
#include "tools/torch_threads.h"

namespace weft::tools {
namespace {

constexpr std::size_t kTitleCells = 48;

struct Options {
  std::string item;
  std::size_t count = 10;
  std::string model = "default";
};

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const LoadedModel loaded = LoadedModel::load(cli, options.model);
  const graph::Snapshot& snapshot = loaded.context().snapshot;
  const graph::NodeTypeId items = loaded.context().item_type();
  const graph::NodeId item = find_node(snapshot, items, options.item);
  const gnn::NodeVectors vectors = loaded.embed(items, cli.progress());
  require_known(vectors, snapshot, {items, item});
  std::vector<float> scores(vectors.rows);
  for (std::size_t i = 0; i < vectors.rows; ++i)
    scores[i] = static_cast<float>(cosine(vectors.row(item), vectors.row(i)));
  const std::vector<gnn::ScoredItem> best =
      gnn::top_k(scores, options.count, nodes_to_show(snapshot, items), std::span(&item, 1));

  Json json = {
      {"item", options.item}, {"title", snapshot.display_name({items, item})}, {"items", Json::array()}};
  Table table({"#", "item", "id", "cosine", "in common"});
  for (std::size_t rank = 0; rank < best.size(); ++rank) {
    const graph::NodeRef node{items, best[rank].item};
    const std::string title = snapshot.display_name(node);
    const std::string id(snapshot.external_id(node));
    const std::vector<std::string> shared = shared_attributes(snapshot, items, item, node.id);
    table.add({std::to_string(rank + 1), fit(title, kTitleCells), id, fmt::format("{:.3f}", best[rank].score),
               join(shared)});
    json["items"].push_back({{"rank", rank + 1},
                             {"id", id},
                             {"title", title},
                             {"cosine", best[rank].score},
                             {"in_common", shared}});
  }
  if (cli.common().json)
    cli.print_json(json);
  else
    cli.print(printable(fmt::format("{} ({})", json["title"].get<std::string>(), options.item)) + "\n\n" +
              table.text());
}

}  // namespace

void add_similar(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command("similar", "The items nearest to an item",
                                              [&cli, options] { run(cli, *options); });
  command->add_option("--item", options->item, "External id of the item")->required();
  command->add_option("-k,--count", options->count, "How many items")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  cli.add_threads(command);
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
}

}  // namespace weft::tools
