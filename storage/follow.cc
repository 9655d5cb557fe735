#include "storage/follow.h"

#include <algorithm>
#include <thread>

#include "storage/kafka/kafka_partitions.h"

namespace weft::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAgain(50);  // whether to stop

void wait(std::chrono::milliseconds time, const std::atomic<bool>& stop) {
  const Clock::time_point until = Clock::now() + time;
  while (!stop.load()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return;
    std::this_thread::sleep_for(std::min(left, kLookAgain));
  }
}

}  // namespace

void follow(const Project& project, GraphStore& store, const FollowOptions& options, FollowWatcher& watcher,
            const std::atomic<bool>& stop, ProgressSink& progress, Files& files) {
  if (!has_topics(project))
    throw Error("there is nothing to follow: no source is a topic",
                {.file = project.file.string(), .expected = "a section as [sources.NAME.kafka]"},
                ErrorKind::kUsage);
  KafkaConnections own;
  IngestOptions each = options.ingest;
  if (each.connections == nullptr) each.connections = &own;
  each.topic_messages = options.round_messages;
  each.stop = &stop;
  each.topics_only = false;
  while (!stop.load()) {
    bool more = false;
    try {
      const IngestReport report = ingest(project, store, each, progress, files);
      more = report.more;
      each.topics_only = true;
      each.quarantine_file = false;
      watcher.round(report);
    } catch (const KafkaUnreachable& error) {
      each.quarantine_file = true;  // batches of this round may have added to it
      watcher.unreachable(error);
    }
    if (!more) wait(options.every, stop);
  }
}

}  // namespace weft::storage
