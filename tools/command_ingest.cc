// `weft ingest`: reads the project's sources into the store and writes a snapshot of it, or a delta on the
// snapshot that is there.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "storage/fresh_graph.h"
#include "storage/graph_store.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "tools/cli.h"
#include "tools/ingest_follow.h"
#include "tools/project_context.h"
#include "tools/row_cleaning.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

Json to_json(const storage::IngestReport& report, const storage::FreshGraph& fresh,
             const storage::StoreInfo& info, const graph::Schema& schema) {
  Json out = {{"rows", report.rows},
              {"events", report.events},
              {"filtered", report.filtered},
              {"duplicates", report.duplicates},
              {"forgotten", report.forgotten},
              {"deletions", report.deletions},
              {"deletions_of_nothing",
               report.bulk && report.deletions > 0 ? Json(nullptr) : Json(report.deletions_of_nothing)},
              {"quarantined_rows", report.quarantined_rows},
              {"quarantined", report.quarantined},
              {"media",
               {{"found", report.media_found},
                {"missing", report.media_missing},
                {"corrupt", report.media_corrupt},
                {"recovered", report.media_recovered}}},
              {"sources_unchanged", report.sources_unchanged},
              {"bytes", report.bytes},
              {"path", report.bulk ? "bulk" : "batches"},
              {"path_reason", report.path_reason},
              {"spilled_runs", report.spilled_runs},
              {"temporary_bytes", report.temporary_bytes},
              {"seconds", report.seconds}};
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    out["nodes"][schema.node_types()[t].name] = {{"new", report.new_nodes[t]},
                                                 {"total", info.node_counts[t]}};
  }
  for (std::size_t t = 0; t < schema.edge_types().size(); ++t) {
    out["edges"][schema.edge_types()[t].name] = {
        {"new", report.new_edges[t]}, {"deleted", report.deleted_edges[t]}, {"total", info.edge_counts[t]}};
  }
  out["notes"] = report.notes;
  for (const auto& problem : report.media_problems)
    out["media_problems"].push_back(
        {{"path", problem.path}, {"what", problem.what}, {"damaged", problem.damaged}});
  out["snapshot"] = {{"folder", fresh.snapshot.string()},
                     {"sequence", fresh.info.sequence},
                     {"checksum", fmt::format("{:016x}", fresh.info.checksum)},
                     // A bulk load writes that of its outcome itself.
                     {"reused", !fresh.wrote_snapshot && !report.bulk}};
  if (!fresh.delta.empty()) {
    out["delta"] = {{"folder", fresh.delta.string()},
                    {"sequence", fresh.sequence},
                    {"changes", fresh.changes},
                    {"bytes", fresh.delta_bytes}};
  }
  return out;
}

// For each field of a type with a rule for conflicts, where it changed anything.
Json conflicts_json(const storage::IngestReport& report, const graph::Schema& schema) {
  Json out = Json::object();
  for (const auto& [field, counts] : report.conflicts) {
    const graph::NodeType& type = schema.node_type(field.first);
    out[type.name][type.fields[field.second].name] = {
        {"agreeing", counts.agreeing}, {"conflicting", counts.conflicting}, {"filled", counts.filled}};
  }
  return out;
}

void print_conflicts(const Cli& cli, const Json& conflicts) {
  if (conflicts.empty()) return;
  Table table({"fields of several rows", "all agree", "they differ", "filled by a lower source"});
  for (const auto& [type, fields] : conflicts.items()) {
    for (const auto& [field, counts] : fields.items()) {
      const auto shown = [&](const char* key) { return fmt::format("{}", counts[key].get<std::int64_t>()); };
      table.add({printable(fmt::format("{}.{}", type, field)), shown("agreeing"), shown("conflicting"),
                 shown("filled")});
    }
  }
  cli.print("\n" + table.text());
}

// For each column's rules, the steps that did something.
Json cleaning_json(const storage::IngestReport& report, const storage::Project& project) {
  Json columns = Json::array();
  for (std::size_t rule = 0; rule < project.rules.size(); ++rule) {
    Json steps = Json::object();
    for (std::size_t step = 0; step < storage::kCleanSteps && rule < report.cleaned.rules.size(); ++step) {
      const std::uint64_t values = report.cleaned.rules[rule][step];
      if (values > 0) steps[storage::clean_step_name(static_cast<storage::CleanStep>(step))] = values;
    }
    columns.push_back({{"section", project.rules[rule].owner},
                       {"column", project.rules[rule].column},
                       {"values", std::move(steps)}});
  }
  return {{"columns", std::move(columns)},
          {"missing_elsewhere", report.cleaned.missing},
          {"dropped_rows", report.cleaned.dropped_rows}};
}

void print_cleaning(const Cli& cli, const storage::IngestReport& report, const Json& cleaning) {
  if (report.cleaned.missing > 0)
    cli.print(fmt::format("{} values counted as none (clean.missing)", with_commas(report.cleaned.missing)));
  if (report.cleaned.dropped_rows > 0)
    cli.print(fmt::format("{} rows left out (on_bad = \"drop\")", with_commas(report.cleaned.dropped_rows)));
  Table table({"cleaned column", "step", "values"});
  for (const Json& column : cleaning["columns"]) {
    std::string name =
        fmt::format("{}.{}", column["section"].get<std::string>(), column["column"].get<std::string>());
    if (column["values"].empty()) table.add({printable(name), "nothing to do", "0"});
    for (const auto& [step, values] : column["values"].items())
      table.add({printable(std::exchange(name, "")), step, with_commas(values.get<std::uint64_t>())});
  }
  if (!cleaning["columns"].empty()) cli.print("\n" + table.text());
}

constexpr std::size_t kShownProblems = 5;

void print_damaged(const Cli& cli, const storage::IngestReport& report) {
  std::size_t shown = 0;
  for (const storage::MediaProblem& problem : report.media_problems) {
    if (!problem.damaged) continue;
    if (shown++ == kShownProblems) {
      cli.print("  ... (--json lists more)");
      return;
    }
    cli.print(printable(fmt::format("  {}: {}", problem.path, problem.what)));
  }
}

std::uint64_t deleted_edges(const storage::IngestReport& report) {
  return std::accumulate(report.deleted_edges.begin(), report.deleted_edges.end(), std::uint64_t{0});
}

void print_report(const Cli& cli, const storage::IngestReport& report, const storage::Project& project,
                  const Json& json) {
  Table table({"nodes and edges", "new", "total"});
  for (const char* kind : {"nodes", "edges"}) {
    if (!json.contains(kind)) continue;
    for (const auto& [name, counts] : json[kind].items()) {
      table.add({name, with_commas(counts["new"].get<std::uint64_t>()),
                 with_commas(counts["total"].get<std::uint64_t>())});
    }
    if (std::string(kind) == "nodes") table.add_rule();
  }
  cli.print(table.text());
  cli.print(fmt::format("\n{} rows in {:.1f} s ({} rows/s); {} events, {} of them in the store already",
                        with_commas(report.rows), report.seconds,
                        with_commas(static_cast<std::uint64_t>(
                            report.seconds > 0 ? static_cast<double>(report.rows) / report.seconds : 0)),
                        with_commas(report.events), with_commas(report.duplicates)));
  if (report.forgotten > 0)
    cli.print(fmt::format("{} events left out: they name what was forgotten", with_commas(report.forgotten)));
  if (report.deletions > 0) {
    cli.print(fmt::format(
        "{} deletions took {} edges back{}", with_commas(report.deletions),
        with_commas(deleted_edges(report)),
        report.bulk ? ""
                    : fmt::format("; {} of them found nothing", with_commas(report.deletions_of_nothing))));
  } else if (deleted_edges(report) > 0) {
    cli.print(fmt::format("{} edges do not stand: deletions that came earlier reach them",
                          with_commas(deleted_edges(report))));
  }
  if (report.bulk) {
    cli.print(fmt::format("loaded in bulk ({}): {} sorted runs to disk, at most {} MiB of temporary files",
                          report.path_reason, with_commas(report.spilled_runs),
                          with_commas(report.temporary_bytes >> 20)));
  } else if (report.rows > 0) {
    cli.print(fmt::format("loaded in batches ({})", report.path_reason));
  }
  if (report.sources_unchanged > 0)
    cli.print(fmt::format("{} sources had nothing new", report.sources_unchanged));
  if (report.media_found + report.media_missing + report.media_corrupt > 0) {
    cli.print(fmt::format("media files: {} found, {} missing, {} unreadable", with_commas(report.media_found),
                          with_commas(report.media_missing), with_commas(report.media_corrupt)));
    print_damaged(cli, report);
  }
  if (report.media_recovered > 0)
    cli.print(fmt::format("{} media files that were missing or unreadable before are in now",
                          with_commas(report.media_recovered)));
  if (report.quarantined_rows > 0) {
    cli.print(fmt::format("{} rows in quarantine, see {}", with_commas(report.quarantined_rows),
                          project.workspace.quarantine_file().string()));
    for (const auto& [reason, count] : report.quarantined)
      cli.print(printable(fmt::format("  {:>6}  {}", with_commas(count), reason)));
  }
  print_cleaning(cli, report, json["cleaning"]);
  print_conflicts(cli, json["conflicts"]);
  if (json.contains("row_cleaning")) cli.print("\n" + row_cleaning_text(json["row_cleaning"]));
  for (const Json& note : json["notes"]) cli.print(printable("note: " + note.get<std::string>()));
  cli.print(fmt::format("snapshot {}{}", json["snapshot"]["folder"].get<std::string>(),
                        json["snapshot"]["reused"].get<bool>() ? " (unchanged)" : ""));
  if (json.contains("delta")) {
    cli.print(
        fmt::format("delta {}: {} changes, {} KiB; what needs them in the snapshot puts them there first",
                    json["delta"]["folder"].get<std::string>(),
                    with_commas(json["delta"]["changes"].get<std::uint64_t>()),
                    with_commas((json["delta"]["bytes"].get<std::uint64_t>() + 1023) >> 10)));
  }
}

// The graph that training will see, so that its first run need not wait for it and people see what was taken
// away. What stands in the way is training's to refuse: the store is written.
void clean_rows(const TomlFile& toml, const storage::Project& project, const std::filesystem::path& folder,
                Json& json) {
  try {
    const graph::Snapshot snapshot = graph::Snapshot::open(folder, graph::Verify::kStructure);
    const CleanedProject cleaned = clean_project(toml.root(), project, snapshot);
    json["row_cleaning"] = row_cleaning_json(cleaned.graph, snapshot.schema());
  } catch (const Error& error) {
    json["notes"].push_back(fmt::format("rows are not cleaned for training yet: {}", error.what()));
  }
}

constexpr std::size_t kMinMemory = std::size_t{16} << 20;
constexpr std::size_t kMinCache = std::size_t{64} << 20;

struct Options {
  storage::IngestOptions ingest = {};
  bool delta = false;
  bool compact = false;
  bool follow = false;
  double every = 10;  // seconds
};

void run(Cli& cli, Options options) {
  storage::IngestOptions& ingest = options.ingest;
  ingest.threads = cli.threads();
  ingest.snapshot = true;
  const TomlFile toml = cli.read_project_file();
  const storage::Project project = storage::read_project(toml, cli.project_path());
  const bool cleans_rows = project.row_rules.any();
  if (cleans_rows) check_row_rules(toml.root(), project);  // before anything is written
  storage::GraphStore store = storage::GraphStore::open(
      project.workspace.store(), project.schema,
      {.block_cache_bytes = std::clamp(ingest.memory / 8, kMinCache, storage::default_block_cache_bytes())});
  const storage::FreshOptions fresh_options = {
      .how = options.compact ? storage::Freshen::kSnapshot
             : options.delta ? storage::Freshen::kDelta
                             : storage::Freshen::kAuto,
      .delta_share = project.delta_share,
      .snapshot = {.memory = ingest.memory, .threads = ingest.threads}};
  if (options.follow) {
    follow_topics(cli, project, store, ingest, fresh_options,
                  std::chrono::milliseconds(std::llround(options.every * 1000)));
    return;
  }
  const storage::IngestReport report = storage::ingest(project, store, ingest, cli.progress());
  const storage::FreshGraph fresh =
      storage::freshen(store, project.workspace, project.data_root, fresh_options, cli.progress());
  Json json = to_json(report, fresh, store.info(), project.schema.graph);
  json["cleaning"] = cleaning_json(report, project);
  json["conflicts"] = conflicts_json(report, project.schema.graph);
  // What waits in a delta is cleaned with the snapshot that takes it in.
  if (cleans_rows && !json.contains("delta"))
    clean_rows(toml, project, json["snapshot"]["folder"].get<std::string>(), json);
  if (cli.common().json)
    cli.print_json(json);
  else
    print_report(cli, report, project, json);
  if (options.delta && fresh.wrote_snapshot)
    cli.note(
        "note: no log of changes led from the snapshot to the store, so a whole one was written; the next "
        "can be a delta");
}

}  // namespace

void add_ingest(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command(
      "ingest", "Read the project's sources into the store and write a snapshot or a delta",
      [&cli, options] { run(cli, *options); });
  cli.add_threads(command);
  command
      ->add_option("--memory", options->ingest.memory,
                   "Memory for loading a store in bulk and for writing the snapshot, as in 512MB")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(kMinMemory, std::size_t{1} << 50));
  command
      ->add_option("--bulk-from", options->ingest.bulk_from_bytes,
                   "Load in bulk if this size or more is new in the sources, into a store that holds "
                   "data if that is the shorter way too; 0: wherever it can be")
      ->transform(CLI::AsSizeValue(false));
  CLI::Option* delta = command->add_flag(
      "--delta", options->delta, "Write what is new as a delta on the snapshot, however small that is");
  CLI::Option* compact =
      command->add_flag("--compact", options->compact, "Write a whole snapshot, however little is new")
          ->excludes(delta);
  CLI::Option* follow = command
                            ->add_flag("--follow", options->follow,
                                       "Go on with what the project's topics bring, until Ctrl-C or SIGTERM")
                            ->excludes(compact);
  command->add_option("--every", options->every, "With --follow: seconds between two looks at the topics")
      ->check(CLI::Range(0.1, 86'400.0))
      ->needs(follow);
}

}  // namespace weft::tools
