#include "storage/deletions.h"

#include <algorithm>

namespace weft::storage {
namespace {

constexpr std::size_t kPairBytes = 10;

bool has_size(std::string_view key, std::string_view prefix, std::size_t rest) {
  return key.size() == prefix.size() + rest && key.starts_with(prefix);
}

void put_pair(std::string& out, const EdgePair& pair) {
  put_big(out, pair.type);
  put_big(out, pair.from);
  put_big(out, pair.to);
}

EdgePair get_pair(std::string_view bytes) {
  return {get_big<graph::EdgeTypeId>(bytes, 0), get_big<graph::NodeId>(bytes, 2),
          get_big<graph::NodeId>(bytes, 6)};
}

// Earlier times first.
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

}  // namespace

std::string deletion_key(const EdgePair& pair) {
  std::string out(kDeletionPrefix);
  put_pair(out, pair);
  return out;
}

std::string deletion_at_key(const EdgePair& pair, graph::TimeMs time) {
  std::string out(kDeletionAtPrefix);
  put_pair(out, pair);
  put_big(out, static_cast<std::uint64_t>(time) ^ kSignBit);
  return out;
}

std::optional<std::pair<EdgePair, graph::TimeMs>> decode_deletion_at_key(std::string_view key) {
  if (!has_size(key, kDeletionAtPrefix, kPairBytes + sizeof(graph::TimeMs))) return std::nullopt;
  const std::string_view rest = key.substr(kDeletionAtPrefix.size());
  return std::pair(get_pair(rest),
                   static_cast<graph::TimeMs>(get_big<std::uint64_t>(rest, kPairBytes) ^ kSignBit));
}

std::optional<EdgePair> decode_deletion_key(std::string_view key) {
  if (!has_size(key, kDeletionPrefix, kPairBytes)) return std::nullopt;
  return get_pair(key.substr(kDeletionPrefix.size()));
}

std::string encode_deletion(graph::TimeMs until) {
  std::string out;
  put_little(out, until);
  return out;
}

std::optional<graph::TimeMs> decode_deletion(std::string_view bytes) {
  if (bytes.size() != sizeof(graph::TimeMs)) return std::nullopt;
  return get_little<graph::TimeMs>(bytes, 0);
}

std::string deleted_key(const EdgeKey& outgoing) {
  std::string out(kDeletedPrefix);
  const EdgeKeyBytes bytes = encode_edge_key(outgoing);
  out.append(bytes.data(), bytes.size());
  return out;
}

std::optional<EdgeKey> decode_deleted_key(std::string_view key) {
  if (!has_size(key, kDeletedPrefix, kEdgeKeyBytes)) return std::nullopt;
  return decode_edge_key(key.substr(kDeletedPrefix.size()));
}

bool DeletionCounts::any() const {
  const auto some = [](std::uint64_t count) { return count > 0; };
  return std::any_of(deletions.begin(), deletions.end(), some) ||
         std::any_of(deleted.begin(), deleted.end(), some);
}

DeletionCounts no_deletions(std::size_t edge_types) {
  return {std::vector<std::uint64_t>(edge_types, 0), std::vector<std::uint64_t>(edge_types, 0)};
}

std::string encode_deletion_counts(const DeletionCounts& counts) {
  std::string out;
  for (std::size_t type = 0; type < counts.deletions.size(); ++type) {
    put_little(out, counts.deletions[type]);
    put_little(out, counts.deleted[type]);
  }
  return out;
}

std::optional<DeletionCounts> decode_deletion_counts(std::string_view bytes, std::size_t edge_types) {
  if (bytes.size() != 16 * edge_types) return std::nullopt;
  DeletionCounts out;
  for (std::size_t type = 0; type < edge_types; ++type) {
    out.deletions.push_back(get_little<std::uint64_t>(bytes, 16 * type));
    out.deleted.push_back(get_little<std::uint64_t>(bytes, 16 * type + 8));
  }
  return out;
}

}  // namespace weft::storage
