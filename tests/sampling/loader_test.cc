#include "sampling/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

namespace weft::sampling {
namespace {

class LoaderThreads : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, LoaderThreads, ::testing::Values(0, 1, 2, 4));

TEST_P(LoaderThreads, DeliversInStepOrder) {
  Loader<std::uint64_t> loader(10, 210, GetParam(), 5, [](std::uint64_t step, std::size_t) {
    if (step % 7 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(200));  // so that later steps overtake
    return step * step;
  });
  for (std::uint64_t step = 10; step < 210; ++step) EXPECT_EQ(loader.next(), step * step);
  EXPECT_EQ(loader.next(), std::nullopt);
  EXPECT_EQ(loader.next(), std::nullopt);
}

TEST_P(LoaderThreads, MakesEachStepOnceAndNamesItsWorker) {
  std::mutex mutex;
  std::multiset<std::uint64_t> made;
  std::size_t highest = 0;
  Loader<int> loader(0, 100, GetParam(), 3, [&](std::uint64_t step, std::size_t worker) {
    const std::lock_guard lock(mutex);
    made.insert(step);
    highest = std::max(highest, worker);
    return 0;
  });
  while (loader.next()) {
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(made.size(), 100u);
  EXPECT_EQ(std::set(made.begin(), made.end()).size(), 100u);
  EXPECT_LT(highest, std::max<std::size_t>(GetParam(), 1));
}

TEST_P(LoaderThreads, StaysWithinTheWindow) {
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<bool> overran{false};
  constexpr std::size_t ahead = 4;
  Loader<int> loader(0, 200, GetParam(), ahead, [&](std::uint64_t step, std::size_t) {
    // next() counts a batch before the test does, hence the one more.
    if (step >= delivered.load() + ahead + 1) overran = true;
    return 0;
  });
  while (loader.next()) ++delivered;
  EXPECT_FALSE(overran);
  EXPECT_EQ(delivered, 200u);
}

TEST_P(LoaderThreads, RethrowsAtItsStepAndGoesOn) {
  Loader<int> loader(0, 6, GetParam(), 4, [](std::uint64_t step, std::size_t) -> int {
    if (step == 3) throw std::runtime_error("step three");
    return static_cast<int>(step);
  });
  for (int step = 0; step < 3; ++step) EXPECT_EQ(loader.next(), step);
  try {
    loader.next();
    ADD_FAILURE() << "no exception";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), std::string("step three"));
  }
  EXPECT_EQ(loader.next(), 4);
  EXPECT_EQ(loader.next(), 5);
  EXPECT_EQ(loader.next(), std::nullopt);
}

TEST_P(LoaderThreads, CanBeDestroyedEarly) {
  for (int taken = 0; taken < 4; ++taken) {
    const auto alive = std::make_shared<int>(0);
    {
      Loader<std::shared_ptr<int>> loader(0, 1000000, GetParam(), 8,
                                          [&](std::uint64_t, std::size_t) { return alive; });
      for (int i = 0; i < taken; ++i) EXPECT_EQ(loader.next(), alive);
    }
    EXPECT_EQ(alive.use_count(), 1);
  }
}

TEST_P(LoaderThreads, OfNoStepsEndsAtOnce) {
  Loader<int> loader(5, 5, GetParam(), 2, [](std::uint64_t, std::size_t) { return 1; });
  EXPECT_EQ(loader.next(), std::nullopt);
}

TEST_P(LoaderThreads, TakesAWindowOfNoneAsOne) {
  Loader<std::uint64_t> loader(0, 5, GetParam(), 0, [](std::uint64_t step, std::size_t) { return step; });
  for (std::uint64_t step = 0; step < 5; ++step) EXPECT_EQ(loader.next(), step);
}

TEST_P(LoaderThreads, MovesBatchesThatCannotBeCopied) {
  Loader<std::unique_ptr<std::uint64_t>> loader(0, 20, GetParam(), 3, [](std::uint64_t step, std::size_t) {
    return std::make_unique<std::uint64_t>(step);
  });
  for (std::uint64_t step = 0; step < 20; ++step) {
    const auto batch = loader.next();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(**batch, step);
  }
}

}  // namespace
}  // namespace weft::sampling
