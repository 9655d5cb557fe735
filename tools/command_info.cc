// `weft info`: what a project's graph holds; with --devices what there is to compute on; with --analyse what
// kind of graph it is.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/strings.h"
#include "graph/analysis.h"
#include "graph/graph_view.h"
#include "sampling/devices.h"
#include "storage/fresh_graph.h"
#include "storage/graph_store.h"
#include "storage/project.h"
#include "storage/values.h"
#include "tools/analysis_report.h"
#include "tools/cli.h"
#include "tools/project_context.h"
#include "tools/table.h"
#include "tools/torch_cuda.h"

namespace weft::tools {
namespace {

constexpr std::uint64_t kAnalysisSteps = 4;

struct Options {
  bool devices = false;
  bool analyse = false;
  std::size_t top = 5;
};

void print_devices(const Cli& cli) {
  const DeviceReport report = describe_devices();
  const TorchCuda torch = load_torch_cuda();
  std::vector<std::string> lines = report.lines();
  lines.push_back(fmt::format("Torch's CUDA  {}", torch.loaded ? "loaded" : torch.message));
  if (!cli.common().json) {
    for (const std::string& line : lines) cli.print(line);
    return;
  }
  Json gpus = Json::array();
  for (const CudaDeviceInfo& gpu : report.gpus) {
    gpus.push_back({{"name", gpu.name},
                    {"compute_capability", fmt::format("{}.{}", gpu.capability_major, gpu.capability_minor)},
                    {"memory_bytes", gpu.memory_bytes}});
  }
  cli.print_json(
      {{"cpu",
        {{"name", report.cpu.name}, {"cores", report.cpu.cores}, {"vector_sets", report.cpu.vector_sets}}},
       {"cuda", {{"plugin_built", report.plugin_built}, {"usable", !report.gpus.empty()}, {"gpus", gpus}}},
       {"torch_cuda", {{"loaded", torch.loaded}, {"devices", torch.devices}}},
       {"lines", lines}});
}

// How many of the type's nodes have a value in the field.
std::uint64_t present(const graph::Snapshot& snapshot, graph::NodeTypeId type, std::size_t field) {
  const graph::NodeId count = snapshot.node_count(type);
  std::uint64_t found = 0;
  switch (snapshot.schema().node_type(type).fields[field].kind) {
    case graph::FieldKind::kNumber: {
      const graph::NumberColumn column = snapshot.numbers(type, field);
      return static_cast<std::uint64_t>(
          std::count_if(column.begin(), column.end(), [](double v) { return !std::isnan(v); }));
    }
    case graph::FieldKind::kCategory: {
      const graph::CategoryColumn column = snapshot.categories(type, field);
      for (graph::NodeId n = 0; n < count; ++n) found += column[n].empty() ? 0 : 1;
      return found;
    }
    case graph::FieldKind::kText: {
      const graph::StringColumn column = snapshot.texts(type, field);
      for (graph::NodeId n = 0; n < count; ++n) found += column[n].empty() ? 0 : 1;
      return found;
    }
    default: {
      const graph::StringColumn column = snapshot.media(type, field).content_hashes;
      for (graph::NodeId n = 0; n < count; ++n) found += column[n].empty() ? 0 : 1;
      return found;
    }
  }
}

Json describe(const graph::Snapshot& snapshot) {
  const graph::Schema& schema = snapshot.schema();
  Json out = {{"snapshot", snapshot.folder().string()},
              {"store", snapshot.info().store_uuid},
              {"sequence", snapshot.info().sequence},
              {"checksum", fmt::format("{:016x}", snapshot.info().checksum)}};
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const auto type = static_cast<graph::NodeTypeId>(t);
    Json fields = Json::object();
    for (std::size_t f = 0; f < schema.node_types()[t].fields.size(); ++f) {
      const graph::Field& field = schema.node_types()[t].fields[f];
      fields[field.name] = {{"kind", graph::field_kind_name(field.kind)},
                            {"present", present(snapshot, type, f)}};
    }
    const std::uint64_t forgotten = snapshot.forgotten_nodes(type);
    out["nodes"][schema.node_types()[t].name] = {{"count", snapshot.node_count(type) - forgotten},
                                                 {"forgotten", forgotten},
                                                 {"fields", std::move(fields)}};
  }
  for (std::size_t t = 0; t < schema.edge_types().size(); ++t) {
    const graph::EdgeType& type = schema.edge_types()[t];
    const graph::CsrView csr = snapshot.outgoing(static_cast<graph::EdgeTypeId>(t));
    Json entry = {{"from", schema.node_type(type.from).name},
                  {"to", schema.node_type(type.to).name},
                  {"count", csr.edges()},
                  {"weighted", type.weighted},
                  {"symmetric", type.symmetric}};
    if (!csr.times.empty()) {
      const auto [first, last] = std::minmax_element(csr.times.begin(), csr.times.end());
      entry["first"] = storage::time_text(*first);
      entry["last"] = storage::time_text(*last);
    }
    out["edges"][type.name] = std::move(entry);
  }
  return out;
}

// What waits in a delta on the snapshot.
Json describe(const graph::Delta& delta, const std::filesystem::path& folder) {
  Json out = {{"folder", folder.string()}, {"sequence", delta.info.sequence}, {"changes", delta.changes()}};
  for (std::size_t t = 0; t < delta.nodes.size(); ++t) {
    out["nodes"][delta.schema.node_types()[t].name] = {{"new", delta.nodes[t].external_ids.size()},
                                                       {"older", delta.nodes[t].seen_nodes.size()},
                                                       {"fields", delta.nodes[t].fields.size()}};
  }
  for (std::size_t t = 0; t < delta.edges.size(); ++t) {
    out["edges"][delta.schema.edge_types()[t].name] = {{"new", delta.edges[t].added.size()},
                                                       {"removed", delta.edges[t].removed.size()}};
  }
  return out;
}

void print_delta(const Cli& cli, const Json& json) {
  const auto count = [](const Json& entry, const char* key) {
    return with_commas(entry[key].get<std::uint64_t>());
  };
  Table table({"delta", "new", "changed or gone"});
  for (const auto& [name, entry] : json["nodes"].items()) {
    table.add({name, count(entry, "new"),
               fmt::format("{} fields, {} seen earlier", count(entry, "fields"), count(entry, "older"))});
  }
  if (json.contains("edges")) {
    table.add_rule();
    for (const auto& [name, entry] : json["edges"].items())
      table.add({name, count(entry, "new"), fmt::format("{} gone", count(entry, "removed"))});
  }
  cli.print("\n" + table.text());
  cli.print(fmt::format("\ndelta {}, sequence {}", json["folder"].get<std::string>(),
                        json["sequence"].get<std::uint64_t>()));
}

Json analyse(Cli& cli, const graph::Snapshot& snapshot, std::size_t top) {
  cli.progress().begin("analyse", kAnalysisSteps, "steps");
  std::uint64_t begun = 0;
  const graph::GraphAnalysis analysis =
      graph::analyse(graph::view(snapshot), {.top = top, .left_out = graph::forgotten_nodes(snapshot)},
                     [&](std::string_view step) {
                       cli.progress().note(std::string(step));
                       cli.progress().advance(begun++);
                     });
  cli.progress().advance(kAnalysisSteps);
  cli.progress().end();
  return analysis_json(snapshot, analysis);
}

void print_forgotten(const Cli& cli, const Json& json) {
  std::vector<std::string> parts;
  for (const auto& [name, type] : json["nodes"].items()) {
    if (type["forgotten"] > 0)
      parts.push_back(fmt::format("{} {}", with_commas(type["forgotten"].get<std::uint64_t>()), name));
  }
  if (!parts.empty()) cli.print(fmt::format("forgotten, not counted: {}", join(parts)));
}

void print_tables(const Cli& cli, const Json& json) {
  Table nodes({"node type", "count", "fields (share present)"});
  for (const auto& [name, type] : json["nodes"].items()) {
    std::string fields;
    const auto count = type["count"].get<double>();
    for (const auto& [field, entry] : type["fields"].items()) {
      fields +=
          fmt::format("{}{} {} {:.0f} %", fields.empty() ? "" : ", ", field, entry["kind"].get<std::string>(),
                      count > 0 ? 100 * entry["present"].get<double>() / count : 0);
    }
    nodes.add({name, with_commas(type["count"].get<std::uint64_t>()), fields});
  }
  cli.print(nodes.text());
  print_forgotten(cli, json);
  if (json.contains("edges")) {
    Table edges({"edge type", "from", "to", "count", "first", "last"});
    for (const auto& [name, type] : json["edges"].items()) {
      edges.add({name, type["from"], type["to"], with_commas(type["count"].get<std::uint64_t>()),
                 type.value("first", "-").substr(0, 10), type.value("last", "-").substr(0, 10)});
    }
    cli.print("\n" + edges.text());
  }
}

void run(Cli& cli, const Options& options) {
  if (options.devices) {
    print_devices(cli);
    return;
  }
  if (cli.project_path().empty()) {
    throw Error("no project file given", {.expected = "weft info PROJECT, or weft info --devices"},
                ErrorKind::kUsage);
  }
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  const graph::Snapshot snapshot = open_current_snapshot(project);
  Json json = describe(snapshot);
  if (storage::waiting_delta(project.workspace)) {
    const std::filesystem::path folder = storage::current_delta(project.workspace).value();
    json["delta"] = describe(graph::read_delta(folder), folder);
  }
  std::uint64_t quarantined = 0;
  Json sources = Json::array();
  const storage::GraphStore store = storage::GraphStore::open_reader(project.workspace.store());
  for (const storage::LedgerEntry& entry : store.ledger()) {
    sources.push_back({{"name", entry.name}, {"rows", entry.rows}, {"bad_rows", entry.bad_rows}});
    if (!storage::parse_kafka_source_name(entry.name)) {
      sources.back()["bytes"] = entry.bytes;
    } else if (entry.bytes > 0) {
      sources.back()["next_offset"] = entry.bytes - 1;
    }
    quarantined += entry.bad_rows;
  }
  json["sources"] = std::move(sources);
  std::uint64_t deleted = 0;
  for (std::size_t t = 0; t < snapshot.schema().edge_types().size(); ++t) {
    deleted += store.info().deleted_edges.at(t);
    json["edges"][snapshot.schema().edge_types()[t].name]["deleted"] = store.info().deleted_edges[t];
  }
  json["deleted_edges"] = deleted;
  json["quarantined_rows"] = quarantined;
  if (options.analyse) json["analysis"] = analyse(cli, snapshot, options.top);
  if (cli.common().json) {
    cli.print_json(json);
    return;
  }
  print_tables(cli, json);
  Table table({"source", "rows", "bad rows", "bytes"});
  for (const Json& source : json["sources"]) {
    std::string reached;  // of a topic's partition the offset at which reading goes on
    if (source.contains("bytes"))
      reached = with_commas(source["bytes"].get<std::uint64_t>());
    else if (source.contains("next_offset"))
      reached = fmt::format("next offset {}", source["next_offset"].get<std::uint64_t>());
    table.add({source["name"], with_commas(source["rows"].get<std::uint64_t>()),
               with_commas(source["bad_rows"].get<std::uint64_t>()), reached});
  }
  cli.print("\n" + table.text());
  if (json["deleted_edges"] > 0) {
    cli.print(fmt::format("\n{} edges came and were deleted",
                          with_commas(json["deleted_edges"].get<std::uint64_t>())));
  }
  if (options.analyse) cli.print("\n" + analysis_text(json["analysis"]));
  cli.print(fmt::format("\nsnapshot {}, sequence {}", json["snapshot"].get<std::string>(),
                        json["sequence"].get<std::uint64_t>()));
  if (json.contains("delta")) print_delta(cli, json["delta"]);
}

}  // namespace

void add_info(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command("info", "What the graph holds, or what there is to compute on",
                                              [&cli, options] { run(cli, *options); });
  command->get_option("project")->required(false);
  command->add_flag("--devices", options->devices, "What there is to compute on, and why not more");
  command->add_flag("--analyse", options->analyse,
                    "What kind of graph it is: degrees, components, core numbers, PageRank");
  command->add_option("--top", options->top, "Nodes of each type that --analyse names, by PageRank")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
}

}  // namespace weft::tools
