#include "storage/cleaning/clean_counts.h"

#include <algorithm>

namespace weft::storage {

const std::string& clean_step_name(CleanStep step) {
  static const std::array<std::string, kCleanSteps> kNames = {
      "html", "control",     "nfc",    "nfkc",  "space", "missing", "values",
      "ids",  "unknown_ids", "factor", "scale", "time",  "bad",     "default"};
  return kNames[static_cast<std::size_t>(step)];
}

void CleanCounts::add(const CleanCounts& other) {
  rules.resize(std::max(rules.size(), other.rules.size()), StepCounts{});
  for (std::size_t r = 0; r < other.rules.size(); ++r) {
    for (std::size_t s = 0; s < kCleanSteps; ++s) rules[r][s] += other.rules[r][s];
  }
  missing += other.missing;
  dropped_rows += other.dropped_rows;
}

}  // namespace weft::storage
