// Values of one field of one node that several rows give, where the project file says which of them stands
// ([nodes.TYPE] conflicts): the stored value keeps its rank, so that the outcome does not depend on the order
// in which rows arrive.
//
// A ranked value is stored as u8 kind | 0x80, u8 flags, i64 major and i64 minor of its rank, then the kind's
// payload (docs/format.md). Joining is associative: values may be joined in any grouping that keeps their
// order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "graph/event.h"

namespace weft::storage {

// Which value of a field stands where several rows give one.
enum class ConflictRule {
  kReadLast,  // the one that is read last
  kPriority,  // that of the source named first in `source`; within one entry of it, the latest by time, if
              // rows have one, then the one read last
  kRecency,   // the latest by time; of equal times that of the source named first, then the one read last
};

// A node type's rule, and where its list of sources names the source whose rows are meant.
struct RankRule {
  ConflictRule rule = ConflictRule::kReadLast;
  std::uint16_t entry = 0;
};

// The higher (major, minor) stands, of equal ones the last to arrive. Not ranked: the last to arrive in any
// case. All rows of a node type are ranked, or none.
struct FieldRank {
  bool ranked = false;
  bool lower = false;  // the row's source is not the one that is trusted most
  std::int64_t major = 0, minor = 0;
};
FieldRank rank_of(const RankRule& rule, graph::TimeMs time);

// How many fields of nodes have values of several rows. Differences where a run changed what was there.
struct FieldConflicts {
  std::int64_t agreeing = 0;     // all rows gave the same value
  std::int64_t conflicting = 0;  // they did not
  std::int64_t filled = 0;       // the value stands that a lower source gave: no higher one has any
  bool operator==(const FieldConflicts&) const = default;
  bool any() const { return agreeing != 0 || conflicting != 0 || filled != 0; }
};
// By node type and field.
using ConflictCounts = std::map<std::pair<graph::NodeTypeId, std::uint16_t>, FieldConflicts>;
void add_conflicts(ConflictCounts& to, const ConflictCounts& more);

inline bool is_ranked(std::string_view bytes) {
  return !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
}
// What stands before a ranked value's payload.
std::string ranked_prefix(std::size_t kind, const FieldRank& rank);
// Kind and payload of a stored value, ranked or not; nothing if a ranked one is damaged.
std::optional<std::string> plain_field(std::string_view bytes);
// The payload of a ranked value and its kind; nothing if it is damaged.
struct RankedField {
  std::uint8_t kind = 0;
  std::string_view payload = {};
};
std::optional<RankedField> ranked_field(std::string_view bytes);

// Of two stored values, `arrived` the later one to arrive: which stands, and what is known of both. The
// higher rank stands; of equal ranks the later one. An arrival without rank (a picture found at last) takes
// the place of a ranked value and its rank.
std::string join_fields(std::string_view standing, std::string_view arrived);

// What the stored value counts as.
FieldConflicts conflicts_of(std::string_view bytes);
FieldConflicts difference(const FieldConflicts& after, const FieldConflicts& before);

}  // namespace weft::storage
