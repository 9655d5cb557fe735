// What ingest counts of a source's rows, and the thresholds of [clean] that it is held against.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/cleaning/clean_counts.h"
#include "storage/media.h"
#include "storage/project.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

struct MediaProblem {
  std::string path = {};  // relative to the data root
  std::string what = {};  // "missing", "ends before the image does", ...
  bool damaged = false;   // there, but not whole
};

inline constexpr std::size_t kMaxMediaProblems = 100;
inline constexpr std::size_t kExcerptBytes = 200;

struct MediaTally {
  std::uint64_t found = 0, missing = 0, corrupt = 0;
  std::vector<MediaProblem> problems = {};  // the first kMaxMediaProblems
  void look(const std::vector<MediaFile>& media);
  void add(const MediaTally& later);
};

// Of rows in their order; add() joins what comes later.
struct SourceTally {
  struct BadRow {
    std::string summary = {}, excerpt = {};
    std::uint64_t line = 0;
  };
  struct DamagedRow {
    MediaFile file = {};
    std::uint64_t line = 0;
  };
  std::uint64_t rows = 0, bad = 0, events = 0, filtered = 0;
  std::uint64_t waiting = 0;                          // bad rows without a line end: the file may grow yet
  std::uint64_t damaged = 0;                          // good rows that name a damaged picture or sound
  std::map<std::string, std::uint64_t> reasons = {};  // of bad rows
  std::optional<BadRow> first_bad = {};
  std::optional<BadRow> first_stop = {};  // a bad value where on_bad = "stop"
  CleanCounts cleaned = {};
  std::optional<DamagedRow> first_damaged = {};
  MediaTally media = {};

  void add_bad(const Row& row, bool stops = false);
  void look_for_damage(const std::vector<MediaFile>& media, std::uint64_t line);
  void add(const SourceTally& later, std::uint64_t lines_before);

  // Throws Error "... nothing was written" past a threshold, or for a row that stops ingest. A row that waits
  // counts for the threshold if it is the only one of a file that is not said to grow. `rows_before` and
  // `bad_before` are those of earlier runs.
  void check(const SourceFile& file, const CleanOptions& clean, std::uint64_t rows_before,
             std::uint64_t bad_before) const;

 private:
  std::string encoding_hint(const SourceFile& file) const;
};

}  // namespace weft::storage
