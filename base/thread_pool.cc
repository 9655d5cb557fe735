#include "base/thread_pool.h"

#include <algorithm>
#include <exception>

#include "base/error.h"

namespace weft {

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  workers_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

void ThreadPool::parallel_for(std::size_t count, std::size_t grain,
                              const std::function<void(std::size_t, std::size_t)>& body) {
  WEFT_CHECK(grain > 0);
  const std::size_t chunks = (count + grain - 1) / grain;
  if (chunks <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  std::vector<std::exception_ptr> errors(chunks);
  std::mutex done_mutex;
  std::condition_variable done;
  std::size_t remaining = chunks;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t c = 0; c < chunks; ++c) {
      tasks_.emplace_back([&, c] {
        try {
          body(c * grain, std::min(count, (c + 1) * grain));
        } catch (...) {
          errors[c] = std::current_exception();
        }
        const std::lock_guard done_lock(done_mutex);
        if (--remaining == 0) done.notify_one();
      });
    }
  }
  wake_.notify_all();
  std::unique_lock lock(done_mutex);
  done.wait(lock, [&] { return remaining == 0; });
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace weft
