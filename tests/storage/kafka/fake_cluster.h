// Topics in memory, for tests of what is made of a cluster's answers: also of those that librdkafka's own
// mock cannot give (aborted transactions, open ones, compaction, topics made anew).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/kafka/kafka_cluster.h"

namespace weft::storage {

struct FakeMessage {
  std::int64_t offset = 0;
  std::int64_t timestamp = -1;
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct FakePartition {
  std::vector<FakeMessage> messages = {};  // by offset; what is compacted or aborted is not there
  std::int64_t low = 0, high = 0;
  std::int64_t stable = -1;  // a transaction is open from there on; -1: none is

  void add(std::optional<std::string> value, std::int64_t timestamp = -1) {
    messages.push_back({.offset = high++, .timestamp = timestamp, .value = std::move(value)});
  }
  // Deletes what lies before.
  void keep_from(std::int64_t offset) {
    low = offset;
    std::erase_if(messages, [&](const FakeMessage& each) { return each.offset < offset; });
  }
};

struct FakeTopics {
  std::map<std::string, std::vector<FakePartition>> topics = {};
  bool reachable = true;
  std::uint64_t reads = 0;       // of partitions
  std::uint64_t handed = 0;      // messages
  std::uint64_t lost_after = 0;  // messages until the brokers can no longer be reached; 0: never

  void check(const std::string& topic) const {
    if (!reachable) throw KafkaUnreachable("no answer about the topic '" + topic + "'");
    if (!topics.contains(topic)) throw Error("cannot find the topic '" + topic + "'");
  }
};

class FakeStream final : public KafkaStream {
 public:
  FakeStream(FakeTopics& of, const FakePartition& partition, std::int64_t from)
      : of_(of), partition_(partition), at_(from) {
    if (from < partition.low || from > partition.high) throw Error("messages were deleted while it was read");
    ++of_.reads;
  }
  const KafkaMessage* next() override {
    if (!of_.reachable) throw KafkaUnreachable("no answer");
    const std::int64_t limit = partition_.stable >= 0 ? partition_.stable : partition_.high;
    for (const FakeMessage& message : partition_.messages) {
      if (message.offset < at_ || message.offset >= limit) continue;
      if (of_.lost_after > 0 && of_.handed >= of_.lost_after) throw KafkaUnreachable("no answer");
      ++of_.handed;
      copy_ = message;  // what was handed out before is no longer valid
      at_ = message.offset + 1;
      message_ = {
          .offset = copy_.offset, .timestamp = copy_.timestamp, .key = copy_.key, .value = copy_.value};
      for (const auto& [name, value] : copy_.headers) message_.headers.emplace_back(name, value);
      return &message_;
    }
    at_ = limit;
    return nullptr;
  }
  std::int64_t end() const override { return at_; }

 private:
  FakeTopics& of_;
  const FakePartition& partition_;
  std::int64_t at_;
  FakeMessage copy_;
  KafkaMessage message_;
};

class FakeCluster final : public KafkaCluster {
 public:
  explicit FakeCluster(FakeTopics& of) : of_(of) {}

  std::int32_t partitions(const std::string& topic) override {
    of_.check(topic);
    return static_cast<std::int32_t>(of_.topics.at(topic).size());
  }
  KafkaWatermarks watermarks(const std::string& topic, std::int32_t partition) override {
    const FakePartition& of = find(topic, partition);
    return {of.low, of.high};
  }
  std::optional<std::int64_t> offset_at(const std::string& topic, std::int32_t partition,
                                        graph::TimeMs time) override {
    for (const FakeMessage& message : find(topic, partition).messages) {
      if (message.timestamp >= time) return message.offset;
    }
    return std::nullopt;
  }
  std::unique_ptr<KafkaStream> read(const std::string& topic, std::int32_t partition,
                                    std::int64_t from) override {
    return std::make_unique<FakeStream>(of_, find(topic, partition), from);
  }

 private:
  const FakePartition& find(const std::string& topic, std::int32_t partition) const {
    of_.check(topic);
    return of_.topics.at(topic).at(static_cast<std::size_t>(partition));
  }
  FakeTopics& of_;
};

}  // namespace weft::storage
