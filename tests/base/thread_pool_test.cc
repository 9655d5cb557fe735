#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weft {
namespace {

TEST(ThreadPool, EveryIndexRunsOnceInChunksOfTheGrain) {
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const std::size_t count : {0, 1, 2, 7, 64, 1000}) {
      for (const std::size_t grain : {1, 2, 3, 64, 5000}) {
        std::vector<std::atomic<int>> runs(count);
        std::atomic<std::size_t> chunks{0};
        pool.parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
          EXPECT_LT(begin, end);
          EXPECT_LE(end - begin, grain);
          EXPECT_EQ(begin % grain, 0U);
          ++chunks;
          for (std::size_t i = begin; i < end; ++i) ++runs[i];
        });
        EXPECT_EQ(chunks, (count + grain - 1) / grain);
        for (const auto& n : runs) EXPECT_EQ(n, 1);
      }
    }
  }
}

TEST(ThreadPool, AGrainOfAnySizeWorks) {
  ThreadPool pool(2);
  std::atomic<std::size_t> sum{0};
  pool.parallel_for(10, std::numeric_limits<std::size_t>::max(),
                    [&](std::size_t begin, std::size_t end) { sum += end - begin; });
  EXPECT_EQ(sum, 10U);
}

TEST(ThreadPool, ZeroThreadsMeansOnePerCore) {
  ThreadPool pool;
  EXPECT_GE(pool.size(), 1U);
}

TEST(ThreadPool, TheFirstChunksExceptionComesBackAfterAllChunksRan) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::atomic<int> ran{0};
    try {
      pool.parallel_for(20, 1, [&](std::size_t begin, std::size_t) {
        ++ran;
        if (begin == 7 || begin == 3 || begin == 19) throw std::runtime_error(std::to_string(begin));
      });
      FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "3");
    }
    EXPECT_EQ(ran, 20);
  }
  std::atomic<int> after{0};
  pool.parallel_for(10, 1, [&](std::size_t, std::size_t) { ++after; });
  EXPECT_EQ(after, 10);  // the pool works on after a failure
}

TEST(ThreadPool, WritesOfTheBodiesAreSeenByTheCaller) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 300;
       ++repeat) {  // for the thread sanitizer: many short loops on a stack that is reused
    std::vector<std::size_t> out(16);
    pool.parallel_for(out.size(), 1, [&](std::size_t begin, std::size_t) { out[begin] = begin + 1; });
    EXPECT_EQ(std::accumulate(out.begin(), out.end(), std::size_t{0}), 136U);
  }
}

TEST(ThreadPool, SeveralCallersShareThePool) {
  ThreadPool pool(2);
  std::vector<std::size_t> sums(4);
  std::vector<std::thread> callers;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    callers.emplace_back([&, c] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<std::size_t> out(33);
        pool.parallel_for(out.size(), 4, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) out[i] = i * (c + 1);
        });
        sums[c] += std::accumulate(out.begin(), out.end(), std::size_t{0});
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (std::size_t c = 0; c < sums.size(); ++c) EXPECT_EQ(sums[c], 50 * 528 * (c + 1));
}

TEST(ThreadPool, WorkRunsOnThePoolsOwnThreads) {
  ThreadPool pool(2);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  pool.parallel_for(100, 1, [&](std::size_t, std::size_t) {
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_LE(ids.size(), 2U);
  EXPECT_EQ(ids.count(std::this_thread::get_id()), 0U);
}

TEST(ThreadPoolDeathTest, ACallFromInsideABodyIsABugThatIsReported) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        ThreadPool pool(1);
        pool.parallel_for(2, 1, [&](std::size_t, std::size_t) {
          pool.parallel_for(2, 1, [](std::size_t, std::size_t) {});
        });
      },
      "check failed");
}

TEST(ThreadPoolDeathTest, AGrainOfZeroIsABug) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        ThreadPool pool(1);
        pool.parallel_for(2, 0, [](std::size_t, std::size_t) {});
      },
      "grain > 0");
}

}  // namespace
}  // namespace weft
