#include "storage/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/strings.h"
#include "storage/bulk/bulk_load.h"
#include "storage/forget.h"
#include "storage/ingest_path.h"
#include "storage/kafka/kafka_partitions.h"
#include "storage/quarantined_row.h"
#include "storage/row_mapper.h"
#include "storage/sources/row_reader.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

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
  if (!project.has_meant(source, entry->fingerprint)) {
    throw Error("the project file now reads this source in another way than when it was ingested",
                {.file = file.name,
                 .hint = "undo the change, give another project.workspace, or remove the store's folder and "
                         "ingest again"},
                ErrorKind::kUsage);
  }
  if (reader->resume(*entry)) return {std::move(mapper), std::move(reader)};
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
         .hint =
             "to take the changed row, remove the store's folder and ingest again; with growing = true in "
             "[sources.\"" +
             file.name + "\"] such a line waits for its end"});
  }
  return {std::move(mapper), std::move(reader)};
}

// What is known of a source's columns once all its rows are read, as a reader says it.
class SeenColumns final : public RowReader {
 public:
  SeenColumns(bool header, const BulkSource& source) : header_(header), source_(source) {}
  std::vector<std::size_t> missing_columns() const override { return source_.missing_columns; }
  std::vector<std::string> known_columns() const override { return source_.known_columns; }
  bool has_header() const override { return header_; }
  bool next(Row&) override { return false; }
  Position position() override { return {}; }
  Position position_before_row() override { return {}; }
  bool skip_to(std::uint64_t, std::uint64_t) override { return false; }
  bool inside_line() override { return false; }

 private:
  bool header_;
  const BulkSource& source_;
};

class Ingest {
 public:
  Ingest(const Project& project, GraphStore& store, const IngestOptions& options, ProgressSink& progress,
         Files& files)
      : project_(project), store_(store), options_(options), progress_(progress), files_(files) {
    report_.new_nodes.assign(project.schema.graph.node_types().size(), 0);
    report_.new_edges.assign(project.schema.graph.edge_types().size(), 0);
    report_.deleted_edges.assign(project.schema.graph.edge_types().size(), 0);
  }

  IngestReport run() {
    const auto started = std::chrono::steady_clock::now();
    files_.remove_all(project_.workspace.bulk());                      // what a killed run left
    finish_forgetting(store_, project_.workspace, progress_, files_);  // of a killed `weft forget`
    find_entries();
    const IngestPath path = choose_path(project_, store_, entries_, options_, files_);
    report_.path_reason = path.reason;
    if (!path.bulk || !run_bulk()) run_batches();
    if (!options_.topics_only) look_again_at_media();
    if (options_.quarantine_file || report_.quarantined_rows > 0) {
      files_.kill_point("ingest.before_quarantine_file");
      write_quarantine(store_, project_.workspace.quarantine_file(), files_);
      files_.kill_point("ingest.after_quarantine_file");
    }
    report_.media_found = media_.found;
    report_.media_missing = media_.missing;
    report_.media_corrupt = media_.corrupt;
    report_.media_problems = std::move(media_.problems);
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return std::move(report_);
  }

 private:
  void run_batches() {
    check_all();
    if (stops()) return;
    files_.kill_point("ingest.after_check");
    register_sources();
    progress_.begin("ingest", rows_to_read_, "rows");
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      if (!has_news_[i] || stops()) continue;
      files_.kill_point("ingest.before_source");
      write_source(static_cast<std::uint16_t>(i));
      files_.kill_point("ingest.after_source");
    }
    progress_.end();
  }

  bool stops() const { return options_.stop != nullptr && options_.stop->load(); }

  // False, with nothing changed, if it takes batches after all.
  bool run_bulk() {
    const IngestReport before = report_;
    try {
      load_in_bulk();
      return true;
    } catch (const NeedsBatches& needs) {
      report_ = before;
      report_.path_reason = needs.reason;
      media_ = {};
      return false;
    }
  }

  void load_in_bulk() {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      const SourceFile& source = project_.sources[i];
      if (source.compression == Compression::kNone)
        bytes += new_bytes_of(source, entries_[i].value_or(LedgerEntry{}), files_);
    }
    const bool known =
        std::none_of(project_.sources.begin(), project_.sources.end(),
                     [](const SourceFile& source) { return source.compression != Compression::kNone; });
    BulkLoad load(project_, store_, project_.workspace.bulk(),
                  {.memory = options_.memory, .threads = options_.threads, .snapshot = options_.snapshot},
                  progress_, files_);
    std::vector<LedgerEntry> ledger;
    std::size_t next_source = next_source_;
    progress_.begin("read", known ? bytes >> 20 : 0, "MiB");
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      LedgerEntry before = entries_[i].value_or(LedgerEntry{});
      if (!entries_[i]) before.source = new_position(next_source, i);
      const auto after = read_in_bulk(load, static_cast<std::uint16_t>(i), before);
      if (after || !entries_[i]) ledger.push_back(after.value_or(before));
    }
    progress_.end();
    if (!store_.impl().is_empty() && report_.events == 0) throw NeedsBatches{"nothing is new"};
    const BulkResult result = load.finish(ledger);
    add_result(result.applied);
    report_.bulk = true;
    report_.spilled_runs = result.spilled_runs;
    report_.temporary_bytes = result.temporary_bytes;
  }

  // The ledger's entry as of now, if the source has anything new.
  std::optional<LedgerEntry> read_in_bulk(BulkLoad& load, std::uint16_t source, const LedgerEntry& before) {
    const SourceFile& file = project_.sources[source];
    OpenSource open = open_source(project_, source, &before, MediaRead::kLookOnly, files_);
    Position header = open.reader->position_before_row();
    Row row;
    if (before.bytes > 0 && !open.reader->next(row)) {
      ++report_.sources_unchanged;
      return std::nullopt;
    }
    if (before.bytes > 0)
      header = RowReader::open(file, open.mapper.columns(), files_)->position_before_row();
    BulkSource read = load.read(source, header, before);
    read.tally.check(file, project_.clean, before.rows, before.bad_rows);
    note_columns(open.mapper, SeenColumns(open.reader->has_header(), read), file, read.tally, before);
    report_.rows += read.tally.rows;
    report_.events += read.tally.events;
    report_.filtered += read.tally.filtered;
    report_.cleaned.add(read.tally.cleaned);
    report_.bytes += read.bytes;
    for (const auto& [reason, count] : read.tally.reasons) report_.quarantined[reason] += count;
    report_.quarantined_rows += read.tally.bad;
    media_.add(read.tally.media);
    if (read.tally.rows == 0 && entries_[source]) return std::nullopt;
    read.ledger.name = file.name;
    read.ledger.fingerprint = project_.fingerprint(source);
    return read.ledger;
  }

  void note_columns(const RowMapper& mapper, const RowReader& reader, const SourceFile& file,
                    const SourceTally& tally, const LedgerEntry& before) {
    if (std::string note = reader.note(); !note.empty()) report_.notes.push_back(std::move(note));
    if (tally.rows == 0 && before.bytes == 0) report_.notes.push_back(fmt::format("{}: no rows", file.name));
    if (tally.rows == 0 && before.bytes > 0) ++report_.sources_unchanged;
    if (tally.rows == tally.bad || before.rows > 0) return;
    for (const std::string& column : mapper.absent_columns(reader))
      report_.notes.push_back(fmt::format("{}: no row has '{}'", file.name, column));
  }

  void add_result(const ApplyResult& result) {
    for (std::size_t i = 0; i < result.new_nodes.size(); ++i) report_.new_nodes[i] += result.new_nodes[i];
    for (std::size_t i = 0; i < result.new_edges.size(); ++i) report_.new_edges[i] += result.new_edges[i];
    for (std::size_t i = 0; i < result.deleted_edges.size(); ++i)
      report_.deleted_edges[i] += result.deleted_edges[i];
    report_.deletions += result.deletions;
    report_.deletions_of_nothing += result.deletions_of_nothing;
    report_.duplicates += result.duplicate_events;
    add_conflicts(report_.conflicts, result.conflicts);
    report_.forgotten += result.forgotten_events;
  }

  // In the ledger, of a source that is not in it yet.
  std::uint16_t new_position(std::size_t& next, std::size_t source) const {
    if (next >= kMaxSources)
      throw Error("too many source files in one store",
                  {.file = project_.sources[source].name, .expected = "at most 65,535"});
    return static_cast<std::uint16_t>(next++);
  }

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
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      if (project_.sources[i].topic || !options_.topics_only) check_source(static_cast<std::uint16_t>(i));
    }
    progress_.end();
  }

  void check_source(std::uint16_t source) {
    const SourceFile& file = project_.sources[source];
    OpenSource open = open_source(project_, source, entry(source), MediaRead::kLookOnly, files_);
    SourceTally tally;
    Row row;
    graph::Event event;
    while (!stops() && open.reader->next(row)) {
      bool ends_run = false;
      if ((++tally.rows & 0xFFFF) == 0) progress_.advance(rows_to_read_ + tally.rows);
      if (row.bad_reason.empty()) {
        MapResult mapped = open.mapper.map(row, event);
        if (mapped.outcome != MapOutcome::kBad) {
          tally.look_for_damage(open.mapper.media(), row.line);
          continue;
        }
        row.bad_reason = std::move(mapped.reason);
        row.bad_detail = std::move(mapped.detail);
        ends_run = mapped.stops;
      }
      tally.add_bad(row, ends_run);
    }
    if (stops()) return;
    const LedgerEntry before = entries_[source].value_or(LedgerEntry{});
    // What a topic's reader passed over, or where it is to begin, is worth keeping too.
    has_news_[source] = tally.rows > 0 || (file.topic && open.reader->position().bytes != before.bytes);
    rows_to_read_ += tally.rows;
    progress_.advance(rows_to_read_);
    tally.check(file, project_.clean, before.rows, before.bad_rows);
    note_columns(open.mapper, *open.reader, file, tally, before);
  }

  // All new sources get their positions in the order of the project file, before any row.
  void register_sources() {
    EventBatch batch;
    for (std::size_t i = 0; i < project_.sources.size(); ++i) {
      if (entries_[i]) continue;
      entries_[i] = LedgerEntry{.source = new_position(next_source_, i),
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
    batch_ = {.ranks = project_.rank_rules(source)};
    events_used_ = 0;
    Row row;
    bool first = true;
    const bool topic = project_.sources[source].topic.has_value();
    std::size_t batch_text = 0;  // of a topic, whose offsets count messages
    while (!stops() && reader.next(row)) {
      ++report_.rows;
      batch_text += row.raw.size();
      if (row.bad_reason.empty()) take(open.mapper, row, ledger, std::exchange(first, false));
      if (!row.bad_reason.empty()) {
        quarantine(row, ledger.source, open.mapper);
        if (!row.terminated) {
          // Stays outside the ledger: read again when the file has grown.
          finish_batch(ledger, reader.position_before_row());
          report_.cleaned.add(open.mapper.cleaned());
          report_.bytes += reader.position_before_row().bytes;
          return;
        }
        ++ledger.bad_rows;
      }
      ++ledger.rows;
      if (events_used_ + batch_.quarantined.size() >= options_.batch_rows ||
          (topic ? batch_text : row.offset - batch_begin) >= options_.batch_bytes) {
        finish_batch(ledger, reader.position());
        batch_begin = ledger.bytes;
        batch_text = 0;
      }
    }
    finish_batch(ledger, reader.position());
    report_.cleaned.add(open.mapper.cleaned());
    report_.bytes += ledger.bytes;
  }

  // Maps a good row; leaves the reason in `row` if it is bad after all.
  void take(RowMapper& mapper, Row& row, const LedgerEntry& ledger, bool first) {
    if (events_used_ == batch_.events.size()) batch_.events.emplace_back();
    graph::Event& event = batch_.events[events_used_];
    MapResult mapped = mapper.map(row, event);
    media_.look(mapper.media());
    if (mapped.outcome == MapOutcome::kBad) {
      row.bad_reason = std::move(mapped.reason);
      row.bad_detail = std::move(mapped.detail);
      return;
    }
    // The row that an earlier run found cut short, now whole.
    if (first) batch_.released.emplace_back(ledger.source, row.offset);
    if (mapped.outcome != MapOutcome::kEvent) {
      if (mapped.outcome == MapOutcome::kFiltered) ++report_.filtered;
      return;
    }
    event.source = ledger.source;
    ++report_.events;
    ++events_used_;
  }

  void quarantine(const Row& row, std::uint16_t source, RowMapper& mapper) {
    ++report_.quarantined[row.bad_reason];
    ++report_.quarantined_rows;
    batch_.quarantined.push_back(quarantined_row(row, source, mapper, store_.impl().tombstones));
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
    add_result(result);
    // The events keep their memory for the next batch.
    batch_.ledger.clear();
    batch_.quarantined.clear();
    batch_.released.clear();
    events_used_ = 0;
    progress_.advance(report_.rows);
  }

  void look_again_at_media() {
    EventBatch batch{.takes_standing_ranks = true};
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
  MediaTally media_;
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
  if (!has_topics(project)) return Ingest(project, store, options, progress, files).run();
  KafkaConnections own;
  PartitionedProject parts =
      with_partitions(project, store.ledger(), options.connections != nullptr ? *options.connections : own,
                      {.messages = options.topic_messages});
  IngestReport report = Ingest(parts.project, store, options, progress, files).run();
  report.notes.insert(report.notes.begin(), parts.notes.begin(), parts.notes.end());
  report.more = parts.more;
  return report;
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
    const std::string name = row.source < names.size() ? names[row.source] : "";
    nlohmann::ordered_json line = {{"source", name}};
    if (const auto partition = parse_kafka_source_name(name)) {
      line["topic"] = partition->topic_alone;
      line["partition"] = partition->partition;
    } else {
      line["line"] = row.line;
    }
    line["offset"] = row.offset;
    line["reason"] = row.reason;
    line["detail"] = row.detail;
    line["excerpt"] = row.excerpt;
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
