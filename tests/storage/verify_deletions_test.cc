#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

graph::Event unbuy(const std::string& user, const std::string& item, graph::TimeMs time) {
  return {.id = 99, .edges = {{.type = kBuys, .from = user, .to = item, .time = time, .deletes = true}}};
}

// Each breaks one promise behind valid checksums.
class BrokenDeletions : public ::testing::Test {
 protected:
  BrokenDeletions() : store_(GraphStore::open(folder_ / "store", small_schema())) {
    store_.apply(with_sources({buy(1, "u", "i", 10), buy(3, "u", "i", 20), unbuy("u", "i", 15)}));
    EXPECT_THAT(verify_store(store_).problems, IsEmpty());
  }
  void put(std::string_view key, std::string_view value) {
    ASSERT_TRUE(store_.impl().db->Put({}, store_.impl().family(kMeta), slice(key), slice(value)).ok());
  }
  void erase(std::string_view key) {
    ASSERT_TRUE(store_.impl().db->Delete({}, store_.impl().family(kMeta), slice(key)).ok());
  }
  void expect_problem(const std::string& part) {
    EXPECT_THAT(verify_store(store_).problems, Contains(HasSubstr(part)));
  }
  const EdgePair pair_ = {kBuys, 0, 0};
  test::TempFolder folder_;
  GraphStore store_;
};

TEST_F(BrokenDeletions, OneThatReachesAnEdgeThatStands) {
  put(deletion_key(pair_), encode_deletion(20));
  expect_problem("its pair was deleted up to");
}
TEST_F(BrokenDeletions, OneAtTheTimeOfAnEdgeThatStands) {
  put(deletion_at_key(pair_, 20), "");
  expect_problem("its pair was deleted at this time");
  expect_problem("deletions of buys: 2 are there, 1 are counted");
}
TEST_F(BrokenDeletions, OneAtATimeOfANodeThatIsNotThere) {
  put(deletion_at_key({kBuys, 7, 0}, 20), "");
  expect_problem("an end that is not there");
}
TEST_F(BrokenDeletions, OneThatIsGone) {
  erase(deletion_key(pair_));
  expect_problem("deletions of buys: 0 are there, 1 are counted");
  expect_problem("no deletion of the pair reaches it");
}
TEST_F(BrokenDeletions, OneOfANodeThatIsNotThere) {
  put(deletion_key({kBuys, 0, 7}), encode_deletion(20));
  expect_problem("an end that is not there");
}
TEST_F(BrokenDeletions, OneOfAnUntimedType) {
  put(deletion_key({kFriend, 0, 0}), encode_deletion(20));
  expect_problem("is of an untimed type");
}
TEST_F(BrokenDeletions, EntriesThatCannotBeRead) {
  put(deletion_key(pair_), "x");
  put(std::string(kDeletedPrefix) + "x", "");
  expect_problem("deletions: an entry that cannot be read");
  expect_problem("deleted edges: an entry that cannot be read");
}
TEST_F(BrokenDeletions, ADeletedEdgeThatStands) {
  put(deleted_key({kBuys, 0, 20, 0, 3}), "");
  expect_problem("the edge is there");
  expect_problem("deleted edges of buys: 2 are there, 1 are counted");
}
TEST_F(BrokenDeletions, TheFormatNumber) {
  store_.impl().format = kStoreFormat;
  expect_problem("in a store of format 1");
}

}  // namespace
}  // namespace weft::storage
