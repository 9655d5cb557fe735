#include "storage/ingest.h"

#include "base/stopwatch.h"
#include "storage/graph_store.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "tools/bench/bench.h"

namespace weft::tools::bench {

std::vector<Measurement> measure_ingest(Cli& cli, const TomlFile& toml, const std::filesystem::path& file,
                                        const Limits& limits) {
  const storage::Project project = storage::read_project(toml, file);
  storage::GraphStore store = storage::GraphStore::open(project.workspace.store(), project.schema);
  const storage::IngestReport report =
      storage::ingest(project, store, {.threads = limits.threads}, cli.progress());
  const Stopwatch clock;
  const storage::ExportedSnapshot exported =
      storage::export_snapshot(store, project.workspace, project.data_root, cli.progress());
  const double snapshot_seconds = clock.wall_seconds();
  std::uint64_t edges = 0;
  for (const std::uint64_t count : store.info().edge_counts) edges += count;
  const Json path = {{"path", report.bulk ? "bulk" : "batches"}};
  const auto rate = [&](const char* what, double count, double seconds, const char* unit, Json details) {
    details["seconds"] = seconds;
    return Measurement{"ingest", what, seconds > 0 ? count / seconds : 0, unit, std::move(details)};
  };
  Json rows = path;
  rows["rows"] = report.rows;
  Json text = path;
  text["bytes"] = report.bytes;
  return {
      rate("rows to the store", static_cast<double>(report.rows), report.seconds, "rows/s", rows),
      rate("source text to the store", static_cast<double>(report.bytes) / 1e6, report.seconds, "MB/s", text),
      rate("store to snapshot", static_cast<double>(edges), snapshot_seconds, "edges/s", {{"edges", edges}})};
}

}  // namespace weft::tools::bench
