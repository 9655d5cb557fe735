// The log of changes: what each batch changed since a snapshot, written with the batch, so that a delta can
// be made from it without looking at the rest of the store.
//
// A store keeps a log once a snapshot was taken of it (keep_changes_from); it goes on from there until it has
// grown so far that a new snapshot is the cheaper way (StoreOptions::logged_changes), and ends then; and with
// a bulk load. Entries hold dense ids, times, event ids, weights: no external ids and no field values
// (docs/format.md, "Log of changes").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/delta.h"
#include "storage/keys.h"

namespace weft::storage {

struct LoggedEdge {
  bool removed = false;
  EdgeKey key = {};
  EdgeValue value = {};
  bool operator==(const LoggedEdge&) const = default;
};

struct LoggedField {
  graph::NodeRef node = {};
  std::uint16_t field = 0;
  auto operator<=>(const LoggedField&) const = default;
};

// Of one batch. Its key is the store's sequence number after it.
struct ChangeEntry {
  std::uint64_t before = 0;               // the sequence number before it
  std::vector<graph::NodeRef> seen = {};  // nodes of earlier batches that are now known to be older
  std::vector<LoggedField> fields = {};   // written to nodes of earlier batches
  std::vector<LoggedEdge> edges = {};     // in the order in which they came and went
  std::uint64_t changes() const { return seen.size() + fields.size() + edges.size(); }
  bool operator==(const ChangeEntry&) const = default;
};
std::string change_key(std::uint64_t sequence);
std::optional<std::uint64_t> change_sequence(std::string_view key);
inline constexpr std::string_view kChangePrefix = "change/";
std::string encode_change(const ChangeEntry& entry);
std::optional<ChangeEntry> decode_change(std::string_view bytes);

// meta "changes".
struct ChangeLogState {
  std::uint64_t from = 0;     // complete from this sequence number on
  std::uint64_t changes = 0;  // in it
  bool operator==(const ChangeLogState&) const = default;
};
std::string encode_change_log(const ChangeLogState& state);
std::optional<ChangeLogState> decode_change_log(std::string_view bytes);

// Where the log begins; nothing if the store keeps none.
std::optional<ChangeLogState> change_log(const GraphStore& store);

// Forgets what was logged up to `sequence`, that of a snapshot which is safely on disk; begins a log if there
// is none and `sequence` is the store's. Writer only.
void keep_changes_from(const GraphStore& store, std::uint64_t sequence);

// Ends the log and takes all of it out of the store, down to the last byte. Writer only. Whoever changes the
// store other than by apply() or a bulk load must call this first.
void drop_changes(const GraphStore& store);

// What came after the snapshot, as of now (a reading store: as of where it last caught up); nothing if the
// log does not reach back to it or the snapshot is of another store. Reads the log and what it names. Throws
// Error on damage.
std::optional<graph::Delta> changes_since(const GraphStore& store, const graph::DeltaBase& base);

}  // namespace weft::storage
