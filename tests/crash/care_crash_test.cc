// Kills real processes with SIGKILL in the middle of a backup, a restore and a repair, at every named moment
// and at random ones. Whatever the moment: earlier backups stay whole, a restored store is there as a whole
// or not at all, a damaged store is as it was or sound; and the next run succeeds.
//
// WEFT_CRASH_KILLS (500): one in 150 of them at each named moment, one in 20 at random ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "storage/backup.h"
#include "storage/kill_points.h"
#include "storage/repair.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

std::uint64_t kills(std::uint64_t share) {
  const char* text = std::getenv("WEFT_CRASH_KILLS");
  return std::max<std::uint64_t>((text == nullptr || *text == 0 ? 500 : std::stoull(text)) / share, 1);
}

// Where and when the program is killed: at a named moment, or so long after its start.
struct Kill {
  std::string point = {};
  std::chrono::microseconds delay = {};
};

// Returns whether it was killed; a run that was not must have succeeded.
bool run(std::vector<std::string> arguments, const Kill& kill) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!kill.point.empty()) ::setenv("WEFT_KILL_POINT", kill.point.c_str(), 1);
    arguments.insert(arguments.begin(), CARE_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  if (kill.point.empty()) {
    std::this_thread::sleep_for(kill.delay);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return false;
}

class CareCrash : public ::testing::Test {
 protected:
  CareCrash() {
    store_text_ = grow(200);
    write_backup(workspace_, backups_);
    first_ = store_text_;
  }

  std::string grow(std::size_t events) {
    GraphStore store = GraphStore::open(workspace_.store(), small_schema());
    store.apply({.events = random_events(events, ++seed_),
                 .ledger = {{.source = 0, .name = "a.csv"},
                            {.source = 1, .name = "b.csv"},
                            {.source = 2, .name = "c.csv"}}});
    return dump(store);
  }

  // Kills at each named moment, and at random ones; `killed` is told the kill point of each.
  template <std::size_t N, typename Step>
  void at_each(const std::array<std::string_view, N>& points, Step&& step) {
    for (const std::string_view point : points) {
      SCOPED_TRACE(point);
      std::uint64_t hits = 0;
      for (std::uint64_t i = 0; i < kills(150); ++i) hits += step(Kill{std::string(point)}) ? 1 : 0;
      EXPECT_EQ(hits, kills(150)) << "not passed";
      RecordProperty(std::string(point), static_cast<int>(hits));
    }
    std::mt19937_64 random(seed_);
    for (std::uint64_t i = 0; i < kills(20); ++i) {
      const std::chrono::microseconds delay(random() % 400'000);
      SCOPED_TRACE(delay.count());
      step(Kill{.delay = delay});
    }
  }

  std::string restored(std::uint64_t id) const {
    const test::TempFolder elsewhere;
    restore_backup(backups_, id, {elsewhere.path()});
    const GraphStore store = GraphStore::open_existing(elsewhere / "store");
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    return dump(store);
  }

  test::TempFolder folder_;
  Workspace workspace_{folder_ / "shop.weft"};
  fs::path backups_ = folder_ / "backups";
  std::uint64_t seed_ = 0;
  std::string store_text_, first_;
};

TEST_F(CareCrash, KilledInABackup) {
  at_each(kBackupKillPoints, [&](const Kill& kill) {
    store_text_ = grow(20);
    const bool killed = run({"backup", workspace_.folder, backups_}, kill);
    for (const BackupInfo& info : list_backups(backups_)) check_backup(backups_, info.id);
    EXPECT_EQ(restored(1), first_);
    const BackupReport report = write_backup(workspace_, backups_);
    EXPECT_EQ(restored(report.info.id), store_text_);
    return killed;
  });
}

TEST_F(CareCrash, KilledInARestore) {
  const Workspace target{folder_ / "restored.weft"};
  at_each(kRestoreKillPoints, [&](const Kill& kill) {
    const bool killed = run({"restore", target.folder, backups_, "1"}, kill);
    if (!fs::exists(target.store())) restore_backup(backups_, 1, target);
    {
      const GraphStore store = GraphStore::open_existing(target.store());
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_EQ(dump(store), first_);
    }
    fs::remove_all(target.folder);
    return killed;
  });
}

TEST_F(CareCrash, KilledInARepair) {
  // Every second incoming entry is gone.
  const auto damage = [&] {
    const GraphStore store = GraphStore::open_existing(workspace_.store());
    bool erase = false;
    for (PrefixScan scan(store.impl(), kIncoming, ""); scan.valid(); scan.next()) {
      erase = !erase;
      if (erase) {
        ASSERT_TRUE(store.impl().db->Delete({}, store.impl().family(kIncoming), slice(scan.key())).ok());
      }
    }
    ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
  };
  const auto without_sequence = [](const std::string& text) { return text.substr(text.find('\n')); };
  at_each(kRepairKillPoints, [&](const Kill& kill) {
    damage();
    const bool killed = run({"repair", workspace_.folder}, kill);
    repair_store(workspace_, small_schema());
    {
      const GraphStore store = GraphStore::open_existing(workspace_.store());
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_EQ(without_sequence(dump(store)), without_sequence(first_));
    }
    std::vector<fs::path> kept;
    for (const auto& entry : fs::directory_iterator(workspace_.folder))
      if (entry.path().filename().string().starts_with("store.")) kept.push_back(entry.path());
    for (const fs::path& path : kept) fs::remove_all(path);
    return killed;
  });
}

}  // namespace
}  // namespace weft::storage
