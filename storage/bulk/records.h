// What a bulk load sorts. Records are compared as numbers in the order of their keys' bytes (storage/keys.h).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/spool.h"
#include "graph/ids.h"
#include "storage/keys.h"

namespace weft::storage {

// Key and value of one edge in one direction: 32 bytes as four big-endian words.
struct EdgeRecord {
  std::uint64_t words[4] = {};

  static EdgeRecord of(const EdgeKey& key, const EdgeValue& value);
  EdgeKey key() const;
  EdgeValue value() const;
  std::uint64_t prefix() const { return words[0] >> 16; }  // edge type and node
  // Writes the key's bytes, then the value's.
  void bytes(char (&out)[kEdgeKeyBytes + kEdgeValueBytes]) const;
  auto operator<=>(const EdgeRecord&) const = default;
};

// Ascending. In place of a general sort: first by node, then within each node.
void sort_edges(std::vector<EdgeRecord>& edges);

// One target that one event gave a node by an as_node field.
struct AttributeRecord {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t sequence = 0;  // of the event
  graph::EventId edge_event = 0;
  std::uint16_t source = 0;
  std::uint16_t unused = 0;
  std::uint32_t order = 0;  // within the event
  bool operator<(const AttributeRecord& other) const {
    if (from != other.from) return from < other.from;
    if (sequence != other.sequence) return sequence < other.sequence;
    return order < other.order;
  }
};

// That edges of a pair are deleted, up to a time or at it, as seen from `node`, whichever end that is.
struct DeletionRecord {
  std::uint32_t node = 0;
  std::uint32_t other = 0;
  std::uint64_t at = 0;  // 1: at the time alone
  graph::TimeMs time = graph::kNoTime;
  auto operator<=>(const DeletionRecord&) const = default;
};

// One mention of a node in a later run than the one that made it: its earliest time there.
struct SeenRecord {
  std::uint32_t node = 0;
  std::uint32_t unused = 0;
  graph::TimeMs earliest = graph::kNoTime;  // never kNoTime
  bool operator<(const SeenRecord& other) const { return node < other.node; }
};

// Records of varied size. A field's is its key as a number, the value's size, the value.
class FieldCursor {
 public:
  FieldCursor(const Spool& spool, Files& files, std::size_t buffer_bytes)
      : reader_(spool, files, buffer_bytes) {}
  static void put(SpoolWriter& out, std::uint64_t key, std::string_view value);
  bool advance();
  std::uint64_t key() const { return key_; }  // node type, node, field: the bytes of field_key()
  std::string_view value() const { return value_; }

 private:
  SpoolReader reader_;
  std::uint64_t key_ = 0;
  std::string_view value_ = {};
};

// A dictionary entry: size of the id, the id, the value.
class IdCursor {
 public:
  IdCursor(const Spool& spool, Files& files, std::size_t buffer_bytes)
      : reader_(spool, files, buffer_bytes) {}
  static void put(SpoolWriter& out, std::string_view id, const IdValue& value);
  bool advance();
  std::string_view key() const { return id_; }
  const IdValue& value() const { return value_; }

 private:
  SpoolReader reader_;
  std::string_view id_ = {};
  IdValue value_ = {};
};

}  // namespace weft::storage
