// A small shop made once for all tests of a file, and how to make one in a few lines.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/tools/synth/read_shop.h"
#include "tools/synth/synth.h"

namespace weft::synth {

inline SynthOptions small_options() {
  SynthOptions options;
  options.users = 120;
  options.items = 90;
  options.purchases_per_user = 12;
  options.threads = 1;
  return options;
}

struct SmallShop {
  explicit SmallShop(const SynthOptions& options)
      : report(generate(options, folder / "shop", no_progress())) {}
  std::filesystem::path path() const { return folder / "shop"; }

  test::TempFolder folder;
  SynthReport report;
};

// The rows of a .jsonl file that parse, without repetitions; `broken` counts the others.
struct JsonRows {
  std::vector<nlohmann::json> rows;
  std::size_t broken = 0, repeated = 0;
};
inline JsonRows read_jsonl(const std::filesystem::path& path) {
  JsonRows out;
  std::set<std::string> seen;
  for (const std::string& line : read_lines(path)) {
    nlohmann::json row = nlohmann::json::parse(line, nullptr, false);
    if (row.is_discarded()) {
      ++out.broken;
    } else if (!seen.insert(line).second) {
      ++out.repeated;
    } else {
      out.rows.push_back(std::move(row));
    }
  }
  return out;
}

}  // namespace weft::synth
