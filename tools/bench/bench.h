// What `weft bench` measures, one function a part. Each works on a project as it is, within a scratch folder:
// the project's own workspace is read, and never written to.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/toml.h"
#include "tools/cli.h"
#include "tools/project_context.h"

namespace weft::tools::bench {

// One line of the result.
struct Measurement {
  std::string part = {};          // "ingest"
  std::string what = {};          // "rows to the store"
  double value = 0;               // of `unit`
  std::string unit = {};          // "rows/s", "ms": more is better but for times
  Json details = Json::object();  // what it was measured over
};

struct Limits {
  double seconds = 10;      // of a repeated part: batches, steps or queries go on until then
  std::size_t threads = 1;  // where a part can use several
};

// Reads the sources into an empty workspace and writes a snapshot of it.
std::vector<Measurement> measure_ingest(Cli& cli, const TomlFile& toml, const std::filesystem::path& file,
                                        const Limits& limits);

// Fits the encoders and encodes every text, picture and sound, with nothing cached: context.project.workspace
// must be empty of encoders. Leaves the features there. Nothing to report for a project without such fields.
std::vector<Measurement> measure_encoding(Cli& cli, const ProjectContext& context);

// Neighbourhoods of random events' ends with the network's fan-outs and law: one frontier a batch, and, where
// the target's events have times, a tree an event with its time as the bound.
std::vector<Measurement> measure_sampling(const ProjectContext& context, const Limits& limits);

// Steps of the project's model from its beginning, at most an epoch (of LightGCN, which goes by epochs, a
// whole one). What was trained lies in `folder`; its model file is there only if the epoch was finished in
// time.
std::vector<Measurement> measure_training(Cli& cli, const ProjectContext& context,
                                          const std::filesystem::path& folder, const Limits& limits);

// What `recommend` does: vectors of all users and items, then the best items of one user after the other.
std::vector<Measurement> measure_queries(Cli& cli, std::shared_ptr<const ProjectContext> context,
                                         const std::filesystem::path& model, const Limits& limits);

}  // namespace weft::tools::bench
