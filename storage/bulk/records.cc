#include "storage/bulk/records.h"

#include <algorithm>
#include <bit>

#include "base/insertion_sort.h"

namespace weft::storage {
namespace {

std::uint64_t descending(graph::TimeMs time) {
  return ~(static_cast<std::uint64_t>(time) ^ (std::uint64_t{1} << 63));
}

graph::TimeMs from_descending(std::uint64_t bits) {
  return static_cast<graph::TimeMs>(~bits ^ (std::uint64_t{1} << 63));
}

}  // namespace

EdgeRecord EdgeRecord::of(const EdgeKey& key, const EdgeValue& value) {
  const std::uint64_t time = descending(key.time);
  const auto other = static_cast<std::uint64_t>(~key.other);
  const std::uint64_t event = ~key.event;
  const auto weight = std::bit_cast<std::uint32_t>(value.weight);
  // The value's bytes are little-endian.
  const std::uint64_t tail = std::uint64_t{__builtin_bswap16(value.source)} << 32 | __builtin_bswap32(weight);
  return {{std::uint64_t{key.type} << 48 | std::uint64_t{key.node} << 16 | time >> 48,
           time << 16 | other >> 16, other << 48 | event >> 16, event << 48 | tail}};
}

EdgeKey EdgeRecord::key() const {
  return {.type = static_cast<graph::EdgeTypeId>(words[0] >> 48),
          .node = static_cast<graph::NodeId>(words[0] >> 16),
          .time = from_descending(words[0] << 48 | words[1] >> 16),
          .other = ~static_cast<graph::NodeId>(words[1] << 16 | words[2] >> 48),
          .event = ~(words[2] << 16 | words[3] >> 48)};
}

EdgeValue EdgeRecord::value() const {
  return {.source = __builtin_bswap16(static_cast<std::uint16_t>(words[3] >> 32)),
          .weight = std::bit_cast<float>(__builtin_bswap32(static_cast<std::uint32_t>(words[3])))};
}

void EdgeRecord::bytes(char (&out)[kEdgeKeyBytes + kEdgeValueBytes]) const {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t word = __builtin_bswap64(words[i]);
    std::memcpy(out + 8 * i, &word, sizeof(word));
  }
}

void sort_edges(std::vector<EdgeRecord>& edges) {
  if (edges.size() < 2) return;
  const auto [least, greatest] = std::minmax_element(
      edges.begin(), edges.end(), [](const auto& a, const auto& b) { return a.prefix() < b.prefix(); });
  const std::uint64_t first = least->prefix();
  const std::uint64_t range = greatest->prefix() - first + 1;
  int shift = 0;
  while (range >> shift > edges.size()) ++shift;
  std::vector<std::uint32_t> begin((range >> shift) + 2, 0);
  for (const EdgeRecord& edge : edges) ++begin[((edge.prefix() - first) >> shift) + 1];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  std::vector<EdgeRecord> sorted(edges.size());
  std::vector<std::uint32_t> next = begin;
  for (const EdgeRecord& edge : edges) sorted[next[(edge.prefix() - first) >> shift]++] = edge;
  for (std::size_t i = 0; i + 1 < begin.size(); ++i)
    sort_few(sorted.data() + begin[i], sorted.data() + begin[i + 1]);
  edges = std::move(sorted);
}

void FieldCursor::put(SpoolWriter& out, std::uint64_t key, std::string_view value) {
  out.put(key);
  out.put(static_cast<std::uint32_t>(value.size()));
  out.append(value.data(), value.size());
}

bool FieldCursor::advance() {
  if (!reader_.get(key_)) return false;
  std::uint32_t size = 0;
  reader_.get(size);
  value_ = size == 0 ? std::string_view() : std::string_view(reader_.take(size), size);
  return true;
}

void IdCursor::put(SpoolWriter& out, std::string_view id, const IdValue& value) {
  out.put(static_cast<std::uint32_t>(id.size()));
  out.put(value);
  out.append(id.data(), id.size());
}

bool IdCursor::advance() {
  std::uint32_t size = 0;
  if (!reader_.get(size)) return false;
  reader_.get(value_);
  id_ = {reader_.take(size), size};
  return true;
}

}  // namespace weft::storage
