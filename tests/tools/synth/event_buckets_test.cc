#include "tools/synth/event_buckets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace weft::synth {
namespace {

std::vector<Event> random_events(std::size_t count) {
  Stream random(1, Purpose::kVisits, 0);
  std::vector<Event> out;
  for (std::uint32_t n = 0; n < count; ++n) {
    out.push_back({.time = 1000 + static_cast<std::int64_t>(random.below(400) * 86400),
                   .user = static_cast<std::uint32_t>(random.below(50)),
                   .item = n,
                   .visit = n,
                   .action = Action::kCart});
  }
  return out;
}

std::vector<Event> taken(EventBuckets& buckets) {
  std::vector<Event> out;
  for (std::size_t b = 0; b < buckets.buckets(); ++b) {
    for (const Event& event : buckets.take(b)) out.push_back(event);
  }
  return out;
}

TEST(EventBuckets, GiveBackEverythingInOrderSpilledOrNot) {
  const test::TempFolder folder;
  std::vector<Event> events = random_events(5000);
  for (const std::size_t memory : {std::size_t{1} << 30, std::size_t{700} * sizeof(Event), std::size_t{1}}) {
    EventBuckets buckets(1000, folder / std::to_string(memory), memory);
    for (std::size_t begin = 0; begin < events.size(); begin += 500)
      buckets.add(std::span(events).subspan(begin, 500));
    EXPECT_EQ(buckets.spilled(), memory < (std::size_t{1} << 30));
    EXPECT_EQ(buckets.size(), events.size());
    const std::vector<Event> got = taken(buckets);
    std::vector<Event> wanted = events;
    std::sort(wanted.begin(), wanted.end(), before);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t n = 0; n < got.size(); ++n) EXPECT_EQ(got[n].item, wanted[n].item);
    if (buckets.spilled()) {
      EXPECT_TRUE(std::filesystem::is_empty(folder / std::to_string(memory)));
    }
  }
}

TEST(EventBuckets, AShortSpillFileIsAnError) {
  const test::TempFolder folder;
  EventBuckets buckets(1000, folder / "spill", 1);
  buckets.add(random_events(500));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "spill"))
    std::filesystem::resize_file(entry, 5);
  EXPECT_THROW(taken(buckets), Error);
}

}  // namespace
}  // namespace weft::synth
