// What row-local cleaning did, counted by column rules and step.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/cleaning/tidy.h"

namespace weft::storage {

// One value counts once for each step that changed it. A list's items are values.
enum class CleanStep {
  kHtml,  // the steps of tidying, in TidyStep's order
  kControl,
  kNfc,
  kNfkc,
  kSpace,
  kMissing,     // a text that counts as no value
  kValues,      // replaced by the map of values
  kIds,         // replaced by the map of ids
  kUnknownIds,  // not in the map of ids
  kFactor,
  kScale,
  kTime,     // read as a time
  kBad,      // no number, no time, out of range, not allowed, missing though required, an unknown id
  kDefault,  // a missing value for which the default stands
};
inline constexpr std::size_t kCleanSteps = 14;
const std::string& clean_step_name(CleanStep step);  // "html", ..., "unknown_ids", ..., "default"

using StepCounts = std::array<std::uint64_t, kCleanSteps>;

struct CleanCounts {
  std::vector<StepCounts> rules = {};  // [Project::rules]; empty: nothing counted yet
  std::uint64_t missing = 0;           // values without rules that clean.missing takes as none
  std::uint64_t dropped_rows = 0;      // left out by on_bad = "drop"

  void add(const CleanCounts& other);
  bool operator==(const CleanCounts&) const = default;
};

}  // namespace weft::storage
