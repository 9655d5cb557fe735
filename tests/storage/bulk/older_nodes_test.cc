#include "storage/bulk/older_nodes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/storage/small_store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

class OlderNodesTest : public ::testing::Test {
 protected:
  // More users than are looked up at once; a third have no time.
  static constexpr int kUsers = 10'000;
  OlderNodesTest() : store_(GraphStore::open(folder_ / "store", small_schema(), {.sync = Sync::kNever})) {
    EventBatch batch;
    for (int i = 0; i < kUsers; ++i) {
      batch.events.push_back({.id = static_cast<graph::EventId>(i) + 1,
                              .nodes = {{.type = kUser,
                                         .external_id = fmt::format("u{}", i * 7919 % kUsers),
                                         .time = i % 3 == 0 ? graph::kNoTime : 1000 + i % 50}}});
    }
    store_.apply(batch);
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore store_;
};

TEST_F(OlderNodesTest, ThoseWhoseFirstTimeBecomesEarlier) {
  std::mt19937_64 random(3);
  std::map<std::string, IdValue> wanted, found;
  OlderNodes older(store_.impl(), kUser, [&](std::string_view id, const IdValue& value) {
    EXPECT_TRUE(found.emplace(id, value).second) << id;
  });
  for (graph::NodeId node = 0; node < kUsers; ++node) {
    const graph::TimeMs before = store_.first_seen({kUser, node});
    graph::TimeMs earliest = before;
    for (std::uint64_t times = random() % 4; times > 0; --times) {
      const auto seen = static_cast<graph::TimeMs>(950 + random() % 100);
      older.add(node, seen);
      earliest = earlier(earliest, seen);
    }
    if (earliest != before)
      wanted[store_.external_id({kUser, node}).value()] = {.node = node, .first_seen = earliest};
  }
  older.finish();
  EXPECT_GT(wanted.size(), 3000U);
  EXPECT_LT(wanted.size(), 9000U);
  EXPECT_EQ(found.size(), wanted.size());
  for (const auto& [id, value] : wanted) {
    EXPECT_EQ(found[id].node, value.node);
    EXPECT_EQ(found[id].first_seen, value.first_seen);
  }
}

TEST_F(OlderNodesTest, ANodeThatIsNotThereIsDamage) {
  const auto add = [&](graph::NodeId node) {
    OlderNodes older(store_.impl(), kUser, [](std::string_view, const IdValue&) {});
    older.add(node, 1);
    older.finish();
  };
  EXPECT_EQ(test::error_of([&] { add(kUsers - 1); }), "no error");
  EXPECT_NE(test::error_of([&] { add(kUsers); }).find("a name of the store is gone"), std::string::npos);
  GraphStore::Impl& impl = store_.impl();
  ASSERT_TRUE(impl.db->Delete(rocksdb::WriteOptions(), impl.family(kIds), id_key(kUser, "u0")).ok());
  EXPECT_NE(test::error_of([&] { add(0); }).find("an id of the store is gone"), std::string::npos);
}

}  // namespace
}  // namespace weft::storage
