#include "storage/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/fault_files.h"
#include "storage/backup_manifest.h"
#include "storage/kill_points.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Backup : public ::testing::Test {
 protected:
  GraphStore open() const { return GraphStore::open(workspace_.store(), small_schema()); }
  // As many events more, and the store's text after them.
  std::string grow(std::size_t events, std::uint64_t seed) const {
    GraphStore store = open();
    store.apply({.events = random_events(events, seed),
                 .ledger = {{.source = 0, .name = "a.csv"},
                            {.source = 1, .name = "b.csv"},
                            {.source = 2, .name = "c.csv"}}});
    return dump(store);
  }
  // What is restored from a backup, as text.
  std::string restored(std::uint64_t id) const {
    const test::TempFolder elsewhere;
    const Workspace workspace{elsewhere.path()};
    restore_backup(backups_, id, workspace);
    const GraphStore store = GraphStore::open_existing(workspace.store());
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    return dump(store);
  }
  std::set<std::string> pool() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(backup_pool(backups_)))
      out.insert(entry.path().filename().string());
    return out;
  }

  test::TempFolder folder_;
  Workspace workspace_{folder_ / "shop.weft"};
  fs::path backups_ = folder_ / "backups";
};

TEST_F(Backup, ComesBackAsItWas) {
  const std::string wanted = grow(300, 1);
  const BackupReport report = write_backup(workspace_, backups_);
  EXPECT_EQ(report.info.id, 1U);
  EXPECT_EQ(report.new_files, report.info.files);
  EXPECT_EQ(report.new_bytes, report.info.bytes);
  EXPECT_EQ(restored(1), wanted);
  EXPECT_THAT(backup_folders(workspace_), ElementsAre(fs::canonical(backups_)));
  const std::vector<BackupInfo> list = list_backups(backups_);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].sequence, open().info().sequence);
  EXPECT_EQ(list[0].store_uuid, open().info().uuid);
  EXPECT_EQ(list[0].counts[0], std::pair(std::string("user"), std::uint64_t{open().info().node_counts[0]}));
  EXPECT_THAT(list_backups(folder_ / "nothing"), IsEmpty());
}

TEST_F(Backup, TheNextOneTakesOnlyWhatIsNew) {
  const std::string first = grow(4000, 1);
  {
    GraphStore store = open();
    ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
  }
  const BackupReport whole = write_backup(workspace_, backups_);
  const std::string second = grow(20, 2);
  const BackupReport more = write_backup(workspace_, backups_);
  EXPECT_LT(more.new_bytes, whole.info.bytes / 2);
  EXPECT_GT(more.new_files, 0U);
  EXPECT_EQ(restored(1), first);
  EXPECT_EQ(restored(2), second);
  // Nothing changed: nothing is copied.
  EXPECT_EQ(write_backup(workspace_, backups_).new_files, 0U);
  EXPECT_EQ(restored(3), second);
}

// Deletions reach edges that come after them, so a backup must hold them beside what stands.
TEST_F(Backup, DeletionsComeBackAndStillHold) {
  const auto unbuy = [](graph::EventId id, graph::TimeMs time, bool at_time_only) {
    graph::Event event = buy(id, "u-gone", "i1", time);
    event.edges[0].deletes = true;
    event.edges[0].at_time_only = at_time_only;
    return event;
  };
  const auto late = [&](GraphStore& store, graph::EventId id, graph::TimeMs time) {
    const std::uint64_t before = store.info().deleted_edges[kBuys];
    store.apply({.events = {buy(id, "u-gone", "i1", time)}});
    return store.info().deleted_edges[kBuys] > before;
  };
  grow(300, 1);
  {
    GraphStore store = open();
    store.apply({.events = {buy(0x101, "u-gone", "i1", 10), buy(0x103, "u-gone", "i1", 30),
                            buy(0x105, "u-gone", "i1", 50), unbuy(0x107, 20, false)}});
  }
  write_backup(workspace_, backups_);
  {
    GraphStore store = open();
    store.apply({.events = {unbuy(0x109, 50, true)}});
  }
  write_backup(workspace_, backups_);
  for (const std::uint64_t id : {1, 2}) {
    SCOPED_TRACE(id);
    const test::TempFolder elsewhere;
    restore_backup(backups_, id, {elsewhere.path()});
    GraphStore store = GraphStore::open_existing(elsewhere / "store");
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    EXPECT_EQ(store.info().deleted_edges[kBuys], id);
    const auto user = store.find_node(kUser, "u-gone");
    ASSERT_TRUE(user);
    EXPECT_EQ(store.neighbours({kUser, *user}, graph::outgoing_relation(kBuys), 10).size(), 3 - id);
    EXPECT_TRUE(late(store, 0x10B, 20)) << "no newer than what was deleted up to";
    EXPECT_FALSE(late(store, 0x10D, 21));
    EXPECT_EQ(late(store, 0x10F, 50), id == 2) << "deleted at just this time, in the second backup";
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
  }
  EXPECT_EQ(restored(2), dump(open()));
}

TEST_F(Backup, KeepsSoManyAndRemovesWhatOnlyOldOnesHad) {
  grow(300, 1);
  write_backup(workspace_, backups_);
  grow(300, 2);
  const std::string last = grow(300, 3);
  const BackupReport report = write_backup(workspace_, backups_, {.keep = 1});
  EXPECT_EQ(report.removed_backups, 1U);
  EXPECT_GT(report.removed_files, 0U);
  EXPECT_EQ(list_backups(backups_).size(), 1U);
  EXPECT_EQ(pool().size(), report.info.files);
  EXPECT_EQ(restored(2), last);
  EXPECT_THROW(restored(1), Error);
}

// Each backup that is taken while another thread writes is a state that the store had: so many events.
TEST_F(Backup, TakenWhileTheStoreIsWritten) {
  const std::vector<graph::Event> events = random_events(6000, 9);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    GraphStore store = GraphStore::open(workspace_.store(), small_schema(),
                                        {.sync = Sync::kNever, .write_buffer_bytes = 64 << 10});
    for (std::size_t at = 0; at < events.size() && !stop; at += 10)
      store.apply({.events = {events.begin() + static_cast<std::ptrdiff_t>(at),
                              events.begin() + static_cast<std::ptrdiff_t>(at + 10)},
                   .ledger = {{.source = 0, .name = "a.csv"},
                              {.source = 1, .name = "b.csv"},
                              {.source = 2, .name = "c.csv"}}});
  });
  while (!GraphStore::exists(workspace_.store()) || fs::exists(workspace_.store() / "unfinished"))
    std::this_thread::yield();
  std::vector<BackupInfo> taken;
  for (int tries = 0; tries < 40 && taken.size() < 5; ++tries) {
    try {
      taken.push_back(write_backup(workspace_, backups_).info);
    } catch (const Error& error) {
      // Before the store was finished being created there is nothing to take.
      ASSERT_THAT(error.summary(), HasSubstr("never finished"));
    }
  }
  stop = true;
  writer.join();
  ASSERT_EQ(taken.size(), 5U);
  for (const BackupInfo& info : taken) {
    const test::TempFolder elsewhere;
    GraphStore wanted = GraphStore::open(elsewhere / "store", small_schema(), {.sync = Sync::kNever});
    wanted.apply({.events = {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(info.sequence)}});
    EXPECT_EQ(restored(info.id), dump(wanted)) << info.sequence;
  }
}

TEST_F(Backup, DamageIsFoundAndNothingIsRestored) {
  grow(300, 1);
  write_backup(workspace_, backups_);
  check_backup(backups_, 1);
  const Workspace elsewhere{folder_ / "elsewhere.weft"};
  for (const std::string& name : pool()) {
    const fs::path path = backup_pool(backups_) / name;
    const std::string good = real_files().read_whole(path);
    std::vector<std::string> bad = {good.substr(0, good.size() / 2), good + "x"};
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      if (good.empty()) break;
      bad.push_back(good);
      bad.back()[at] = static_cast<char>(bad.back()[at] ^ 1);
    }
    for (const std::string& content : bad) {
      if (content == good) continue;
      real_files().write_whole(path, content);
      EXPECT_THROW(check_backup(backups_, 1), Error) << name;
      EXPECT_THROW(restore_backup(backups_, 1, elsewhere), Error) << name;
      EXPECT_FALSE(fs::exists(elsewhere.folder / "store"));
      EXPECT_FALSE(fs::exists(elsewhere.folder / "store.restore.tmp"));
    }
    fs::remove(path);
    EXPECT_THROW(check_backup(backups_, 1), Error) << name;
    EXPECT_THROW(restore_backup(backups_, 1, elsewhere), Error) << name;
    real_files().write_whole(path, good);
  }
  restore_backup(backups_, 1, elsewhere);
}

// A damaged file of an earlier backup must not become part of a new one.
TEST_F(Backup, ADamagedFileIsNotShared) {
  const std::string wanted = grow(300, 1);
  write_backup(workspace_, backups_);
  for (const std::string& name : pool()) {
    std::string content = real_files().read_whole(backup_pool(backups_) / name);
    if (content.empty()) continue;
    content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
    real_files().write_whole(backup_pool(backups_) / name, content);
  }
  const BackupReport report = write_backup(workspace_, backups_);
  check_backup(backups_, report.info.id);
  EXPECT_EQ(restored(report.info.id), wanted);
  check_backup(backups_, 1);  // it has the same files
}

TEST_F(Backup, ADamagedStoreIsNotBackedUp) {
  grow(300, 1);
  std::string name;
  {
    GraphStore store = open();
    ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
    std::vector<rocksdb::LiveFileMetaData> files;
    store.impl().db->GetLiveFilesMetaData(&files);
    name = files.front().name.substr(1);
  }
  const fs::path path = workspace_.store() / "db" / name;
  std::string content = real_files().read_whole(path);
  content[10] = static_cast<char>(content[10] ^ 1);
  real_files().write_whole(path, content);
  EXPECT_THROW(write_backup(workspace_, backups_), Error);
  EXPECT_THAT(list_backups(backups_), IsEmpty());
}

TEST_F(Backup, AStoreIsNeverOverwritten) {
  const std::string wanted = grow(300, 1);
  write_backup(workspace_, backups_);
  EXPECT_THROW(restore_backup(backups_, 1, workspace_), Error);
  EXPECT_EQ(dump(open()), wanted);
  EXPECT_THROW(restore_backup(backups_, 2, Workspace{folder_ / "new.weft"}), Error);
  EXPECT_THROW(write_backup(Workspace{folder_ / "new.weft"}, backups_), Error);
}

// The restored store goes on behind the snapshots of the state that was lost.
TEST_F(Backup, SequenceNumbersAreNotUsedTwice) {
  grow(100, 1);
  write_backup(workspace_, backups_);
  grow(100, 2);
  const ExportedSnapshot later = export_snapshot(open(), workspace_, folder_.path());
  fs::rename(workspace_.store(), folder_ / "away");
  restore_backup(backups_, 1, workspace_);
  EXPECT_EQ(open().info().sequence, later.info.sequence + 1);
  EXPECT_FALSE(export_snapshot(open(), workspace_, folder_.path()).reused);
}

TEST_F(Backup, StoppedAtEveryKillPoint) {
  const std::string first = grow(300, 1);
  write_backup(workspace_, backups_);
  std::uint64_t seed = 2;
  for (const std::string_view point : kBackupKillPoints) {
    SCOPED_TRACE(point);
    const std::string state = grow(50, seed++);
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) throw Error("stopped");
    });
    EXPECT_THROW(write_backup(workspace_, backups_, {}, no_progress(), files), Error);
    EXPECT_EQ(restored(1), first);
    const BackupReport report = write_backup(workspace_, backups_);
    EXPECT_EQ(restored(report.info.id), state);
    // What the stopped run left is used or gone.
    std::set<std::string> wanted;
    for (const BackupManifest& manifest : read_backup_manifests(backups_, real_files()))
      for (const BackupFile& file : manifest.files) wanted.insert(file.hash);
    EXPECT_EQ(pool(), wanted);
  }
  for (const std::string_view point : kRestoreKillPoints) {
    SCOPED_TRACE(point);
    const Workspace elsewhere{folder_ / std::string(point)};
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) throw Error("stopped");
    });
    EXPECT_THROW(restore_backup(backups_, 1, elsewhere, no_progress(), files), Error);
    EXPECT_EQ(fs::exists(elsewhere.store()), point == "restore.after_rename");
    if (!fs::exists(elsewhere.store())) restore_backup(backups_, 1, elsewhere);
    EXPECT_EQ(dump(GraphStore::open_existing(elsewhere.store())), first);
  }
}

// Whichever file operation fails (of many of a kind: a sample of them), the earlier backup stays whole and
// the next run succeeds.
TEST_F(Backup, AnyFailedFileOperation) {
  const std::string first = grow(100, 1);
  write_backup(workspace_, backups_);
  std::uint64_t seed = 2;
  for (const FileOperation operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kClose,
        FileOperation::kRename, FileOperation::kRemove, FileOperation::kOpen, FileOperation::kRead,
        FileOperation::kMakeFolders, FileOperation::kSyncFolder}) {
    std::string state = grow(20, seed++);
    std::uint64_t failed = 0;
    for (std::uint64_t n = 1;; n += 1 + n / 2) {
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      bool threw = false;
      try {
        write_backup(workspace_, backups_, {.keep = 2}, no_progress(), files);
      } catch (const Error& error) {
        threw = true;
        EXPECT_THAT(error.summary(), HasSubstr("injected"));
      }
      for (const BackupInfo& info : list_backups(backups_)) check_backup(backups_, info.id);
      if (!threw) break;
      ++failed;
    }
    EXPECT_GT(failed, 0U) << static_cast<int>(operation);
    EXPECT_EQ(restored(list_backups(backups_).back().id), state);
  }
  for (const FileOperation operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kClose,
        FileOperation::kRename, FileOperation::kOpen, FileOperation::kRead, FileOperation::kMakeFolders}) {
    for (std::uint64_t n = 1;; n += 1 + n / 2) {
      const Workspace elsewhere{folder_ / "elsewhere.weft"};
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      bool threw = false;
      try {
        restore_backup(backups_, list_backups(backups_).back().id, elsewhere, no_progress(), files);
      } catch (const Error&) {
        threw = true;
      }
      EXPECT_EQ(fs::exists(elsewhere.store()), !threw);
      fs::remove_all(elsewhere.folder);
      if (!threw) break;
    }
  }
}

}  // namespace
}  // namespace weft::storage
