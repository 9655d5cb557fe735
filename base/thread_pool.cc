#include "base/thread_pool.h"

#include <algorithm>
#include <exception>
#include <system_error>

#include "base/error.h"

namespace weft {
namespace {

thread_local const ThreadPool* pool_of_this_thread = nullptr;

}  // namespace

// One parallel_for. It lives on the caller's stack: a worker's last touch of it is the count-down under the
// pool's mutex.
struct ThreadPool::Job {
  const std::function<void(std::size_t, std::size_t)>& body;
  std::size_t count;
  std::size_t grain;
  std::size_t chunks;
  std::vector<std::exception_ptr> errors;  // [chunks]
  std::size_t next = 0;
  std::size_t remaining = chunks;
};

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  workers_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    stop();
    throw Error(std::string("cannot start a thread: ") + error.what(),
                {.value = std::to_string(threads), .expected = "a number of threads that the system allows"});
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work() {
  pool_of_this_thread = this;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = *jobs_.front();
    const std::size_t chunk = job.next++;
    if (job.next == job.chunks) jobs_.pop_front();
    lock.unlock();
    const std::size_t begin = chunk * job.grain;
    try {
      job.body(begin, begin + std::min(job.grain, job.count - begin));
    } catch (...) {
      job.errors[chunk] = std::current_exception();
    }
    lock.lock();
    if (--job.remaining == 0) done_.notify_all();
  }
}

void ThreadPool::parallel_for(std::size_t count, std::size_t grain,
                              const std::function<void(std::size_t, std::size_t)>& body) {
  WEFT_CHECK(grain > 0);
  WEFT_CHECK(pool_of_this_thread != this);  // the thread would wait for itself
  const std::size_t chunks = count / grain + (count % grain != 0 ? 1 : 0);
  if (chunks <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  Job job{.body = body,
          .count = count,
          .grain = grain,
          .chunks = chunks,
          .errors = std::vector<std::exception_ptr>(chunks)};
  {
    std::unique_lock lock(mutex_);
    jobs_.push_back(&job);
    wake_.notify_all();
    done_.wait(lock, [&] { return job.remaining == 0; });
  }
  for (const std::exception_ptr& error : job.errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace weft
