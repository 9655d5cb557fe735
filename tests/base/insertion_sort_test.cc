#include "base/insertion_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace weft {
namespace {

struct Keyed {
  int key = 0;
  int at = 0;
  bool operator<(const Keyed& other) const { return key < other.key; }
  bool operator==(const Keyed&) const = default;
};

TEST(InsertionSort, IsAStableSort) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<Keyed> items(random() % 30);
    for (std::size_t i = 0; i < items.size(); ++i)
      items[i] = {static_cast<int>(random() % 10), static_cast<int>(i)};
    std::vector<Keyed> expected = items;
    std::stable_sort(expected.begin(), expected.end());
    if (!items.empty()) insertion_sort(items.data(), items.data() + items.size());
    ASSERT_EQ(items, expected);
  }
}

TEST(SortFew, FewAndMany) {
  std::mt19937 random(2);
  for (const std::size_t count : {0, 1, 2, 24, 25, 3000}) {
    std::vector<int> items(count);
    for (int& item : items) item = static_cast<int>(random() % 100);
    std::vector<int> expected = items;
    std::sort(expected.begin(), expected.end());
    sort_few(items.data(), items.data() + count);
    EXPECT_EQ(items, expected);
  }
}

}  // namespace
}  // namespace weft
