// One piece of a source, read and mapped: what its rows mean, in a compact form, with the external ids of
// nodes taken out and numbered within the piece.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "storage/bulk/records.h"
#include "storage/bulk/source_text.h"
#include "storage/graph_store.h"
#include "storage/ingest_tally.h"
#include "storage/row_mapper.h"
#include "storage/tombstones.h"

namespace weft::storage {

inline Hash128 name_hash(graph::NodeTypeId type, std::string_view external_id) {
  return hash128(external_id, std::uint64_t{type} + 1);
}

// An external id of a node type. Equal hashes (128 bits, of type and id) are taken for equal names.
struct ChunkName {
  Hash128 hash = {};
  std::uint32_t begin = 0, size = 0;  // in Chunk::name_bytes
  graph::NodeTypeId type = 0;
  // A node that its event names, where the event has an edge that makes it the only one of its id: nothing
  // else has this name, so it is not looked for, and its bytes, the event's id in hexadecimal digits, are
  // left out.
  bool of_event = false;
};

// An event's bytes: EventHead; for each node a NodeHead and for each of its fields a FieldHead and the
// encoded value; for each edge an EdgeHead. Names are positions in Chunk::names.
struct EventHead {
  graph::EventId id = 0;
  std::uint32_t nodes = 0, edges = 0;
};
struct NodeHead {
  graph::TimeMs time = 0;
  std::uint32_t name = 0;
  graph::NodeTypeId type = 0;
  std::uint16_t fields = 0;
};
struct FieldHead {
  std::uint32_t size = 0;
  std::uint16_t field = 0;
  std::uint16_t unused = 0;
};
struct EdgeHead {
  graph::TimeMs time = 0;
  graph::EventId event = 0;  // of an as_node field's edge; otherwise the event's own
  std::uint32_t from = 0, to = 0;
  float weight = 1.0F;
  graph::EdgeTypeId type = 0;
  std::uint16_t deletes = 0;  // the edges of the pair: 1 up to the time, 2 at the time
};

// Cuts records off a chunk's events.
class EventBytes {
 public:
  explicit EventBytes(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool finished() const { return at_ == end_; }
  template <typename Record>
  Record take() {
    Record record;
    std::memcpy(&record, at_, sizeof(record));
    at_ += sizeof(record);
    return record;
  }
  std::size_t skip(std::size_t count) {
    const auto at = static_cast<std::size_t>(at_ - begin_);
    at_ += count;
    return at;
  }

 private:
  const char *begin_, *at_, *end_;
};

struct Chunk {
  std::uint16_t source = 0;        // the project's position; BulkLoad makes it the ledger's
  std::size_t begin = 0, end = 0;  // in SourceText::text(); `end` is where the next chunk's rows begin
  std::uint64_t lines = 0;         // line ends within
  SourceTally tally = {};          // lines count from the chunk's own first
  std::vector<QuarantinedRow> quarantined = {};
  std::optional<std::uint64_t> good_first = {};  // offset of the first row, if that is good
  bool open_end = false;  // the last row is bad and has no line end: it begins at `end`

  std::vector<ChunkName> names = {};
  std::string name_bytes = {};
  std::string events = {};
  std::vector<graph::EventId> ids = {};  // [event]; 0 for one that is never a duplicate
  std::uint64_t forgotten = 0;           // events left out: they name what the store was made to forget
  std::vector<std::size_t> missing_columns = {};
  std::vector<std::string> known_columns = {};

  // Filled by the numbering.
  std::vector<std::uint8_t> dropped = {};  // [event] it is a duplicate
  std::vector<std::uint8_t> unused = {};   // [name] only duplicates name it; empty: none is
  std::vector<graph::NodeId> nodes = {};   // [name]; kNoNode if unused

  bool is_used(std::size_t name) const { return unused.empty() || unused[name] == 0; }
  std::string_view name(std::size_t at) const {
    return std::string_view(name_bytes).substr(names[at].begin, names[at].size);
  }
};

// Reads the rows that begin in [begin, end) of the text. `source` is the project's position of the source.
// `tombstones` are the store's. Thread-safe.
Chunk read_chunk(const Project& project, std::uint16_t source, const SourceText& text, std::size_t begin,
                 std::size_t end, const Tombstones& tombstones, Files& files);

// The rows of a source that cannot be cut, chunk after chunk. Not thread-safe.
class RowChunks {
 public:
  // Behind what the store has of it, by `before`. `tombstones` and `files` must outlive it.
  RowChunks(const Project& project, std::uint16_t source, const LedgerEntry& before,
            const Tombstones& tombstones, Files& files);
  ~RowChunks();

  // The next rows, until what they mean has `bytes`; a chunk without rows at the end.
  Chunk next(std::size_t bytes);
  Position position();  // behind the rows so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Fills Chunk::unused from Chunk::dropped, and puts the names into the order in which the events that stay
// name them, in which their nodes are numbered. (Equal rows may name different nodes: a picture that was not
// there when the first of them was read.)
void mark_unused_names(Chunk& chunk);

}  // namespace weft::storage
