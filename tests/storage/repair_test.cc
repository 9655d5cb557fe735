#include "storage/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "storage/kill_points.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Content = std::map<std::pair<std::string, std::string>, std::string>;

Content content(const GraphStore& store) {
  Content out;
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    for (PrefixScan scan(store.impl(), static_cast<Family>(i), ""); scan.valid(); scan.next())
      out[{kFamilyNames[i], std::string(scan.key())}] = scan.value();
  }
  // A repair raises the sequence.
  if (const auto found = out.find({kFamilyNames[kMeta], "state"}); found != out.end()) {
    const graph::Schema& schema = store.schema().graph;
    StoreState state = *decode_state(found->second, schema.node_types().size(), schema.edge_types().size());
    state.sequence = 0;
    found->second = encode_state(state);
  }
  return out;
}

// A store is broken behind its checksums, repaired, and compared with what it was before.
class Repair : public ::testing::Test {
 protected:
  Repair() {
    auto events = random_events(300, 5);
    std::erase_if(events, [](const graph::Event& event) {  // first-seen times of their own cannot come back
      return std::any_of(event.nodes.begin(), event.nodes.end(), [](const graph::NodeEvent& node) {
        return node.type == kUser && node.time != graph::kNoTime;
      });
    });
    GraphStore store = open();
    store.apply({.events = events,
                 .ledger = {{.source = 0, .name = "a.csv", .bytes = 900, .rows = 20},
                            {.source = 1, .name = "b.csv", .bytes = 900, .rows = 20},
                            {.source = 2, .name = "c.csv"}},
                 .quarantined = {{.source = 1, .offset = 5, .line = 2, .reason = "r"}}});
    before_ = content(store);
  }

  GraphStore open() { return GraphStore::open(workspace_.store(), small_schema()); }

  void break_store(const std::function<void(GraphStore::Impl&)>& how) {
    GraphStore store = open();
    how(store.impl());
    ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
  }
  static void put(GraphStore::Impl& impl, Family family, std::string_view key, std::string_view value) {
    ASSERT_TRUE(impl.db->Put({}, impl.family(family), slice(key), slice(value)).ok());
  }
  static void erase(GraphStore::Impl& impl, Family family, std::string_view key) {
    ASSERT_TRUE(impl.db->Delete({}, impl.family(family), slice(key)).ok());
  }
  static void erase_all(GraphStore::Impl& impl, Family family, std::size_t every) {
    std::size_t i = 0;
    for (PrefixScan scan(impl, family, ""); scan.valid(); scan.next()) {
      if (i++ % every == 0) erase(impl, family, scan.key());
    }
  }

  RepairReport repair() {
    RepairReport report = repair_store(workspace_, small_schema());
    EXPECT_TRUE(report.needed);
    EXPECT_TRUE(fs::exists(report.kept));
    EXPECT_FALSE(fs::exists(workspace_.folder / "store.repair.tmp"));
    EXPECT_FALSE(fs::exists(workspace_.folder / "store.scratch.tmp"));
    const GraphStore store = open();
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    after_ = content(store);
    return report;
  }
  // Everything came back.
  void expect_same_after(const std::function<void(GraphStore::Impl&)>& how) {
    break_store(how);
    const RepairReport report = repair();
    EXPECT_GT(report.rebuilt_count, 0U);
    EXPECT_EQ(after_, before_);
  }
  void flip_a_table_byte(const std::string& family, double where) {
    std::string name;
    {
      GraphStore store = open();
      std::vector<rocksdb::LiveFileMetaData> files;
      store.impl().db->GetLiveFilesMetaData(&files);
      for (const auto& file : files)
        if (file.column_family_name == family) name = file.name;
    }
    ASSERT_FALSE(name.empty());
    const fs::path path = workspace_.store() / "db" / name.substr(1);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(where * static_cast<double>(fs::file_size(path))));
    file.put('\x5A');
    file.put('\xA5');
  }

  test::TempFolder folder_;
  Workspace workspace_{folder_.path()};
  Content before_, after_;
};

TEST_F(Repair, ASoundStoreIsLeftAlone) {
  const RepairReport report = repair_store(workspace_, small_schema());
  EXPECT_FALSE(report.needed);
  EXPECT_TRUE(report.kept.empty());
  EXPECT_EQ(content(open()), before_);
}

TEST_F(Repair, IncomingFromOutgoing) {
  expect_same_after([](auto& impl) { erase_all(impl, kIncoming, 1); });
}

TEST_F(Repair, OutgoingFromIncoming) {
  expect_same_after([](auto& impl) { erase_all(impl, kOutgoing, 1); });
}

TEST_F(Repair, BothDirectionsFromWhatIsLeft) {
  expect_same_after([](auto& impl) {
    erase_all(impl, kOutgoing, 3);
    std::size_t i = 0;  // none of those that outgoing lacks
    for (PrefixScan scan(impl, kIncoming, ""); scan.valid(); scan.next()) {
      const auto other = encode_edge_key(decode_edge_key(scan.key())->reversed());
      if (i++ % 2 == 0 && impl.get(kOutgoing, {other.data(), other.size()}))
        erase(impl, kIncoming, scan.key());
    }
  });
}

TEST_F(Repair, NamesFromIds) {
  expect_same_after([](auto& impl) {
    erase_all(impl, kNames, 2);
    put(impl, kNames, node_key({kUser, 1}), "somebody else");
  });
}

TEST_F(Repair, IdsFromNames) {
  break_store([](auto& impl) { erase_all(impl, kIds, 1); });
  repair();
  // A first-seen time may be later or unknown where a node's own row had it; all else is as it was.
  ASSERT_EQ(after_.size(), before_.size());
  for (const auto& [key, value] : before_) {
    if (key.first != "ids") {
      EXPECT_EQ(after_.at(key), value);
      continue;
    }
    const auto was = decode_id_value(value), is = decode_id_value(after_.at(key));
    ASSERT_TRUE(is);
    EXPECT_EQ(is->node, was->node);
    EXPECT_EQ(is->event, was->event);
    if (was->first_seen != graph::kNoTime) {
      EXPECT_EQ(is->first_seen, was->first_seen);
    }
  }
}

TEST_F(Repair, Counts) {
  expect_same_after([](auto& impl) {
    StoreState state = impl.state;
    state.node_counts[kItem] -= 3;
    state.edge_counts[kBuys] += 7;
    put(impl, kMeta, "state", encode_state(state));
  });
}

// Thousands of millions of nodes that are not there are not made.
TEST_F(Repair, ACountFarPastAllNodes) {
  break_store([](GraphStore::Impl& impl) {
    StoreState state = impl.state;
    state.node_counts[kItem] = graph::kNoNode - 1;
    put(impl, kMeta, "state", encode_state(state));
  });
  const RepairReport report = repair();
  EXPECT_THAT(report.lost,
              Contains(HasSubstr("item nodes: 4294967294 counted, but nothing tells of any from #")));
  EXPECT_EQ(after_, before_);
}

TEST_F(Repair, AFirstSeenTimeThatIsTooLate) {
  break_store([](auto& impl) {
    std::string users;
    put_big(users, graph::NodeTypeId{kUser});
    for (PrefixScan scan(impl, kIds, users); scan.valid(); scan.next()) {
      IdValue value = *decode_id_value(scan.value());
      if (value.first_seen == graph::kNoTime) continue;
      value.first_seen += 100'000;
      put(impl, kIds, scan.key(), encode_id_value(value));
    }
  });
  repair();
}

TEST_F(Repair, HalvesOfPairs) {
  expect_same_after([](auto& impl) {
    std::string friends;
    put_big(friends, graph::EdgeTypeId{kFriend});
    for (PrefixScan scan(impl, kOutgoing, friends); scan.valid(); scan.next()) {
      const EdgeKey key = *decode_edge_key(scan.key());
      if (key.node >= key.other) continue;
      const auto back = encode_edge_key(key.reversed());
      erase(impl, kOutgoing, scan.key());
      erase(impl, kIncoming, {back.data(), back.size()});
    }
  });
}

TEST_F(Repair, WhatCannotComeBackIsSaid) {
  break_store([](auto& impl) {
    put(impl, kFields, field_key({kUser, 0}, 0), "\x01x");
    put(impl, kIds, id_key(kItem, "garbage"), encode_id_value({.node = 4'000'000'000}));
    put(impl, kQuarantine, quarantine_key(1, 5), "x");
    put(impl, kLedger, ledger_key(1), "short");
    const auto edge = encode_edge_key({.type = kFriend, .node = 0, .other = 4000, .event = 3});
    put(impl, kOutgoing, {edge.data(), edge.size()}, "123456");
    put(impl, kOutgoing, "x", "y");
    const auto stray = encode_edge_key({.type = 77, .event = 3});
    put(impl, kIncoming, {stray.data(), stray.size()}, "123456");
  });
  const RepairReport report = repair();
  EXPECT_THAT(report.lost, Contains(HasSubstr("'age' of user")));
  EXPECT_THAT(report.lost, Contains(HasSubstr("'garbage' has the id 4000000000, which no node can have")));
  EXPECT_THAT(report.lost, Contains(HasSubstr("quarantine: an entry")));
  EXPECT_THAT(report.lost, Contains(HasSubstr("ledger: entry 1 is lost: an ingest reads")));
  EXPECT_THAT(report.lost, Contains(HasSubstr("outgoing friend")));
  EXPECT_THAT(report.lost, Contains(HasSubstr("incoming: an entry of a type")));
}

TEST_F(Repair, ANodeWithoutAnyNameKeepsItsEdges) {
  break_store([](auto& impl) {
    const std::string name = *impl.get(kNames, node_key({kItem, 2}));
    erase(impl, kNames, node_key({kItem, 2}));
    erase(impl, kIds, id_key(kItem, name));
  });
  EXPECT_THAT(repair().lost, Contains("dictionary: the name of item #2, which is now 'lost-item-2'"));
  for (const auto& [key, value] : before_) {
    if (key.first == "outgoing") {
      EXPECT_EQ(after_.at(key), value);
    }
  }
}

TEST_F(Repair, LostMetaData) {
  for (const char* key : {"format", "schema", "uuid", "state"}) {
    break_store([&](auto& impl) { erase(impl, kMeta, key); });
    repair();
    if (key != std::string("uuid") && key != std::string("state")) {
      EXPECT_EQ(after_, before_) << key;
    }
    before_ = after_;
  }
}

TEST_F(Repair, Deletions) {
  {
    GraphStore store = open();
    graph::Event deletion = buy(5003, "u1", "i1", 5000);
    deletion.edges[0].deletes = true;
    store.apply({.events = {buy(5001, "u1", "i1", 4000), deletion, buy(5005, "u1", "i1", 6000)}});
    before_ = content(store);
  }
  const auto find = [](GraphStore::Impl& impl, std::string_view prefix) {
    return std::string(PrefixScan(impl, kMeta, std::string(prefix)).key());
  };
  expect_same_after([](auto& impl) { erase(impl, kMeta, "format"); });
  // An edge that came back, as where a write was lost.
  expect_same_after([&](auto& impl) {
    const EdgeKey key = *decode_deleted_key(find(impl, kDeletedPrefix));
    const auto out = encode_edge_key(key), in = encode_edge_key(key.reversed());
    const auto value = encode_edge_value({0, 1.0F});
    put(impl, kOutgoing, {out.data(), out.size()}, {value.data(), value.size()});
    put(impl, kIncoming, {in.data(), in.size()}, {value.data(), value.size()});
  });
  // Lost counts are taken from the entries; of untimed types, which have none, it is assumed that there were
  // some.
  break_store([](auto& impl) { put(impl, kMeta, kDeletionCountsKey, "x"); });
  EXPECT_THAT(repair().rebuilt, Contains("the counts of deletions"));
  EXPECT_EQ(open().info().deleted_edges[kBuys], 1U);
  break_store([&](auto& impl) { erase(impl, kMeta, find(impl, kDeletionPrefix)); });
  EXPECT_THAT(repair().lost, Contains("deleted edges of buys: an entry without its deletion"));
}

// Damage of the files themselves: what is lost of one direction comes from the other.
TEST_F(Repair, DamagedTableFiles) {
  for (const char* family : {"incoming", "outgoing", "names"}) {
    for (const double where : {0.1, 0.5}) {
      break_store([](auto& impl) { put(impl, kMeta, "touched", "x"); });
      break_store([](auto& impl) { erase(impl, kMeta, "touched"); });
      flip_a_table_byte(family, where);
      const RepairReport report = repair();
      EXPECT_EQ(after_, before_) << family << " " << where;
    }
  }
}

TEST_F(Repair, FilesThatAreGone) {
  break_store([](auto&) {});
  std::string name;
  {
    GraphStore store = open();
    std::vector<rocksdb::LiveFileMetaData> files;
    store.impl().db->GetLiveFilesMetaData(&files);
    for (const auto& file : files)
      if (file.column_family_name == "incoming") name = file.name;
  }
  fs::remove(workspace_.store() / "db" / name.substr(1));
  repair();
  EXPECT_EQ(after_, before_);
  // The list of files itself.
  for (const auto& entry : fs::directory_iterator(workspace_.store() / "db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) fs::remove(entry.path());
  }
  fs::remove(workspace_.store() / "db" / "CURRENT");
  repair();
  EXPECT_EQ(after_, before_);
}

TEST_F(Repair, AnotherProcessesStoreIsRefused) {
  const GraphStore store = open();
  EXPECT_THROW(repair_store(workspace_, small_schema()), Error);
}

// Stopped at any moment, the old store or the new one is there, or the next run makes it so.
// Without its MANIFEST a store's rows are where they were written first: in the log alone, or in tables that
// the log changes, deletions included.
TEST_F(Repair, WhatOnlyTheLogHasComesBack) {
  for (const bool tables_too : {false, true}) {
    SCOPED_TRACE(tables_too);
    fs::remove_all(workspace_.folder / "store");
    {
      GraphStore store = open();
      const auto events = random_events(300, 5);
      const auto middle = events.begin() + 150;
      const std::vector<LedgerEntry> ledger = {{.source = 0, .name = "a.csv", .bytes = 900, .rows = 20},
                                               {.source = 1, .name = "b.csv"},
                                               {.source = 2, .name = "c.csv"}};
      store.apply({.events = {events.begin(), middle},
                   .ledger = ledger,
                   .quarantined = {{.source = 0, .offset = 5, .line = 2, .reason = "r"},
                                   {.source = 0, .offset = 7, .line = 3, .reason = "r"}}});
      if (tables_too) {
        ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
      }
      store.apply({.events = {middle, events.end()}, .released = {{0, 5}}});
      before_ = content(store);
    }
    std::vector<fs::path> manifests;
    for (const auto& entry : fs::directory_iterator(workspace_.store() / "db")) {
      if (entry.path().filename().string().starts_with("MANIFEST")) manifests.push_back(entry.path());
    }
    for (const fs::path& manifest : manifests) fs::remove(manifest);
    if (!tables_too) fs::remove(workspace_.store() / "db" / "CURRENT");
    EXPECT_THROW(open(), Error);
    const RepairReport report = repair();
    EXPECT_THAT(report.rebuilt, Contains(HasSubstr("only the logs of writes had")));
    EXPECT_EQ(after_, before_);
  }
}

TEST_F(Repair, StoppedAtEveryKillPoint) {
  for (const std::string_view point : kRepairKillPoints) {
    SCOPED_TRACE(point);
    break_store([](auto& impl) { erase_all(impl, kIncoming, 2); });
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) throw Error("stopped");
    });
    EXPECT_THROW(repair_store(workspace_, small_schema(), no_progress(), files), Error);
    EXPECT_EQ(repair_store(workspace_, small_schema()).needed, point != "repair.after_exchange");
    const GraphStore store = open();
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    EXPECT_EQ(content(store), before_);
  }
}

// Whatever file operation fails (of many of a kind: a sample of them), the store is as it was or repaired.
TEST_F(Repair, AFailedFileOperation) {
  for (const FileOperation operation :
       {FileOperation::kRename, FileOperation::kSyncFolder, FileOperation::kSync, FileOperation::kWrite,
        FileOperation::kCreate}) {
    for (std::uint64_t n = 1;; n += 1 + n) {
      break_store([](auto& impl) { erase_all(impl, kIncoming, 2); });
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      try {
        repair_store(workspace_, small_schema(), no_progress(), files);
      } catch (const Error&) {
        // RocksDB can do without some; what matters is what is there afterwards.
      }
      repair_store(workspace_, small_schema());
      EXPECT_EQ(content(open()), before_);
      if (files.count(operation) < n) break;
    }
  }
}

}  // namespace
}  // namespace weft::storage
