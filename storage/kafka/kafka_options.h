// The project file's [sources.NAME.kafka]: which topics of which brokers rows come from. Nothing here talks
// to a broker, and nothing needs librdkafka.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml.h"
#include "graph/ids.h"

namespace weft::storage {

// Where a partition that the store knows nothing of is read from.
enum class KafkaStart { kEarliest, kLatest, kTime };

// One property of librdkafka. The value may refer to environment variables: "${KAFKA_PASSWORD}".
struct KafkaSetting {
  std::string name = {};
  std::string value = {};  // as the project file gives it
  ErrorContext where = {};
};

struct KafkaOptions {
  std::string section = {};  // NAME
  std::vector<std::string> brokers = {};
  std::vector<std::string> topics = {};
  KafkaStart start = KafkaStart::kEarliest;
  graph::TimeMs start_time = 0;  // kTime
  bool skips_lost = false;       // messages that were deleted unread are passed over with a note, no error
  double timeout_seconds = 30;   // without an answer of a broker
  std::vector<KafkaSetting> settings = {};
  ErrorContext where = {};
};

class KafkaCluster;

// What a source is in place of a file: a topic with all its partitions, as the project file names it, or one
// of them, as with_partitions() makes it.
struct KafkaPartition {
  std::shared_ptr<const KafkaOptions> options = {};
  std::string topic = {};
  std::int32_t number = -1;  // -1: all
  // Of one partition:
  KafkaCluster* cluster = nullptr;
  std::int64_t low = 0;             // offset of the earliest message that the brokers keep
  std::int64_t begin = 0, end = 0;  // offsets that are to be read
};

// Nothing if `section`, a [sources.NAME], has no key "kafka". Throws Error (kUsage) at the place in the
// project file: unknown keys, names that no topic can have, properties that weft sets itself, secrets that
// are written out instead of naming an environment variable.
std::optional<KafkaOptions> read_kafka_options(const std::string& name, const TomlSection& section);

// With environment variables put in. Throws Error (kUsage) if one is not set.
std::string resolved_value(const KafkaSetting& setting);

// "kafka://SECTION/TOPIC" and "kafka://SECTION/TOPIC/PARTITION": the name of a source in the ledger.
std::string kafka_source_name(const std::string& section, const std::string& topic);
std::string kafka_source_name(const std::string& section, const std::string& topic, std::int32_t partition);

// The parts of a partition's name; nothing if it is none.
struct KafkaSourceName {
  std::string topic = {};  // kafka_source_name(SECTION, TOPIC)
  std::string topic_alone = {};
  std::int32_t partition = 0;
};
std::optional<KafkaSourceName> parse_kafka_source_name(std::string_view name);

}  // namespace weft::storage
