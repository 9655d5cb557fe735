// Cleaning over rows as the commands use it: [clean] pairs and core, fitted on the train part of the snapshot
// or taken from a model that was trained so.
//
// A model's folder holds clean-CHECKSUM.json, CHECKSUM that of the (cleaned) snapshot it was trained on,
// which the model knows as well: so a training that is killed midway leaves the constants of the model that
// is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/toml.h"
#include "graph/clean_graph.h"
#include "storage/cleaned_graphs.h"
#include "storage/project.h"
#include "tools/cli.h"

namespace weft::tools {

// Throws Error (kUsage) if a pair rule that looks ahead in time ("last", "sum" over a type with times) meets
// a training that looks at the graph as it was at a time.
void check_row_rules(const TomlSection& root, const storage::Project& project);

// The constants that the model in that folder was trained with; nothing if it was trained without.
// `trained_on`: the checksum of its snapshot.
std::optional<graph::CleanConstants> model_constants(const std::filesystem::path& folder,
                                                     std::uint64_t trained_on, const graph::Schema& schema);
// Before training: writes them beside the model.
void save_constants(const std::filesystem::path& folder, std::uint64_t trained_on,
                    const graph::CleanConstants& constants, const graph::Schema& schema);
// Once the model is there: removes those of earlier ones; all of them, for one that was trained without.
inline constexpr std::uint64_t kNoConstants = 0;
void prune_constants(const std::filesystem::path& folder, std::uint64_t trained_on);

// What was taken away, by edge type and part, and how many nodes are outside the core.
Json row_cleaning_json(const storage::CleanedGraph& cleaned, const graph::Schema& schema);
std::string row_cleaning_text(const Json& json);

}  // namespace weft::tools
