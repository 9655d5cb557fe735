#include "storage/batch_lookups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

// Beside single look-ups, over a store in several files and a log, with batches that repeat, come late, and
// have ids known and unknown.
TEST(BatchLookups, EqualSingleLookUps) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    const test::TempFolder folder;
    std::mt19937_64 random(seed);
    const StoreOptions options{.sync = Sync::kNever,
                               .write_buffer_bytes = std::size_t{64} << 10,
                               .dictionary_cache_entries = seed % 2 == 0 ? 4U : 100'000U};
    const auto events = random_events(3000, seed);
    for (std::size_t at = 0; at < events.size();) {
      GraphStore store = GraphStore::open(folder / "store", small_schema(), options);
      std::vector<graph::Event> batch;
      for (std::size_t count = 1 + random() % 700; count > 0 && at < events.size(); --count)
        batch.push_back(events[at++]);
      for (int again = 0; again < 100; ++again) batch.push_back(events[random() % at]);
      GraphStore::Impl& impl = store.impl();
      impl.cache->roll();
      load_ids(impl, batch);
      const graph::Schema& schema = impl.schema.graph;
      const auto expect_known = [&](graph::NodeTypeId type, const std::string& id) {
        const IdValue* cached = impl.cache->find(type, id);
        const auto stored = impl.get(kIds, id_key(type, id));
        ASSERT_EQ(cached != nullptr, stored.has_value()) << id;
        if (cached != nullptr) {
          ASSERT_EQ(*cached, decode_id_value(*stored));
        }
      };
      const std::vector<char> found = find_stored(impl, batch);
      ASSERT_EQ(found.size(), batch.size());
      std::size_t repeats = 0;
      for (std::size_t i = 0; i < batch.size(); ++i) {
        for (const graph::NodeEvent& node : batch[i].nodes) expect_known(node.type, node.external_id);
        for (const graph::EdgeEvent& edge : batch[i].edges) {
          expect_known(schema.edge_type(edge.type).from, edge.from);
          expect_known(schema.edge_type(edge.type).to, edge.to);
        }
        bool wanted = false;
        if (const graph::EdgeEvent* first = first_edge(impl.schema, batch[i])) {
          const graph::EdgeType& type = schema.edge_type(first->type);
          const auto from = store.find_node(type.from, first->from), to = store.find_node(type.to, first->to);
          if (from && to) {
            const auto list =
                store.neighbours({type.from, *from}, graph::outgoing_relation(first->type), 100'000);
            wanted = std::any_of(list.begin(), list.end(), [&](const Neighbour& each) {
              return each.node == *to && each.time == first->time && each.event == batch[i].id;
            });
          }
        }
        ASSERT_EQ(found[i] != 0, wanted);
        repeats += wanted ? 1 : 0;
      }
      if (at > batch.size()) {
        EXPECT_GT(repeats, 0U);
      }
      store.apply({.events = batch});
    }
  }
}

TEST(BatchLookups, ADamagedIdIsSaid) {
  const test::TempFolder folder;
  { GraphStore::open(folder / "store", small_schema()).apply({.events = {buy(1, "u", "i", 5)}}); }
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  ASSERT_TRUE(store.impl()
                  .db->Put({}, store.impl().family(kIds), slice(id_key(kUser, "u")), rocksdb::Slice("short"))
                  .ok());
  EXPECT_THROW(store.apply({.events = {buy(2, "u", "i", 6)}}), Error);
}

}  // namespace
}  // namespace weft::storage
