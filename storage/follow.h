// Ingest that goes on: round after round, each what the project's topics hold by then.
#pragma once

#include <atomic>
#include <chrono>

#include "storage/ingest.h"

namespace weft::storage {

struct FollowOptions {
  IngestOptions ingest = {};  // connections, topics_only, topic_messages and stop are follow()'s to set
  std::chrono::milliseconds every = std::chrono::seconds(10);  // between rounds, unless messages wait
  std::uint64_t round_messages = 100'000;                      // of each partition in a round, at most
};

// Told what happens, between rounds: the store may be read then, and snapshots written.
class FollowWatcher {
 public:
  virtual ~FollowWatcher() = default;
  virtual void round(const IngestReport& report) = 0;
  // The round wrote what it had; the next one tries again.
  virtual void unreachable(const KafkaUnreachable& error) = 0;
};

// Until `stop` is set: then the batch at hand is finished, and the round reported. The first round is a whole
// ingest(), files and all; later ones look at topics alone. Every round is exact by itself
// (storage/ingest.h): one that is killed, or whose brokers go away, leaves whole batches with their offsets.
// Throws Error as ingest() does, but for brokers that cannot be reached; Error (kUsage) if no source is a
// topic.
void follow(const Project& project, GraphStore& store, const FollowOptions& options, FollowWatcher& watcher,
            const std::atomic<bool>& stop, ProgressSink& progress = no_progress(),
            Files& files = real_files());

}  // namespace weft::storage
