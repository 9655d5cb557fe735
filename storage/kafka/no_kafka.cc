// In place of rdkafka_cluster.cc where weft is built without librdkafka.
#include "storage/kafka/kafka_cluster.h"

namespace weft::storage {

bool kafka_is_built() {
  return false;
}

std::unique_ptr<KafkaCluster> connect_kafka(const KafkaOptions& options) {
  ErrorContext where = options.where;
  where.hint = "install librdkafka (scripts/setup does) and build with -DWEFT_KAFKA=ON";
  throw Error("this weft was built without Kafka", std::move(where), ErrorKind::kUsage);
}

}  // namespace weft::storage
