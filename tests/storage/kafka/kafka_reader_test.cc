#include "storage/kafka/kafka_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "storage/graph_store.h"
#include "tests/storage/kafka/fake_cluster.h"
#include "tests/storage/sources/reading.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KafkaReaderTest : public ::testing::Test {
 protected:
  KafkaReaderTest() { topics_.topics["clicks"].resize(1); }

  FakePartition& partition() { return topics_.topics["clicks"][0]; }

  SourceFile source() {
    SourceFile out{.name = "kafka://s/clicks/0", .format = SourceFormat::kJsonLines};
    out.topic = KafkaPartition{.topic = "clicks",
                               .number = 0,
                               .cluster = &cluster_,
                               .low = partition().low,
                               .begin = partition().low,
                               .end = partition().high};
    return out;
  }
  // What the ledger has once all of it was read.
  LedgerEntry entry_after(const SourceFile& from) {
    KafkaReader reader(from, {"id"});
    read_rows(reader);
    const Position position = reader.position();
    return {
        .name = from.name, .bytes = position.bytes, .prefix_hash = position.hash, .lines = position.lines};
  }

  FakeTopics topics_;
  FakeCluster cluster_{topics_};
};

TEST_F(KafkaReaderTest, JsonAndTheMessagesOwnColumns) {
  partition().low = partition().high = 7;
  partition().add(R"({"id": 1, "a": {"b": [5, 6]}, "tags": ["x", "y"], "_key": "hidden"})", 1234);
  partition().messages.back().key = "k1";
  partition().messages.back().headers = {{"app", "old"}, {"app", "web"}, {"other", "z"}};
  partition().add(R"({"id": "two"})");
  KafkaReader reader(source(), {"_timestamp", "id", "_key", "a.b.1", "_header.app", "tags", "_offset",
                                "_topic", "_partition", "absent", "_header.none"});
  const auto rows = read_rows(reader);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].cells, ElementsAre("1234", "1", "k1", "6", "web", "[x|y]", "7", "clicks", "0", "", ""));
  EXPECT_EQ(rows[0].offset, 7U);
  EXPECT_EQ(rows[0].line, 7U);
  EXPECT_THAT(rows[1].cells, ElementsAre("", "two", "", "", "", "", "8", "clicks", "0", "", ""));
  EXPECT_FALSE(rows[1].present[0]);
  EXPECT_THAT(reader.missing_columns(), ElementsAre(9U));
  EXPECT_FALSE(reader.has_header());
}

TEST_F(KafkaReaderTest, BadMessagesAreHandedOutWithTheReason) {
  partition().add("{\"id\": 1");
  partition().add("[1]");
  partition().add("{\"id\": \"\xFF\"}");
  partition().add("{\"id\": {}}");
  partition().add("{\"id\": 2}");
  partition().messages.back().key = "\xC3";
  partition().add("{\"id\": 3}");
  partition().messages.back().headers = {{"h", "\xFF"}};
  partition().add("{\"id\": \"" + std::string(kMaxRowBytes, 'x') + "\"}");
  partition().add("{\"id\": 4}");
  KafkaReader reader(source(), {"id", "_key", "_header.h"});
  const auto rows = read_rows(reader);
  std::vector<std::string> reasons;
  for (const ReadRow& row : rows) reasons.push_back(row.bad);
  EXPECT_THAT(reasons, ElementsAre("invalid JSON", "invalid JSON", "invalid UTF-8", "wrong type",
                                   "invalid UTF-8", "invalid UTF-8", "row too long", ""));
  EXPECT_EQ(rows[6].offset, 6U);
  EXPECT_THAT(rows[7].cells, ElementsAre("4", "", ""));
}

TEST_F(KafkaReaderTest, DelimitedMessages) {
  SourceFile from = source();
  for (const char* value : {"1,\"a, \"\"b\"\"\"", "2,x\r\n", "3,\"two\nlines\"", "4", "5,\"open", "6,x\n7,y",
                            "8,\xFF", "9,\"x\"y", "10,\n"})
    partition().add(value);
  from.topic->end = partition().high;
  from.format = SourceFormat::kCsv;
  from.header = {"id", "title"};
  KafkaReader reader(from, {"title", "_offset", "id", "absent"});
  EXPECT_TRUE(reader.has_header());
  EXPECT_THAT(reader.missing_columns(), ElementsAre(3U));
  EXPECT_THAT(reader.known_columns(), ElementsAre("id", "title"));
  KafkaReader whole(from, {"title", "_offset", "id"});
  const auto rows = read_rows(whole);
  ASSERT_EQ(rows.size(), 9U);
  std::vector<std::string> reasons;
  for (const ReadRow& row : rows) reasons.push_back(row.bad);
  EXPECT_THAT(reasons, ElementsAre("", "", "", "wrong number of columns", "broken quotes",
                                   "wrong number of columns", "invalid UTF-8", "broken quotes", ""));
  EXPECT_THAT(rows[0].cells, ElementsAre("a, \"b\"", "0", "1"));
  EXPECT_THAT(rows[1].cells, ElementsAre("x", "1", "2"));
  EXPECT_THAT(rows[2].cells, ElementsAre("two\nlines", "2", "3"));
  EXPECT_THAT(rows[8].cells, ElementsAre("", "8", "10"));
  EXPECT_FALSE(rows[8].present[0]);
  from.format = SourceFormat::kTabs;
  from.delimiter = ';';
  partition().messages[0].value = "1;\"a\"";
  from.topic->end = 1;
  KafkaReader tabs(from, {"title"});
  EXPECT_THAT(read_rows(tabs).at(0).cells, ElementsAre("\"a\""));
}

TEST_F(KafkaReaderTest, MessagesWithoutAValueAreNoRows) {
  partition().add(std::nullopt);
  partition().add("{\"id\": 1}");
  partition().add("");
  partition().add(" \r\n");
  partition().add(std::nullopt);
  KafkaReader reader(source(), {"id"});
  const auto rows = read_rows(reader);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].offset, 1U);
  EXPECT_EQ(reader.position().bytes, 6U) << "behind all of them";
  EXPECT_THAT(reader.note(), HasSubstr("4 messages without a value"));
}

TEST_F(KafkaReaderTest, ReadsUpToItsEndAlone) {
  for (int i = 0; i < 5; ++i) partition().add("{\"id\": " + std::to_string(i) + "}");
  SourceFile cut = source();
  cut.topic->begin = 1;
  cut.topic->end = 3;
  KafkaReader reader(cut, {"id"});
  EXPECT_EQ(reader.position().bytes, 2U);
  const auto rows = read_rows(reader);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].offset, 2U);
  EXPECT_EQ(reader.position().bytes, 4U);
}

TEST_F(KafkaReaderTest, HolesAndOpenTransactions) {
  for (int i = 0; i < 8; ++i) partition().add("{\"id\": " + std::to_string(i) + "}");
  // 1 and 2 were aborted, 7 is the marker of a transaction: nothing of them is seen.
  std::erase_if(partition().messages, [](const FakeMessage& each) {
    return each.offset == 1 || each.offset == 2 || each.offset == 7;
  });
  {
    KafkaReader reader(source(), {"id"});
    EXPECT_EQ(read_rows(reader).size(), 5U);
    EXPECT_EQ(reader.position().bytes, 9U) << "behind the marker";
    EXPECT_EQ(reader.position().lines, 7U) << "behind the last message";
  }
  partition().stable = 4;
  KafkaReader reader(source(), {"id"});
  EXPECT_EQ(read_rows(reader).size(), 2U);
  EXPECT_EQ(reader.position().bytes, 5U) << "what is open yet is for another run";
}

TEST_F(KafkaReaderTest, GoesOnWhereItStopped) {
  for (int i = 0; i < 3; ++i) partition().add("{\"id\": " + std::to_string(i) + "}");
  const LedgerEntry entry = entry_after(source());
  const std::uint64_t reads = topics_.reads;
  {
    SourceFile same = source();
    same.topic->begin = 3;
    KafkaReader reader(same, {"id"});
    EXPECT_TRUE(reader.resume(entry));
    EXPECT_TRUE(read_rows(reader).empty());
    EXPECT_EQ(reader.position().bytes, entry.bytes);
    EXPECT_EQ(reader.position().hash, entry.prefix_hash);
    EXPECT_EQ(reader.position().lines, entry.lines);
    EXPECT_EQ(topics_.reads, reads) << "nothing new: no broker is asked for messages";
  }
  partition().add("{\"id\": 3}");
  SourceFile grown = source();
  grown.topic->begin = 3;
  KafkaReader reader(grown, {"id"});
  EXPECT_TRUE(reader.resume(entry));
  const auto rows = read_rows(reader);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].offset, 3U);
}

TEST_F(KafkaReaderTest, ATopicThatWasMadeAnewIsNoticedByItsLastMessage) {
  for (int i = 0; i < 3; ++i) partition().add("{\"id\": " + std::to_string(i) + "}", 100 + i);
  const LedgerEntry entry = entry_after(source());
  const auto read_on = [&](const LedgerEntry& from) {
    SourceFile grown = source();
    grown.topic->begin = 3;
    KafkaReader reader(grown, {"id"});
    reader.resume(from);
    return read_rows(reader).size();
  };
  partition().add("{\"id\": 3}");
  partition().messages[2].timestamp = 9;
  EXPECT_THAT(
      test::error_of([&] { read_on(entry); }),
      ::testing::AllOf(HasSubstr("kafka://s/clicks/0:2"), HasSubstr("made anew"), HasSubstr("another name")));
  partition().messages.erase(partition().messages.begin() + 2);
  EXPECT_EQ(read_on(entry), 1U) << "compacted away: nothing to compare with";
  partition().keep_from(3);
  EXPECT_EQ(read_on(entry), 1U) << "deleted";
}

TEST_F(KafkaReaderTest, BehindLostMessagesNothingIsCompared) {
  for (int i = 0; i < 6; ++i) partition().add("{\"id\": " + std::to_string(i) + "}");
  LedgerEntry entry = entry_after(source());
  entry.bytes = entry.lines = 3;
  partition().keep_from(4);
  KafkaReader reader(source(), {"id"});
  EXPECT_TRUE(reader.resume(entry));
  EXPECT_EQ(read_rows(reader).size(), 2U);
  EXPECT_EQ(reader.position().bytes, 7U);
}

}  // namespace
}  // namespace weft::storage
