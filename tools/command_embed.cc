// `weft embed`: embeddings of all nodes of a type, for other programs.
#include <fmt/format.h>

#include <memory>

#include "tools/cli.h"
#include "tools/embedding_files.h"
#include "tools/loaded_model.h"
#include "tools/torch_threads.h"

namespace weft::tools {
namespace {

struct Options {
  std::string type;
  std::filesystem::path out;
  std::string model = "default";
};

void run(Cli& cli, const Options& options) {
  check_embedding_file(options.out);
  set_up_torch(cli);
  const LoadedModel loaded = LoadedModel::load(cli, options.model);
  const graph::Snapshot& snapshot = loaded.context().snapshot;
  const graph::NodeTypeId type = snapshot.schema().node_type_named(options.type);
  const gnn::NodeVectors vectors = loaded.embed(type, cli.progress());
  std::vector<std::string> ids;
  for (graph::NodeId n = 0; n < vectors.rows; ++n) ids.emplace_back(snapshot.external_id({type, n}));
  write_embeddings(options.out, ids, vectors);
  if (cli.common().json) {
    cli.print_json({{"file", options.out.string()},
                    {"type", options.type},
                    {"rows", vectors.rows},
                    {"dim", vectors.dim}});
  } else {
    cli.print(fmt::format("{} x {} embeddings of {} nodes in {}", with_commas(vectors.rows), vectors.dim,
                          options.type, options.out.string()));
  }
}

}  // namespace

void add_embed(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("embed", "Write embeddings of all nodes of a type as .npy or Parquet",
                              [&cli, options] { run(cli, *options); });
  command->add_option("--type", options->type, "Node type, as in the project file")->required();
  command->add_option("--out", options->out, "File to write: .npy (ids beside it) or .parquet")->required();
  cli.add_threads(command);
  command->add_option("--model", options->model, "Name of the model in the workspace")->capture_default_str();
}

}  // namespace weft::tools
