// Runs a batch-making function on sampler threads ahead of the trainer and hands batches over in step order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace weft::sampling {

// `make(step, worker)` is called for every step in [first, last) on one of `threads` threads (worker = its
// index; 0 threads: in next() on the caller's thread), at most `ahead` steps before the consumer. next()
// returns batches in step order, then nothing. An exception in make is rethrown by next() at that step. The
// destructor stops the threads.
template <typename Batch>
class Loader {
 public:
  using Make = std::function<Batch(std::uint64_t step, std::size_t worker)>;
  Loader(std::uint64_t first, std::uint64_t last, std::size_t threads, std::size_t ahead, Make make);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  std::optional<Batch> next();

 private:
  void work(std::size_t worker);

  Make make_;
  std::uint64_t claim_, deliver_, last_;
  std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::pair<std::optional<Batch>, std::exception_ptr>> ready_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <typename Batch>
Loader<Batch>::Loader(std::uint64_t first, std::uint64_t last, std::size_t threads, std::size_t ahead,
                      Make make)
    : make_(std::move(make)), claim_(first), deliver_(first), last_(last), ahead_(ahead == 0 ? 1 : ahead) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { work(i); });
}

template <typename Batch>
Loader<Batch>::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

template <typename Batch>
void Loader<Batch>::work(std::size_t worker) {
  while (true) {
    std::uint64_t step = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || claim_ >= last_ || claim_ < deliver_ + ahead_; });
      if (stopping_ || claim_ >= last_) return;
      step = claim_++;
    }
    std::pair<std::optional<Batch>, std::exception_ptr> result;
    try {
      result.first = make_(step, worker);
    } catch (...) {
      result.second = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    ready_.emplace(step, std::move(result));
    changed_.notify_all();
  }
}

template <typename Batch>
std::optional<Batch> Loader<Batch>::next() {
  if (deliver_ >= last_) return std::nullopt;
  if (threads_.empty()) return make_(deliver_++, 0);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_.contains(deliver_); });
  auto result = std::move(ready_.extract(deliver_).mapped());
  ++deliver_;
  changed_.notify_all();
  lock.unlock();
  if (result.second) std::rethrow_exception(result.second);
  return std::move(result.first);
}

}  // namespace weft::sampling
