#include "storage/tombstones.h"

#include <algorithm>
#include <bit>
#include <random>

#include "base/error.h"

namespace weft::storage {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (; count > 0; --count) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

template <typename Byte>
std::uint64_t little(const Byte* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

}  // namespace

TombstoneHash siphash128(const TombstoneKey& key, std::string_view bytes) {
  const std::uint64_t k0 = little(key.data(), 8), k1 = little(key.data() + 8, 8);
  State state{.v0 = k0 ^ 0x736f6d6570736575ULL,
              .v1 = k1 ^ 0x646f72616e646f6dULL ^ 0xee,
              .v2 = k0 ^ 0x6c7967656e657261ULL,
              .v3 = k1 ^ 0x7465646279746573ULL};
  const std::uint64_t length = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) state.take(little(bytes.data(), 8));
  state.take(length | little(bytes.data(), bytes.size()));
  TombstoneHash out;
  state.v2 ^= 0xee;
  for (std::size_t half = 0; half < 2; ++half) {
    if (half == 1) state.v1 ^= 0xdd;
    state.rounds(4);
    const std::uint64_t word = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    for (std::size_t i = 0; i < 8; ++i) out[half * 8 + i] = static_cast<unsigned char>(word >> (8 * i));
  }
  return out;
}

TombstoneKey random_tombstone_key() {
  std::random_device device;
  TombstoneKey key;
  for (unsigned char& byte : key) byte = static_cast<unsigned char>(device());
  return key;
}

TombstoneHash Tombstones::hash(graph::NodeTypeId type, std::string_view external_id) const {
  WEFT_CHECK(key_.has_value());
  std::string bytes = {static_cast<char>(type >> 8), static_cast<char>(type & 0xFF)};
  bytes += external_id;
  return siphash128(*key_, bytes);
}

std::string tombstone_key(const TombstoneHash& hash) {
  std::string key(kTombstonePrefix);
  key.append(hash.begin(), hash.end());
  return key;
}

std::optional<TombstoneHash> decode_tombstone_key(std::string_view key) {
  TombstoneHash hash;
  if (!key.starts_with(kTombstonePrefix) || key.size() != kTombstonePrefix.size() + hash.size())
    return std::nullopt;
  std::copy(key.begin() + kTombstonePrefix.size(), key.end(), hash.begin());
  return hash;
}

}  // namespace weft::storage
