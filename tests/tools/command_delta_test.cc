// Deltas through the real program: what an ingest of a grown log writes, and what other commands make of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kProject = R"([nodes.user]
[nodes.item]
source = "items.csv"
id = "id"
fields.title = { kind = "text" }
[edges.buys]
source = "events.csv"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
[task]
target = "buys"
)";

class Delta : public ::testing::Test {
 protected:
  Delta() {
    write_text(folder_ / "shop.toml", kProject);
    write_text(folder_ / "items.csv", "id,title\na,red chair\nb,blue chair\n");
    std::string events = "time,user,item\n";
    for (int i = 0; i < 100; ++i)
      events += std::to_string(1000 + i) + ",u" + std::to_string(i % 7) + (i % 2 == 0 ? ",a\n" : ",b\n");
    write_text(folder_ / "events.csv", events);
  }
  void grow(const std::string& rows) {
    write_text(folder_ / "events.csv", read_text(folder_ / "events.csv") + rows);
  }
  RunResult weft(const std::string& command, const std::string& more = "",
                 const std::string& environment = "") const {
    return run_weft(command + " " + (folder_ / "shop.toml").string() + " " + more, environment);
  }
  fs::path workspace() const { return folder_ / "shop.weft"; }
  // Of a snapshot written at once from the same rows.
  std::string wanted_checksum() const {
    const RunResult whole =
        weft("ingest", "--json --set project.workspace=" + (folder_ / "other.weft").string());
    return whole.json()["snapshot"]["checksum"];
  }

  fs::path folder_ = scratch_folder("delta");
};

TEST_F(Delta, ASnapshotThatIsWrittenBesideABulkLoadIsNew) {
  const auto first = weft("ingest", "--bulk-from 0 --json").json();
  EXPECT_EQ(first["path"], "bulk");
  EXPECT_FALSE(first["snapshot"]["reused"]);
  EXPECT_TRUE(weft("ingest", "--bulk-from 0 --json").json()["snapshot"]["reused"]);
}

TEST_F(Delta, AGrownLogBesideItsSnapshot) {
  ASSERT_EQ(weft("ingest").exit_code, 0);
  grow("2000,u1,b\n");
  const RunResult first = weft("ingest", "--delta");  // no log is kept of a small graph until it is asked for
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("the next can be a delta"));
  const auto base = weft("info", "--json").json();
  EXPECT_FALSE(base.contains("delta"));

  grow("2001,new,a\n500,u2,b\n");
  const auto second = weft("ingest", "--delta --json").json();
  EXPECT_EQ(second["snapshot"]["checksum"], base["checksum"]);
  EXPECT_TRUE(second["snapshot"]["reused"]);
  EXPECT_TRUE(fs::exists(fs::path(second["delta"]["folder"].get<std::string>()) / "manifest.json"));
  const auto info = weft("info", "--json").json();
  EXPECT_EQ(info["checksum"], base["checksum"]);
  EXPECT_EQ(info["delta"]["nodes"]["user"]["new"], 1);
  EXPECT_EQ(info["delta"]["nodes"]["user"]["older"], 1);
  EXPECT_EQ(info["delta"]["edges"]["buys"]["new"], 2);
  EXPECT_THAT(weft("info").out, HasSubstr("delta "));
  EXPECT_THAT(weft("verify").out, HasSubstr("the snapshot with its delta"));

  // What needs one snapshot makes one.
  const RunResult partition = weft("partition", "--parts 2");
  ASSERT_EQ(partition.exit_code, 0) << partition.err;
  EXPECT_THAT(partition.err, HasSubstr("making one snapshot"));
  const auto after = weft("info", "--json").json();
  EXPECT_FALSE(after.contains("delta"));
  EXPECT_EQ(after["nodes"]["user"]["count"], 8);
  EXPECT_EQ(after["checksum"], wanted_checksum());
}

TEST_F(Delta, CompactWritesTheSnapshotOfAFreshIngest) {
  weft("ingest", "--delta");
  grow("2000,u1,b\n");
  ASSERT_TRUE(weft("ingest", "--delta --json").json().contains("delta"));
  const auto compacted = weft("ingest", "--compact --json").json();
  EXPECT_FALSE(compacted.contains("delta"));
  EXPECT_EQ(compacted["snapshot"]["checksum"], wanted_checksum());
  EXPECT_EQ(weft("ingest", "--delta --compact").exit_code, 2);
  EXPECT_EQ(weft("ingest", "--set project.delta_share=0.5").exit_code, 2);
}

TEST_F(Delta, ADamagedDeltaIsFoundAndWrittenAnew) {
  weft("ingest", "--delta");
  grow("2000,u1,b\n");
  const auto report = weft("ingest", "--delta --json").json();
  const fs::path file = fs::path(report["delta"]["folder"].get<std::string>()) / "edge_0.added.from";
  std::string bytes = read_text(file);
  bytes[0] = static_cast<char>(bytes[0] ^ 1);
  write_text(file, bytes);
  const RunResult verified = weft("verify");
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.out, HasSubstr("edge_0.added.from"));
  ASSERT_EQ(weft("ingest", "--delta").exit_code, 0);
  EXPECT_EQ(weft("verify").exit_code, 0);
}

// Killed where the delta is written: the state before is shown, and the next run finishes.
TEST_F(Delta, KilledBetween) {
  weft("ingest", "--delta");
  std::uint64_t sequence = weft("info", "--json").json()["sequence"];
  int row = 0;
  for (const char* point : {"delta.before_files", "delta.before_manifest", "delta.before_rename",
                            "delta.after_rename", "deltas.before_prune", "deltas.after_prune"}) {
    SCOPED_TRACE(point);
    grow(std::to_string(3000 + row++) + ",u1,b\n");
    EXPECT_NE(weft("ingest", "--delta", std::string("WEFT_KILL_POINT=") + point).exit_code, 0);
    EXPECT_EQ(weft("verify").exit_code, 0);
    const auto again = weft("ingest", "--delta --json").json();
    EXPECT_EQ(again["delta"]["sequence"], ++sequence);
  }
  EXPECT_EQ(weft("ingest", "--compact --json").json()["snapshot"]["checksum"], wanted_checksum());
}

}  // namespace
}  // namespace weft
