// ingest_program PROJECT.toml [--batch-rows N] [--bulk-from BYTES] [--memory BYTES] [--set key=value]...
//                [--acknowledge FILE]
// ingest_program --serve      runs of that, as tests/crash/program_server.h asks for them
// Ingests, exports a snapshot, verifies, and prints what came of it, one "key value" a line. The crash tests
// kill it at every moment; it is also the smallest program on storage's interface.
//
// To the end of FILE goes, as soon as the program knows it: "sequence N" when a batch or a bulk load is in
// the store, "snapshot CHECKSUM" when a snapshot is written. What was said there must survive any kill.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "base/toml.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/program_server.h"

namespace {

void acknowledge(int fd, const std::string& line) {
  if (fd >= 0 && ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw weft::Error("cannot write to the file of acknowledgements");
}

int run(const std::vector<std::string>& arguments) {
  using namespace weft;
  if (arguments.empty())
    throw Error("usage: ingest_program PROJECT.toml [--batch-rows N] [--set key=value]...", {},
                ErrorKind::kUsage);
  TomlFile toml = TomlFile::read(arguments[0]);
  storage::IngestOptions options;
  options.snapshot = true;
  int fd = -1;
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const std::string &name = arguments[i], &value = arguments[i + 1];
    const auto number = [&] { return std::strtoull(value.c_str(), nullptr, 10); };
    if (name == "--set") toml.set(value);
    if (name == "--batch-rows") options.batch_rows = number();
    if (name == "--bulk-from") options.bulk_from_bytes = number();
    if (name == "--memory") options.memory = number();
    if (name == "--acknowledge") fd = ::open(value.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  const storage::Project project = storage::read_project(toml, arguments[0]);
  FaultFiles files(real_files());  // that count kill points
  // Small buffers: RocksDB reserves and clears as much for each of its families as they may grow to.
  storage::GraphStore store = storage::GraphStore::open(project.workspace.store(), project.schema,
                                                        {.write_buffer_bytes = std::size_t{1} << 20}, files);
  files.on_kill_point([&](std::string_view name) {
    if (name == "ingest.after_batch" || name == "bulk.after_take_in")
      acknowledge(fd, "sequence " + std::to_string(store.info().sequence) + "\n");
  });
  const storage::IngestReport report = storage::ingest(project, store, options, no_progress(), files);
  const storage::ExportedSnapshot snapshot =
      storage::export_snapshot(store, project.workspace, project.data_root, no_progress(), files,
                               {.memory = options.memory, .threads = options.threads});
  acknowledge(fd, "snapshot " + to_hex(snapshot.info.checksum) + "\n");
  const storage::VerifyReport verified = storage::verify_store(store);
  const auto print = [](const std::string& key, std::uint64_t value) {
    std::printf("%s %llu\n", key.c_str(), static_cast<unsigned long long>(value));
  };
  print("rows", report.rows);
  print("events", report.events);
  print("filtered", report.filtered);
  print("duplicates", report.duplicates);
  print("bytes", report.bytes);
  const storage::StoreInfo info = store.info();
  for (std::size_t i = 0; i < info.node_counts.size(); ++i)
    print("nodes." + project.schema.graph.node_types()[i].name, info.node_counts[i]);
  for (std::size_t i = 0; i < info.edge_counts.size(); ++i)
    print("edges." + project.schema.graph.edge_types()[i].name, info.edge_counts[i]);
  for (const auto& [reason, count] : report.quarantined) print("quarantined." + reason, count);
  print("media.found", report.media_found);
  print("media.missing", report.media_missing);
  print("media.corrupt", report.media_corrupt);
  print("problems", verified.problem_count);
  for (const std::string& problem : verified.problems) std::printf("problem %s\n", problem.c_str());
  for (const std::string& note : report.notes) std::printf("note %s\n", note.c_str());
  for (const auto& [name, count] : files.kill_points_passed()) print("passed " + name, count);
  std::printf("seconds %.3f\n", report.seconds);
  std::printf("checksum %s\n", to_hex(snapshot.info.checksum).c_str());
  return verified.ok() ? 0 : 1;
}

int guarded_run(const std::vector<std::string>& arguments) {
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--serve"}) return weft::storage::serve_program(guarded_run);
  return guarded_run(arguments);
}
