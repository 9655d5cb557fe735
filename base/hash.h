// xxh3 hashes: checksums of files, content hashes of media, event ids.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace weft {

// XXH3 64 bit of the bytes; the same on every machine.
std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed = 0);
std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);

// XXH3 128 bit: where equal hashes are taken for equal texts.
struct Hash128 {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Hash128&) const = default;
};
Hash128 hash128(std::string_view text, std::uint64_t seed = 0);

// XXH3 128 bit as 32 lower-case hexadecimal digits: the name of a piece of content.
std::string hash128_hex(std::span<const std::byte> bytes);

// 16 lower-case digits.
class HexDigits {
 public:
  explicit HexDigits(std::uint64_t value);
  std::string_view text() const { return {digits_.data(), digits_.size()}; }

 private:
  std::array<char, 16> digits_;
};
std::string to_hex(std::uint64_t value);
// Parses what to_hex wrote; false, and `value` as it was, for anything else.
bool from_hex(std::string_view text, std::uint64_t& value);

// A running XXH3 64 of pieces: the same value as hash64 of their concatenation.
class Hasher64 {
 public:
  explicit Hasher64(std::uint64_t seed = 0);
  ~Hasher64();
  Hasher64(Hasher64&&) noexcept;
  Hasher64& operator=(Hasher64&&) noexcept;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }
  // Length first, then bytes: so that ("ab", "c") and ("a", "bc") differ.
  void update_field(std::string_view text);
  std::uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A running hash128_hex of pieces: the same name as of their concatenation.
class Hasher128 {
 public:
  Hasher128();
  ~Hasher128();
  Hasher128(const Hasher128&) = delete;
  Hasher128& operator=(const Hasher128&) = delete;
  void update(std::span<const std::byte> bytes);
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft
