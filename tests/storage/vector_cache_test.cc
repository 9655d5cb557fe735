#include "storage/vector_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

TEST(VectorCache, HoldsWhatWasPutThroughReopening) {
  const test::TempFolder folder;
  std::mt19937_64 random(2);
  std::map<std::string, std::string> wanted;
  for (int round = 0; round < 3; ++round) {
    VectorCache cache = VectorCache::open(folder / "vectors");
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = 0; i < 200; ++i) {
      const std::string key = "encoder/" + std::to_string(random() % 300);
      std::string value(random() % 64, '\0');
      for (char& c : value) c = static_cast<char>(random());
      entries.emplace_back(key, value);
      wanted[key] = value;
    }
    cache.put_many(entries);
    std::vector<std::string> keys;
    keys.reserve(310);
    for (int i = 0; i < 310; ++i) keys.push_back("encoder/" + std::to_string(i));
    const auto found = cache.get_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(found[i].has_value(), wanted.contains(keys[i]));
      if (found[i]) {
        ASSERT_EQ(*found[i], wanted[keys[i]]);
      }
    }
    EXPECT_THROW(VectorCache::open(folder / "vectors"), Error) << "one process at a time";
  }
}

TEST(VectorCache, KeepsOnlyTheKeysOfGivenPrefixes) {
  const test::TempFolder folder;
  VectorCache cache = VectorCache::open(folder / "vectors");
  cache.keep_only({});  // of an empty cache
  const std::vector<std::string> keys = {"a",      "ab/1", "ab/2",      "ab0",         "abc/1",
                                         "b/\xff", "b/",   "c\xff\xff", "c\xff\xff/1", "d"};
  const auto left = [&](const std::set<std::string>& prefixes) {
    std::vector<std::pair<std::string, std::string>> entries;
    entries.reserve(keys.size());
    for (const std::string& key : keys) entries.emplace_back(key, "value");
    cache.put_many(entries);
    cache.keep_only(prefixes);
    std::set<std::string> found;
    const auto values = cache.get_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (values[i]) found.insert(keys[i]);
    }
    return found;
  };
  const std::vector<std::set<std::string>> cases = {
      {}, {""}, {"ab/", "b/"}, {"a", "ab/"}, {"c\xff\xff"}, {"\xff"}, {"0", "d", "z"}};
  for (const auto& prefixes : cases) {
    std::set<std::string> wanted;
    for (const std::string& key : keys) {
      for (const std::string& prefix : prefixes) {
        if (key.starts_with(prefix)) wanted.insert(key);
      }
    }
    EXPECT_EQ(left(prefixes), wanted);
  }
}

}  // namespace
}  // namespace weft::storage
