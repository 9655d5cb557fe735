// KafkaCluster through librdkafka's simple consumer: partitions by offset, no consumer group, no commits.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/strings.h"
#include "storage/kafka/kafka_cluster.h"

namespace weft::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWaitMs = 100;  // for one message at a time: between, errors are taken note of

struct Default {
  const char *name, *value;
};
// Before the section's own settings, which may change them.
constexpr std::array<Default, 4> kDefaults = {{
    {"client.id", "weft"},
    {"fetch.wait.max.ms", "100"},             // how long a broker waits for more at a partition's end
    {"queued.max.messages.kbytes", "16384"},  // read ahead; one partition is read at a time
    {"reconnect.backoff.max.ms", "1000"},     // brokers that come back are noticed
}};
constexpr std::array<Default, 4> kFixed = {{
    {"enable.auto.commit", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "error"},
    {"allow.auto.create.topics", "false"},
}};

void no_log(const rd_kafka_t*, int, const char*, const char*) {}

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;
using Topic = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

void set_setting(rd_kafka_conf_t* conf, const KafkaSetting& setting) {
  std::array<char, 512> reason = {};
  const std::string value = resolved_value(setting);
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(conf, setting.name.c_str(), value.c_str(), reason.data(), reason.size());
  if (result == RD_KAFKA_CONF_OK) return;
  ErrorContext where = setting.where;
  where.value = setting.value;
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    where.expected = fmt::format("a property of librdkafka {}", rd_kafka_version_str());
    throw Error(fmt::format("there is no setting '{}'", excerpt(setting.name)), std::move(where),
                ErrorKind::kUsage);
  }
  // librdkafka quotes values; one that comes from the environment stays out of messages.
  const bool shown = value == setting.value;
  throw Error(fmt::format("the setting '{}' is refused{}", setting.name,
                          shown ? fmt::format(": {}", excerpt(reason.data(), 300)) : std::string()),
              std::move(where), ErrorKind::kUsage);
}

// Topics that are not there, rights that are lacking: waiting helps against none of these.
bool is_final(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

// One section's handle, and what it last complained about.
class Connection {
 public:
  explicit Connection(const KafkaOptions& options) : options_(options) {
    Conf conf(rd_kafka_conf_new());
    rd_kafka_conf_set_log_cb(conf.get(), no_log);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char* reason, void* self) {
      static_cast<Connection*>(self)->complaint_ = excerpt(reason, 300);
    });
    rd_kafka_conf_set_opaque(conf.get(), this);
    for (const Default& each : kDefaults)
      set_setting(conf.get(), {.name = each.name, .value = each.value, .where = options.where});
    for (const KafkaSetting& setting : options.settings) set_setting(conf.get(), setting);
    for (const Default& each : kFixed)
      set_setting(conf.get(), {.name = each.name, .value = each.value, .where = options.where});
    set_setting(conf.get(),
                {.name = "bootstrap.servers", .value = join(options.brokers, ","), .where = options.where});
    std::array<char, 512> reason = {};
    handle_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason.data(), reason.size()));
    if (handle_ == nullptr)
      throw Error(fmt::format("Kafka's settings are refused: {}", excerpt(reason.data(), 300)), options.where,
                  ErrorKind::kUsage);
    static_cast<void>(conf.release());  // the handle's
  }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  rd_kafka_t* handle() const { return handle_.get(); }
  const KafkaOptions& options() const { return options_; }
  int timeout_ms() const { return static_cast<int>(std::lround(options_.timeout_seconds * 1000)); }

  Topic open(const std::string& topic) const {
    Topic out(rd_kafka_topic_new(handle(), topic.c_str(), nullptr));
    if (out == nullptr) fail(rd_kafka_last_error(), topic, "open");
    return out;
  }

  // Lets errors in that other threads found. Messages come another way.
  void listen() const { rd_kafka_poll(handle(), 0); }

  void check(rd_kafka_resp_err_t code, const std::string& topic, const char* what) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(code, topic, what);
    complaint_.clear();  // it passed
  }

  [[noreturn]] void fail(rd_kafka_resp_err_t code, const std::string& topic, const char* what) const {
    listen();
    ErrorContext where = options_.where;
    where.value = topic;
    if (is_final(code))
      throw Error(fmt::format("cannot {} the topic '{}': {}", what, topic, reason(code)), std::move(where));
    where.value = join(options_.brokers, ",");
    where.hint = "are the brokers up, can they be reached from here, and does security.protocol fit?";
    throw KafkaUnreachable(fmt::format("no answer about the topic '{}' within {:g} s: {}", topic,
                                       options_.timeout_seconds, reason(code)),
                           std::move(where));
  }

 private:
  std::string reason(rd_kafka_resp_err_t code) const {
    const std::string text = rd_kafka_err2str(code);
    return complaint_.empty() ? text : fmt::format("{} ({})", text, complaint_);
  }

  const KafkaOptions options_;
  std::string complaint_;
  Handle handle_;
};

class RdKafkaStream final : public KafkaStream {
 public:
  RdKafkaStream(Connection& connection, const std::string& topic, std::int32_t partition, std::int64_t from)
      : connection_(connection),
        name_(topic),
        topic_(connection.open(topic)),
        partition_(partition),
        end_(from) {
    if (rd_kafka_consume_start(topic_.get(), partition, from) != 0)
      connection.fail(rd_kafka_last_error(), topic, "read");
  }
  ~RdKafkaStream() override {
    raw_.reset();
    rd_kafka_consume_stop(topic_.get(), partition_);
  }
  RdKafkaStream(const RdKafkaStream&) = delete;
  RdKafkaStream& operator=(const RdKafkaStream&) = delete;

  const KafkaMessage* next() override {
    const Clock::time_point give_up = Clock::now() + std::chrono::milliseconds(connection_.timeout_ms());
    rd_kafka_resp_err_t trouble = RD_KAFKA_RESP_ERR__TIMED_OUT;
    do {
      raw_.reset(rd_kafka_consume(topic_.get(), partition_, kWaitMs));
      if (raw_ == nullptr) {
        connection_.listen();
        continue;
      }
      if (raw_->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take();
        return &message_;
      }
      if (raw_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        end_ = raw_->offset;
        return nullptr;
      }
      refuse(raw_->err);
      trouble = raw_->err;
    } while (Clock::now() < give_up);
    connection_.fail(trouble, name_, "read");
  }

  std::int64_t end() const override { return end_; }

 private:
  // Throws for errors that stay.
  void refuse(rd_kafka_resp_err_t code) const {
    if (is_final(code)) connection_.fail(code, name_, "read");
    ErrorContext where = connection_.options().where;
    where.value = fmt::format("{}, partition {}", name_, partition_);
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      where.hint = "run it again: it says then which messages are lost";
      throw Error("messages were deleted while the partition was read", std::move(where));
    }
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      where.hint = "raise receive.message.max.bytes in the section's settings";
      throw Error("a message is longer than the client takes", std::move(where));
    }
    if (code == RD_KAFKA_RESP_ERR__BAD_MSG)
      throw Error(fmt::format("a message is damaged: {}", excerpt(text_of(*raw_), 300)), std::move(where));
  }

  static std::string_view text_of(const rd_kafka_message_t& raw) {
    return {static_cast<const char*>(raw.payload), raw.payload == nullptr ? 0 : raw.len};
  }

  void take() {
    message_.offset = raw_->offset;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    message_.timestamp = rd_kafka_message_timestamp(raw_.get(), &type);
    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) message_.timestamp = -1;
    message_.key.reset();
    message_.value.reset();
    if (raw_->key != nullptr) message_.key.emplace(static_cast<const char*>(raw_->key), raw_->key_len);
    if (raw_->payload != nullptr) message_.value.emplace(text_of(*raw_));
    message_.headers.clear();
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(raw_.get(), &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      if (value != nullptr)
        message_.headers.emplace_back(name, std::string_view(static_cast<const char*>(value), size));
    }
  }

  Connection& connection_;
  std::string name_;
  Topic topic_;
  std::int32_t partition_;
  std::int64_t end_;
  Message raw_;
  KafkaMessage message_;
};

class RdKafkaCluster final : public KafkaCluster {
 public:
  explicit RdKafkaCluster(const KafkaOptions& options) : connection_(options) {}

  std::int32_t partitions(const std::string& topic) override {
    const Topic opened = connection_.open(topic);
    const struct rd_kafka_metadata* raw = nullptr;
    connection_.check(
        rd_kafka_metadata(connection_.handle(), 0, opened.get(), &raw, connection_.timeout_ms()), topic,
        "find");
    const std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)> metadata(
        raw, rd_kafka_metadata_destroy);
    if (raw->topic_cnt != 1) connection_.fail(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic, "find");
    connection_.check(raw->topics[0].err, topic, "find");
    return raw->topics[0].partition_cnt;
  }

  KafkaWatermarks watermarks(const std::string& topic, std::int32_t partition) override {
    KafkaWatermarks out;
    connection_.check(rd_kafka_query_watermark_offsets(connection_.handle(), topic.c_str(), partition,
                                                       &out.low, &out.high, connection_.timeout_ms()),
                      topic, "look into");
    return out;
  }

  std::optional<std::int64_t> offset_at(const std::string& topic, std::int32_t partition,
                                        graph::TimeMs time) override {
    const std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>
        list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
    rd_kafka_topic_partition_t* asked =
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
    asked->offset = time;
    connection_.check(rd_kafka_offsets_for_times(connection_.handle(), list.get(), connection_.timeout_ms()),
                      topic, "look into");
    connection_.check(list->elems[0].err, topic, "look into");
    if (list->elems[0].offset < 0) return std::nullopt;
    return list->elems[0].offset;
  }

  std::unique_ptr<KafkaStream> read(const std::string& topic, std::int32_t partition,
                                    std::int64_t from) override {
    return std::make_unique<RdKafkaStream>(connection_, topic, partition, from);
  }

 private:
  Connection connection_;
};

}  // namespace

bool kafka_is_built() {
  return true;
}

std::unique_ptr<KafkaCluster> connect_kafka(const KafkaOptions& options) {
  return std::make_unique<RdKafkaCluster>(options);
}

}  // namespace weft::storage
