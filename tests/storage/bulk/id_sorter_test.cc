#include "storage/bulk/id_sorter.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using Entries = std::vector<std::pair<std::string, IdValue>>;

template <typename Sorter>
Entries sorted(Sorter& sorter) {
  Entries out;
  sorter.finish([&](std::string_view id, const IdValue& value) { out.emplace_back(id, value); });
  return out;
}

// Of memory for all, and for a few at a time.
constexpr std::size_t kMemories[] = {std::size_t{1} << 20, 300};

TEST(IdSorter, IdsInTheOrderOfTheirBytes) {
  std::mt19937_64 random(1);
  for (const std::size_t memory : kMemories) {
    test::TempFolder folder;
    Scratch scratch(folder.path() / "scratch", real_files());
    IdSorter sorter(scratch, memory);
    std::map<std::string, IdValue> expected;
    while (expected.size() < 500) {
      // Short and long ones, many with eight first bytes in common, and bytes past 127.
      std::string id = random() % 2 == 0 ? "product-" : "";
      for (std::size_t i = random() % 5; i > 0; --i) id += static_cast<char>(1 + random() % 255);
      const IdValue value{.node = static_cast<graph::NodeId>(expected.size()),
                          .first_seen = static_cast<graph::TimeMs>(random() % 100)};
      if (!id.empty() && expected.emplace(id, value).second) sorter.add(id, value);
    }
    EXPECT_EQ(sorted(sorter), Entries(expected.begin(), expected.end()));
    EXPECT_EQ(scratch.runs() > 0, memory == 300);
  }
}

TEST(EventIdSorter, EventsInTheOrderOfTheirDigits) {
  std::mt19937_64 random(2);
  for (const std::size_t memory : kMemories) {
    test::TempFolder folder;
    Scratch scratch(folder.path() / "scratch", real_files());
    EventIdSorter sorter(scratch, memory);
    std::map<std::string, IdValue> expected;
    for (graph::NodeId node = 0; node < 500; ++node) {
      // Some that share their first digits.
      const graph::EventId event = random() >> (node % 4 == 0 ? 50 : 0);
      const IdValue value{.node = node, .first_seen = static_cast<graph::TimeMs>(node) - 3, .event = event};
      if (event != graph::kNoEvent && expected.emplace(to_hex(event), value).second) sorter.add(value);
    }
    EXPECT_EQ(sorted(sorter), Entries(expected.begin(), expected.end()));
    EXPECT_EQ(scratch.runs() > 0, memory == 300);
  }
}

TEST(IdSorter, Nothing) {
  test::TempFolder folder;
  Scratch scratch(folder.path() / "scratch", real_files());
  IdSorter ids(scratch, 100);
  EventIdSorter events(scratch, 100);
  EXPECT_TRUE(sorted(ids).empty());
  EXPECT_TRUE(sorted(events).empty());
}

}  // namespace
}  // namespace weft::storage
