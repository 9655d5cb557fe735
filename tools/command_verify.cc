// `weft verify`: checks the store's, the snapshot's and the feature sets' checksums and invariants.
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"
#include "encoders/feature_set.h"
#include "graph/live_view.h"
#include "storage/delta_export.h"
#include "storage/graph_store.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tools/cli.h"
#include "tools/feature_folders.h"

namespace weft::tools {
namespace {

// Runs `check`; an Error becomes a line in `problems`.
template <typename Check>
void collect(std::vector<std::string>& problems, Check check) {
  try {
    check();
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
}

void run(Cli& cli) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  if (!std::filesystem::exists(project.workspace.store() / "db")) {
    throw Error("there is no store yet",
                {.file = project.workspace.store().string(),
                 .hint = fmt::format("run 'weft ingest {}' first", project.file.string())});
  }
  std::vector<std::string> problems;
  storage::VerifyReport report;
  collect(problems, [&] {
    const storage::GraphStore store = storage::GraphStore::open_reader(project.workspace.store());
    report = storage::verify_store(store, cli.progress());
  });
  problems.insert(problems.end(), report.problems.begin(), report.problems.end());
  bool snapshot_seen = false;
  std::optional<std::uint64_t> delta_changes;
  std::size_t feature_sets = 0;
  collect(problems, [&] {
    if (const auto folder = storage::current_snapshot(project.workspace)) {
      snapshot_seen = true;
      graph::Snapshot snapshot = graph::Snapshot::open(*folder, graph::Verify::kChecksums);
      if (const auto newest = storage::current_delta(project.workspace)) {
        graph::Delta delta = graph::read_delta(*newest);
        const std::uint64_t changes = delta.changes();
        const graph::LiveView live(std::move(snapshot), std::move(delta));  // it stands on just this snapshot
        delta_changes = changes;
      }
    }
  });
  for (const std::filesystem::path& folder : feature_folders(project)) {
    ++feature_sets;
    collect(problems, [&] { encoders::FeatureSet::open(folder); });
  }
  if (cli.common().json) {
    cli.print_json({{"ok", problems.empty()},
                    {"problems", problems},
                    {"nodes", report.nodes},
                    {"edges", report.edges},
                    {"fields", report.fields},
                    {"ledger_entries", report.ledger_entries},
                    {"quarantined", report.quarantined},
                    {"snapshot", snapshot_seen},
                    {"delta", delta_changes.has_value()},
                    {"feature_sets", feature_sets}});
  } else if (problems.empty()) {
    cli.print(fmt::format(
        "ok: {} nodes, {} edges, {} fields, {} sources, {} quarantined rows, {} and {} feature sets checked",
        with_commas(report.nodes), with_commas(report.edges), with_commas(report.fields),
        report.ledger_entries, with_commas(report.quarantined),
        snapshot_seen ? (delta_changes ? "the snapshot with its delta" : "the snapshot") : "no snapshot",
        feature_sets));
  } else {
    for (const std::string& problem : problems) cli.print(problem);
  }
  if (!problems.empty())
    throw Error(
        fmt::format("{} problems found", std::max<std::uint64_t>(problems.size(), report.problem_count)));
}

}  // namespace

void add_verify(Cli& cli) {
  cli.add_project_command("verify", "Check store, snapshot and feature sets; say exactly what is broken",
                          [&cli] { run(cli); });
}

}  // namespace weft::tools
