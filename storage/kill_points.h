// Every moment of ingest and export at which the crash tests stop the process. A name that the code passes is
// listed here; tests/crash kills at each.
#pragma once

#include <array>
#include <string_view>

namespace weft::storage {

inline constexpr std::array<std::string_view, 33> kKillPoints = {
    "store.before_create",   // nothing is there yet
    "store.after_create",    // RocksDB is open, the store's meta data is not written
    "store.after_meta",      // uuid, schema and format are in
    "ingest.after_check",    // first pass done, nothing written
    "ingest.before_batch",   // a batch is parsed, nothing of it written
    "apply.before_write",    // the write batch is built, not handed over
    "apply.after_write",     // it is durable; the caller does not know yet
    "ingest.after_batch",    // the caller knows
    "ingest.before_source",  // between two sources
    "ingest.after_source", "ingest.before_quarantine_file", "ingest.after_quarantine_file",
    "replace.before_rename",     // quarantine.jsonl or `current` is written under its temporary name
    "export.before_tables",      // nothing of the snapshot is there
    "snapshot.before_files",     // its temporary folder is (graph/snapshot_builder.h)
    "snapshot.after_nodes",      // all of its nodes' files
    "snapshot.after_run",        // one sorted run of incoming edges, waiting on disk
    "snapshot.before_incoming",  // the outgoing files of one edge type
    "snapshot.after_edges",      // all files
    "snapshot.before_manifest",  // the same, and nothing else is in the folder
    "export.after_tables",       // it is whole under its name
    "export.before_current",     // the snapshot is there, `current` does not name it
    "export.after_current", "export.before_prune", "export.after_prune",
    "snapshot.before_rename",  // it is whole under its temporary name
    "snapshot.after_rename",   // and under its own
    // A bulk load passes these instead of ingest.after_check to ingest.after_source and of apply's.
    "bulk.before_batch",    // rows are read, none of them sorted
    "bulk.after_batch",     // one more run of each kind is there
    "bulk.before_tables",   // all runs are there
    "bulk.before_take_in",  // all table files are there, the store knows none of them
    "bulk.during_take_in",  // a store that was empty is marked as unfinished
    "bulk.after_take_in",   // it has all
};

// Those of repair_store(), in order.
inline constexpr std::array<std::string_view, 7> kRepairKillPoints = {
    "repair.before_salvage",    // nothing of the new store is there
    "repair.after_salvage",     // what could be read is
    "repair.after_dictionary",  // nodes are mended
    "repair.after_edges",       // and fields and edges
    "repair.before_exchange",   // the new store is whole, under its waiting name
    "repair.between_renames",   // there is no store: the next repair puts the new one in place
    "repair.after_exchange",    // it is in place
};

// Those of forget_node() and finish_forgetting(), in order.
inline constexpr std::array<std::string_view, 7> kForgetKillPoints = {
    "forget.before_write",      // nothing has changed
    "forget.after_write",       // the node is gone, its bytes are not; the store is marked
    "forget.after_compaction",  // no file of the database has them
    "forget.after_vectors",     // nor has the cache of vectors
    "forget.after_files",       // nor has anything else of the workspace
    "forget.before_unmark",     // the same
    "forget.after_unmark",      // the mark is gone
};

// Those of write_backup() and restore_backup(), in order.
inline constexpr std::array<std::string_view, 4> kBackupKillPoints = {
    "backup.before_files",     // nothing of this backup is there
    "backup.after_files",      // all its files are, under names that no manifest has
    "backup.before_manifest",  // and they were read back as a store
    "backup.after_manifest",   // it is there; what only removed backups had may be left
};
inline constexpr std::array<std::string_view, 4> kRestoreKillPoints = {
    "restore.before_files",   // nothing is there
    "restore.after_files",    // all files are, under a temporary name
    "restore.before_rename",  // and are a sound store
    "restore.after_rename",   // it has its name
};

}  // namespace weft::storage
