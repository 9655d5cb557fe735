#include "storage/kafka/kafka_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/progress.h"
#include "base/strings.h"
#include "storage/graph_store.h"
#include "storage/sources/delimited_text.h"
#include "storage/sources/json_object.h"

namespace weft::storage {
namespace {

constexpr std::string_view kHeaderPrefix = "_header.";
constexpr std::size_t kShownBytes = 1024;  // of a message that is too long

std::uint64_t hash_of(const KafkaMessage& message) {
  Hasher64 hasher;
  hasher.update_field(fmt::format("{}", message.timestamp));
  for (const auto& part : {message.key, message.value}) {
    hasher.update_field(part ? "1" : "0");
    hasher.update_field(part.value_or(std::string_view()));
  }
  return hasher.digest();
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::unique_ptr<ValueReader> reader_of(const SourceFile& source, const std::vector<std::string>& columns) {
  if (source.format == SourceFormat::kJsonLines) return std::make_unique<JsonObjectReader>(columns);
  return std::make_unique<DelimitedText>(source, columns);
}

void bad(Row& row, std::string reason, std::string detail) {
  row.bad_reason = std::move(reason);
  row.bad_detail = std::move(detail);
}

}  // namespace

std::vector<KafkaReader::Column> KafkaReader::columns_of(const std::vector<std::string>& names) {
  static constexpr std::array<std::pair<std::string_view, Part>, 5> kOwn = {{{"_key", Part::kKey},
                                                                             {"_timestamp", Part::kTimestamp},
                                                                             {"_topic", Part::kTopic},
                                                                             {"_partition", Part::kPartition},
                                                                             {"_offset", Part::kOffset}}};
  std::vector<Column> out;
  std::size_t value = 0;
  for (const std::string& name : names) {
    Column column;
    const auto own =
        std::find_if(kOwn.begin(), kOwn.end(), [&](const auto& each) { return each.first == name; });
    if (own != kOwn.end()) {
      column.part = own->second;
    } else if (name.starts_with(kHeaderPrefix)) {
      column.part = Part::kHeader;
      column.header = name.substr(kHeaderPrefix.size());
    } else {
      column.value = value++;
    }
    out.push_back(std::move(column));
  }
  return out;
}

std::vector<std::string> KafkaReader::value_names(const std::vector<std::string>& names) {
  const std::vector<Column> columns = columns_of(names);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (columns[i].part == Part::kValue) out.push_back(names[i]);
  }
  return out;
}

KafkaReader::KafkaReader(const SourceFile& source, const std::vector<std::string>& columns)
    : source_(source),
      columns_(columns_of(columns)),
      values_(reader_of(source, value_names(columns))),
      value_cells_(value_names(columns).size()),
      cells_(columns.size()),
      next_(source.topic->begin) {
  WEFT_CHECK(source.topic->cluster != nullptr);
  now_ = {.bytes = static_cast<std::uint64_t>(next_) + 1, .hash = hash64(std::string_view())};
  before_ = now_;
}

KafkaReader::~KafkaReader() = default;

std::vector<std::size_t> KafkaReader::missing_columns() const {
  const std::vector<std::size_t> missing = values_->missing_columns();
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].part == Part::kValue &&
        std::binary_search(missing.begin(), missing.end(), columns_[i].value))
      out.push_back(i);
  }
  return out;
}

bool KafkaReader::skip_to(std::uint64_t, std::uint64_t) {
  return false;  // resume() does it
}

bool KafkaReader::resume(const LedgerEntry& entry) {
  WEFT_CHECK(stream_ == nullptr && entry.bytes > 0);
  const auto reached = static_cast<std::int64_t>(entry.bytes - 1);
  // Messages that were lost lie between: there is none to compare with.
  if (next_ != reached) return true;
  now_ = {.bytes = entry.bytes, .hash = entry.prefix_hash, .lines = entry.lines};
  before_ = now_;
  last_hash_ = entry.prefix_hash;
  last_offset_ = static_cast<std::int64_t>(entry.lines) - 1;
  if (last_offset_ < source_.topic->low) last_offset_ = -1;
  return true;
}

std::string KafkaReader::note() const {
  if (valueless_ == 0) return {};
  return fmt::format("{}: {} messages without a value were passed over", source_.name,
                     with_commas(valueless_));
}

const KafkaMessage* KafkaReader::next_message() {
  const KafkaPartition& of = *source_.topic;
  const auto pass_to = [&](std::int64_t offset) {
    next_ = std::max(next_, std::min(offset, of.end));
    now_.bytes = static_cast<std::uint64_t>(next_) + 1;
  };
  if (!ended_ && next_ < of.end && stream_ == nullptr)
    stream_ = of.cluster->read(of.topic, of.number, last_offset_ >= 0 ? last_offset_ : next_);
  while (!ended_ && next_ < of.end) {
    const KafkaMessage* message = stream_->next();
    if (message == nullptr || message->offset >= of.end) {
      pass_to(message == nullptr ? stream_->end() : of.end);
      ended_ = true;
    } else if (message->offset < next_) {
      check_last(*message);
    } else {
      pass_to(message->offset + 1);
      now_.lines = static_cast<std::uint64_t>(message->offset) + 1;
      now_.hash = hash_of(*message);
      return message;
    }
  }
  ended_ = true;
  stream_.reset();
  return nullptr;
}

void KafkaReader::check_last(const KafkaMessage& message) {
  if (message.offset != last_offset_ || hash_of(message) == last_hash_) return;
  throw Error(
      "the message that was ingested last is not what the topic holds at its offset",
      {.file = source_.name,
       .line = static_cast<std::uint64_t>(message.offset),
       .expected = "the topic that was ingested: one that was made anew begins its offsets anew",
       .hint = "give the section [sources.NAME] another name: it is then read as a new source, and what "
               "is in the store already is not doubled"});
}

bool KafkaReader::next(Row& row) {
  before_ = now_;
  while (const KafkaMessage* message = next_message()) {
    if (!message->value || is_blank(*message->value)) {
      ++valueless_;
      before_ = now_;
      continue;
    }
    row.offset = static_cast<std::uint64_t>(message->offset);
    row.line = row.offset;
    row.terminated = true;
    row.raw = *message->value;
    row.cells = {};
    row.bad_reason.clear();
    row.bad_detail.clear();
    fill(*message, row);
    if (row.bad_reason.empty()) row.cells = cells_;
    return true;
  }
  before_ = now_;
  return false;
}

void KafkaReader::fill(const KafkaMessage& message, Row& row) {
  if (row.raw.size() > kMaxRowBytes) {
    row.raw = row.raw.substr(0, kShownBytes);
    bad(row, "row too long", fmt::format("the message is longer than {} MiB", kMaxRowBytes >> 20));
    return;
  }
  const ValueReader::Outcome outcome = values_->read(row.raw, value_cells_, row);
  if (outcome == ValueReader::Outcome::kNotUtf8)
    bad(row, no_text_reason(Encoding::kUtf8), "the message holds bytes that are no UTF-8");
  if (outcome == ValueReader::Outcome::kGood) fill_own(message, row);
}

void KafkaReader::fill_own(const KafkaMessage& message, Row& row) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    Cell& cell = cells_[i];
    cell = {};
    switch (column.part) {
      case Part::kValue:
        cell = value_cells_[column.value];
        continue;
      case Part::kKey:
        cell.text = message.key.value_or(std::string_view());
        break;
      case Part::kTimestamp:
        column.text = message.timestamp < 0 ? "" : fmt::format("{}", message.timestamp);
        cell.text = column.text;
        break;
      case Part::kTopic:
        cell.text = source_.topic->topic;
        break;
      case Part::kPartition:
        column.text = fmt::format("{}", source_.topic->number);
        cell.text = column.text;
        break;
      case Part::kOffset:
        column.text = fmt::format("{}", message.offset);
        cell.text = column.text;
        break;
      case Part::kHeader:
        for (const auto& [name, value] : message.headers) {
          if (name == column.header) cell.text = value;
        }
        break;
    }
    cell.present = !cell.text.empty();
    if (is_utf8(cell.text)) continue;
    bad(row, no_text_reason(Encoding::kUtf8),
        column.part == Part::kKey
            ? std::string("the message's key holds bytes that are no UTF-8")
            : fmt::format("the header '{}' holds bytes that are no UTF-8", column.header));
    return;
  }
}

}  // namespace weft::storage
