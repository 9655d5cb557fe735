// The real client against librdkafka's mock cluster. What the mock cannot give (aborted and open
// transactions, compaction, offsets by time, topics made anew) is in kafka_ingest_test.cc, on topics in
// memory.
#include <gmock/gmock.h>
#include <stdlib.h>

#include "base/fault_files.h"
#include "tests/storage/kafka/kafka_shop.h"
#include "tests/storage/kafka/mock_cluster.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int16_t kFetch = 1, kListOffsets = 2, kMetadata = 3;  // of the protocol

KafkaOptions options_of(const std::string& brokers, double timeout = 20) {
  return {.section = "log", .brokers = {brokers}, .topics = {"events"}, .timeout_seconds = timeout};
}

TEST(RdKafka, TheSameRowsFromFilesGiveTheSameGraph) {
  for (const char* compression : {"none", "gzip"}) {
    MockCluster mock(3, compression);
    mock.create("events", 4);
    const auto messages = random_messages(4, 1500, 21);
    mock.send_all("events", messages);
    const LogShop shop(mock.brokers());
    const LogShop files(messages);
    const IngestReport report = shop.ingest({.batch_rows = 100});
    EXPECT_EQ(report.rows, 1500U);
    EXPECT_EQ(report.quarantined, files.ingest().quarantined);
    EXPECT_EQ(shop.graph(), files.graph());
    EXPECT_EQ(shop.quarantine(), files.quarantine());
    EXPECT_EQ(shop.ingest().rows, 0U);
    mock.send("events", 2, {.value = messages[0][0]});
    mock.flush();
    EXPECT_EQ(shop.ingest().rows, 1U);
  }
}

TEST(RdKafka, DelimitedMessagesAndFilesGiveTheSameGraph) {
  std::mt19937_64 random(4);
  std::vector<std::vector<std::string>> messages(3);
  for (int i = 0; i < 600; ++i) {
    std::string row = fmt::format("u{},i{},{},{},\"Title, {}\",b{},", random() % 30, random() % 50,
                                  1000 + random() % 500, random() % 100, i, random() % 7);
    if (random() % 3 == 0) row += fmt::format("\"body \"\"{}\"\"\"", random() % 1000);
    if (random() % 10 == 0) row = random() % 2 == 0 ? "u1,i2" : "u1,,5,1,t,b,";
    messages[random() % 3].push_back(std::move(row));
  }
  MockCluster mock;
  mock.create("events", 3);
  mock.send_all("events", messages);
  const LogShop shop(mock.brokers());
  const LogShop files(messages, "user,item,time,offer.price,title,brand,body");
  const std::vector<std::string> sets = {
      "sources.log.format=csv",
      R"(sources.log.header=["user", "item", "time", "offer.price", "title", "brand", "body"])"};
  const IngestReport report = shop.ingest({.batch_rows = 50}, sets);
  EXPECT_EQ(report.rows, 600U);
  EXPECT_EQ(report.quarantined, files.ingest().quarantined);
  EXPECT_EQ(report.quarantined.size(), 2U) << "both kinds of bad rows";
  EXPECT_EQ(shop.graph(), files.graph());
}

struct Killed {};

TEST(RdKafka, KilledAndStartedAgainEachMessageCountsOnce) {
  MockCluster mock;
  mock.create("events", 3);
  const auto messages = random_messages(3, 300, 33);
  mock.send_all("events", messages);
  const LogShop files(messages);
  files.ingest();
  std::mt19937_64 random(8);
  for (int trial = 0; trial < 3; ++trial) {
    const LogShop shop(mock.brokers());
    for (int kills = 0;; ++kills) {
      FaultFiles dying(real_files());
      std::uint64_t points = random() % 14;
      if (kills < 4) {
        dying.on_kill_point([&](std::string_view) {
          if (points-- == 0) throw Killed{};
        });
      }
      try {
        shop.ingest({.batch_rows = 1 + random() % 40}, {}, dying);
        break;
      } catch (const Killed&) {
      }
    }
    ASSERT_EQ(shop.graph(), files.graph()) << trial;
  }
}

TEST(RdKafka, AMessageAsItWasSent) {
  MockCluster mock;
  mock.create("events", 1);
  mock.send("events", 0,
            {.value = "v", .key = "k", .timestamp = 1'700'000'000'123, .headers = {{"a", "1"}, {"b", ""}}});
  mock.send("events", 0, {.value = std::nullopt, .key = "gone"});
  mock.send("events", 0, {.value = std::string(3'000'000, 'x')});
  mock.flush();
  const auto cluster = connect_kafka(options_of(mock.brokers()));
  EXPECT_EQ(cluster->partitions("events"), 1);
  EXPECT_EQ(cluster->watermarks("events", 0).low, 0);
  EXPECT_EQ(cluster->watermarks("events", 0).high, 3);
  const auto stream = cluster->read("events", 0, 0);
  const KafkaMessage* message = stream->next();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->value, "v");
  EXPECT_EQ(message->key, "k");
  EXPECT_EQ(message->timestamp, 1'700'000'000'123);
  ASSERT_EQ(message->headers.size(), 2U);
  EXPECT_EQ(message->headers[0], (std::pair<std::string_view, std::string_view>("a", "1")));
  message = stream->next();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->offset, 1);
  EXPECT_FALSE(message->value);
  EXPECT_EQ(message->key, "gone");
  message = stream->next();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->value->size(), 3'000'000U);
  EXPECT_EQ(stream->next(), nullptr);
  EXPECT_EQ(stream->end(), 3);
  EXPECT_FALSE(cluster->offset_at("events", 0, 5)) << "the mock knows no times";
}

TEST(RdKafka, ReadingOnFromAnOffset) {
  MockCluster mock;
  mock.create("events", 1);
  mock.send_all("events", {{"a", "b", "c", "d"}});
  const auto cluster = connect_kafka(options_of(mock.brokers()));
  for (int again = 0; again < 3; ++again) {
    const auto stream = cluster->read("events", 0, 2);
    EXPECT_EQ(stream->next()->value, "c") << "none of the batch that comes before";
    EXPECT_EQ(stream->next()->value, "d");
    EXPECT_EQ(stream->next(), nullptr);
  }
}

TEST(RdKafka, BrokersThatDoNotAnswer) {
  const auto nobody = connect_kafka(options_of("127.0.0.1:1", 1));
  EXPECT_THROW(nobody->partitions("events"), KafkaUnreachable);
  EXPECT_THAT(test::error_of([&] { nobody->partitions("events"); }),
              AllOf(HasSubstr("no answer about the topic 'events' within 1 s"), HasSubstr("127.0.0.1:1"),
                    HasSubstr("onnect")));
  MockCluster mock;
  mock.create("events", 1);
  mock.send_all("events", {{"{\"user\": \"a\", \"item\": \"b\", \"time\": 1}"}});
  const LogShop shop(mock.brokers());
  rd_kafka_mock_broker_set_down(mock.mock(), -1);
  EXPECT_THAT(test::error_of([&] { shop.ingest({}, {"sources.log.kafka.timeout=1"}); }),
              HasSubstr("within 1 s"));
  rd_kafka_mock_broker_set_up(mock.mock(), -1);
  EXPECT_EQ(shop.ingest().rows, 1U) << "by a new one";
}

TEST(RdKafka, BrokersThatGoAwayWhileAPartitionIsRead) {
  MockCluster mock;
  mock.create("events", 1);
  mock.send_all("events", {{"a"}});
  const auto cluster = connect_kafka(options_of(mock.brokers(), 2));
  const auto stream = cluster->read("events", 0, 0);
  EXPECT_EQ(stream->next()->value, "a");
  EXPECT_EQ(stream->next(), nullptr);
  rd_kafka_mock_broker_set_down(mock.mock(), -1);
  EXPECT_THROW(stream->next(), KafkaUnreachable);
  rd_kafka_mock_broker_set_up(mock.mock(), -1);
  mock.send_all("events", {{"b"}});
  std::string found;
  for (int tries = 0; tries < 30 && found.empty(); ++tries) {
    try {
      found = cluster->read("events", 0, 1)->next()->value.value();
    } catch (const KafkaUnreachable&) {
    }
  }
  EXPECT_EQ(found, "b") << "by the same connection";
}

TEST(RdKafka, ErrorsThatPassAreWaitedOut) {
  MockCluster mock(2);
  mock.create("events", 2);
  const auto messages = random_messages(2, 200, 4);
  mock.send_all("events", messages);
  rd_kafka_mock_push_request_errors(mock.mock(), kFetch, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  rd_kafka_mock_push_request_errors(mock.mock(), kListOffsets, 1, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  rd_kafka_mock_push_request_errors(mock.mock(), kMetadata, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
  const LogShop shop(mock.brokers());
  const LogShop files(messages);
  EXPECT_EQ(shop.ingest().rows, 200U);
  files.ingest();
  EXPECT_EQ(shop.graph(), files.graph());
  rd_kafka_mock_partition_set_leader(mock.mock(), "events", 0, 2);
  rd_kafka_mock_partition_set_leader(mock.mock(), "events", 1, 1);
  mock.send_all("events", {{messages[0][0]}, {messages[1][0]}});
  EXPECT_EQ(shop.ingest().rows, 2U) << "other leaders";
}

TEST(RdKafka, TopicsThatAreNotThereOrMayNotBeRead) {
  MockCluster mock;
  mock.create("events", 1);
  const auto cluster = connect_kafka(options_of(mock.brokers(), 3));
  rd_kafka_mock_topic_set_error(mock.mock(), "events", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_THAT(test::error_of([&] { cluster->partitions("events"); }),
              AllOf(HasSubstr("cannot find the topic 'events'"), HasSubstr("uthoriz")));
  rd_kafka_mock_topic_set_error(mock.mock(), "events", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_THAT(test::error_of([&] { cluster->partitions("events"); }),
              HasSubstr("cannot find the topic 'events'"));
}

TEST(RdKafka, MessagesThatWereDeletedInBetween) {
  MockCluster mock;  // keeps 5 MiB of a partition
  mock.create("events", 1);
  const auto purchase = [](int user, std::size_t bytes) {
    return fmt::format("{{\"user\": \"u{}\", \"item\": \"i\", \"time\": 1, \"title\": \"{}\"}}", user,
                       std::string(bytes, 'x'));
  };
  mock.send_all("events", {{purchase(1, 10)}});
  const LogShop shop(mock.brokers());
  EXPECT_EQ(shop.ingest().rows, 1U);
  for (int i = 2; i < 14; ++i) {
    mock.send("events", 0, {.value = purchase(i, 1'000'000)});
    mock.flush();
  }
  EXPECT_THAT(test::error_of([&] { shop.ingest(); }), HasSubstr("were deleted before they were ingested"));
  const IngestReport report = shop.ingest({}, {"sources.log.kafka.lost=skip"});
  EXPECT_GT(report.rows, 0U);
  EXPECT_LT(report.rows, 12U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("were deleted")));
  EXPECT_EQ(shop.ledger().at(0).bytes, 14U);
  const auto cluster = connect_kafka(options_of(mock.brokers()));
  EXPECT_THAT(test::error_of([&] { cluster->read("events", 0, 0)->next(); }),
              HasSubstr("messages were deleted while the partition was read"));
}

TEST(RdKafka, SettingsAreGivenToTheClient) {
  const auto refused = [](const std::vector<std::string>& sets) {
    const LogShop shop("127.0.0.1:1");
    return test::error_of([&] { shop.ingest({}, sets); });
  };
  EXPECT_THAT(refused({"sources.log.kafka.settings.fetch.wait.max.mss=3"}),
              AllOf(HasSubstr("there is no setting 'fetch.wait.max.mss'"), HasSubstr("--set")));
  EXPECT_THAT(refused({"sources.log.kafka.settings.fetch.wait.max.ms=many"}),
              AllOf(HasSubstr("'fetch.wait.max.ms' is refused"), HasSubstr("many")));
  ::setenv("WEFT_TEST_MECHANISM", "hunter2", 1);
  EXPECT_THAT(refused({"sources.log.kafka.settings.security.protocol=${WEFT_TEST_MECHANISM}"}),
              AllOf(HasSubstr("'security.protocol' is refused"), Not(HasSubstr("hunter2")),
                    HasSubstr("${WEFT_TEST_MECHANISM}")));
  ::unsetenv("WEFT_TEST_PASSWORD");
  EXPECT_THAT(refused({"sources.log.kafka.settings.sasl.password=${WEFT_TEST_PASSWORD}"}),
              HasSubstr("WEFT_TEST_PASSWORD is not set"));
}

}  // namespace
}  // namespace weft::storage
