// librdkafka's own mock of a cluster, within the test's process, and a producer for it.
#pragma once

#include <gtest/gtest.h>
// The mock's header needs this one before it.
#include <librdkafka/rdkafka.h>
// clang-format off
#include <librdkafka/rdkafka_mock.h>
// clang-format on

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weft::storage {

class MockCluster {
 public:
  explicit MockCluster(int brokers = 1, const std::string& compression = "none") {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    set(conf, "test.mock.num.brokers", std::to_string(brokers));
    set(conf, "compression.type", compression);
    set(conf, "message.max.bytes", "20000000");
    std::array<char, 512> error = {};
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size());
    if (producer_ == nullptr) throw std::runtime_error(error.data());
    mock_ = rd_kafka_handle_mock_cluster(producer_);
  }
  ~MockCluster() {
    rd_kafka_flush(producer_, 1000);
    rd_kafka_destroy(producer_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(mock_); }
  rd_kafka_mock_cluster_t* mock() { return mock_; }
  void create(const std::string& topic, int partitions) {
    ASSERT_EQ(rd_kafka_mock_topic_create(mock_, topic.c_str(), partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  struct Sent {
    std::optional<std::string> value = {};
    std::optional<std::string> key = {};
    std::int64_t timestamp = 0;  // 0: now
    std::vector<std::pair<std::string, std::string>> headers = {};
  };
  // Not there before flush().
  void send(const std::string& topic, int partition, const Sent& sent) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(sent.headers.size() + 1);
    for (const auto& [name, value] : sent.headers)
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(), static_cast<ssize_t>(value.size()));
    const auto data = [](const std::optional<std::string>& text) {
      return text ? const_cast<char*>(text->data()) : nullptr;
    };
    const auto size = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      code = rd_kafka_producev(
          producer_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(data(sent.value), size(sent.value)),
          RD_KAFKA_V_KEY(data(sent.key), size(sent.key)), RD_KAFKA_V_TIMESTAMP(sent.timestamp),
          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
      rd_kafka_poll(producer_, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
    ASSERT_EQ(code, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(code);
  }
  void flush() { ASSERT_EQ(rd_kafka_flush(producer_, 60'000), RD_KAFKA_RESP_ERR_NO_ERROR); }
  void send_all(const std::string& topic, const std::vector<std::vector<std::string>>& messages) {
    for (std::size_t part = 0; part < messages.size(); ++part) {
      for (const std::string& message : messages[part])
        send(topic, static_cast<int>(part), {.value = message});
    }
    flush();
  }

 private:
  static void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    std::array<char, 512> error = {};
    if (rd_kafka_conf_set(conf, name, value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(error.data());
  }

  rd_kafka_t* producer_ = nullptr;
  rd_kafka_mock_cluster_t* mock_ = nullptr;
};

}  // namespace weft::storage
