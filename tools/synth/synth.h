// `weft synth`: writes a realistic shop as its raw logs. Latent tastes drive everything; the true affinities
// are written beside the logs, so that a model can be compared with the best ranking possible. docs/synth.md
// describes the files, the design and its measured figures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/progress.h"

namespace weft::synth {

enum class Wanted { kAuto, kYes, kNo };

// Same options, same bytes, whatever `threads` is. The defaults are frozen: docs/synth.md gives the figures
// that hold for them.
struct SynthOptions {
  std::uint64_t users = 1000;
  std::uint64_t items = 1000;
  std::uint64_t seed = 1;
  int days = 730;                  // length of the log; it ends at kLogEnd (world.h)
  double purchases_per_user = 45;  // roughly, for a user who is there from the first day
  double dirt = 0.02;  // share of rows and media that are duplicated, incomplete, broken or missing
  bool media = true;   // false: no pictures and clips, and no mention of them in the logs
  // Part of the behaviour comes from an app that writes other names, units and user ids, and some rows are
  // delivered once more with an absurd time or price. shop.toml has the rules that undo it: the graph is that
  // of the same shop without.
  bool mismatches = false;
  bool parquet = false;     // users, events, impressions and follows as Parquet rather than CSV
  std::size_t threads = 0;  // 0: one per core
  std::size_t memory_bytes = std::size_t{512}
                             << 20;  // events held in memory before they are spilled to the folder

  // truth/ grows with users x items. kAuto: up to 25 million pairs.
  Wanted truth = Wanted::kAuto;
  // Exact choice weighs every item at every visit; otherwise candidates are drawn through categories and
  // popularity first, then weighed. kAuto: exact up to 25 million pairs.
  Wanted exact = Wanted::kAuto;
};

struct SynthReport {
  std::uint64_t users = 0, items = 0, brands = 0, categories = 0;
  std::uint64_t visits = 0, browses = 0, carts = 0, purchases = 0, impressions = 0;
  std::uint64_t searches = 0, reviews = 0, reviews_chinese = 0, follows = 0;
  std::uint64_t photos = 0, clips = 0;
  std::uint64_t app_rows = 0;     // true rows of app_events
  std::uint64_t dirty_rows = 0;   // rows added or harmed by dirt
  std::uint64_t dirty_media = 0;  // media missing, cut short or overwritten with noise
  // Not in to_json(). The greatest share of a log's rows that are broken, and the share of items.jsonl's rows
  // that name a damaged picture or clip: what the project file must put up with.
  double broken_rows_share = 0, damaged_media_share = 0;
  std::int64_t test_start_ms = 0;  // where the last tenth of the purchases begins
  bool exact = false, truth = false;
};

// The report as one JSON object, its fields in the order above.
std::string to_json(const SynthReport& report);

// Writes the shop into `folder` (made if missing; must be empty or hold an earlier synthetic shop, which is
// replaced). Throws weft::Error on options out of range, a folder that holds anything else, and failures to
// write.
SynthReport generate(const SynthOptions& options, const std::filesystem::path& folder,
                     ProgressSink& progress);

}  // namespace weft::synth
