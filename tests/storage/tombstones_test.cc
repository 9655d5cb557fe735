#include "storage/tombstones.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weft::storage {
namespace {

// The first vectors of the reference code (vectors_sip128 in its vectors.h): key and text are
// 0, 1, 2, ...
TEST(Tombstones, HashesAreThoseOfTheReferenceCode) {
  TombstoneKey key;
  std::iota(key.begin(), key.end(), static_cast<unsigned char>(0));
  std::string text(64, '\0');
  std::iota(text.begin(), text.end(), '\0');
  const auto of = [&](std::size_t size) { return siphash128(key, std::string_view(text).substr(0, size)); };
  EXPECT_EQ(of(0), (TombstoneHash{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14,
                                  0xc7, 0x55, 0x02, 0x93}));
  EXPECT_EQ(of(1), (TombstoneHash{0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11,
                                  0x9b, 0x22, 0xfc, 0x45}));
}

TEST(Tombstones, KnowWhatWasAddedByTypeAndId) {
  Tombstones stones(random_tombstone_key());
  EXPECT_TRUE(stones.empty());
  EXPECT_FALSE(stones.contains(0, "ann"));
  stones.add(stones.hash(0, "ann"));
  EXPECT_TRUE(stones.contains(0, "ann"));
  EXPECT_FALSE(stones.contains(1, "ann"));
  EXPECT_FALSE(stones.contains(0, "an"));
  EXPECT_FALSE(Tombstones().contains(0, "ann"));
  stones.remove(stones.hash(0, "ann"));
  EXPECT_TRUE(stones.empty());
}

TEST(Tombstones, KeysComeBack) {
  const TombstoneHash hash = siphash128(random_tombstone_key(), "x");
  EXPECT_EQ(decode_tombstone_key(tombstone_key(hash)), hash);
  EXPECT_FALSE(decode_tombstone_key("forgotten/short"));
  EXPECT_FALSE(decode_tombstone_key(tombstone_key(hash) + "x"));
  EXPECT_NE(random_tombstone_key(), random_tombstone_key());
}

}  // namespace
}  // namespace weft::storage
