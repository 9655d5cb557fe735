// Kills real ingest processes with SIGKILL, at every named moment and at random ones, over the whole life of
// a store: made in batches or in bulk, resumed, grown. After each kill the store is opened and verified, and
// must hold exactly what the oracle (crash_shop.h) makes of a prefix of the sources' rows that contains
// everything the program had acknowledged; each run that is let through must leave what an undisturbed one
// leaves.
//
// WEFT_CRASH_KILLS   how often in all (500); WEFT_CRASH_SEED the seed (1); WEFT_MINUTES (campaign.h).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "graph/snapshot.h"
#include "storage/graph_store.h"
#include "storage/kill_points.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/campaign.h"
#include "tests/crash/crash_run.h"
#include "tests/crash/crash_shop.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

constexpr int kWorkers = 4;  // tests that can run side by side
constexpr int kRoundsInALife = 4;

// One store after another, each made, killed, resumed and grown.
class Life {
 public:
  Life(const fs::path& folder, std::uint64_t seed, bool bulk)
      : folder_(folder), shop_(clean(folder) / "shop", seed), bulk_(bulk) {
    shop_.grow();
  }

  bool bulk() const { return bulk_; }                      // whatever it grows by too
  bool fresh() const { return round_ == 0 && !touched_; }  // no run has been in it
  bool whole() const { return whole_; }                    // the sources' rows are all in
  int round() const { return round_; }

  void grow() {
    steps_before_ = shop_.steps();
    shop_.grow();
    ++round_;
    whole_ = false;
    touched_ = false;
  }

  // Runs once more, killed or not, and checks what is left.
  CrashOutcome run(const std::string& kill_point, std::optional<std::chrono::microseconds> delay = {}) {
    const CrashOutcome outcome = storage::run({.project = shop_.project(),
                                               .workspace = workspace(),
                                               .bulk = bulk_,
                                               .kill_point = kill_point,
                                               .delay = delay});
    touched_ = true;
    acknowledged_ = std::max(acknowledged_, outcome.sequence);
    if (outcome.killed) {
      check_store(outcome);
      check_snapshot(outcome);
    } else {
      EXPECT_EQ(outcome.status, 0) << outcome.output;
      check_whole(outcome);
      whole_ = true;
    }
    return outcome;
  }

 private:
  static const fs::path& clean(const fs::path& folder) {
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
  }
  fs::path workspace() const { return folder_ / "killed"; }

  void check_store(const CrashOutcome& outcome) {
    const fs::path folder = workspace() / "store";
    if (!GraphStore::exists(folder)) {
      EXPECT_EQ(acknowledged_, 0U) << "the store is gone";
      return;
    }
    try {
      // As another process sees it that does not write; then as the next writer.
      if (++checks_ % 8 == 0) check_content(GraphStore::open_reader(folder, kSmallStore));
      check_content(GraphStore::open_existing(folder, kSmallStore));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("never finished being created")) << outcome.output;
      EXPECT_EQ(acknowledged_, 0U);
    }
  }

  void check_content(const GraphStore& store) {
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    EXPECT_GE(store.info().sequence, acknowledged_) << "what was acknowledged is not there";
    const StoreContent content = read_content(store);
    const auto steps = shop_.steps_taken(content);
    ASSERT_TRUE(steps) << "ledger and sequence are of no prefix of the sources";
    EXPECT_EQ(first_difference(content, shop_.expected(*steps)), "");
    // A bulk load is in the store whole or not at all.
    if (bulk_) {
      EXPECT_TRUE(*steps == steps_before_ || *steps >= shop_.steps_with_all_rows()) << *steps;
    }
  }

  // Whatever `current` names is whole, and no older than what was acknowledged.
  void check_snapshot(const CrashOutcome& outcome) {
    const auto current = current_snapshot({.folder = workspace()});
    if (!outcome.snapshot.empty()) {
      snapshot_ = outcome.snapshot;
      ASSERT_TRUE(current) << "the acknowledged snapshot is not there";
    }
    if (!current) return;
    const graph::Snapshot snapshot = graph::Snapshot::open(*current);
    EXPECT_GE(snapshot.info().sequence, snapshot_sequence_);
    if (!outcome.snapshot.empty()) {
      EXPECT_EQ(to_hex(snapshot.info().checksum), snapshot_);
    }
    snapshot_sequence_ = snapshot.info().sequence;
  }

  // After a run that nobody killed: the same as in a workspace where nothing ever was.
  void check_whole(const CrashOutcome& outcome) {
    check_content(GraphStore::open_existing(workspace() / "store", kSmallStore));
    if (reference_round_ != round_) {
      const CrashOutcome undisturbed =
          storage::run({.project = shop_.project(), .workspace = folder_ / "undisturbed", .bulk = bulk_});
      ASSERT_EQ(undisturbed.status, 0) << undisturbed.output;
      reference_ = undisturbed.value_of("checksum");
      reference_round_ = round_;
    }
    EXPECT_EQ(outcome.value_of("checksum"), reference_);
    const GraphStore store = GraphStore::open_existing(workspace() / "store", kSmallStore);
    EXPECT_EQ(shop_.steps_taken(read_content(store)), shop_.steps());
    for (const auto& entry : fs::recursive_directory_iterator(workspace()))
      EXPECT_FALSE(entry.path().extension() == ".tmp" || entry.path().extension() == ".dbtmp")
          << entry.path() << " was left behind";
    check_snapshot(outcome);
  }

  fs::path folder_;
  CrashShop shop_;
  bool bulk_;
  std::size_t steps_before_ = 0;  // the last grow()
  int round_ = 0, checks_ = 0, reference_round_ = -1;
  bool whole_ = false, touched_ = false;
  std::uint64_t acknowledged_ = 0, snapshot_sequence_ = 0;
  std::string snapshot_, reference_;
};

// What an undisturbed run passes, how often, and how long it takes.
struct Pass {
  std::map<std::string, std::uint64_t> points = {};
  std::chrono::microseconds duration = {};
};
struct Passes {
  Pass batches, bulk, grown, grown_in_bulk;
};

Passes undisturbed_passes(const fs::path& folder) {
  Passes out;
  const auto pass = [](const CrashOutcome& outcome) { return Pass{outcome.passed(), outcome.duration}; };
  Life batches(folder, 1, false);
  out.batches = pass(batches.run(""));
  batches.grow();
  out.grown = pass(batches.run(""));
  Life bulk(folder, 1, true);
  out.bulk = pass(bulk.run(""));
  bulk.grow();
  out.grown_in_bulk = pass(bulk.run(""));
  return out;
}

class Crash : public ::testing::TestWithParam<int> {
 protected:
  // A life in which the next run passes `point`.
  void prepare(const std::string& point) {
    const bool in_bulk = passes_.bulk.points.contains(point);
    const bool in_batches = passes_.batches.points.contains(point);
    const bool when_grown =
        (life_ && life_->bulk() ? passes_.grown_in_bulk : passes_.grown).points.contains(point);
    const bool fits = life_ && (life_->bulk()    ? pass().points.contains(point)
                                : life_->fresh() ? in_batches
                                                 : when_grown);
    if (fits && !life_->whole()) return;
    if (life_ && !life_->whole()) life_->run("");
    if (life_ && when_grown && life_->round() + 1 < kRoundsInALife) return life_->grow();
    begin(in_bulk && (!in_batches || random_() % 2 == 0));
    if (in_bulk || in_batches) return;
    life_->run("");
    life_->grow();
  }
  void begin(bool bulk) { life_.emplace(folder_ / "life", random_(), bulk); }

  const Pass& pass() const {
    if (life_->round() > 0) return life_->bulk() ? passes_.grown_in_bulk : passes_.grown;
    return life_->bulk() ? passes_.bulk : passes_.batches;
  }

  // Kills at one passing of the point; true if the run came by.
  bool kill_at(const std::string& point) {
    prepare(point);
    const auto passings = pass().points.find(point);
    const std::uint64_t most = passings == pass().points.end() ? 1 : passings->second;
    const std::string request =
        fmt::format("{}:{}", point, tries_ == 0 ? 1 + random_() % std::min<std::uint64_t>(most, 12) : 1);
    SCOPED_TRACE(
        fmt::format("{}, round {}, {}", request, life_->round(), life_->bulk() ? "bulk" : "batches"));
    const bool killed = life_->run(request).killed;
    tries_ = killed ? 0 : tries_ + 1;
    return killed;
  }

  void kill_at_random() {
    if (!life_ || (life_->whole() && life_->round() + 1 >= kRoundsInALife)) begin(random_() % 2 == 0);
    if (life_->whole()) life_->grow();
    const auto delay =
        std::chrono::microseconds(random_() % static_cast<std::uint64_t>(pass().duration.count()));
    SCOPED_TRACE(fmt::format("after {} us, round {}, {}", delay.count(), life_->round(),
                             life_->bulk() ? "bulk" : "batches"));
    if (life_->run("", delay).killed) ++random_kills_;
  }

  // A kill takes nothing out of the page cache, so that a file system in memory shows it all the same.
  test::TempFolder folder_{test::in_memory()};
  std::mt19937_64 random_{from_environment("WEFT_CRASH_SEED", 1) * kWorkers +
                          static_cast<std::uint64_t>(GetParam())};
  Passes passes_;
  std::optional<Life> life_;
  int tries_ = 0;
  std::uint64_t random_kills_ = 0;
};

TEST_P(Crash, NothingIsLostDoubledOrMadeUp) {
  passes_ = undisturbed_passes(folder_ / "passes");
  ASSERT_FALSE(HasFailure()) << "even without a kill";
  std::map<std::string, std::uint64_t> hits;
  for (std::size_t i = 0; i < kKillPoints.size(); ++i) {
    if (i % kWorkers == static_cast<std::size_t>(GetParam())) hits[std::string(kKillPoints[i])] = 0;
  }
  // Three of four at the named moment that has been met least often, the others at random ones.
  const std::uint64_t wanted = from_environment("WEFT_CRASH_KILLS", 500) / kWorkers;
  std::uint64_t named = 0;
  TimeLimit limit;
  while (named + random_kills_ < wanted && !HasFailure() && !limit.over()) {
    if (random_kills_ * 3 < named) {
      kill_at_random();
      continue;
    }
    const auto least = std::min_element(hits.begin(), hits.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    if (kill_at(least->first)) {
      ++least->second;
      ++named;
    }
    ASSERT_LT(tries_, 20) << least->first << " is never passed";
  }
  if (life_ && !life_->whole() && !HasFailure()) life_->run("");
  for (const auto& [point, count] : hits) {
    std::printf("kills at %s: %llu\n", point.c_str(), static_cast<unsigned long long>(count));
    RecordProperty(point, static_cast<int>(count));
    if (wanted * kWorkers >= 500 && !limit.stopped()) {
      EXPECT_GE(count, 10U) << point;
    }
  }
  std::printf("kills at random: %llu\n", static_cast<unsigned long long>(random_kills_));
  std::printf("%llu of %llu kills\n", static_cast<unsigned long long>(named + random_kills_),
              static_cast<unsigned long long>(wanted));
  RecordProperty("random", static_cast<int>(random_kills_));
}

INSTANTIATE_TEST_SUITE_P(Workers, Crash, ::testing::Range(0, kWorkers));

TEST(CrashPoints, AreAllListedAndAllPassed) {
  const test::TempFolder folder(test::in_memory());
  const Passes passes = undisturbed_passes(folder / "passes");
  std::set<std::string> passed;
  for (const Pass* pass : {&passes.batches, &passes.bulk, &passes.grown, &passes.grown_in_bulk}) {
    for (const auto& [point, count] : pass->points) passed.insert(point);
  }
  EXPECT_EQ(passed, std::set<std::string>(kKillPoints.begin(), kKillPoints.end()));
}

TEST(CrashAgainAndAgain, ItStillArrives) {
  const test::TempFolder folder(test::in_memory());
  Life life(folder / "life", 1, false);
  int kills = 0;
  while (life.run("ingest.after_batch:2").killed && !::testing::Test::HasFailure()) ASSERT_LT(++kills, 100);
  EXPECT_GT(kills, 5);
}

}  // namespace
}  // namespace weft::storage
