// Kills real ingest processes that read a topic (of librdkafka's mock cluster, within this process), at every
// named moment that such a run passes and at random ones. After each kill the store verifies and holds what
// the first messages of each partition make, as many as its ledger says and no fewer than what was
// acknowledged; a run that is let through ends like one that nothing disturbed.
//
// WEFT_CRASH_KILLS (500): one in 10 of them; WEFT_MINUTES (campaign.h).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "storage/graph_store.h"
#include "storage/kafka/kafka_options.h"
#include "storage/verify.h"
#include "tests/crash/campaign.h"
#include "tests/crash/crash_run.h"
#include "tests/storage/kafka/kafka_shop.h"
#include "tests/storage/kafka/mock_cluster.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Messages = std::vector<std::vector<std::string>>;

constexpr std::size_t kPartitions = 3;
constexpr int kKillsInALife = 6;

class KafkaCrash : public ::testing::Test {
 protected:
  KafkaCrash() {
    cluster_.create("events", static_cast<int>(kPartitions));
    cluster_.send_all("events", messages_);
    const LogShop undisturbed(cluster_.brokers());
    const CrashOutcome outcome = run_in(undisturbed, "", {});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    passed_ = outcome.passed();
    longest_ = outcome.duration;
    EXPECT_EQ(undisturbed.graph(), graph_of(messages_));
    whole_ = undisturbed.graph();
    for (const auto& [point, count] : passed_) hits_[point] = 0;
  }

  static CrashOutcome run_in(const LogShop& shop, const std::string& kill_point,
                             std::optional<std::chrono::microseconds> delay) {
    return storage::run({.project = shop.write(),
                         .workspace = shop.folder() / "shop.weft",
                         .kill_point = kill_point,
                         .delay = delay});
  }

  // What files with these messages make.
  static std::string graph_of(const Messages& messages) {
    const LogShop files(messages);
    files.ingest({}, {"clean.max_bad_rows=1"});
    return files.graph();
  }

  // Three of four at the point that was met least often.
  CrashOutcome kill(const LogShop& shop) {
    if (random_() % 4 == 0) {
      const std::chrono::microseconds delay(random_() % static_cast<std::uint64_t>(longest_.count()));
      CrashOutcome outcome = run_in(shop, "", delay);
      random_kills_ += outcome.killed ? 1 : 0;
      return outcome;
    }
    const auto least = std::min_element(hits_.begin(), hits_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    // A run that goes on passes it less often than one from the beginning.
    const std::uint64_t most = tries_ == 0 ? std::min<std::uint64_t>(passed_.at(least->first), 4) : 1;
    CrashOutcome outcome = run_in(shop, fmt::format("{}:{}", least->first, 1 + random_() % most), {});
    least->second += outcome.killed ? 1 : 0;
    tries_ = outcome.killed ? 0 : tries_ + 1;
    return outcome;
  }

  void check_prefix(const LogShop& shop, std::uint64_t acknowledged) const {
    const auto folder = shop.folder() / "shop.weft/store";
    if (!GraphStore::exists(folder)) {
      EXPECT_EQ(acknowledged, 0U) << "the store is gone";
      return;
    }
    try {
      const GraphStore store = GraphStore::open_existing(folder, kSmallStore);
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_GE(store.info().sequence, acknowledged) << "what was acknowledged is not there";
      Messages taken(kPartitions);
      for (const LedgerEntry& entry : store.ledger()) {
        const auto name = parse_kafka_source_name(entry.name);
        ASSERT_TRUE(name) << entry.name;
        const auto part = static_cast<std::size_t>(name->partition);
        const std::size_t count = entry.bytes == 0 ? 0 : static_cast<std::size_t>(entry.bytes - 1);
        ASSERT_LE(count, messages_.at(part).size());
        taken[part].assign(messages_[part].begin(),
                           messages_[part].begin() + static_cast<std::ptrdiff_t>(count));
      }
      EXPECT_EQ(dump(store), graph_of(taken));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("never finished being created"));
      EXPECT_EQ(acknowledged, 0U);
    }
  }

  std::mt19937_64 random_{from_environment("WEFT_CRASH_SEED", 1)};
  const Messages messages_ = random_messages(kPartitions, 240, 5);
  MockCluster cluster_;
  std::map<std::string, std::uint64_t> passed_, hits_;
  std::chrono::microseconds longest_ = {};
  std::string whole_;
  std::uint64_t random_kills_ = 0;
  int tries_ = 0;
};

TEST_F(KafkaCrash, EachMessageCountsOnce) {
  ASSERT_FALSE(HasFailure()) << "even without a kill";
  const std::uint64_t wanted = std::max<std::uint64_t>(from_environment("WEFT_CRASH_KILLS", 500) / 10, 1);
  std::uint64_t kills = 0;
  TimeLimit limit;
  while (kills < wanted && !HasFailure() && !limit.over()) {
    const LogShop shop(cluster_.brokers());
    std::uint64_t acknowledged = 0;
    for (int i = 0; !HasFailure(); ++i) {
      const CrashOutcome outcome = i < kKillsInALife ? kill(shop) : run_in(shop, "", {});
      acknowledged = std::max(acknowledged, outcome.sequence);
      if (outcome.killed) {
        ++kills;
        check_prefix(shop, acknowledged);
        continue;
      }
      EXPECT_EQ(outcome.status, 0) << outcome.output;
      EXPECT_EQ(shop.graph(), whole_);
      break;
    }
  }
  for (const auto& [point, count] : hits_) {
    std::printf("kills at %s: %llu\n", point.c_str(), static_cast<unsigned long long>(count));
    RecordProperty(point, static_cast<int>(count));
    if (!limit.stopped() && wanted >= 2 * hits_.size()) {
      EXPECT_GE(count, 1U) << point;
    }
  }
  RecordProperty("random", static_cast<int>(random_kills_));
}

}  // namespace
}  // namespace weft::storage
