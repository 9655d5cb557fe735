#include "base/hash.h"

#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <new>

namespace weft {

std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t hash64(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

Hash128 hash128(std::string_view text, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {hash.high64, hash.low64};
}

namespace {
std::string hex_of(const XXH128_hash_t& hash) {
  return to_hex(hash.high64) + to_hex(hash.low64);
}
}  // namespace

std::string hash128_hex(std::span<const std::byte> bytes) {
  return hex_of(XXH3_128bits(bytes.data(), bytes.size()));
}

// All digits at once, a byte each: eight to a word.
HexDigits::HexDigits(std::uint64_t value) {
  const auto half = [](std::uint64_t bits) {
    // Four bits to a byte, the highest first in memory.
    bits = (bits & 0xFFFF) << 32 | bits >> 16;
    bits = (bits & 0x0000'00FF'0000'00FF) << 16 | (bits & 0x0000'FF00'0000'FF00) >> 8;
    bits = (bits & 0x000F'000F'000F'000F) << 8 | (bits & 0x00F0'00F0'00F0'00F0) >> 4;
    // From 10 on letters.
    const std::uint64_t letters = (bits + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
    return bits + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
  };
  const std::uint64_t words[2] = {half(value >> 32), half(value & 0xFFFF'FFFF)};
  std::memcpy(digits_.data(), words, sizeof(words));
}

std::string to_hex(std::uint64_t value) {
  return std::string(HexDigits(value).text());
}

bool from_hex(std::string_view text, std::uint64_t& value) {
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return true;
}

struct Hasher64::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hasher64::Hasher64(std::uint64_t seed) : state_(std::make_unique<State>()) {
  if (state_->xxh == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset_withSeed(state_->xxh, seed);
}
Hasher64::~Hasher64() = default;
Hasher64::Hasher64(Hasher64&&) noexcept = default;
Hasher64& Hasher64::operator=(Hasher64&&) noexcept = default;

void Hasher64::update(std::span<const std::byte> bytes) {
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
}

void Hasher64::update_field(std::string_view text) {
  const std::uint64_t size = text.size();
  update(std::as_bytes(std::span(&size, 1)));
  update(text);
}

std::uint64_t Hasher64::digest() const {
  return XXH3_64bits_digest(state_->xxh);
}

struct Hasher128::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hasher128::Hasher128() : state_(std::make_unique<State>()) {
  if (state_->xxh == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_->xxh);
}
Hasher128::~Hasher128() = default;

void Hasher128::update(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string Hasher128::hex() const {
  return hex_of(XXH3_128bits_digest(state_->xxh));
}

}  // namespace weft
