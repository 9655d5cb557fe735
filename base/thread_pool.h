// A fixed set of threads for data-parallel loops. Results must not depend on how work is cut: callers write
// to disjoint places by index and reduce in index order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft {

class ThreadPool {
 public:
  // 0 threads: as many as the machine has cores (hardware_concurrency, at least 1). Throws Error if the
  // system refuses a thread.
  explicit ThreadPool(std::size_t threads = 0);
  // No parallel_for may be running.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return workers_.size(); }

  // Runs body(begin, end) over chunks of [0, count), at most `grain` items a chunk; blocks until all ran. A
  // single chunk runs on the calling thread. The first exception (by chunk order) is rethrown after all
  // chunks have ended. May be called from several threads at once, but not from inside a body of the same
  // pool that runs on one of its threads (checked).
  void parallel_for(std::size_t count, std::size_t grain,
                    const std::function<void(std::size_t, std::size_t)>& body);

 private:
  struct Job;
  void work();
  void stop();

  std::vector<std::thread> workers_;
  std::mutex mutex_;  // guards all below and the counters of each job
  std::condition_variable wake_;
  std::condition_variable done_;
  std::deque<Job*> jobs_;  // those with chunks that nobody has taken yet
  bool stopping_ = false;
};

}  // namespace weft
