// `weft explain`: why an item has to do with a user, by short paths between them through the graph.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "graph/explain_paths.h"
#include "storage/values.h"
#include "tools/cli.h"
#include "tools/path_report.h"
#include "tools/project_context.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

struct Options {
  std::string user, item;
  std::size_t paths = 3;
  std::uint32_t max_hops = 5;
  std::string before;
  bool indirect = false;
};

graph::TimeMs read_time(const std::string& text) {
  if (text.empty()) return graph::kEndOfTime;
  const auto time = storage::parse_time(text, storage::TimeUnit::kIso8601);
  if (time) return *time;
  throw Error("not a time",
              {.field = "--before", .value = text, .expected = "as in 2025-11-02 or 2025-11-02T10:30:00Z"},
              ErrorKind::kUsage);
}

void run(const Cli& cli, const Options& options) {
  const ProjectContext context = open_project(cli);
  const graph::Snapshot& snapshot = context.snapshot;
  const graph::NodeRef user{context.user_type(), find_node(snapshot, context.user_type(), options.user)};
  const graph::NodeRef item{context.item_type(), find_node(snapshot, context.item_type(), options.item)};
  const graph::TimeMs before = read_time(options.before);
  const auto paths = graph::explanation_paths(snapshot, user, item,
                                              {.count = options.paths,
                                               .max_hops = options.max_hops,
                                               .before = before,
                                               .only_indirect = options.indirect});
  if (cli.common().json) {
    Json json = {{"user", options.user},
                 {"item", options.item},
                 {"title", snapshot.display_name(item)},
                 {"before", before == graph::kEndOfTime ? Json() : Json(storage::time_text(before))},
                 {"paths", Json::array()}};
    for (const graph::ExplanationPath& path : paths) json["paths"].push_back(path_json(snapshot, path));
    cli.print_json(json);
    return;
  }
  cli.print(fmt::format(
      "from {} to {}{}", node_text(snapshot, user), node_text(snapshot, item),
      before == graph::kEndOfTime ? "" : fmt::format(", by what was before {}", storage::time_text(before))));
  if (paths.empty()) {
    cli.print(
        fmt::format("\nno {}path of at most {} hops", options.indirect ? "indirect " : "", options.max_hops));
  }
  for (std::size_t p = 0; p < paths.size(); ++p) {
    cli.print(fmt::format("\n{}. {} hop{}\n{}", p + 1, paths[p].steps.size(),
                          paths[p].steps.size() == 1 ? "" : "s", path_text(snapshot, paths[p], "   ")));
  }
}

}  // namespace

void add_explain(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("explain", "Why an item has to do with a user: short paths between them",
                              [&cli, options] { run(cli, *options); });
  command->add_option("--user", options->user, "External id of the user")->required();
  command->add_option("--item", options->item, "External id of the item")->required();
  command->add_option("--paths", options->paths, "How many paths at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--max-hops", options->max_hops, "Edges of a path at most")
      ->capture_default_str()
      ->check(CLI::Range(1, static_cast<int>(graph::kMostPathHops)));
  command->add_option("--before", options->before, "Use only what was before this time (ISO 8601)");
  command->add_flag("--indirect", options->indirect,
                    "Leave out edges between the two and all that their events made");
}

}  // namespace weft::tools
