// Messages of a topic to rows, whatever they hold: cells are text, and reading that goes on after any message
// gives the rest. A message is its value, key and a header's value, parted by a byte 0x1F (what is left out
// is not there); messages are parted by 0x1E. The first byte says which offsets are missing.
// Parser: storage/kafka/kafka_reader.cc storage/sources/json_object.cc
#include <algorithm>

#include "base/strings.h"
#include "storage/graph_store.h"
#include "storage/kafka/kafka_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/storage/kafka/fake_cluster.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr char kNextMessage = '\x1E', kNextPart = '\x1F';
constexpr std::size_t kMaxMessages = 16;

std::vector<std::string_view> parted(std::string_view text, char by) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(by, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

FakePartition partition_of(std::string_view input) {
  Bytes bytes(input);
  const std::uint8_t holes = bytes.byte();
  FakePartition out;
  for (const std::string_view each : parted(bytes.rest(), kNextMessage)) {
    if (out.messages.size() == kMaxMessages) break;
    const auto parts = parted(each, kNextPart);
    if ((holes >> (out.high % 8) & 1) != 0) ++out.high;  // a marker, or compacted
    FakeMessage message{.offset = out.high++, .timestamp = static_cast<std::int64_t>(each.size()) - 8};
    if (!parts[0].empty()) message.value = std::string(parts[0]);
    if (parts.size() > 1) message.key = std::string(parts[1]);
    if (parts.size() > 2) message.headers = {{"app", "first"}, {"app", std::string(parts[2])}};
    out.messages.push_back(std::move(message));
  }
  return out;
}

struct Seen {
  std::uint64_t offset = 0;
  std::string text = {}, reason = {};
  LedgerEntry after = {};
  bool operator==(const Seen& other) const {
    return offset == other.offset && text == other.text && reason == other.reason &&
           after.bytes == other.after.bytes && after.lines == other.after.lines &&
           after.prefix_hash == other.after.prefix_hash;
  }
};

std::vector<Seen> read_rows(FakeTopics& topics, const LedgerEntry* from) {
  const std::vector<std::string> columns = {"_key",  "user",        "a.b.0",  "tags",       "_timestamp",
                                            "a.b.c", "_header.app", "_topic", "_partition", "_offset"};
  FakeCluster cluster(topics);
  const FakePartition& partition = topics.topics.at("t")[0];
  SourceFile source{.name = "kafka://s/t/0", .format = SourceFormat::kJsonLines};
  source.topic = KafkaPartition{.topic = "t",
                                .number = 0,
                                .cluster = &cluster,
                                .low = partition.low,
                                .begin = from == nullptr ? 0 : static_cast<std::int64_t>(from->bytes - 1),
                                .end = partition.high};
  KafkaReader reader(source, columns);
  if (from != nullptr) FUZZ_CHECK(reader.resume(*from));
  std::vector<Seen> out;
  for (Row row; reader.next(row);) {
    Seen seen{.offset = row.offset, .reason = row.bad_reason};
    FUZZ_CHECK(row.cells.size() == (row.bad_reason.empty() ? columns.size() : 0));
    for (const Cell& cell : row.cells) {
      FUZZ_CHECK(is_utf8(cell.text));
      seen.text += std::string(cell.text) + (cell.present ? "|" : "-");
    }
    const Position after = reader.position();
    seen.after = {.bytes = after.bytes, .prefix_hash = after.hash, .lines = after.lines};
    out.push_back(std::move(seen));
  }
  return out;
}

}  // namespace

Seeds seeds() {
  const std::string next(1, kNextMessage), part(1, kNextPart);
  const std::string click = R"({"user": "u1", "a": {"b": [1.5, "x"]}, "tags": ["red", "blue"]})";
  return {
      .accepted = {tagged(0, click + part + "k1" + part + "web"),
                   tagged(5, click + next + part + "k2" + next + R"({"user": 7, "a": {"b": {"c": true}}})" +
                                 part + next + " \n" + next + R"({"user": null, "tags": []})")},
      .others = {tagged(0, "{\"user\": \"\xFF\"}" + next + "[1]" + next + "{" + next + "{}" + part + "\xC3"),
                 tagged(255, "")}};
}

// A change of one message's value.
std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (input.empty()) return "";
  const auto messages = parted(input.substr(1), kNextMessage);
  const std::size_t chosen = random() % messages.size();
  std::string out(input.substr(0, 1));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i > 0) out += kNextMessage;
    const std::size_t end = std::min(messages[i].find(kNextPart), messages[i].size());
    const std::string changed = i == chosen ? changed_json(messages[i].substr(0, end), random) : "";
    out += changed.empty() ? std::string(messages[i]) : changed + std::string(messages[i].substr(end));
  }
  return out;
}

void run(std::string_view input) {
  FakeTopics topics;
  topics.topics["t"] = {partition_of(input)};
  const std::vector<Seen> all = read_rows(topics, nullptr);
  const bool any_good =
      std::any_of(all.begin(), all.end(), [](const Seen& seen) { return seen.reason.empty(); });
  any_good ? accepted() : refused("no good row");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<Seen> rest = read_rows(topics, &all[i].after);
    FUZZ_CHECK(
        std::equal(rest.begin(), rest.end(), all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
  }
}

}  // namespace weft::fuzz
