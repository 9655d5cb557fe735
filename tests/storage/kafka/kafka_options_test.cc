#include "storage/kafka/kafka_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::optional<KafkaOptions> read(const std::string& text) {
  const TomlFile toml = TomlFile::parse(text, "shop.toml");
  const TomlSection section = toml.root().section("sources").section("clicks");
  auto options = read_kafka_options("clicks", section);
  section.check_no_unknown_keys();
  return options;
}

std::string refused(const std::string& text) {
  return test::error_of([&] { read("[sources.clicks.kafka]\n" + text); });
}

constexpr const char* kPlain = "brokers = \"b:9092\"\ntopics = \"clicks\"\n";

TEST(KafkaOptions, WhatTheProjectFileSays) {
  const auto options = read(R"([sources.clicks.kafka]
brokers = ["b1:9092", "b2:9092"]
topics = ["clicks", "views.v2"]
start = "2024-05-01T00:00:00Z"
lost = "skip"
timeout = 5
[sources.clicks.kafka.settings]
"security.protocol" = "sasl_ssl"
sasl.mechanism = "PLAIN"
sasl.username = "shop-${WEFT_TEST_STAGE}"
sasl.password = "${WEFT_TEST_PASSWORD}"
fetch.wait.max.ms = 50
)");
  ASSERT_TRUE(options);
  EXPECT_THAT(options->brokers, ElementsAre("b1:9092", "b2:9092"));
  EXPECT_THAT(options->topics, ElementsAre("clicks", "views.v2"));
  EXPECT_EQ(options->start, KafkaStart::kTime);
  EXPECT_EQ(options->start_time, 1'714'521'600'000);
  EXPECT_TRUE(options->skips_lost);
  EXPECT_EQ(options->timeout_seconds, 5);
  std::vector<std::string> settings;
  for (const KafkaSetting& each : options->settings) settings.push_back(each.name + "=" + each.value);
  EXPECT_THAT(settings,
              ::testing::UnorderedElementsAre("security.protocol=sasl_ssl", "sasl.mechanism=PLAIN",
                                              "sasl.username=shop-${WEFT_TEST_STAGE}",
                                              "sasl.password=${WEFT_TEST_PASSWORD}", "fetch.wait.max.ms=50"));
}

TEST(KafkaOptions, DefaultsAndNone) {
  const auto options = read(std::string("[sources.clicks.kafka]\n") + kPlain);
  EXPECT_EQ(options->start, KafkaStart::kEarliest);
  EXPECT_FALSE(options->skips_lost);
  EXPECT_EQ(options->timeout_seconds, 30);
  EXPECT_FALSE(read("[sources.clicks]\n"));
}

TEST(KafkaOptions, SlipsAreNamedWithTheirPlace) {
  EXPECT_THAT(
      refused(std::string(kPlain) + "topic = \"x\"\n"),
      AllOf(HasSubstr("shop.toml:4"), HasSubstr("sources.clicks.kafka.topic"), HasSubstr("'topics'")));
  EXPECT_THAT(refused("topics = \"clicks\"\n"), HasSubstr("brokers"));
  EXPECT_THAT(refused("brokers = \"a:1,b:2\"\ntopics = \"clicks\"\n"), HasSubstr("a list of them"));
  EXPECT_THAT(refused("brokers = \"a:1\"\n"), HasSubstr("topics"));
  EXPECT_THAT(refused("brokers = \"a:1\"\ntopics = [\"a b\"]\n"), HasSubstr("'a b' is no topic's name"));
  EXPECT_THAT(refused("brokers = \"a:1\"\ntopics = [\"a\", \"a\"]\n"), HasSubstr("twice"));
  EXPECT_THAT(refused(std::string(kPlain) + "start = \"newest\"\n"),
              AllOf(HasSubstr("shop.toml:4"), HasSubstr("\"latest\"")));
  EXPECT_THAT(refused(std::string(kPlain) + "lost = \"skp\"\n"), HasSubstr("skip"));
  EXPECT_THAT(refused(std::string(kPlain) + "timeout = 0\n"), HasSubstr("timeout"));
}

TEST(KafkaOptions, WhatWeftSetsItselfIsRefused) {
  for (const char* own : {"group.id", "bootstrap.servers", "enable.auto.commit", "auto.offset.reset",
                          "plugin.library.paths", "enable.partition.eof"}) {
    EXPECT_THAT(refused(std::string(kPlain) + "settings.\"" + own + "\" = \"x\"\n"),
                AllOf(HasSubstr("shop.toml:4"), HasSubstr(own), HasSubstr("is weft's to set")));
  }
}

TEST(KafkaOptions, SecretsComeFromTheEnvironmentAlone) {
  for (const char* secret : {"sasl.password", "ssl.key.password", "ssl.key.pem"}) {
    EXPECT_THAT(refused(std::string(kPlain) + "settings.\"" + secret + "\" = \"hunter2\"\n"),
                AllOf(HasSubstr("is a secret"), HasSubstr("${NAME}"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(refused(std::string(kPlain) + "settings.\"" + secret + "\" = \"hunter2${A}\"\n"),
                AllOf(HasSubstr("is a secret"), Not(HasSubstr("hunter2"))));
  }
  EXPECT_THAT(refused(std::string(kPlain) + "settings.\"sasl.username\" = \"${A B}\"\n"),
              HasSubstr("names no environment variable"));
}

TEST(KafkaOptions, VariablesArePutIn) {
  ::setenv("WEFT_TEST_STAGE", "staging", 1);
  ::unsetenv("WEFT_TEST_PASSWORD");
  EXPECT_EQ(resolved_value({.name = "a", .value = "x-${WEFT_TEST_STAGE}-${WEFT_TEST_STAGE}"}),
            "x-staging-staging");
  EXPECT_EQ(resolved_value({.name = "a", .value = "$HOME {x} ${"}), "$HOME {x} ${");
  EXPECT_THAT(test::error_of([] {
                resolved_value({.name = "sasl.password",
                                .value = "${WEFT_TEST_PASSWORD}",
                                .where = {.file = "shop.toml", .line = 7}});
              }),
              AllOf(HasSubstr("shop.toml:7"), HasSubstr("WEFT_TEST_PASSWORD is not set")));
}

TEST(KafkaOptions, NamesOfSources) {
  EXPECT_EQ(kafka_source_name("clicks", "a.b"), "kafka://clicks/a.b");
  const auto name = parse_kafka_source_name(kafka_source_name("my/clicks", "a.b", 12));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->topic, kafka_source_name("my/clicks", "a.b"));
  EXPECT_EQ(name->topic_alone, "a.b");
  EXPECT_EQ(name->partition, 12);
  for (const char* other : {"kafka:/a/b/1", "kafka://a/1", "kafka://a/b/x", "kafka://a/b/-1", "kafka://a/b/",
                            "kafka://", "a/b/1", "", "kafka://a/b/99999999999"}) {
    EXPECT_FALSE(parse_kafka_source_name(other)) << other;
  }
}

}  // namespace
}  // namespace weft::storage
