// Work that is cut into pieces, done on several threads and taken in the pieces' order, with a bound on what
// waits to be taken.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weft::storage {

template <typename Block>
class OrderedPieces {
 public:
  // At most about `waiting` blocks lie between the threads and the one that takes.
  OrderedPieces(std::size_t pieces, std::size_t threads, std::size_t waiting)
      : slots_(pieces), threads_(threads), waiting_(waiting) {}

  // Calls produce(piece, emit) once for each piece, on any thread, which calls emit(Block) any number of
  // times; and take(Block&) for all blocks on this thread, piece by piece. The first exception in that order
  // is rethrown, after all threads have ended.
  template <typename Produce, typename Take>
  void run(Produce&& produce, Take&& take) {
    if (threads_ < 2) {
      for (std::size_t piece = 0; piece < slots_.size(); ++piece)
        produce(piece, [&](Block block) { take(block); });
      return;
    }
    std::vector<std::thread> workers;
    try {
      for (std::size_t i = 0; i < threads_; ++i) workers.emplace_back([&] { work(produce); });
      take_all(take);
    } catch (...) {
      end(workers);
      throw;
    }
    end(workers);
  }

 private:
  struct Slot {
    std::deque<Block> blocks = {};
    std::exception_ptr error = {};
    bool done = false;
  };
  struct Stopped {};
  static constexpr std::size_t kAtLeast = 2;  // blocks of the piece that is being taken

  template <typename Produce>
  void work(Produce& produce) {
    std::unique_lock lock(mutex_);
    while (next_ < slots_.size() && !stopping_) {
      const std::size_t piece = next_++;
      lock.unlock();
      std::exception_ptr error;
      try {
        produce(piece, [&](Block block) { emit(piece, std::move(block)); });
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      slots_[piece].error = error;
      slots_[piece].done = true;
      changed_.notify_all();
    }
  }

  void emit(std::size_t piece, Block block) {
    std::unique_lock lock(mutex_);
    std::deque<Block>& blocks = slots_[piece].blocks;
    changed_.wait(lock, [&] {
      return stopping_ || queued_ < waiting_ || (piece == taking_ && blocks.size() < kAtLeast);
    });
    if (stopping_) throw Stopped();
    blocks.push_back(std::move(block));
    ++queued_;
    changed_.notify_all();
  }

  template <typename Take>
  void take_all(Take& take) {
    std::unique_lock lock(mutex_);
    for (; taking_ < slots_.size(); ++taking_, changed_.notify_all()) {
      Slot& slot = slots_[taking_];
      while (true) {
        changed_.wait(lock, [&] { return slot.done || !slot.blocks.empty(); });
        if (slot.blocks.empty()) break;
        Block block = std::move(slot.blocks.front());
        slot.blocks.pop_front();
        --queued_;
        changed_.notify_all();
        lock.unlock();
        take(block);
        lock.lock();
      }
      if (slot.error) std::rethrow_exception(slot.error);
    }
  }

  void end(std::vector<std::thread>& workers) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  std::vector<Slot> slots_;  // [piece]
  std::size_t threads_, waiting_;
  std::mutex mutex_;  // guards slots_ and what follows
  std::condition_variable changed_;
  std::size_t next_ = 0;    // piece that nobody has begun
  std::size_t taking_ = 0;  // piece
  std::size_t queued_ = 0;  // blocks
  bool stopping_ = false;
};

}  // namespace weft::storage
