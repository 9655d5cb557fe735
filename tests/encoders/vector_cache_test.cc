#include "encoders/vector_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/encoders/fake_encoder.h"

namespace weft::encoders {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ContentHash, TellsContentAndKindApart) {
  EXPECT_EQ(content_hash(Asset::missing()), "");
  EXPECT_EQ(content_hash(Asset::media("abc")).size(), 32U);
  EXPECT_EQ(content_hash(Asset::text("abc")), content_hash(Asset::text("abc")));
  EXPECT_NE(content_hash(Asset::text("abc")), content_hash(Asset::text("abd")));
  EXPECT_NE(content_hash(Asset::text("abc")), content_hash(Asset::media("abc")));
}

TEST(MemoryVectorCache, FindsWhatWasPutUnderTheSameFingerprintOnly) {
  MemoryVectorCache cache;
  cache.put_many("a", std::vector<CachedVector>{{"x", {1, 2}}, {"y", {3}}});
  cache.put_many("a", std::vector<CachedVector>{{"y", {4}}});
  const std::vector<std::string> keys = {"y", "z", "x"};
  EXPECT_THAT(cache.get_many("a", keys), ElementsAre(ElementsAre(4), IsEmpty(), ElementsAre(1, 2)));
  EXPECT_THAT(cache.get_many("b", keys), ElementsAre(IsEmpty(), IsEmpty(), IsEmpty()));
  EXPECT_EQ(cache.size(), 2U);
}

TEST(CachingEncoder, EncodesEachContentOnceAndGivesTheSameRows) {
  const FakeEncoder plain;
  MemoryVectorCache cache;
  const CachingEncoder caching(plain, cache);
  const std::vector<Asset> assets = {Asset::text("3"), Asset::text("broken"), Asset::missing(),
                                     Asset::text("3"), Asset::text("5"),      Asset::text("broken")};
  const Encoded expected = plain.encode(assets);
  plain.encoded = 0;
  for (int round = 0; round < 2; ++round) {
    const Encoded out = caching.encode(assets);
    EXPECT_EQ(out.values, expected.values);
    EXPECT_EQ(out.present, expected.present);
    ASSERT_EQ(out.failures.size(), 2U);
    EXPECT_EQ(out.failures[1].row, 5U);
    EXPECT_EQ(out.failures[1].reason, "cannot be read");
    EXPECT_EQ(plain.encoded, round == 0 ? 3 : 4);  // the broken one is tried again, the others are not
  }
  EXPECT_EQ(caching.fingerprint(), "fake-1");
  EXPECT_EQ(caching.dim(), 2U);
}

TEST(CachingEncoder, IgnoresACachedVectorOfTheWrongLength) {
  const FakeEncoder plain;
  MemoryVectorCache cache;
  cache.put_many("fake-1", std::vector<CachedVector>{{content_hash(Asset::text("3")), {7, 7, 7}}});
  const CachingEncoder caching(plain, cache);
  EXPECT_THAT(caching.encode(std::vector<Asset>{Asset::text("3")}).values, ElementsAre(3, 6));
}

}  // namespace
}  // namespace weft::encoders
