#include "sampling/excluded_events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace weft::sampling {
namespace {

using graph::EventId;

// The filter in front of the lists never changes an answer; each tree has its own list, or all share one.
TEST(ExcludedEvents, AnswersAsASetWould) {
  std::mt19937_64 random(3);
  ExcludedEvents excluded;  // one for all rounds: nothing of a batch is left in the next
  for (int round = 0; round < 60; ++round) {
    const bool shared = round % 2 == 0;
    const std::size_t trees = 1 + random() % 20;
    std::vector<std::set<EventId>> expected(trees);
    std::vector<EventId> events;
    std::vector<std::uint32_t> offsets = {0};
    for (std::set<EventId>& list : expected) {
      for (std::size_t i = random() % 30; i > 0; --i)
        list.insert(random() % 2 == 0 ? random() % 500 : random());
      events.insert(events.end(), list.begin(), list.end());
      offsets.push_back(static_cast<std::uint32_t>(events.size()));
    }
    const std::set<EventId> all(events.begin(), events.end());
    if (shared) std::sort(events.begin(), events.end());
    excluded.start(events, shared ? std::span<const std::uint32_t>{} : offsets);
    EXPECT_EQ(excluded.any(), !events.empty());
    if (events.empty()) continue;
    for (int question = 0; question < 2000; ++question) {
      const auto tree = static_cast<std::uint32_t>(random() % trees);
      const EventId event = question % 3 == 0 ? events[random() % events.size()] : random() % 500;
      ASSERT_EQ(excluded.contains(tree, event), (shared ? all : expected[tree]).contains(event));
    }
  }
}

}  // namespace
}  // namespace weft::sampling
