// The brokers of one [sources.NAME.kafka], as far as reading topics needs them. Partitions are read by their
// offsets, without a consumer group: where reading goes on is in weft's store alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "storage/kafka/kafka_options.h"

namespace weft::storage {

// No broker answers, or none did for as long as the section's `timeout`. Another try may go through.
class KafkaUnreachable : public Error {
 public:
  using Error::Error;
};

struct KafkaMessage {
  std::int64_t offset = 0;
  std::int64_t timestamp = -1;               // ms since 1970; -1: none
  std::optional<std::string_view> key = {};  // none: null
  std::optional<std::string_view> value = {};
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};  // null values left out
};

// Messages of one partition by their offsets. Those of transactions that were aborted, and the markers of
// transactions, are passed over.
class KafkaStream {
 public:
  virtual ~KafkaStream() = default;
  // The next message, valid until the next call; null where the partition ends for now (or where a
  // transaction begins that is open yet). Throws KafkaUnreachable, or Error for what no waiting would mend.
  virtual const KafkaMessage* next() = 0;
  // After a null: the offset at which the partition ended.
  virtual std::int64_t end() const = 0;
};

struct KafkaWatermarks {
  std::int64_t low = 0;   // offset of the earliest message that is kept
  std::int64_t high = 0;  // behind the last message
};

// Not thread-safe. All functions throw KafkaUnreachable, or Error for a topic that is not there or may not be
// read.
class KafkaCluster {
 public:
  virtual ~KafkaCluster() = default;
  virtual std::int32_t partitions(const std::string& topic) = 0;
  virtual KafkaWatermarks watermarks(const std::string& topic, std::int32_t partition) = 0;
  // Of the first message of that time or later; nothing if there is none yet.
  virtual std::optional<std::int64_t> offset_at(const std::string& topic, std::int32_t partition,
                                                graph::TimeMs time) = 0;
  // One at a time for each partition. The cluster must outlive it.
  virtual std::unique_ptr<KafkaStream> read(const std::string& topic, std::int32_t partition,
                                            std::int64_t from) = 0;
};

// Whether this weft was built with librdkafka.
bool kafka_is_built();

// Throws Error (kUsage) for settings that librdkafka refuses, or if this weft was built without it. Brokers
// are asked by the first call that needs them.
std::unique_ptr<KafkaCluster> connect_kafka(const KafkaOptions& options);

// One connection for each section, made when it is first asked for.
class KafkaConnections {
 public:
  KafkaCluster& of(const KafkaOptions& options);
  // For tests.
  void set(const std::string& section, std::unique_ptr<KafkaCluster> cluster);

 private:
  std::map<std::string, std::unique_ptr<KafkaCluster>> clusters_;
};

}  // namespace weft::storage
