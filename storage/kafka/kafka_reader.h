// Rows of one partition of a Kafka topic: each message's value is one JSON object, or one record of delimited
// text whose columns the project file names. Row::offset and Row::line are the message's offset. A message
// without a value (a tombstone), or with a blank one, is no row.
//
// Columns are those of the value, and of the message itself: "_key", "_timestamp" (ms since 1970), "_topic",
// "_partition", "_offset" and "_header.NAME" (the last of that name).
//
// What the ledger keeps of a partition: `bytes` is 1 + the offset at which reading goes on (0: it was never
// read), `lines` 1 + the offset of the last message, `prefix_hash` of that message: if it is still there when
// reading goes on, it must be the same, or the topic is another one by the same name.
#pragma once

#include <memory>

#include "storage/kafka/kafka_cluster.h"
#include "storage/sources/value_reader.h"

namespace weft::storage {

class KafkaReader final : public RowReader {
 public:
  // Of the source's messages from `begin` up to `end`, both of which with_partitions() has set.
  KafkaReader(const SourceFile& source, const std::vector<std::string>& columns);
  ~KafkaReader() override;

  std::vector<std::size_t> missing_columns() const override;
  std::vector<std::string> known_columns() const override { return values_->known_columns(); }
  bool has_header() const override { return source_.format != SourceFormat::kJsonLines; }
  bool next(Row& row) override;
  Position position() override { return now_; }
  Position position_before_row() override { return before_; }
  bool skip_to(std::uint64_t bytes, std::uint64_t lines) override;
  bool inside_line() override { return false; }
  bool resume(const LedgerEntry& entry) override;
  std::string note() const override;

 private:
  enum class Part { kValue, kKey, kTimestamp, kTopic, kPartition, kOffset, kHeader };
  struct Column {
    Part part = Part::kValue;
    std::size_t value = 0;    // kValue: position among the value's
    std::string header = {};  // kHeader
    std::string text = {};    // a number of the message's, as text
  };
  static std::vector<Column> columns_of(const std::vector<std::string>& names);
  static std::vector<std::string> value_names(const std::vector<std::string>& names);

  const KafkaMessage* next_message();
  void check_last(const KafkaMessage& message);
  void fill(const KafkaMessage& message, Row& row);
  void fill_own(const KafkaMessage& message, Row& row);

  const SourceFile source_;
  std::vector<Column> columns_;
  std::unique_ptr<ValueReader> values_;
  std::vector<Cell> value_cells_;  // [wanted of the value]
  std::vector<Cell> cells_;
  std::unique_ptr<KafkaStream> stream_;
  std::int64_t next_;      // offset
  Position now_, before_;  // as the ledger has them
  std::uint64_t last_hash_ = 0;
  std::int64_t last_offset_ = -1;  // of the message to be checked; -1: none
  std::uint64_t valueless_ = 0;
  bool ended_ = false;
};

}  // namespace weft::storage
