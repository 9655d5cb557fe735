// Collects the events of all users and gives them back in order of time, with bounded memory: past the limit,
// days are spilled to files and sorted one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "tools/synth/behaviour.h"

namespace weft::synth {

// Not thread-safe. Throws weft::Error when a spill file cannot be written or read.
class EventBuckets {
 public:
  // `folder` is made on the first spill; the caller removes it.
  EventBuckets(std::int64_t first_time, std::filesystem::path folder, std::size_t memory_bytes);

  void add(std::span<const Event> events);  // times at or after first_time
  std::size_t buckets() const { return held_.size(); }
  std::uint64_t size() const { return size_; }
  bool spilled() const { return spilled_; }
  // The events of one bucket, in order (behaviour.h, before). Later buckets hold later events. Once per
  // bucket.
  std::vector<Event> take(std::size_t bucket);

 private:
  std::filesystem::path path(std::size_t bucket) const;
  void spill();

  std::int64_t first_time_;
  std::filesystem::path folder_;
  std::size_t limit_;  // events
  std::size_t in_memory_ = 0;
  std::uint64_t size_ = 0;
  bool spilled_ = false;
  std::vector<std::vector<Event>> held_;
  std::vector<std::uint64_t> in_file_;  // events of each bucket in its file
};

}  // namespace weft::synth
