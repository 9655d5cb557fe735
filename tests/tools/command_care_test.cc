// What keeps a store: repair, backup and restore through the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

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
)";

class Care : public ::testing::Test {
 protected:
  Care() {
    write_text(folder_ / "shop.toml", kProject);
    write_text(folder_ / "items.csv", "id,title\na,red chair\nb,blue chair\n");
    write_text(folder_ / "events.csv", "time,user,item\n1,u,a\n2,v,b\n3,u,b\n");
  }
  RunResult weft(const std::string& command, const std::string& more = "") const {
    return run_weft(command + " " + project() + " " + more);
  }
  std::string project() const { return (folder_ / "shop.toml").string(); }
  std::string backups() const { return (folder_ / "backups").string(); }
  // The counts and the checksum of the snapshot.
  std::string state() const { return weft("info", "--json").json()["nodes"].dump(); }

  fs::path folder_ = scratch_folder("care");
};

// A table file of `store` gets a byte flipped.
void damage(const fs::path& database) {
  for (const auto& entry : fs::directory_iterator(database)) {
    if (entry.path().extension() != ".sst") continue;
    std::string bytes = read_text(entry.path());
    bytes[20] = static_cast<char>(bytes[20] ^ 1);
    write_text(entry.path(), bytes);
    return;
  }
  FAIL() << "no table file in " << database;
}

TEST_F(Care, RepairMakesADamagedStoreSound) {
  EXPECT_EQ(weft("repair").exit_code, 1);  // there is none yet
  ASSERT_EQ(weft("ingest").exit_code, 0);
  const RunResult sound = weft("repair");
  EXPECT_EQ(sound.exit_code, 0) << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("nothing is broken"));
  ASSERT_EQ(weft("ingest").exit_code, 0);  // opening it moves what the log holds into table files
  damage(folder_ / "shop.weft" / "store" / "db");
  EXPECT_EQ(weft("verify").exit_code, 1);
  const RunResult repaired = weft("repair", "--json");
  ASSERT_EQ(repaired.exit_code, 0) << repaired.err;
  EXPECT_TRUE(repaired.json()["needed"].get<bool>());
  EXPECT_TRUE(fs::exists(repaired.json()["kept"].get<std::string>()));
  EXPECT_EQ(weft("verify").exit_code, 0);
  const RunResult again = weft("ingest");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(weft("verify").exit_code, 0);
}

TEST_F(Care, BackupAndRestore) {
  EXPECT_EQ(weft("backup", backups()).exit_code, 1);  // no store yet
  ASSERT_EQ(weft("ingest").exit_code, 0);
  EXPECT_EQ(weft("backup").exit_code, 2);  // no folder yet
  ASSERT_EQ(weft("ingest").exit_code, 0);  // opening it moves what the log holds into table files
  const std::string first = state();
  const RunResult whole = weft("backup", backups() + " --json");
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(whole.json()["id"], 1);
  write_text(folder_ / "events.csv", "time,user,item\n1,u,a\n2,v,b\n3,u,b\n4,w,a\n");
  ASSERT_EQ(weft("ingest").exit_code, 0);
  const std::string second = state();
  const RunResult more = weft("backup", "--json");  // into the same folder
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_LT(more.json()["new_files"], more.json()["files"]);

  EXPECT_THAT(weft("backup", "--list").out, HasSubstr("taken"));
  EXPECT_EQ(weft("backup", "--list --json").json().size(), 2U);
  EXPECT_THAT(weft("backup", "--verify").out, HasSubstr("ok: 2 backups"));
  EXPECT_EQ(weft("backup", "--verify --id 7").exit_code, 2);

  EXPECT_EQ(weft("restore").exit_code, 2);  // there is a store
  fs::remove_all(folder_ / "shop.weft" / "store");
  const RunResult restored = weft("restore", backups() + " --id 1");
  ASSERT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_EQ(weft("verify").exit_code, 0);
  // The log is longer than the restored state: its tail comes again.
  ASSERT_EQ(weft("ingest").exit_code, 0);
  EXPECT_EQ(state(), second);
  EXPECT_NE(first, second);
}

TEST_F(Care, ForgetAUser) {
  EXPECT_EQ(weft("forget", "user u").exit_code, 1);  // no store yet
  ASSERT_EQ(weft("ingest").exit_code, 0);
  ASSERT_EQ(weft("backup", backups()).exit_code, 0);
  EXPECT_EQ(weft("forget", "usr u").exit_code, 2);
  EXPECT_THAT(weft("forget", "usr u").err, HasSubstr("did you mean 'user'?"));
  const std::string before = state();
  const RunResult unknown = weft("forget", "user uu");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("nothing was changed"));
  EXPECT_EQ(weft("forget", "user u --dry-run").exit_code, 0);
  EXPECT_EQ(state(), before);
  const RunResult forgotten = weft("forget", "user u --json");
  ASSERT_EQ(forgotten.exit_code, 0) << forgotten.err;
  EXPECT_EQ(forgotten.json()["nodes"]["user"], 1);
  EXPECT_EQ(forgotten.json()["edges"]["buys"], 2);
  EXPECT_EQ(forgotten.json()["backups"].size(), 1U);
  EXPECT_TRUE(fs::exists(forgotten.json()["snapshot"].get<std::string>()));
  EXPECT_EQ(weft("verify").exit_code, 0);
  EXPECT_THAT(weft("forget", "user u").out, HasSubstr("was forgotten before"));
  const nlohmann::json info = weft("info", "--analyse --json").json();
  EXPECT_EQ(info["nodes"]["user"]["forgotten"], 1);
  EXPECT_EQ(info["nodes"]["user"]["count"], info["analysis"]["degrees"]["user"]["nodes"]);
  EXPECT_THAT(weft("info").out, HasSubstr("forgotten, not counted: 1 user"));
  // Rows of the user stay out.
  write_text(folder_ / "events.csv", read_text(folder_ / "events.csv") + "9,u,a\n9,w,a\n");
  const RunResult more = weft("ingest", "--json");
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(more.json()["forgotten"], 1);
  EXPECT_EQ(more.json()["edges"]["buys"]["new"], 1);
  EXPECT_EQ(weft("forget", "user u --allow-return").exit_code, 0);
  write_text(folder_ / "events.csv", read_text(folder_ / "events.csv") + "10,u,a\n");
  EXPECT_EQ(weft("ingest", "--json").json()["edges"]["buys"]["new"], 1);
  EXPECT_EQ(weft("verify").exit_code, 0);
  // One whose only row is bad: the quarantine alone has it.
  write_text(folder_ / "events.csv", read_text(folder_ / "events.csv") + "never,newcomer,a\n");
  ASSERT_EQ(weft("ingest", "--set clean.max_bad_rows=0.9").exit_code, 0);
  const fs::path quarantine = folder_ / "shop.weft" / "quarantine.jsonl";
  EXPECT_THAT(weft("forget", "user newcomer").out, HasSubstr("1 rows of the quarantine quote it"));
  EXPECT_THAT(read_text(quarantine), Not(HasSubstr("newcomer")));
  write_text(folder_ / "events.csv", read_text(folder_ / "events.csv") + "never,newcomer,b\n");
  ASSERT_EQ(weft("ingest", "--set clean.max_bad_rows=0.9").exit_code, 0);
  EXPECT_THAT(read_text(quarantine), Not(HasSubstr("newcomer")));
}

TEST_F(Care, ADamagedBackupIsNamed) {
  ASSERT_EQ(weft("ingest").exit_code, 0);
  ASSERT_EQ(weft("backup", backups()).exit_code, 0);
  const fs::path files = folder_ / "backups" / "files";
  const fs::path file = fs::directory_iterator(files)->path();
  write_text(file, read_text(file) + "x");
  const RunResult verify = weft("backup", "--verify");
  EXPECT_EQ(verify.exit_code, 1);
  EXPECT_THAT(verify.out, HasSubstr(file.filename().string()));
  fs::remove_all(folder_ / "shop.weft" / "store");
  EXPECT_EQ(weft("restore").exit_code, 1);
  EXPECT_FALSE(fs::exists(folder_ / "shop.weft" / "store"));
}

}  // namespace
}  // namespace weft
