// From topics to partitions: which messages of which partitions a run of ingest takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/graph_store.h"
#include "storage/kafka/kafka_cluster.h"
#include "storage/project.h"

namespace weft::storage {

struct PartitionLimits {
  std::uint64_t messages = 0;  // of each partition at most, by their offsets; 0: all
};

struct PartitionedProject {
  Project project = {};
  std::vector<std::string> notes = {};
  bool news = false;  // some partition has what the ledger does not
  bool more = false;  // of some partition the limit left messages for another time
};

bool has_topics(const Project& project);

// The project with a source for each partition in place of each topic: from where the ledger stands (or, of a
// partition that it does not know, where the section says) up to where the partition ends now. A partition
// that was added to a topic which the ledger knows begins at its earliest message, wherever the section
// starts.
//
// `connections` must outlive the outcome. Throws Error with the store untouched: brokers that cannot be
// reached (KafkaUnreachable), a topic that is not there, has fewer partitions than before or a partition with
// fewer messages (it was made anew), messages that were deleted before they were ingested (unless the section
// skips them).
PartitionedProject with_partitions(const Project& project, const std::vector<LedgerEntry>& ledger,
                                   KafkaConnections& connections, const PartitionLimits& limits = {});

}  // namespace weft::storage
