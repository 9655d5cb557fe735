// Of a weft that was built without librdkafka.
#include <gmock/gmock.h>

#include "storage/kafka/kafka_cluster.h"
#include "tests/storage/kafka/kafka_shop.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

TEST(NoKafka, AProjectWithATopicIsRefusedWithTheReason) {
  const LogShop shop("b:9092");
  EXPECT_FALSE(kafka_is_built());
  EXPECT_THAT(
      test::error_of([&] { shop.project(); }),
      ::testing::AllOf(::testing::HasSubstr("shop.toml"), ::testing::HasSubstr("sources.log.kafka"),
                       ::testing::HasSubstr("built without Kafka"), ::testing::HasSubstr("WEFT_KAFKA")));
  EXPECT_THAT(test::error_of([] { connect_kafka({}); }), ::testing::HasSubstr("built without Kafka"));
}

}  // namespace
}  // namespace weft::storage
