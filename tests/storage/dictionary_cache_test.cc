#include "storage/dictionary_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace weft::storage {
namespace {

// What is found is what was put in last; nothing is dropped between two rolls.
TEST(DictionaryCache, NeverGivesAStaleValue) {
  std::mt19937_64 random(5);
  DictionaryCache cache({0, 200}, 50);
  std::map<std::pair<graph::NodeTypeId, std::string>, IdValue> all;
  std::map<std::pair<graph::NodeTypeId, std::string>, IdValue> since_roll;
  for (int i = 0; i < 20'000; ++i) {
    const std::pair<graph::NodeTypeId, std::string> key(random() % 2, std::to_string(random() % 300));
    const IdValue* found = cache.find(key.first, key.second);
    if (found != nullptr) {
      ASSERT_EQ(*found, all.at(key));
    } else {
      ASSERT_FALSE(since_roll.contains(key));
    }
    if (random() % 3 == 0) {
      const IdValue value{.node = static_cast<graph::NodeId>(i)};
      cache.put(key.first, key.second, value);
      all[key] = value;
      since_roll[key] = value;
    }
    if (random() % 40 == 0) {
      cache.roll();
      since_roll.clear();
    }
  }
  EXPECT_TRUE(cache.dropped());
}

TEST(DictionaryCache, KeepsEverythingBelowItsBound) {
  DictionaryCache cache({300}, 1000);
  for (int i = 0; i < 400; ++i) {
    cache.put(0, std::to_string(i), {.node = static_cast<graph::NodeId>(i)});
    cache.roll();
  }
  for (int i = 0; i < 400; ++i) ASSERT_NE(cache.find(0, std::to_string(i)), nullptr);
  EXPECT_FALSE(cache.dropped());
}

}  // namespace
}  // namespace weft::storage
