// `weft partition`: cuts the current snapshot into parts for workers, and says what the cut costs.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "graph/graph_view.h"
#include "graph/partition.h"
#include "graph/partition_files.h"
#include "graph/partition_report.h"
#include "tools/cli.h"
#include "tools/project_context.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

struct Options {
  std::uint32_t parts = 2;
  std::string method = "auto";
  std::uint64_t seed = 1;
  double imbalance = 1.05;
  std::vector<std::string> edge_weights;  // TYPE=COST
  std::filesystem::path out;
};

graph::PartitionMethod method_of(const std::string& name) {
  using graph::PartitionMethod;
  for (const PartitionMethod method :
       {PartitionMethod::kAuto, PartitionMethod::kMetis, PartitionMethod::kStreaming}) {
    if (name == graph::partition_method_name(method)) return method;
  }
  throw Error("there is no such way to partition",
              {.field = "--method", .value = name, .expected = "auto, metis or streaming"},
              ErrorKind::kUsage);
}

std::vector<std::uint32_t> edge_weights(const graph::Schema& schema, const std::vector<std::string>& given) {
  std::vector<std::uint32_t> weights(schema.edge_types().size(), 1);
  for (const std::string& text : given) {
    const std::size_t equals = text.rfind('=');
    const std::string name = text.substr(0, equals);
    std::size_t type = 0;
    while (type < weights.size() && schema.edge_types()[type].name != name) ++type;
    std::uint64_t cost = 0;
    const std::string digits = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (!digits.empty() && digits.size() <= 7 && digits.find_first_not_of("0123456789") == std::string::npos)
      cost = std::stoull(digits);
    if (type == weights.size() || cost == 0 || cost > 1000000) {
      std::string names;
      for (const graph::EdgeType& edge_type : schema.edge_types())
        names += (names.empty() ? "" : ", ") + edge_type.name;
      throw Error("this is no cost of an edge type",
                  {.field = "--edge-weight",
                   .value = text,
                   .expected = "TYPE=COST, a cost of 1 to 1000000",
                   .hint = fmt::format("the edge types are {}", names)},
                  ErrorKind::kUsage);
    }
    weights[type] = static_cast<std::uint32_t>(cost);
  }
  return weights;
}

Json to_json(const graph::EdgeCut& cut) {
  return {{"edges", cut.edges}, {"cut", cut.cut}, {"random_cut", cut.random_cut}};
}

Json to_json(const graph::PartitionReport& report, const graph::Schema& schema) {
  Json json = {{"all_edges", to_json(report.all_edges())}};
  for (std::size_t type = 0; type < report.edge_types.size(); ++type)
    json["edge_types"][schema.edge_types()[type].name] = to_json(report.edge_types[type]);
  for (std::size_t type = 0; type < report.nodes.size(); ++type) {
    json["nodes"][schema.node_types()[type].name] = report.nodes[type];
    json["halo"][schema.node_types()[type].name] = report.halo[type];
  }
  json["inner_edges"] = report.inner_edges;
  for (std::size_t load = 0; load < report.loads.size(); ++load) {
    json["loads"][report.load_names[load]] = {{"parts", report.loads[load]},
                                              {"imbalance", report.imbalance(load)}};
  }
  return json;
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void print(const Cli& cli, const graph::PartitionReport& report, const graph::Schema& schema) {
  Table cuts({"edge type", "edges", "cut", "share", "by chance"});
  const auto add = [&](const std::string& name, const graph::EdgeCut& cut) {
    cuts.add({name, with_commas(cut.edges), with_commas(cut.cut), share(cut.cut, cut.edges),
              share(cut.random_cut, cut.edges)});
  };
  for (std::size_t type = 0; type < report.edge_types.size(); ++type)
    add(schema.edge_types()[type].name, report.edge_types[type]);
  add("all", report.all_edges());
  cli.print(cuts.text());
  std::vector<std::string> columns = {"part", "nodes", "halo", "inner edges"};
  columns.insert(columns.end(), report.load_names.begin(), report.load_names.end());
  Table parts(columns);
  for (std::size_t part = 0; part < report.inner_edges.size(); ++part) {
    std::uint64_t nodes = 0;
    std::uint64_t halo = 0;
    for (const auto& of_type : report.nodes) nodes += of_type[part];
    for (const auto& of_type : report.halo) halo += of_type[part];
    std::vector<std::string> row = {std::to_string(part), with_commas(nodes), with_commas(halo),
                                    with_commas(report.inner_edges[part])};
    for (const auto& load : report.loads) row.push_back(with_commas(load[part]));
    parts.add(row);
  }
  cli.print(parts.text());
  for (std::size_t load = 0; load < report.loads.size(); ++load) {
    cli.print(fmt::format("{}: the fullest part has {:.3f} times the mean", report.load_names[load],
                          report.imbalance(load)));
  }
}

void run(const Cli& cli, const Options& options) {
  const ProjectContext context = open_project(cli);
  const graph::Schema& schema = context.snapshot.schema();
  const graph::GraphView view = graph::view(context.snapshot);
  const graph::PartitionOptions wanted{.parts = options.parts,
                                       .method = method_of(options.method),
                                       .seed = options.seed,
                                       .imbalance = options.imbalance,
                                       .loads = {graph::training_edge_load(context.snapshot, &context.split),
                                                 graph::field_byte_load(context.snapshot)},
                                       .edge_weights = edge_weights(schema, options.edge_weights)};
  const std::filesystem::path folder =
      options.out.empty() ? context.project.workspace.folder / "partitions" / std::to_string(options.parts)
                          : options.out;
  if (std::filesystem::exists(folder)) {
    throw Error("there is something under this name already",
                {.file = folder.string(), .hint = "remove it, or give another folder with --out"},
                ErrorKind::kUsage);
  }
  const graph::Partition partition = graph::partition(view, wanted);
  const std::vector<graph::HaloTable> halos = graph::halo_tables(view, partition);
  const graph::PartitionReport report =
      graph::report_partition(view, partition, halos, wanted.loads, options.seed);
  real_files().make_folders(folder.parent_path());
  graph::write_partition(folder, context.snapshot, partition, halos, options.seed);
  const auto method = std::string(graph::partition_method_name(partition.method));
  if (cli.common().json) {
    Json json = {{"folder", folder.string()}, {"parts", options.parts}, {"method", method}};
    json.update(to_json(report, schema));
    cli.print_json(json);
    return;
  }
  print(cli, report, schema);
  cli.print(fmt::format("{} parts by {} in {}", options.parts, method, folder.string()));
}

}  // namespace

void add_partition(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("partition", "Cut the graph into balanced parts with few edges between them",
                              [&cli, options] { run(cli, *options); });
  command->add_option("--parts", options->parts, "How many parts")->capture_default_str();
  command->add_option("--method", options->method, "auto, metis or streaming")->capture_default_str();
  command->add_option("--seed", options->seed, "Of the partitioner's choices")->capture_default_str();
  command
      ->add_option("--imbalance", options->imbalance,
                   "How many times the mean the fullest part may hold of each load")
      ->capture_default_str();
  command->add_option("--edge-weight", options->edge_weights,
                      "TYPE=COST of cutting an edge of that type (1 unless given)");
  command->add_option("--out", options->out, "Folder to write (default: partitions/PARTS in the workspace)");
}

}  // namespace weft::tools
