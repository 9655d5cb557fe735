// Kills real processes with SIGKILL in the middle of a backup, a restore and a repair, at every named moment
// and at random ones. Whatever the moment: earlier backups stay whole, a restored store is there as a whole
// or not at all, a damaged store is as it was or sound; and the next run succeeds.
//
// WEFT_CRASH_KILLS (500): one in 150 of them at each named moment, one in 20 at random ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/backup.h"
#include "storage/kill_points.h"
#include "storage/repair.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/crash/care_run.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

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

  std::string restored(std::uint64_t id) const {
    const test::TempFolder elsewhere(test::in_memory());
    restore_backup(backups_, id, {elsewhere.path()});
    const GraphStore store = GraphStore::open_existing(elsewhere / "store");
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    return dump(store);
  }

  test::TempFolder folder_{test::in_memory()};
  Workspace workspace_{folder_ / "shop.weft"};
  fs::path backups_ = folder_ / "backups";
  std::uint64_t seed_ = 0;
  std::string store_text_, first_;
};

TEST_F(CareCrash, KilledInABackup) {
  at_each(kBackupKillPoints, seed_, [&](const Kill& kill) {
    store_text_ = grow(20);
    const bool killed = run_care_program({"backup", workspace_.folder, backups_}, kill);
    for (const BackupInfo& info : list_backups(backups_)) check_backup(backups_, info.id);
    EXPECT_EQ(restored(1), first_);
    const BackupReport report = write_backup(workspace_, backups_);
    EXPECT_EQ(restored(report.info.id), store_text_);
    return killed;
  });
}

TEST_F(CareCrash, KilledInARestore) {
  const Workspace target{folder_ / "restored.weft"};
  at_each(kRestoreKillPoints, seed_, [&](const Kill& kill) {
    const bool killed = run_care_program({"restore", target.folder, backups_, "1"}, kill);
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
  at_each(kRepairKillPoints, seed_, [&](const Kill& kill) {
    damage();
    const bool killed = run_care_program({"repair", workspace_.folder}, kill);
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
