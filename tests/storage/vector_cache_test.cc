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

}  // namespace
}  // namespace weft::storage
