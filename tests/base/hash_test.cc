#include "base/hash.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace weft {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Golden values: `printf '' | xxhsum -H3` and `-H2` (XXH3 64 and 128 bit), xxhsum 0.8.1.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(to_hex(hash64("")), "2d06800538d394c2");
  EXPECT_EQ(to_hex(hash64("weft")), "15d05235f1304082");
  EXPECT_EQ(hash128_hex(bytes_of("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash128_hex(bytes_of("weft")), "69aeedc904d9a734126c4f6354db18ad");
}

TEST(Hash, TextAndBytesAgreeAndTheSeedMatters) {
  const std::string text = "the same bytes";
  EXPECT_EQ(hash64(text), hash64(bytes_of(text)));
  EXPECT_EQ(hash64(text, 5), hash64(bytes_of(text), 5));
  EXPECT_NE(hash64(text), hash64(text, 5));
}

TEST(Hash, PiecesHashAsTheirConcatenation) {
  std::mt19937_64 random(1);
  std::string text(5000, '\0');
  for (char& c : text) c = static_cast<char>(random());
  // Lengths on both sides of the algorithm's own borders (16, 128, 240 bytes, the 256-byte buffer).
  for (const std::size_t size : {0, 1, 16, 17, 128, 129, 240, 241, 256, 257, 1024, 5000}) {
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{77}}) {
      Hasher64 hasher(seed);
      for (std::size_t at = 0; at < size;) {
        const std::size_t piece = std::min<std::size_t>(size - at, random() % 300);
        hasher.update(std::string_view(text).substr(at, piece));
        at += piece;
      }
      EXPECT_EQ(hasher.digest(), hash64(std::string_view(text).substr(0, size), seed))
          << "size " << size << " seed " << seed;
    }
    Hasher128 hasher;
    for (std::size_t at = 0; at < size;) {
      const std::size_t piece = std::min<std::size_t>(size - at, random() % 300);
      hasher.update(bytes_of(text).subspan(at, piece));
      at += piece;
    }
    EXPECT_EQ(hasher.hex(), hash128_hex(bytes_of(text).first(size))) << "size " << size;
  }
}

TEST(Hash, DigestMayBeTakenOnTheWayAndTheHasherMoves) {
  Hasher64 hasher;
  hasher.update("ab");
  EXPECT_EQ(hasher.digest(), hash64("ab"));
  Hasher64 moved = std::move(hasher);
  moved.update("c");
  EXPECT_EQ(moved.digest(), hash64("abc"));
}

TEST(Hash, FieldsAreKeptApart) {
  const auto of = [](std::initializer_list<std::string_view> fields) {
    Hasher64 hasher;
    for (const std::string_view field : fields) hasher.update_field(field);
    return hasher.digest();
  };
  const std::set<std::uint64_t> distinct = {of({"ab", "c"}), of({"a", "bc"}), of({"abc"}),
                                            of({"abc", ""}), of({"", "abc"}), of({})};
  EXPECT_EQ(distinct.size(), 6U);
}

TEST(Hex, GoesThereAndBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = random() >> (i % 64);
    std::uint64_t back = 0;
    ASSERT_TRUE(from_hex(to_hex(value), back));
    EXPECT_EQ(back, value);
  }
  EXPECT_EQ(to_hex(0xAB), "00000000000000ab");
}

TEST(Hex, RefusesAllElseAndLeavesTheValue) {
  std::uint64_t value = 42;
  for (const char* text : {"", "ab", "00000000000000AB", "0x000000000000ab", "00000000000000ag",
                           "00000000000000ab0", " 0000000000000ab", "-0000000000000ab", "+0000000000000ab"}) {
    EXPECT_FALSE(from_hex(text, value)) << text;
    EXPECT_EQ(value, 42U) << text;
  }
}

}  // namespace
}  // namespace weft
