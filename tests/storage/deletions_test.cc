#include "storage/deletions.h"

#include <gtest/gtest.h>

namespace weft::storage {
namespace {

TEST(Deletions, EntriesComeBack) {
  const EdgePair pair{3, 70'000, 9};
  EXPECT_EQ(decode_deletion_key(deletion_key(pair)), pair);
  EXPECT_EQ(decode_deletion(encode_deletion(-5)), -5);
  EXPECT_EQ(decode_deletion_at_key(deletion_at_key(pair, -5)), std::pair(pair, graph::TimeMs{-5}));
  EXPECT_LT(deletion_at_key(pair, -5), deletion_at_key(pair, 4));
  const EdgeKey key{3, 70'000, -5, 9, 0x0123456789ABCDEF};
  EXPECT_EQ(decode_deleted_key(deleted_key(key)), key);
  EXPECT_LT(deletion_key({3, 1, 900}), deletion_key({3, 2, 1}));
  DeletionCounts counts = no_deletions(2);
  EXPECT_FALSE(counts.any());
  counts.deleted[1] = 7;
  EXPECT_TRUE(counts.any());
  EXPECT_EQ(decode_deletion_counts(encode_deletion_counts(counts), 2), counts);
  EXPECT_FALSE(decode_deletion_counts(encode_deletion_counts(counts), 3));
  EXPECT_FALSE(decode_deletion_key(deleted_key(key)));
  EXPECT_FALSE(decode_deleted_key(deletion_key(pair)));
  EXPECT_FALSE(decode_deletion("short"));
}

}  // namespace
}  // namespace weft::storage
