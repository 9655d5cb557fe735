#include "storage/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/strings.h"
#include "storage/row_mapper.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {
namespace {

constexpr std::size_t kMaxMediaProblems = 100;
constexpr std::size_t kExcerptBytes = 200;

// A source file opened behind what the store has of it.
struct OpenSource {
  RowMapper mapper;
  std::unique_ptr<RowReader> reader;
};

OpenSource open_source(const Project& project, std::uint16_t source, const LedgerEntry* entry,
                       MediaRead media, Files& files) {
  const SourceFile& file = project.sources[source];
  RowMapper mapper(project, source, media, files);
  auto reader = RowReader::open(file, mapper.columns(), files);
  mapper.check_columns(*reader);
  if (entry == nullptr || entry->bytes == 0) return {std::move(mapper), std::move(reader)};
  if (entry->fingerprint != project.fingerprint(source)) {
    throw Error("the project file now reads this source in another way than when it was ingested",
                {.file = file.name,
                 .hint = "undo the change, give another project.workspace, or remove the store's folder and "
                         "ingest again"},
                ErrorKind::kUsage);
  }
  const bool there = reader->skip_to(entry->bytes, entry->lines);
  if (!there || reader->position_before_row().hash != entry->prefix_hash) {
    throw Error(there ? "the part of the file that was ingested has changed"
                      : "the file is shorter than what was ingested of it",
                {.file = file.name,
                 .expected = fmt::format("the same first {} bytes ({} rows): files may only grow",
                                         with_commas(entry->bytes), with_commas(entry->rows)),
                 .hint = "put new rows into a new file; or remove the store's folder and ingest again"});
  }
  if (reader->inside_line()) {
    throw Error(
        "the last line was ingested without a line end, and the file now goes on within it",
        {.file = file.name,
         .line = entry->lines + 1,
         .hint = "write whole lines; to take the changed row, remove the store's folder and ingest again"});
  }
  return {std::move(mapper), std::move(reader)};
}

// Rows of one file that name a damaged picture or sound.
class DamagedMedia {
 public:
  void look(const RowMapper& mapper, const Row& row) {
    bool any = false;
    for (const MediaFile& media : mapper.media()) {
      if (media.state != MediaState::kCorrupt) continue;
      if (rows_ == 0 && !any) first_ = media, line_ = row.line;
      any = true;
    }
    if (any) ++rows_;
  }

  void check(const SourceFile& file, std::uint64_t all_rows, double most) const {
    if (rows_ == 0 || static_cast<double>(rows_) <= most * static_cast<double>(all_rows)) return;
    throw Error(
        fmt::format("{} of {} rows name a damaged media file; nothing was written. The first: {}",
                    with_commas(rows_), with_commas(all_rows), first_.problem),
        {.file = file.name,
         .line = line_,
         .value = first_.path,
         .expected = fmt::format("at most {:g} % (clean.max_bad_media)", 100 * most),
         .hint = "mend or remove the files; or raise clean.max_bad_media, and they are treated as missing"});
  }

 private:
  std::uint64_t rows_ = 0;
  std::uint64_t line_ = 0;
  MediaFile first_ = {};
};

class Ingest {
 public:
  Ingest(const Project& project, GraphStore& store, const IngestOptions& options, ProgressSink& progress,
         Files& files)
      : project_(project), store_(store), options_(options), progress_(progress), files_(files) {
    report_.new_nodes.assign(project.schema.graph.node_types().size(), 0);
    report_.new_edges.assign(project.schema.graph.edge_types().size(), 0);
  }

  IngestReport run() {
    const auto started = std::chrono::steady_clock::now();
    find_entries();
    check_all();
    files_.kill_point("ingest.after_check");
    register_sources();
    progress_.begin("ingest", rows_to_read_, "rows");
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      if (!has_news_[i]) continue;
      files_.kill_point("ingest.before_source");
      write_source(static_cast<std::uint16_t>(i));
      files_.kill_point("ingest.after_source");
    }
    progress_.end();
    look_again_at_media();
    files_.kill_point("ingest.before_quarantine_file");
    write_quarantine(store_, project_.workspace.quarantine_file(), files_);
    files_.kill_point("ingest.after_quarantine_file");
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return std::move(report_);
  }

 private:
  void find_entries() {
    const std::vector<LedgerEntry> ledger = store_.ledger();
    next_source_ = ledger.size();
    entries_.resize(project_.sources.size());
    has_news_.assign(project_.sources.size(), false);
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      for (const LedgerEntry& entry : ledger) {
        if (entry.name == project_.sources[i].name) entries_[i] = entry;
      }
    }
  }

  const LedgerEntry* entry(std::size_t source) const {
    return entries_[source] ? &*entries_[source] : nullptr;
  }

  // First pass: everything that could end the run, before anything is written.
  void check_all() {
    progress_.begin("check", 0, "rows");
    for (std::size_t i = 0; i < project_.sources.size(); ++i) check_source(static_cast<std::uint16_t>(i));
    progress_.end();
  }

  void check_source(std::uint16_t source) {
    const SourceFile& file = project_.sources[source];
    OpenSource open = open_source(project_, source, entry(source), MediaRead::kLookOnly, files_);
    std::uint64_t rows = 0;
    std::uint64_t bad = 0;
    DamagedMedia damaged;
    std::map<std::string, std::uint64_t> reasons;
    std::optional<Error> first;
    Row row;
    graph::Event event;
    while (open.reader->next(row)) {
      if ((++rows & 0xFFFF) == 0) progress_.advance(rows_to_read_ + rows);
      if (row.bad_reason.empty()) {
        MapResult mapped = open.mapper.map(row, event);
        if (mapped.outcome != MapOutcome::kBad) {
          damaged.look(open.mapper, row);
          continue;
        }
        row.bad_reason = std::move(mapped.reason);
        row.bad_detail = std::move(mapped.detail);
      }
      ++bad;
      ++reasons[row.bad_reason];
      if (!first)
        first.emplace(fmt::format("{}: {}", row.bad_reason, row.bad_detail),
                      ErrorContext{.line = row.line, .value = excerpt(row.raw, 80)});
    }
    has_news_[source] = rows > 0;
    rows_to_read_ += rows;
    progress_.advance(rows_to_read_);
    const LedgerEntry before = entries_[source].value_or(LedgerEntry{});
    const std::uint64_t all_rows = before.rows + rows;
    const std::uint64_t all_bad = before.bad_rows + bad;
    damaged.check(file, all_rows, project_.clean.max_bad_media);
    if (bad > 0 &&
        static_cast<double>(all_bad) > project_.clean.max_bad_rows * static_cast<double>(all_rows)) {
      std::vector<std::string> counts;
      for (const auto& [reason, count] : reasons)
        counts.push_back(fmt::format("{} {}", with_commas(count), reason));
      throw Error(fmt::format("{} of {} rows are bad ({}); nothing was written. The first: {}",
                              with_commas(all_bad), with_commas(all_rows), join(counts), first->summary()),
                  {.file = file.name,
                   .line = first->context().line,
                   .value = first->context().value,
                   .expected = fmt::format("at most {:g} % bad rows (clean.max_bad_rows)",
                                           100 * project_.clean.max_bad_rows)});
    }
    if (rows == 0 && before.bytes == 0) report_.notes.push_back(fmt::format("{}: no rows", file.name));
    if (rows == 0 && before.bytes > 0) ++report_.sources_unchanged;
    if (rows > bad && before.rows == 0) {
      for (const std::string& column : open.mapper.absent_columns(*open.reader)) {
        report_.notes.push_back(fmt::format("{}: no row has '{}'", file.name, column));
      }
    }
  }

  // All new sources get their positions in the order of the project file, before any row.
  void register_sources() {
    EventBatch batch;
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      if (entries_[i]) continue;
      if (next_source_ >= 65'535)
        throw Error("too many source files in one store",
                    {.file = project_.sources[i].name, .expected = "at most 65,535"});
      entries_[i] = LedgerEntry{.source = static_cast<std::uint16_t>(next_source_++),
                                .name = project_.sources[i].name,
                                .prefix_hash = hash64(std::string_view()),
                                .fingerprint = project_.fingerprint(static_cast<std::uint16_t>(i))};
      batch.ledger.push_back(*entries_[i]);
    }
    if (!batch.ledger.empty()) store_.apply(batch);
  }

  void write_source(std::uint16_t source) {
    OpenSource open = open_source(project_, source, entry(source), MediaRead::kHash, files_);
    RowReader& reader = *open.reader;
    LedgerEntry& ledger = *entries_[source];
    // It may have changed meaning while it had no bytes in the store.
    ledger.fingerprint = project_.fingerprint(source);
    std::uint64_t batch_begin = reader.position_before_row().bytes;
    report_.bytes -= batch_begin;
    batch_ = {};
    events_used_ = 0;
    Row row;
    bool first = true;
    while (reader.next(row)) {
      ++report_.rows;
      if (row.bad_reason.empty()) take(open.mapper, row, ledger, std::exchange(first, false));
      if (!row.bad_reason.empty()) {
        quarantine(row, ledger.source);
        if (!row.terminated) {
          // Stays outside the ledger: read again when the file has grown.
          finish_batch(ledger, reader.position_before_row());
          report_.bytes += reader.position_before_row().bytes;
          return;
        }
        ++ledger.bad_rows;
      }
      ++ledger.rows;
      if (events_used_ + batch_.quarantined.size() >= options_.batch_rows ||
          row.offset - batch_begin >= options_.batch_bytes) {
        finish_batch(ledger, reader.position());
        batch_begin = ledger.bytes;
      }
    }
    finish_batch(ledger, reader.position());
    report_.bytes += ledger.bytes;
  }

  // Maps a good row; leaves the reason in `row` if it is bad after all.
  void take(RowMapper& mapper, Row& row, const LedgerEntry& ledger, bool first) {
    if (events_used_ == batch_.events.size()) batch_.events.emplace_back();
    graph::Event& event = batch_.events[events_used_];
    MapResult mapped = mapper.map(row, event);
    count_media(mapper.media());
    if (mapped.outcome == MapOutcome::kBad) {
      row.bad_reason = std::move(mapped.reason);
      row.bad_detail = std::move(mapped.detail);
      return;
    }
    // The row that an earlier run found cut short, now whole.
    if (first && ledger.bytes > 0) batch_.released.emplace_back(ledger.source, row.offset);
    if (mapped.outcome == MapOutcome::kFiltered) {
      ++report_.filtered;
      return;
    }
    event.source = ledger.source;
    ++report_.events;
    ++events_used_;
  }

  void quarantine(const Row& row, std::uint16_t source) {
    ++report_.quarantined[row.bad_reason];
    ++report_.quarantined_rows;
    batch_.quarantined.push_back({.source = source,
                                  .offset = row.offset,
                                  .line = row.line,
                                  .reason = row.bad_reason,
                                  .detail = row.bad_detail,
                                  .excerpt = excerpt(row.raw, kExcerptBytes)});
  }

  void count_media(const std::vector<MediaFile>& media) {
    for (const MediaFile& file : media) {
      if (file.state == MediaState::kFound) ++report_.media_found;
      if (file.state == MediaState::kMissing) ++report_.media_missing;
      if (file.state == MediaState::kCorrupt) ++report_.media_corrupt;
      if (file.state == MediaState::kFound || file.state == MediaState::kOutside) continue;
      if (report_.media_problems.size() < kMaxMediaProblems)
        report_.media_problems.push_back(
            {.path = file.path, .what = file.problem, .damaged = file.state == MediaState::kCorrupt});
    }
  }

  void finish_batch(LedgerEntry& ledger, const Position& position) {
    const bool moved = position.bytes != ledger.bytes;
    ledger.bytes = position.bytes;
    ledger.prefix_hash = position.hash;
    ledger.lines = position.lines;
    if (!moved && events_used_ == 0 && batch_.quarantined.empty()) return;
    batch_.events.resize(events_used_);
    if (moved) batch_.ledger.push_back(ledger);
    files_.kill_point("ingest.before_batch");
    const ApplyResult result = store_.apply(batch_);
    files_.kill_point("ingest.after_batch");
    for (std::size_t i = 0; i < result.new_nodes.size(); ++i) report_.new_nodes[i] += result.new_nodes[i];
    for (std::size_t i = 0; i < result.new_edges.size(); ++i) report_.new_edges[i] += result.new_edges[i];
    report_.duplicates += result.duplicate_events;
    // The events keep their memory for the next batch.
    batch_.ledger.clear();
    batch_.quarantined.clear();
    batch_.released.clear();
    events_used_ = 0;
    progress_.advance(report_.rows);
  }

  void look_again_at_media() {
    EventBatch batch;
    const auto write = [&] {
      if (batch.events.empty()) return;
      files_.kill_point("ingest.before_batch");
      store_.apply(batch);
      files_.kill_point("ingest.after_batch");
      report_.media_recovered += batch.events.size();
      batch.events.clear();
    };
    store_.visit_unread_media([&](const GraphStore::UnreadMedia& unread) {
      const graph::NodeType& type = project_.schema.graph.node_type(unread.node.type);
      MediaFile media = look_at_media(project_.data_root, unread.path, type.fields[unread.field].kind,
                                      MediaRead::kHash, files_);
      if (media.state != MediaState::kFound) return true;
      graph::NodeEvent node{.type = unread.node.type,
                            .external_id = store_.external_id(unread.node).value(),
                            .fields = std::vector<graph::FieldValue>(unread.field + 1)};
      node.fields.back() =
          graph::MediaValue{.path = unread.path, .content_hash = std::move(media.content_hash)};
      batch.events.push_back({.nodes = {std::move(node)}});
      if (batch.events.size() >= options_.batch_rows) write();
      return true;
    });
    write();
  }

  const Project& project_;
  GraphStore& store_;
  const IngestOptions& options_;
  ProgressSink& progress_;
  Files& files_;
  IngestReport report_;
  std::vector<std::optional<LedgerEntry>> entries_;  // [project source]
  std::vector<bool> has_news_;                       // [project source]
  std::size_t next_source_ = 0;
  std::uint64_t rows_to_read_ = 0;
  EventBatch batch_;
  std::size_t events_used_ = 0;
};

}  // namespace

IngestReport ingest(const Project& project, GraphStore& store, const IngestOptions& options,
                    ProgressSink& progress, Files& files) {
  if (!(store.schema() == project.schema)) {
    throw Error("the store was opened with another schema than the project's",
                {.file = store.folder().string()});
  }
  return Ingest(project, store, options, progress, files).run();
}

void write_quarantine(const GraphStore& store, const std::filesystem::path& path, Files& files) {
  std::vector<std::string> names;
  for (const LedgerEntry& entry : store.ledger()) {
    names.resize(std::max<std::size_t>(names.size(), entry.source + std::size_t{1}));
    names[entry.source] = entry.name;
  }
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  const auto file = files.create(temporary);
  store.visit_quarantine([&](const QuarantinedRow& row) {
    const nlohmann::ordered_json line = {{"source", row.source < names.size() ? names[row.source] : ""},
                                         {"line", row.line},
                                         {"offset", row.offset},
                                         {"reason", row.reason},
                                         {"detail", row.detail},
                                         {"excerpt", row.excerpt}};
    file->append(
        std::string_view(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
    return true;
  });
  file->sync();
  file->close();
  files.kill_point("replace.before_rename");
  files.rename(temporary, path);
  files.sync_folder(path.parent_path());
}

}  // namespace weft::storage
