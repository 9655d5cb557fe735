#include "storage/ingest_tally.h"

#include <fmt/format.h>

#include "base/progress.h"
#include "base/strings.h"

namespace weft::storage {

void MediaTally::look(const std::vector<MediaFile>& media) {
  for (const MediaFile& file : media) {
    if (file.state == MediaState::kFound) ++found;
    if (file.state == MediaState::kMissing) ++missing;
    if (file.state == MediaState::kCorrupt) ++corrupt;
    if (file.state == MediaState::kFound || file.state == MediaState::kOutside) continue;
    if (problems.size() < kMaxMediaProblems)
      problems.push_back(
          {.path = file.path, .what = file.problem, .damaged = file.state == MediaState::kCorrupt});
  }
}

void MediaTally::add(const MediaTally& later) {
  found += later.found;
  missing += later.missing;
  corrupt += later.corrupt;
  for (const MediaProblem& problem : later.problems) {
    if (problems.size() < kMaxMediaProblems) problems.push_back(problem);
  }
}

void SourceTally::add_bad(const Row& row, bool stops) {
  ++bad;
  if (!row.terminated) ++waiting;
  ++reasons[row.bad_reason];
  if (first_bad && (first_stop || !stops)) return;
  const BadRow shown{.summary = fmt::format("{}: {}", row.bad_reason, row.bad_detail),
                     .excerpt = excerpt(row.raw, 80),
                     .line = row.line};
  if (!first_bad) first_bad = shown;
  if (stops && !first_stop) first_stop = shown;
}

void SourceTally::look_for_damage(const std::vector<MediaFile>& looked_at, std::uint64_t line) {
  bool any = false;
  for (const MediaFile& file : looked_at) {
    if (file.state != MediaState::kCorrupt) continue;
    if (!first_damaged) first_damaged = DamagedRow{file, line};
    any = true;
  }
  if (any) ++damaged;
}

void SourceTally::add(const SourceTally& later, std::uint64_t lines_before) {
  rows += later.rows;
  bad += later.bad;
  waiting += later.waiting;
  events += later.events;
  filtered += later.filtered;
  damaged += later.damaged;
  for (const auto& [reason, count] : later.reasons) reasons[reason] += count;
  if (!first_bad && later.first_bad) {
    first_bad = later.first_bad;
    first_bad->line += lines_before;
  }
  if (!first_stop && later.first_stop) {
    first_stop = later.first_stop;
    first_stop->line += lines_before;
  }
  cleaned.add(later.cleaned);
  if (!first_damaged && later.first_damaged) {
    first_damaged = later.first_damaged;
    first_damaged->line += lines_before;
  }
  media.add(later.media);
}

// For a file whose bad rows are mostly no text of its encoding.
std::string SourceTally::encoding_hint(const SourceFile& file) const {
  const auto no_text = reasons.find(no_text_reason(file.encoding));
  if (no_text == reasons.end() || 2 * no_text->second < bad || file.format == SourceFormat::kParquet)
    return {};
  return fmt::format("say what the text is written in, as [sources.\"{}\"] encoding = \"{}\"", file.name,
                     file.encoding == Encoding::kUtf8 ? "gbk" : "utf-8");
}

void SourceTally::check(const SourceFile& file, const CleanOptions& clean, std::uint64_t rows_before,
                        std::uint64_t bad_before) const {
  if (first_stop) {
    throw Error(
        fmt::format("{}; nothing was written", first_stop->summary),
        {.file = file.name,
         .line = first_stop->line,
         .value = first_stop->excerpt,
         .hint = "the column's rules say on_bad = \"stop\"; \"quarantine\" or \"missing\" would go on"});
  }
  const std::uint64_t all_rows = rows_before + rows;
  const std::uint64_t all_bad = bad_before + bad;
  const auto past = [&](std::uint64_t count, double most) {
    return count > 0 && static_cast<double>(count) > most * static_cast<double>(all_rows);
  };
  if (past(damaged, clean.max_bad_media)) {
    throw Error(
        fmt::format("{} of {} rows name a damaged media file; nothing was written. The first: {}",
                    with_commas(damaged), with_commas(all_rows), first_damaged->file.problem),
        {.file = file.name,
         .line = first_damaged->line,
         .value = first_damaged->file.path,
         .expected = fmt::format("at most {:g} % (clean.max_bad_media)", 100 * clean.max_bad_media),
         .hint = "mend or remove the files; or raise clean.max_bad_media, and they are treated as missing"});
  }
  const std::uint64_t counted = all_rows > 1 || file.growing ? all_bad - waiting : all_bad;
  if (bad > 0 && past(counted, clean.max_bad_rows)) {
    std::vector<std::string> counts;
    for (const auto& [reason, count] : reasons)
      counts.push_back(fmt::format("{} {}", with_commas(count), reason));
    throw Error(
        fmt::format("{} of {} rows are bad ({}); nothing was written. The first: {}", with_commas(all_bad),
                    with_commas(all_rows), join(counts), first_bad->summary),
        {.file = file.name,
         .line = first_bad->line,
         .value = first_bad->excerpt,
         .expected = fmt::format("at most {:g} % bad rows (clean.max_bad_rows)", 100 * clean.max_bad_rows),
         .hint = encoding_hint(file)});
  }
}

}  // namespace weft::storage
