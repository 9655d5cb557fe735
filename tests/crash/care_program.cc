// One step on a workspace of tests/storage/small_store.h's shop, to be killed on the way:
//   care_program backup WORKSPACE BACKUPS
//   care_program restore WORKSPACE BACKUPS ID
//   care_program repair WORKSPACE
//   care_program forget WORKSPACE USER
//   care_program delta WORKSPACE       what is new as a delta on the current snapshot
//   care_program compact WORKSPACE     as a whole snapshot
//   care_program export WORKSPACE FOLDER parquet|npy
//   care_program import WORKSPACE FOLDER
//   care_program --serve               such steps, as tests/crash/program_server.h asks for them
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "storage/backup.h"
#include "storage/exchange/graph_exchange.h"
#include "storage/forget.h"
#include "storage/fresh_graph.h"
#include "storage/project.h"
#include "storage/repair.h"
#include "storage/snapshot_export.h"
#include "tests/crash/campaign.h"
#include "tests/crash/program_server.h"
#include "tests/storage/small_store.h"

namespace {

using namespace weft;
using namespace weft::storage;

void forget(const Workspace& workspace, const std::string& user) {
  GraphStore store = GraphStore::open(workspace.store(), small_schema(), kSmallStore);
  forget_node(store, kUser, user, {.only_by_edges = {0, 0, 0, 1}});
  finish_forgetting(store, workspace);
}

void show(const Workspace& workspace, Freshen how) {
  const GraphStore store = GraphStore::open(workspace.store(), small_schema(), kSmallStore);
  freshen(store, workspace, "root", {.how = how});
}

// False if the arguments name no step.
bool act(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return false;
  const std::string& step = arguments[0];
  const Workspace workspace{arguments[1]};
  if (arguments.size() == 2) {
    if (step == "repair") return repair_store(workspace, small_schema()), true;
    if (step == "delta") return show(workspace, Freshen::kDelta), true;
    if (step == "compact") return show(workspace, Freshen::kSnapshot), true;
  } else if (arguments.size() == 3) {
    if (step == "backup") return write_backup(workspace, arguments[2]), true;
    if (step == "forget") return forget(workspace, arguments[2]), true;
    if (step == "import")
      return import_graph({.data_root = "root", .workspace = workspace, .schema = small_schema()},
                          arguments[2]),
             true;
  } else if (arguments.size() == 4) {
    if (step == "restore") return restore_backup(arguments[2], std::stoull(arguments[3]), workspace), true;
    if (step == "export")
      return export_graph(graph::Snapshot::open(current_snapshot(workspace).value()), small_schema(),
                          arguments[2],
                          arguments[3] == "npy" ? ExchangeFormat::kNpy : ExchangeFormat::kParquet),
             true;
  }
  return false;
}

int guarded_act(const std::vector<std::string>& arguments) {
  try {
    if (act(arguments)) return 0;
    std::fputs("care_program: see its first lines\n", stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--serve"}) return serve_program(guarded_act);
  return guarded_act(arguments);
}
