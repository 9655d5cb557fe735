// Source files to store, by one of two paths with the same outcome.
//
// In bulk (storage/bulk/bulk_load.h): where there is much to read, as storage/ingest_path.h says. One pass;
// nothing is in the store until all of it is. A source with a row of more than 16 MiB at its very reading
// limit makes the run begin again in batches.
//
// In batches: each batch writes events and the ledger's new offset together, so a
// killed run loses nothing and doubles nothing, and the next run goes on where it stopped.
//
// A run in batches has two passes. The first reads every byte that is not in the store yet and writes
// nothing: columns that are not there, a file whose ingested part has changed, or too many bad rows end the
// run with the store as it was. The second writes. Rows are taken source by source in Project::sources order,
// byte by byte, so ids do not depend on where runs were cut.
//
// Either way columns that are not there, or too many bad rows, end the run with the store as it was.
//
// A topic of Kafka is a source for each of its partitions, read up to where it ended when the run began. The
// ledger's entry of a partition, its next offset, is written with the events before that offset, so that each
// message counts once whatever happens in between. A project with topics is never read in bulk.
//
// Pictures and sounds that were missing or damaged when their rows were read are looked for again at the end
// of each run, and their fields updated. (Those of as_node fields left nothing in the store to look for.)
//
// The last row of a file without a line end: taken if it is good, and an Error later if the file went on
// within that line; a bad one is quarantined but not counted as ingested, so that it is read again once the
// file has grown.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "storage/graph_store.h"
#include "storage/ingest_tally.h"
#include "storage/kafka/kafka_cluster.h"
#include "storage/project.h"

namespace weft::storage {

struct IngestOptions {
  std::size_t batch_rows = 50'000;
  std::size_t batch_bytes = std::size_t{16} << 20;  // of source text
  // The bulk path is taken from this many bytes on that are new in the source files; where the store holds
  // data, if it is the shorter way too. 0: wherever it can be.
  std::uint64_t bulk_from_bytes = std::uint64_t{32} << 20;
  std::size_t memory = std::size_t{1} << 30;  // bytes; of the bulk path's buffers
  std::size_t threads = 0;                    // of the bulk path; 0: one a core
  // The bulk path into an empty store also writes the snapshot that export_snapshot would write next (which
  // then finds it).
  bool snapshot = false;
  // Of topics. Nothing: connections of this run's own.
  KafkaConnections* connections = nullptr;
  bool topics_only = false;                 // files are not looked at, nor pictures and sounds again
  bool quarantine_file = true;              // is written anew; false: only if this run adds to it
  std::uint64_t topic_messages = 0;         // of each partition at most; 0: all
  const std::atomic<bool>* stop = nullptr;  // once set, the run ends after the batch it is at
};

struct IngestReport {
  std::uint64_t rows = 0;                     // read in this run
  std::uint64_t events = 0;                   // rows that made something
  std::uint64_t filtered = 0;                 // rows that every mapping's `where` left out
  CleanCounts cleaned = {};                   // by rules and step; rows that on_bad = "drop" left out
  std::uint64_t duplicates = 0;               // events that were in the store already
  std::uint64_t forgotten = 0;                // events that name a node which was forgotten: left out
  std::vector<std::uint64_t> new_nodes = {};  // [node type]
  std::vector<std::uint64_t> new_edges = {};  // [edge type] that came; deleted_edges of them do not stand
  std::uint64_t deletions = 0;                // that rows asked for
  // Of these: no edge was there for them to take back when they came. In batches alone.
  std::uint64_t deletions_of_nothing = 0;
  std::vector<std::uint64_t> deleted_edges = {};  // [edge type] that went, of this run's and of earlier ones
  // Of node types with a rule for conflicts: by how much this run changed what the store has.
  ConflictCounts conflicts = {};
  std::map<std::string, std::uint64_t> quarantined = {};  // reason -> rows
  std::uint64_t quarantined_rows = 0;
  std::uint64_t media_found = 0, media_missing = 0, media_corrupt = 0;
  std::uint64_t media_recovered = 0;              // missing or damaged in an earlier run, found in this one
  std::vector<MediaProblem> media_problems = {};  // the first 100
  std::uint64_t bytes = 0;                        // of decompressed source text; a Parquet row counts one
  double seconds = 0;
  std::vector<std::string> notes = {};  // "today.csv: empty"
  std::uint64_t sources_unchanged = 0;
  bool more = false;  // topics hold messages that topic_messages left for another run
  bool bulk = false;
  std::string path_reason = {};       // why in bulk, or why not: "41 MiB are new"
  std::uint64_t spilled_runs = 0;     // of the bulk path: sorted runs that went to disk
  std::uint64_t temporary_bytes = 0;  // of the bulk path: on disk at most, table files included
};

// Throws Error (see above). Kill points: storage/kill_points.h. Rewrites workspace/quarantine.jsonl when the
// quarantine changed.
IngestReport ingest(const Project& project, GraphStore& store, const IngestOptions& options = {},
                    ProgressSink& progress = no_progress(), Files& files = real_files());

// The quarantine as JSON lines: {"source", "line", "offset", "reason", "detail", "excerpt"}, with "topic" and
// "partition" in place of "line" where a source is a topic's partition. Replaced atomically.
void write_quarantine(const GraphStore& store, const std::filesystem::path& path,
                      Files& files = real_files());

}  // namespace weft::storage
