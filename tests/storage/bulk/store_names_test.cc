#include "storage/bulk/store_names.h"

#include <gtest/gtest.h>

#include <map>

#include "storage/bulk/chunk.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

struct Wanted {
  Hash128 hash = {};
  bool operator<(const Wanted& other) const { return hash < other.hash; }
};

TEST(StoreNames, FindsAllOfTheDictionaryAndNothingElse) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder.path() / "store", small_schema());
  store.apply({.events = random_events(300, 3)});
  const std::map<Hash128, IdValue> known = [&] {
    std::map<Hash128, IdValue> out;
    for (PrefixScan scan(store.impl(), kIds, ""); scan.valid(); scan.next())
      out.emplace(name_hash(get_big<graph::NodeTypeId>(scan.key(), 0), scan.key().substr(2)),
                  decode_id_value(scan.value()).value());
    return out;
  }();
  ASSERT_GT(known.size(), 30U);
  std::vector<Wanted> wanted;
  for (const auto& [hash, value] : known) wanted.push_back({hash});
  for (int i = 0; i < 50; ++i) wanted.push_back({name_hash(0, "nobody" + std::to_string(i))});
  std::sort(wanted.begin(), wanted.end());
  ThreadPool pool(2);
  // In one run, and in many.
  for (const std::size_t memory : {std::size_t{1} << 20, std::size_t{1}}) {
    Scratch scratch(folder.path() / "scratch", real_files());
    const StoreNames names(store.impl(), scratch, pool, memory);
    std::size_t found = 0;
    names.find(std::span<const Wanted>(wanted), [&](std::size_t i, const StoreName& name) {
      const auto at = known.find(wanted[i].hash);
      ASSERT_NE(at, known.end());
      EXPECT_EQ(name.node, at->second.node);
      EXPECT_EQ(name.first_seen, at->second.first_seen);
      ++found;
    });
    EXPECT_EQ(found, known.size());
  }
}

}  // namespace
}  // namespace weft::storage
