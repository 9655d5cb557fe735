#include "tools/synth/event_buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace weft::synth {
namespace {
constexpr std::int64_t kBucketSeconds = kSecondsPerDay;
static_assert(std::is_trivially_copyable_v<Event>);
}  // namespace

EventBuckets::EventBuckets(std::int64_t first_time, std::filesystem::path folder, std::size_t memory_bytes)
    : first_time_(first_time),
      folder_(std::move(folder)),
      limit_(std::max<std::size_t>(memory_bytes / sizeof(Event), 1)) {}

std::filesystem::path EventBuckets::path(std::size_t bucket) const {
  return folder_ / fmt::format("{:04}.events", bucket);
}

void EventBuckets::add(std::span<const Event> events) {
  for (const Event& event : events) {
    WEFT_CHECK(event.time >= first_time_);
    const auto bucket = static_cast<std::size_t>((event.time - first_time_) / kBucketSeconds);
    if (bucket >= held_.size()) {
      held_.resize(bucket + 1);
      in_file_.resize(bucket + 1);
    }
    held_[bucket].push_back(event);
  }
  size_ += events.size();
  in_memory_ += events.size();
  if (in_memory_ > limit_) spill();
}

void EventBuckets::spill() {
  std::filesystem::create_directories(folder_);
  for (std::size_t b = 0; b < held_.size(); ++b) {
    if (held_[b].empty()) continue;
    std::ofstream out(path(b), std::ios::binary | std::ios::app);
    out.write(reinterpret_cast<const char*>(held_[b].data()),
              static_cast<std::streamsize>(held_[b].size() * sizeof(Event)));
    out.close();
    if (!out)
      throw Error("cannot write a temporary file", {.file = path(b).string(), .hint = "is the disk full?"});
    in_file_[b] += held_[b].size();
    std::vector<Event>().swap(held_[b]);
  }
  in_memory_ = 0;
  spilled_ = true;
}

std::vector<Event> EventBuckets::take(std::size_t bucket) {
  std::vector<Event> out = std::move(held_.at(bucket));
  in_memory_ -= out.size();
  if (in_file_[bucket] > 0) {
    const std::size_t kept = out.size();
    out.resize(kept + in_file_[bucket]);
    std::ifstream in(path(bucket), std::ios::binary);
    in.read(reinterpret_cast<char*>(out.data() + kept),
            static_cast<std::streamsize>(in_file_[bucket] * sizeof(Event)));
    if (!in) throw Error("cannot read a temporary file back", {.file = path(bucket).string()});
    in.close();
    std::filesystem::remove(path(bucket));
    in_file_[bucket] = 0;
  }
  std::sort(out.begin(), out.end(), before);
  return out;
}

}  // namespace weft::synth
