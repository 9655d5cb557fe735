#include "storage/follow.h"

#include <gmock/gmock.h>

#include <functional>

#include "base/fault_files.h"
#include "tests/storage/kafka/fake_cluster.h"
#include "tests/storage/kafka/kafka_shop.h"
#include "tests/support/error_of.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

struct Watcher : FollowWatcher {
  void round(const IngestReport& report) override {
    rows.push_back(report.rows);
    after();
  }
  void unreachable(const KafkaUnreachable&) override {
    ++away;
    after();
  }
  std::vector<std::uint64_t> rows;
  int away = 0;
  std::function<void()> after;
};

class Follow : public ::testing::Test {
 protected:
  Follow() {
    connections_.set("log", std::make_unique<FakeCluster>(topics_));
    topics_.topics["events"].resize(2);
  }
  std::vector<FakePartition>& partitions() { return topics_.topics["events"]; }
  void run(Files& files = real_files(), std::uint64_t round_messages = 100'000) {
    const Project project = shop_.project({"clean.max_bad_rows=1"});
    GraphStore store =
        GraphStore::open(project.workspace.store(), project.schema, {.sync = Sync::kNever}, files);
    follow(project, store,
           {.ingest = {.batch_rows = 9, .connections = &connections_},
            .every = std::chrono::milliseconds(1),
            .round_messages = round_messages},
           watcher_, stop_, no_progress(), files);
  }

  FakeTopics topics_;
  KafkaConnections connections_;
  const LogShop shop_{"nowhere:9092"};
  Watcher watcher_;
  std::atomic<bool> stop_ = false;
};

TEST_F(Follow, TakesWhatComesAndEndsWhenItIsTold) {
  const auto messages = random_messages(2, 120, 2);
  std::vector<std::vector<std::string>> so_far(2);
  const LogShop files(so_far);
  std::mt19937_64 random(7);
  std::uint64_t sent = 0;
  // Both sides see the same rounds.
  watcher_.after = [&] {
    files.ingest({}, {"clean.max_bad_rows=1"});
    for (std::size_t part = 0; part < 2; ++part) {
      std::string text;
      for (std::uint64_t n = random() % 15; n > 0 && so_far[part].size() < messages[part].size();
           --n, ++sent) {
        so_far[part].push_back(messages[part][so_far[part].size()]);
        partitions()[part].add(so_far[part].back());
      }
      for (const std::string& message : so_far[part]) text += message + "\n";
      real_files().write_whole(files.folder() / fmt::format("part-{}.jsonl", part), text);
    }
    std::uint64_t taken = 0;
    for (const std::uint64_t rows : watcher_.rows) taken += rows;
    if (taken == 120 || watcher_.rows.size() > 200) stop_ = true;
  };
  run();
  EXPECT_EQ(sent, 120U);
  EXPECT_EQ(shop_.graph(), files.graph());
  EXPECT_GT(watcher_.rows.size(), 5U);
}

TEST_F(Follow, ALongBacklogIsTakenInRounds) {
  for (int i = 0; i < 25; ++i)
    partitions()[0].add(fmt::format("{{\"user\": \"u{}\", \"item\": \"i\", \"time\": 5}}", i));
  watcher_.after = [&] { stop_ = watcher_.rows.size() == 4; };
  run(real_files(), 10);
  EXPECT_THAT(watcher_.rows, ::testing::ElementsAre(10, 10, 5, 0));
}

TEST_F(Follow, BrokersThatGoAwayAreAskedAgain) {
  for (int i = 0; i < 30; ++i)
    partitions()[0].add(fmt::format("{{\"user\": \"u{}\", \"item\": \"i\", \"time\": 5}}", i));
  topics_.lost_after = 45;  // within the second pass, behind its first batch
  watcher_.after = [&] {
    topics_.lost_after = 0;
    stop_ = !watcher_.rows.empty();
  };
  run();
  EXPECT_EQ(watcher_.away, 1);
  EXPECT_THAT(watcher_.rows, ::testing::ElementsAre(21)) << "what the first try had acknowledged stays";
  EXPECT_THAT(shop_.graph(), HasSubstr("sequence 30\n"));
}

TEST_F(Follow, StoppedWithinARoundItFinishesTheBatchAtHand) {
  for (int i = 0; i < 100; ++i)
    partitions()[0].add(fmt::format("{{\"user\": \"u{}\", \"item\": \"i\", \"time\": 5}}", i));
  FaultFiles files(real_files());
  files.on_kill_point([&](std::string_view name) {
    if (name == "ingest.before_batch") stop_ = true;
  });
  watcher_.after = [] {};
  run(files);
  EXPECT_EQ(watcher_.rows.size(), 1U);
  EXPECT_LT(watcher_.rows[0], 100U);
  EXPECT_GT(watcher_.rows[0], 0U);
  EXPECT_EQ(shop_.ledger()[0].bytes, watcher_.rows[0] + 1) << "its offset with it";
  files.on_kill_point([](std::string_view) {});
  stop_ = false;
  watcher_.after = [&] { stop_ = true; };
  run(files);
  EXPECT_EQ(watcher_.rows[0] + watcher_.rows[1], 100U);
}

TEST_F(Follow, WithoutATopicThereIsNothingToFollow) {
  const LogShop files(std::vector<std::vector<std::string>>(1));
  const Project project = files.project();
  GraphStore store = GraphStore::open(project.workspace.store(), project.schema);
  EXPECT_THAT(test::error_of([&] { follow(project, store, {}, watcher_, stop_); }),
              HasSubstr("no source is a topic"));
}

}  // namespace
}  // namespace weft::storage
