#include "storage/field_conflicts.h"

#include <cstring>
#include <tuple>

namespace weft::storage {
namespace {

constexpr std::size_t kPrefixBytes = 18;
constexpr unsigned kRanked = 0x80;
// Flags: more than one row gave a value; not all gave the same; a source of lower rank than others gave it.
constexpr unsigned kSeveral = 1, kDiffers = 2, kLower = 4, kAllFlags = 7;

struct Prefix {
  unsigned kind = 0, flags = 0;
  std::int64_t major = 0, minor = 0;
  auto rank() const { return std::tuple(major, minor); }
};

std::string encode(const Prefix& prefix) {
  std::string out(kPrefixBytes, '\0');
  out[0] = static_cast<char>(prefix.kind | kRanked);
  out[1] = static_cast<char>(prefix.flags);
  std::memcpy(out.data() + 2, &prefix.major, 8);
  std::memcpy(out.data() + 10, &prefix.minor, 8);
  return out;
}

std::optional<Prefix> decode(std::string_view bytes) {
  if (bytes.size() < kPrefixBytes || !is_ranked(bytes)) return std::nullopt;
  Prefix out{.kind = static_cast<unsigned char>(bytes[0]) & ~kRanked,
             .flags = static_cast<unsigned char>(bytes[1])};
  std::memcpy(&out.major, bytes.data() + 2, 8);
  std::memcpy(&out.minor, bytes.data() + 10, 8);
  const bool told_apart = (out.flags & kDiffers) == 0 || (out.flags & kSeveral) != 0;
  if (out.kind == 0 || (out.flags & ~kAllFlags) != 0 || !told_apart) return std::nullopt;
  return out;
}

}  // namespace

FieldRank rank_of(const RankRule& rule, graph::TimeMs time) {
  const std::int64_t trust = -std::int64_t{rule.entry};
  switch (rule.rule) {
    case ConflictRule::kReadLast:
      return {};
    case ConflictRule::kPriority:
      return {.ranked = true, .lower = rule.entry > 0, .major = trust, .minor = time};
    case ConflictRule::kRecency:
      return {.ranked = true, .lower = false, .major = time, .minor = trust};
  }
  return {};
}

void add_conflicts(ConflictCounts& to, const ConflictCounts& more) {
  for (const auto& [field, counts] : more) {
    FieldConflicts& sum = to[field];
    sum.agreeing += counts.agreeing;
    sum.conflicting += counts.conflicting;
    sum.filled += counts.filled;
  }
}

std::string ranked_prefix(std::size_t kind, const FieldRank& rank) {
  return encode({.kind = static_cast<unsigned>(kind),
                 .flags = rank.lower ? kLower : 0,
                 .major = rank.major,
                 .minor = rank.minor});
}

std::optional<RankedField> ranked_field(std::string_view bytes) {
  const auto prefix = decode(bytes);
  if (!prefix) return std::nullopt;
  return RankedField{static_cast<std::uint8_t>(prefix->kind), bytes.substr(kPrefixBytes)};
}

std::optional<std::string> plain_field(std::string_view bytes) {
  if (!is_ranked(bytes)) return std::string(bytes);
  const auto field = ranked_field(bytes);
  if (!field) return std::nullopt;
  std::string out(1, static_cast<char>(field->kind));
  out += field->payload;
  return out;
}

std::string join_fields(std::string_view standing, std::string_view arrived) {
  const auto old = decode(standing);
  if (!old) return std::string(arrived);
  const std::string_view old_payload = standing.substr(kPrefixBytes);
  const auto now = decode(arrived);
  if (!now) {
    std::string out = encode(*old);
    if (!arrived.empty()) out += arrived.substr(1);
    return out;
  }
  const std::string_view payload = arrived.substr(kPrefixBytes);
  const bool arrived_stands = now->rank() >= old->rank();
  Prefix joined = arrived_stands ? *now : *old;
  joined.flags = (joined.flags & kLower) | kSeveral | ((old->flags | now->flags) & kDiffers);
  if (payload != old_payload) joined.flags |= kDiffers;
  std::string out = encode(joined);
  out += arrived_stands ? payload : old_payload;
  return out;
}

FieldConflicts conflicts_of(std::string_view bytes) {
  const auto prefix = decode(bytes);
  if (!prefix) return {};
  const bool several = (prefix->flags & kSeveral) != 0, differs = (prefix->flags & kDiffers) != 0;
  return {.agreeing = several && !differs ? 1 : 0,
          .conflicting = differs ? 1 : 0,
          .filled = (prefix->flags & kLower) != 0 ? 1 : 0};
}

FieldConflicts difference(const FieldConflicts& after, const FieldConflicts& before) {
  return {.agreeing = after.agreeing - before.agreeing,
          .conflicting = after.conflicting - before.conflicting,
          .filled = after.filled - before.filled};
}

}  // namespace weft::storage
