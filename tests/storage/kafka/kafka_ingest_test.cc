// Ingest from topics: with_partitions() and what ingest() makes of it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/fault_files.h"
#include "storage/kafka/kafka_partitions.h"
#include "tests/storage/kafka/fake_cluster.h"
#include "tests/storage/kafka/kafka_shop.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Messages = std::vector<std::vector<std::string>>;

class KafkaIngest : public ::testing::Test {
 protected:
  KafkaIngest() { connections_.set("log", std::make_unique<FakeCluster>(topics_)); }

  std::vector<FakePartition>& partitions() { return topics_.topics["events"]; }
  void fill(const Messages& messages) {
    partitions().resize(std::max(partitions().size(), messages.size()));
    for (std::size_t part = 0; part < messages.size(); ++part) {
      for (const std::string& message : messages[part]) partitions()[part].add(message);
    }
  }
  IngestReport ingest(const std::vector<std::string>& sets = {}, IngestOptions options = {},
                      Files& files = real_files()) {
    options.connections = &connections_;
    return shop_.ingest(options, sets, files);
  }
  std::vector<std::string> ledger() const {
    std::vector<std::string> out;
    for (const LedgerEntry& entry : shop_.ledger())
      out.push_back(fmt::format("{} {} {} {}", entry.name, entry.bytes, entry.rows, entry.bad_rows));
    return out;
  }
  std::string ingest_error(const std::vector<std::string>& sets = {}) {
    return test::error_of([&] { ingest(sets); });
  }

  FakeTopics topics_;
  KafkaConnections connections_;
  const LogShop shop_{"nowhere:9092"};
};

std::string purchase(int user, int time = 5) {
  return fmt::format("{{\"user\": \"u{}\", \"item\": \"i\", \"time\": {}}}", user, time);
}

TEST_F(KafkaIngest, TheSameRowsFromFilesGiveTheSameGraph) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    FakeTopics topics;
    KafkaConnections connections;
    connections.set("log", std::make_unique<FakeCluster>(topics));
    const Messages messages = random_messages(4, 400, seed);
    topics.topics["events"].resize(4);
    for (std::size_t part = 0; part < 4; ++part) {
      for (const std::string& message : messages[part]) topics.topics["events"][part].add(message);
    }
    const LogShop shop("nowhere:9092");
    const LogShop files(messages);
    const IngestReport report = shop.ingest({.batch_rows = 1 + seed * 7, .connections = &connections});
    const IngestReport expected = files.ingest();
    EXPECT_EQ(shop.graph(), files.graph());
    EXPECT_EQ(shop.quarantine(), files.quarantine());
    EXPECT_EQ(report.quarantined, expected.quarantined);
    EXPECT_EQ(report.rows, 400U);
    EXPECT_EQ(report.events, expected.events);
    EXPECT_EQ(report.duplicates, expected.duplicates);
    EXPECT_EQ(report.new_edges, expected.new_edges);
    const std::string before = shop.graph();
    const IngestReport again = shop.ingest({.connections = &connections});
    EXPECT_EQ(again.rows, 0U);
    EXPECT_EQ(again.sources_unchanged, 4U);
    EXPECT_EQ(shop.graph(), before);
  }
}

TEST_F(KafkaIngest, GrowingPartitionsAreGrowingFiles) {
  const Messages messages = random_messages(3, 300, 9);
  std::mt19937_64 random(11);
  Messages so_far(3);
  const LogShop files{so_far};
  partitions().resize(3);
  for (int round = 0; round < 12; ++round) {
    for (std::size_t part = 0; part < 3; ++part) {
      for (std::uint64_t n = random() % 12; n > 0 && so_far[part].size() < messages[part].size(); --n) {
        so_far[part].push_back(messages[part][so_far[part].size()]);
        partitions()[part].add(so_far[part].back());
      }
      std::string text;
      for (const std::string& message : so_far[part]) text += message + "\n";
      real_files().write_whole(files.folder() / fmt::format("part-{}.jsonl", part), text);
    }
    ingest({"clean.max_bad_rows=1"}, {.batch_rows = 5});
    files.ingest({}, {"clean.max_bad_rows=1"});
    ASSERT_EQ(shop_.graph(), files.graph()) << round;
  }
}

// Where the process would have died: thrown out of at a kill point.
struct Killed {};

TEST_F(KafkaIngest, KilledAnywhereEachMessageCountsOnce) {
  const Messages messages = random_messages(3, 240, 5);
  fill(messages);
  const LogShop files(messages);
  files.ingest();
  const std::string expected = files.graph();
  std::mt19937_64 random(6);
  for (int trial = 0; trial < 15; ++trial) {
    const LogShop shop("nowhere:9092");
    int kills = 0;
    while (true) {
      FaultFiles dying(real_files());
      std::uint64_t points = random() % 14;
      if (kills < 6) {
        dying.on_kill_point([&](std::string_view) {
          if (points-- == 0) throw Killed{};
        });
      }
      topics_.lost_after = kills < 6 && random() % 3 == 0 ? topics_.handed + random() % 200 : 0;
      try {
        shop.ingest({.batch_rows = 1 + random() % 40, .connections = &connections_}, {}, dying);
        break;
      } catch (const Killed&) {
        ++kills;
      } catch (const KafkaUnreachable&) {
        ++kills;
      }
    }
    ASSERT_EQ(shop.graph(), expected) << "trial " << trial << ", " << kills << " kills";
    ASSERT_EQ(shop.quarantine(), files.quarantine());
  }
}

TEST_F(KafkaIngest, WhereReadingStarts) {
  partitions().resize(2);
  for (int i = 0; i < 4; ++i) partitions()[0].add(purchase(i), 1000 * i);
  partitions()[0].keep_from(1);
  EXPECT_EQ(ingest({"sources.log.kafka.start=latest"}).rows, 0U);
  EXPECT_THAT(ledger(), ElementsAre("kafka://log/events/0 5 0 0", "kafka://log/events/1 1 0 0"))
      << "the empty partition too is known to begin here";
  partitions()[0].add(purchase(7));
  partitions()[1].add(purchase(8));
  EXPECT_EQ(ingest({"sources.log.kafka.start=latest"}).rows, 2U);

  const LogShop earliest("nowhere:9092");
  EXPECT_EQ(earliest.ingest({.connections = &connections_}).rows, 5U);
  const LogShop timed("nowhere:9092");
  EXPECT_EQ(
      timed.ingest({.connections = &connections_}, {"sources.log.kafka.start=\"1970-01-01T00:00:02Z\""}).rows,
      3U);
  EXPECT_EQ(timed.ledger()[1].bytes, 2U) << "no message is that late: the end";
}

TEST_F(KafkaIngest, AnAddedPartitionIsReadFromItsBeginning) {
  partitions().resize(1);
  partitions()[0].add(purchase(1));
  ingest({"sources.log.kafka.start=latest"});
  partitions().resize(3);
  partitions()[2].add(purchase(2));
  EXPECT_EQ(ingest({"sources.log.kafka.start=latest"}).rows, 1U);
  EXPECT_THAT(ledger(), ElementsAre("kafka://log/events/0 2 0 0", "kafka://log/events/1 1 0 0",
                                    "kafka://log/events/2 2 1 0"));
}

TEST_F(KafkaIngest, DeletedMessagesAreAnErrorUnlessTheyAreSkipped) {
  partitions().resize(1);
  for (int i = 0; i < 3; ++i) partitions()[0].add(purchase(i));
  ingest();
  for (int i = 3; i < 9; ++i) partitions()[0].add(purchase(i));
  partitions()[0].keep_from(5);
  const std::string before = shop_.graph();
  EXPECT_THAT(ingest_error(), AllOf(HasSubstr("kafka://log/events/0"),
                                    HasSubstr("messages 3 to 4 were deleted"), HasSubstr("lost = \"skip\"")));
  EXPECT_EQ(shop_.graph(), before);
  const IngestReport report = ingest({"sources.log.kafka.lost=skip"});
  EXPECT_EQ(report.rows, 4U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("messages 3 to 4 were deleted")));
  EXPECT_THAT(ingest().notes, ElementsAre());
  partitions()[0].high = 20;
  partitions()[0].keep_from(20);
  EXPECT_EQ(ingest({"sources.log.kafka.lost=skip"}).rows, 0U);
  EXPECT_THAT(ledger(), ElementsAre("kafka://log/events/0 21 7 0"));
}

TEST_F(KafkaIngest, ATopicThatWasMadeAnewIsAnError) {
  partitions().resize(2);
  for (int i = 0; i < 5; ++i) partitions()[0].add(purchase(i));
  partitions()[1].add(purchase(9));
  ingest();
  const std::string before = shop_.graph();
  const std::vector<FakePartition> was = partitions();
  partitions()[0] = {};
  partitions()[0].add(purchase(50));
  EXPECT_THAT(ingest_error(),
              AllOf(HasSubstr("ends before what was ingested"), HasSubstr("offset 5 or later")));
  for (int i = 51; i < 60; ++i) partitions()[0].add(purchase(i));
  EXPECT_THAT(ingest_error(), HasSubstr("the message that was ingested last is not what the topic holds"));
  partitions() = was;
  partitions().resize(1);
  EXPECT_THAT(ingest_error(),
              AllOf(HasSubstr("kafka://log/events/1"), HasSubstr("the topic has 1 partitions, fewer")));
  EXPECT_EQ(shop_.graph(), before);
  partitions() = was;
  EXPECT_EQ(ingest().rows, 0U);
}

TEST_F(KafkaIngest, BrokersThatAreAwayLeaveTheStoreAsItWas) {
  fill({{purchase(1), purchase(2)}});
  topics_.reachable = false;
  EXPECT_THAT(ingest_error(), HasSubstr("no answer"));
  topics_.reachable = true;
  EXPECT_EQ(ingest().rows, 2U);
  EXPECT_THAT(ingest_error({"sources.log.kafka.topics=[\"events\", \"nope\"]"}), HasSubstr("nope"));
}

TEST_F(KafkaIngest, QuarantineNamesTopicPartitionAndOffset) {
  partitions().resize(2);
  partitions()[1].low = partitions()[1].high = 40;
  partitions()[1].add(purchase(1));
  partitions()[1].add("{\"user\": \"u1\"}");
  ingest();
  std::istringstream lines(real_files().read_whole(shop_.folder() / "shop.weft/quarantine.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const nlohmann::json row = nlohmann::json::parse(line);
  EXPECT_EQ(row["source"], "kafka://log/events/1");
  EXPECT_EQ(row["topic"], "events");
  EXPECT_EQ(row["partition"], 1);
  EXPECT_EQ(row["offset"], 41);
  EXPECT_EQ(row["reason"], "missing id");
  EXPECT_FALSE(row.contains("line"));
}

TEST_F(KafkaIngest, TooManyBadMessagesWriteNothing) {
  fill({{purchase(1)}, {"{", "{", purchase(2)}});
  EXPECT_THAT(ingest_error(), AllOf(HasSubstr("kafka://log/events/1"), HasSubstr("2 of 3 rows are bad"),
                                    HasSubstr("nothing was written")));
  EXPECT_TRUE(shop_.ledger().empty());
}

TEST_F(KafkaIngest, TombstonesMoveTheLedgerOn) {
  partitions().resize(1);
  partitions()[0].add(std::nullopt);
  partitions()[0].add("");
  const IngestReport report = ingest();
  EXPECT_EQ(report.rows, 0U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("2 messages without a value")));
  EXPECT_THAT(ledger(), ElementsAre("kafka://log/events/0 3 0 0"));
  const std::uint64_t reads = topics_.reads;
  EXPECT_EQ(ingest().notes, std::vector<std::string>());
  EXPECT_EQ(topics_.reads, reads);
}

TEST_F(KafkaIngest, AnAbortedTransactionIsNoRowAndAnOpenOneWaits) {
  partitions().resize(1);
  for (int i = 0; i < 6; ++i) partitions()[0].add(purchase(i));
  std::erase_if(partitions()[0].messages, [](const FakeMessage& each) { return each.offset == 1; });
  partitions()[0].stable = 4;
  EXPECT_EQ(ingest().rows, 3U);
  EXPECT_THAT(ledger(), ElementsAre("kafka://log/events/0 5 3 0"));
  EXPECT_EQ(ingest().rows, 0U) << "still open";
  partitions()[0].stable = -1;
  EXPECT_EQ(ingest().rows, 2U);
}

TEST_F(KafkaIngest, KeysHeadersAndTimesAsColumns) {
  partitions().resize(1);
  partitions()[0].add("{\"what\": \"i1\"}", 4'000);
  partitions()[0].messages.back().key = "ann";
  const LogShop shop("nowhere:9092");
  const IngestReport report =
      shop.ingest({.connections = &connections_},
                  {"edges.buys.from=user:_key", "edges.buys.to=item:what", "nodes.item.id=what",
                   "edges.wrote.from=user:_key", "edges.buys.time={column = \"_timestamp\", unit = \"ms\"}"});
  EXPECT_EQ(report.events, 1U);
  EXPECT_THAT(shop.graph(), AllOf(HasSubstr("'ann'"), HasSubstr("'i1'"), HasSubstr(" 4000 ")));
}

TEST_F(KafkaIngest, ALimitTakesThePartitionsInPieces) {
  const Messages messages = random_messages(2, 100, 3);
  fill(messages);
  std::uint64_t rows = 0;
  for (int rounds = 1;; ++rounds) {
    const IngestReport report = ingest({"clean.max_bad_rows=1"}, {.topic_messages = 7});
    EXPECT_LE(report.rows, 14U);
    rows += report.rows;
    if (!report.more) break;
    ASSERT_LT(rounds, 100);
  }
  EXPECT_EQ(rows, 100U);
}

TEST_F(KafkaIngest, FilesBesideATopic) {
  real_files().write_whole(shop_.folder() / "items.jsonl",
                           std::string_view("{\"item\": \"i\", \"title\": \"From a file\"}\n"));
  fill({{purchase(1)}, {purchase(2)}});
  const std::vector<std::string> sets = {"nodes.item.source=[\"items.jsonl\", \"log\"]"};
  EXPECT_EQ(ingest(sets, {.bulk_from_bytes = 0}).rows, 3U);
  EXPECT_THAT(shop_.graph(), HasSubstr("From a file"));
  EXPECT_THAT(ledger(), ElementsAre(HasSubstr("items.jsonl"), "kafka://log/events/0 2 1 0",
                                    "kafka://log/events/1 2 1 0"));
  partitions()[0].add(purchase(3));
  std::filesystem::remove(shop_.folder() / "items.jsonl");
  real_files().write_whole(shop_.folder() / "items.jsonl", std::string_view("changed"));
  EXPECT_EQ(ingest(sets, {.topics_only = true}).rows, 1U) << "files are not looked at";
}

TEST_F(KafkaIngest, SectionsOfTopicsTakeNoKeysOfFiles) {
  const auto refused = [&](const std::vector<std::string>& sets) {
    return test::error_of([&] { shop_.project(sets); });
  };
  for (const char* key : {"files", "encoding"})
    EXPECT_THAT(refused({std::string("sources.log.") + key + "=x"}), HasSubstr("is of files"));
  for (const char* key : {"delimiter", "header"})
    EXPECT_THAT(refused({std::string("sources.log.") + key + "=x"}), HasSubstr("is of delimited text"));
  EXPECT_THAT(refused({"sources.log.format=parquet"}), HasSubstr("no Parquet"));
  EXPECT_EQ(refused({"sources.log.format=jsonl"}), "no error");
}

TEST_F(KafkaIngest, DelimitedMessagesNeedTheirColumns) {
  partitions().resize(1);
  partitions()[0].add("u1;i1;5");
  const std::vector<std::string> sets = {"sources.log.format=csv", "sources.log.delimiter=;",
                                         R"(sources.log.header=["user", "item", "time"])"};
  EXPECT_THAT(ingest_error({sets[0]}), AllOf(HasSubstr("sources.log.header"), HasSubstr("no header row")));
  EXPECT_THAT(ingest_error(sets), AllOf(HasSubstr("has no column"), HasSubstr("(user, item, time)")));
  const auto all = R"(sources.log.header=["user", "item", "time", "title", "offer.price", "brand", "body"])";
  partitions()[0].messages[0].value = "u1;i1;5;;;;";
  EXPECT_EQ(ingest({sets[0], sets[1], all}).rows, 1U);
  EXPECT_THAT(shop_.graph(), HasSubstr("'u1'"));
}

TEST_F(KafkaIngest, RulesOfTheSectionHoldForItsColumns) {
  fill({{purchase(1)}});
  ingest({"sources.log.columns.user.prefix=\"x:\""});
  EXPECT_THAT(shop_.graph(), HasSubstr("'x:u1'"));
}

TEST_F(KafkaIngest, ProjectsGetASourceForEachPartition) {
  fill({{purchase(1)}, {}, {purchase(2), purchase(3)}});
  const Project project = shop_.project({"nodes.user.source=[\"log\"]", "nodes.user.id=user"});
  EXPECT_TRUE(has_topics(project));
  ASSERT_EQ(project.sources.size(), 1U);
  const PartitionedProject parts = with_partitions(project, {}, connections_);
  ASSERT_EQ(parts.project.sources.size(), 3U);
  EXPECT_TRUE(parts.news);
  EXPECT_EQ(parts.project.sources[2].name, "kafka://log/events/2");
  EXPECT_EQ(parts.project.sources[2].topic->end, 2);
  for (const NodeMapping& mapping : parts.project.nodes) {
    EXPECT_THAT(mapping.sources, ElementsAre(0, 1, 2));
    EXPECT_EQ(mapping.entries.size(), 3U);
  }
  for (const EdgeMapping& mapping : parts.project.edges) EXPECT_THAT(mapping.sources, ElementsAre(0, 1, 2));
  for (std::uint16_t source = 0; source < 3; ++source)
    EXPECT_EQ(parts.project.fingerprint(source), parts.project.fingerprint(0));
}

}  // namespace
}  // namespace weft::storage
