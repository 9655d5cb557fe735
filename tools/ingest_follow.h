// `weft ingest --follow`.
#pragma once

#include <chrono>

#include "storage/fresh_graph.h"
#include "storage/graph_store.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "tools/cli.h"

namespace weft::tools {

// Ingests what the project's topics hold, again and again, until SIGINT or SIGTERM; after each round that
// found something, and once it has caught up, the workspace is brought up to date as `fresh` says. Prints a
// line for each such round, with --json a JSON object on one line.
void follow_topics(Cli& cli, const storage::Project& project, storage::GraphStore& store,
                   const storage::IngestOptions& ingest, const storage::FreshOptions& fresh,
                   std::chrono::milliseconds every);

}  // namespace weft::tools
