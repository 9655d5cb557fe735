// Edges that a stream took back: which pairs were deleted up to which time, and which edges came and do not
// stand because of it (docs/format.md, "Deletions"). Entries of kMeta.
//
// In a timed edge type a deletion of a pair of nodes at a time takes back all edges of the pair at that time
// or before, or those at just that time, whichever came first, the edge or the deletion: it stays in the
// store, and an edge that comes later and is not newer does not stand either. In an untimed one it takes back
// what came before it, and leaves nothing behind.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/keys.h"

namespace weft::storage {

struct EdgePair {
  graph::EdgeTypeId type = 0;
  graph::NodeId from = 0;
  graph::NodeId to = 0;
  auto operator<=>(const EdgePair&) const = default;
};
inline EdgePair pair_of(const EdgeKey& outgoing) {
  return {outgoing.type, outgoing.node, outgoing.other};
}

// Of one pair in a timed type: the latest time that it was deleted at. No edge of it up to then stands.
inline constexpr std::string_view kDeletionPrefix = "deletion/";
std::string deletion_key(const EdgePair& pair);
std::optional<EdgePair> decode_deletion_key(std::string_view key);
std::string encode_deletion(graph::TimeMs until);
std::optional<graph::TimeMs> decode_deletion(std::string_view bytes);

// Of one pair and one time: no edge of it at just that time stands. The value is empty.
inline constexpr std::string_view kDeletionAtPrefix = "deletion@/";
std::string deletion_at_key(const EdgePair& pair, graph::TimeMs time);
std::optional<std::pair<EdgePair, graph::TimeMs>> decode_deletion_at_key(std::string_view key);

// Of one edge that came and does not stand, as its source sees it: its event is not taken again. The value is
// empty.
inline constexpr std::string_view kDeletedPrefix = "deleted/";
std::string deleted_key(const EdgeKey& outgoing);
std::optional<EdgeKey> decode_deleted_key(std::string_view key);

// How many of each there are. Absent from a store that never saw a deletion.
inline constexpr std::string_view kDeletionCountsKey = "deletions";
struct DeletionCounts {
  std::vector<std::uint64_t> deletions =
      {};  // [edge type] entries of both kinds; of untimed types: how many ever came
  std::vector<std::uint64_t> deleted = {};  // [edge type] entries
  bool any() const;
  bool operator==(const DeletionCounts&) const = default;
};
DeletionCounts no_deletions(std::size_t edge_types);
std::string encode_deletion_counts(const DeletionCounts& counts);
std::optional<DeletionCounts> decode_deletion_counts(std::string_view bytes, std::size_t edge_types);

}  // namespace weft::storage
