#include "storage/keys.h"

#include <algorithm>

#include "graph/field_bytes.h"
#include "storage/field_conflicts.h"

namespace weft::storage {
namespace {

// Later times first: the sign bit flipped makes the order that of unsigned numbers, the complement turns it
// round.
std::uint64_t descending(graph::TimeMs time) {
  return ~(static_cast<std::uint64_t>(time) ^ (std::uint64_t{1} << 63));
}
graph::TimeMs from_descending(std::uint64_t bits) {
  return static_cast<graph::TimeMs>(~bits ^ (std::uint64_t{1} << 63));
}

template <typename Integer>
void write_big(char* out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    out[i] = static_cast<char>(value >> (8 * (sizeof(Integer) - 1 - i)) & 0xFF);
}

static_assert(std::endian::native == std::endian::little, "edge keys are read as they lie in memory");

// As get_big, in one load: live reads decode a key for each neighbour.
template <typename Integer>
Integer load_big(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof(value));
  if constexpr (sizeof(value) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(value) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(value) == 8) return __builtin_bswap64(value);
}

// Cuts length-prefixed texts off the front.
class Cutter {
 public:
  explicit Cutter(std::string_view bytes) : rest_(bytes) {}
  template <typename Integer>
  Integer integer() {
    if (rest_.size() < sizeof(Integer)) {
      ok_ = false;
      return 0;
    }
    const auto value = get_little<Integer>(rest_, 0);
    rest_.remove_prefix(sizeof(Integer));
    return value;
  }
  std::string text() {
    const auto size = integer<std::uint32_t>();
    if (rest_.size() < size) ok_ = false;
    if (!ok_) return {};
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void put_text(std::string& out, std::string_view text) {
  put_little(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

}  // namespace

EdgeKeyBytes encode_edge_key(const EdgeKey& key) {
  EdgeKeyBytes out;
  write_big(out.data(), key.type);
  write_big(out.data() + 2, key.node);
  write_big(out.data() + 6, descending(key.time));
  write_big(out.data() + 14, ~key.other);
  write_big(out.data() + 18, ~key.event);
  return out;
}

std::optional<EdgeKey> decode_edge_key(std::string_view bytes) {
  if (bytes.size() != kEdgeKeyBytes) return std::nullopt;
  const char* at = bytes.data();
  return EdgeKey{load_big<graph::EdgeTypeId>(at), load_big<graph::NodeId>(at + 2),
                 from_descending(load_big<std::uint64_t>(at + 6)), ~load_big<graph::NodeId>(at + 14),
                 ~load_big<graph::EventId>(at + 18)};
}

std::array<char, kEdgeValueBytes> encode_edge_value(const EdgeValue& value) {
  const auto weight = std::bit_cast<std::uint32_t>(value.weight);
  return {static_cast<char>(value.source & 0xFF), static_cast<char>(value.source >> 8),
          static_cast<char>(weight & 0xFF),       static_cast<char>(weight >> 8 & 0xFF),
          static_cast<char>(weight >> 16 & 0xFF), static_cast<char>(weight >> 24)};
}

std::optional<EdgeValue> decode_edge_value(std::string_view bytes) {
  if (bytes.size() != kEdgeValueBytes) return std::nullopt;
  return EdgeValue{get_little<std::uint16_t>(bytes, 0),
                   std::bit_cast<float>(get_little<std::uint32_t>(bytes, 2))};
}

std::array<char, kEdgePrefixBytes> encode_edge_prefix(graph::EdgeTypeId type, graph::NodeId node) {
  std::array<char, kEdgePrefixBytes> out;
  write_big(out.data(), type);
  write_big(out.data() + 2, node);
  return out;
}

std::string id_key(graph::NodeTypeId type, std::string_view external_id) {
  std::string out;
  out.reserve(2 + external_id.size());
  put_big(out, type);
  out += external_id;
  return out;
}

std::string encode_id_value(const IdValue& value) {
  std::string out;
  put_little(out, value.node);
  put_little(out, value.first_seen);
  put_little(out, value.event);
  return out;
}

std::optional<IdValue> decode_id_value(std::string_view bytes) {
  if (bytes.size() != 20) return std::nullopt;
  return IdValue{get_little<graph::NodeId>(bytes, 0), get_little<graph::TimeMs>(bytes, 4),
                 get_little<graph::EventId>(bytes, 12)};
}

std::string node_key(graph::NodeRef node) {
  std::string out;
  put_big(out, node.type);
  put_big(out, node.id);
  return out;
}

std::string field_key(graph::NodeRef node, std::size_t field) {
  std::string out = node_key(node);
  put_big(out, static_cast<std::uint16_t>(field));
  return out;
}

std::string encode_field_value(const graph::FieldValue& value) {
  return graph::field_bytes(value);
}

std::string encode_field_value(const graph::FieldValue& value, const FieldRank& rank) {
  std::string bytes = graph::field_bytes(value);
  if (rank.ranked) bytes.replace(0, 1, ranked_prefix(value.index(), rank));
  return bytes;
}

std::optional<graph::FieldValue> decode_field_value(std::string_view bytes) {
  if (!is_ranked(bytes)) return graph::field_of_bytes(bytes);
  const auto plain = plain_field(bytes);
  return plain ? graph::field_of_bytes(*plain) : std::nullopt;
}

std::string ledger_key(std::uint16_t source) {
  std::string out;
  put_big(out, source);
  return out;
}

std::string encode_ledger_value(const LedgerEntry& entry) {
  std::string out;
  for (const std::uint64_t value :
       {entry.bytes, entry.prefix_hash, entry.lines, entry.rows, entry.bad_rows, entry.fingerprint}) {
    put_little(out, value);
  }
  out += entry.name;
  return out;
}

std::optional<LedgerEntry> decode_ledger(std::string_view key, std::string_view value) {
  if (key.size() != 2 || value.size() < 48) return std::nullopt;
  LedgerEntry entry{.source = get_big<std::uint16_t>(key, 0)};
  entry.bytes = get_little<std::uint64_t>(value, 0);
  entry.prefix_hash = get_little<std::uint64_t>(value, 8);
  entry.lines = get_little<std::uint64_t>(value, 16);
  entry.rows = get_little<std::uint64_t>(value, 24);
  entry.bad_rows = get_little<std::uint64_t>(value, 32);
  entry.fingerprint = get_little<std::uint64_t>(value, 40);
  entry.name = value.substr(48);
  return entry;
}

std::string quarantine_key(std::uint16_t source, std::uint64_t offset) {
  std::string out;
  put_big(out, source);
  put_big(out, offset);
  return out;
}

std::string encode_quarantine_value(const QuarantinedRow& row) {
  std::string out;
  put_little(out, row.line);
  put_text(out, row.reason);
  put_text(out, row.detail);
  put_text(out, row.excerpt);
  return out;
}

std::optional<QuarantinedRow> decode_quarantine(std::string_view key, std::string_view value) {
  if (key.size() != 10) return std::nullopt;
  QuarantinedRow row{.source = get_big<std::uint16_t>(key, 0), .offset = get_big<std::uint64_t>(key, 2)};
  Cutter cutter(value);
  row.line = cutter.integer<std::uint64_t>();
  row.reason = cutter.text();
  row.detail = cutter.text();
  row.excerpt = cutter.text();
  if (!cutter.finished()) return std::nullopt;
  return row;
}

std::string encode_state(const StoreState& state) {
  std::string out;
  put_little(out, state.sequence);
  for (const std::uint32_t count : state.node_counts) put_little(out, count);
  for (const std::uint64_t count : state.edge_counts) put_little(out, count);
  return out;
}

std::optional<StoreState> decode_state(std::string_view bytes, std::size_t node_types,
                                       std::size_t edge_types) {
  if (bytes.size() != 8 + 4 * node_types + 8 * edge_types) return std::nullopt;
  StoreState state{.sequence = get_little<std::uint64_t>(bytes, 0)};
  for (std::size_t i = 0; i < node_types; ++i)
    state.node_counts.push_back(get_little<std::uint32_t>(bytes, 8 + 4 * i));
  for (std::size_t i = 0; i < edge_types; ++i)
    state.edge_counts.push_back(get_little<std::uint64_t>(bytes, 8 + 4 * node_types + 8 * i));
  return state;
}

}  // namespace weft::storage
