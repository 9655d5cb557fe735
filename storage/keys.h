// Keys and values of the store, byte by byte as in docs/format.md. Keys are big-endian, so that their byte
// order is the order of scans; values are little-endian.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "graph/event.h"
#include "graph/ids.h"
#include "storage/graph_store.h"

namespace weft::storage {

inline constexpr std::uint32_t kStoreFormat = 1;        // of a new store
inline constexpr std::uint32_t kForgettingFormat = 2;   // from when a store first forgets: it has tombstones
inline constexpr std::uint32_t kDeletingFormat = 3;     // from when a store first sees a deletion
inline constexpr std::uint32_t kNewestStoreFormat = 3;  // that this version reads

// Column families, in the order in which the store opens them.
enum Family : std::size_t {
  kMeta,
  kIds,
  kNames,
  kFields,
  kOutgoing,
  kIncoming,
  kLedger,
  kQuarantine,
  kFamilyCount
};
inline constexpr std::array<const char*, kFamilyCount> kFamilyNames = {
    "default", "ids", "names", "fields", "outgoing", "incoming", "ledger", "quarantine"};

// Bytes of an edge key that name the edge type and the node: what one scan has in common.
inline constexpr std::size_t kEdgePrefixBytes = 6;
inline constexpr std::size_t kEdgeKeyBytes = 26;
inline constexpr std::size_t kEdgeValueBytes = 6;

template <typename Integer>
void put_big(std::string& out, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFF);
  }
}

template <typename Integer>
Integer get_big(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Integer>(value);
}

template <typename Integer>
void put_little(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

template <typename Integer>
Integer get_little(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Integer>(value);
}

// One edge as seen from `node`, whichever end that is.
struct EdgeKey {
  graph::EdgeTypeId type = 0;
  graph::NodeId node = 0;
  graph::TimeMs time = graph::kNoTime;
  graph::NodeId other = 0;
  graph::EventId event = graph::kNoEvent;
  auto operator<=>(const EdgeKey&) const = default;

  EdgeKey reversed() const { return {type, other, time, node, event}; }
};

struct EdgeValue {
  std::uint16_t source = 0;
  float weight = 1.0F;
  bool operator==(const EdgeValue&) const = default;
};

using EdgeKeyBytes = std::array<char, kEdgeKeyBytes>;
EdgeKeyBytes encode_edge_key(const EdgeKey& key);
std::optional<EdgeKey> decode_edge_key(std::string_view bytes);
std::array<char, kEdgeValueBytes> encode_edge_value(const EdgeValue& value);
std::optional<EdgeValue> decode_edge_value(std::string_view bytes);
std::array<char, kEdgePrefixBytes> encode_edge_prefix(graph::EdgeTypeId type, graph::NodeId node);

// ids: type, external id -> IdValue. names: type, dense id -> external id.
struct IdValue {
  graph::NodeId node = graph::kNoNode;
  graph::TimeMs first_seen = graph::kNoTime;
  graph::EventId event = graph::kNoEvent;  // that made it, in types without ids
  bool operator==(const IdValue&) const = default;
};
// Of two times that a node was seen at, either of which may be none. A node's first-seen time is the earliest
// of all that its own rows and its edges gave, in whatever order they came.
inline graph::TimeMs earlier(graph::TimeMs a, graph::TimeMs b) {
  if (a == graph::kNoTime || b == graph::kNoTime) return std::max(a, b);
  return std::min(a, b);
}
std::string id_key(graph::NodeTypeId type, std::string_view external_id);
std::string encode_id_value(const IdValue& value);
std::optional<IdValue> decode_id_value(std::string_view bytes);
std::string node_key(graph::NodeRef node);

// fields: type, dense id, field -> value.
std::string field_key(graph::NodeRef node, std::size_t field);
std::string encode_field_value(const graph::FieldValue& value);  // not of a missing value
// With its rank before the payload, if it has one (storage/field_conflicts.h).
std::string encode_field_value(const graph::FieldValue& value, const FieldRank& rank);
// Of a ranked value: without the rank.
std::optional<graph::FieldValue> decode_field_value(std::string_view bytes);

std::string ledger_key(std::uint16_t source);
std::string encode_ledger_value(const LedgerEntry& entry);
std::optional<LedgerEntry> decode_ledger(std::string_view key, std::string_view value);

std::string quarantine_key(std::uint16_t source, std::uint64_t offset);
std::string encode_quarantine_value(const QuarantinedRow& row);
std::optional<QuarantinedRow> decode_quarantine(std::string_view key, std::string_view value);

// meta "state": sequence and counts, rewritten by every batch.
struct StoreState {
  std::uint64_t sequence = 0;
  std::vector<std::uint32_t> node_counts = {};  // [node type]
  std::vector<std::uint64_t> edge_counts = {};  // [edge type]
};
std::string encode_state(const StoreState& state);
std::optional<StoreState> decode_state(std::string_view bytes, std::size_t node_types,
                                       std::size_t edge_types);

}  // namespace weft::storage
