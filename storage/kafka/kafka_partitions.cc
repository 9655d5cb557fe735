#include "storage/kafka/kafka_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/progress.h"

namespace weft::storage {
namespace {

constexpr const char* kOtherName =
    "give the section [sources.NAME] another name: it is then read as a new source, and what is in the store "
    "already is not doubled";

class Partitioning {
 public:
  Partitioning(const Project& project, const std::vector<LedgerEntry>& ledger, KafkaConnections& connections,
               const PartitionLimits& limits)
      : connections_(connections), limits_(limits) {
    out_.project = project;
    for (const LedgerEntry& entry : ledger) {
      entries_[entry.name] = entry;
      if (const auto name = parse_kafka_source_name(entry.name)) known_topics_.insert(name->topic);
    }
  }

  PartitionedProject run() {
    const std::vector<SourceFile> sources = std::move(out_.project.sources);
    out_.project.sources.clear();
    std::vector<std::vector<std::uint16_t>> places;  // [source before] -> sources now
    for (const SourceFile& source : sources) {
      const std::size_t begin = out_.project.sources.size();
      if (source.topic) {
        add_partitions(source);
      } else {
        out_.project.sources.push_back(source);
      }
      if (out_.project.sources.size() > kMaxSources)
        throw Error("too many files and partitions",
                    {.file = source.name, .expected = fmt::format("at most {}", kMaxSources)});
      std::vector<std::uint16_t>& now = places.emplace_back();
      for (std::size_t i = begin; i < out_.project.sources.size(); ++i)
        now.push_back(static_cast<std::uint16_t>(i));
    }
    for (NodeMapping& mapping : out_.project.nodes) move_to(places, mapping.sources, &mapping.entries);
    for (EdgeMapping& mapping : out_.project.edges) move_to(places, mapping.sources, nullptr);
    return std::move(out_);
  }

 private:
  static void move_to(const std::vector<std::vector<std::uint16_t>>& places,
                      std::vector<std::uint16_t>& sources, std::vector<std::uint16_t>* entries) {
    std::vector<std::uint16_t> moved, moved_entries;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (const std::uint16_t now : places[sources[i]]) {
        moved.push_back(now);
        if (entries != nullptr) moved_entries.push_back((*entries)[i]);
      }
    }
    sources = std::move(moved);
    if (entries != nullptr) *entries = std::move(moved_entries);
  }

  void add_partitions(const SourceFile& topic) {
    const KafkaOptions& options = *topic.topic->options;
    KafkaCluster& cluster = connections_.of(options);
    const std::int32_t count = cluster.partitions(topic.topic->topic);
    for (const auto& [name, entry] : entries_) {
      const auto parsed = parse_kafka_source_name(name);
      if (parsed && parsed->topic == topic.name && parsed->partition >= count)
        throw Error(
            fmt::format("the topic has {} partitions, fewer than were ingested: it was made anew", count),
            {.file = name, .hint = kOtherName});
    }
    for (std::int32_t number = 0; number < count; ++number) {
      SourceFile source = topic;
      source.name = kafka_source_name(options.section, topic.topic->topic, number);
      source.path = source.name;
      source.topic->number = number;
      source.topic->cluster = &cluster;
      place(source.name, options, *source.topic);
      out_.project.sources.push_back(std::move(source));
    }
  }

  // Sets where reading begins and ends.
  void place(const std::string& name, const KafkaOptions& options, KafkaPartition& partition) {
    const KafkaWatermarks marks = partition.cluster->watermarks(partition.topic, partition.number);
    partition.low = marks.low;
    partition.end = marks.high;
    const auto found = entries_.find(name);
    const bool read_before = found != entries_.end() && found->second.bytes > 0;
    if (read_before) {
      partition.begin = next_of(found->second, marks, options);
    } else {
      const bool added = found == entries_.end() &&
                         known_topics_.contains(kafka_source_name(options.section, partition.topic));
      partition.begin = first_of(partition, marks, added ? KafkaStart::kEarliest : options.start, options);
    }
    if (limits_.messages > 0 &&
        static_cast<std::uint64_t>(partition.end - partition.begin) > limits_.messages) {
      partition.end = partition.begin + static_cast<std::int64_t>(limits_.messages);
      out_.more = true;
    }
    const auto reached = static_cast<std::int64_t>(read_before ? found->second.bytes : 0) - 1;
    out_.news = out_.news || partition.end > reached;
  }

  std::int64_t next_of(const LedgerEntry& entry, const KafkaWatermarks& marks, const KafkaOptions& options) {
    const auto next = static_cast<std::int64_t>(entry.bytes - 1);
    if (marks.high < next) {
      throw Error(
          "the partition ends before what was ingested of it: the topic was made anew, or lost messages",
          {.file = entry.name,
           .value = fmt::format("its end is offset {}", marks.high),
           .expected = fmt::format("offset {} or later", next),
           .hint = kOtherName});
    }
    if (marks.low <= next) return next;
    const std::string what =
        fmt::format("messages {} to {} were deleted before they were ingested", next, marks.low - 1);
    if (options.skips_lost) {
      out_.notes.push_back(fmt::format("{}: {}", entry.name, what));
      return marks.low;
    }
    throw Error(what,
                {.file = entry.name,
                 .hint = "lost = \"skip\" in the section goes on behind them; ingest more often, or have the "
                         "topic keep its messages for longer (retention.ms)"});
  }

  static std::int64_t first_of(const KafkaPartition& partition, const KafkaWatermarks& marks,
                               KafkaStart start, const KafkaOptions& options) {
    if (start == KafkaStart::kEarliest) return marks.low;
    if (start == KafkaStart::kLatest) return marks.high;
    const auto offset = partition.cluster->offset_at(partition.topic, partition.number, options.start_time);
    return std::clamp(offset.value_or(marks.high), marks.low, marks.high);
  }

  KafkaConnections& connections_;
  const PartitionLimits& limits_;
  PartitionedProject out_;
  std::map<std::string, LedgerEntry> entries_;
  std::set<std::string> known_topics_;
};

}  // namespace

bool has_topics(const Project& project) {
  return std::any_of(project.sources.begin(), project.sources.end(),
                     [](const SourceFile& source) { return source.topic.has_value(); });
}

PartitionedProject with_partitions(const Project& project, const std::vector<LedgerEntry>& ledger,
                                   KafkaConnections& connections, const PartitionLimits& limits) {
  return Partitioning(project, ledger, connections, limits).run();
}

}  // namespace weft::storage
