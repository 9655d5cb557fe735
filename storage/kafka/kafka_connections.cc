#include "storage/kafka/kafka_cluster.h"

namespace weft::storage {

KafkaCluster& KafkaConnections::of(const KafkaOptions& options) {
  std::unique_ptr<KafkaCluster>& cluster = clusters_[options.section];
  if (cluster == nullptr) cluster = connect_kafka(options);
  return *cluster;
}

void KafkaConnections::set(const std::string& section, std::unique_ptr<KafkaCluster> cluster) {
  clusters_[section] = std::move(cluster);
}

}  // namespace weft::storage
