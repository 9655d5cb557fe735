// Mistakes that users make: each gets a message that says what to do, a non-zero exit, and leaves the store
// whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kProject = R"([nodes.user]
[nodes.item]
source = "items.jsonl"
id = "id"
fields.title = { kind = "text" }
fields.photo = { kind = "image", path = "{photo}" }
[edges.buys]
source = "events.csv"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
[clean]
max_bad_rows = 0.5
max_bad_media = 0.5
[task]
target = "buys"
)";

fs::path make_project(const std::string& project = kProject) {
  const fs::path folder = scratch_folder("errors");
  write_text(folder / "shop.toml", project);
  write_text(folder / "items.jsonl", R"({"id": "a", "title": "red chair", "photo": null})"
                                     "\n"
                                     R"({"id": "b", "title": "blue chair", "photo": null})"
                                     "\n");
  write_text(folder / "events.csv", "time,user,item\n1,u,a\n2,v,b\n3,u,b\n");
  return folder;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_store_verifies(const fs::path& folder) {
  const RunResult verify = run_weft("verify " + (folder / "shop.toml").string());
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
}

TEST(CommandErrors, BrokenTomlNamesLineAndColumn) {
  const fs::path folder = make_project(replaced(kProject, "id = \"id\"", "id = "));
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("shop.toml:4"));
  EXPECT_FALSE(fs::exists(folder / "shop.weft" / "store"));
}

TEST(CommandErrors, UnknownKeyNamesTheNearestOne) {
  const fs::path folder =
      make_project(replaced(kProject, "source = \"events.csv\"", "sourse = \"events.csv\""));
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("source"));
  EXPECT_THAT(run.err, HasSubstr("shop.toml:"));
}

TEST(CommandErrors, WrongColumnNamesTheFileAndTheNearestColumn) {
  const fs::path folder = make_project(replaced(kProject, "user:user", "user:usr"));
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("usr"));
  EXPECT_THAT(run.err, HasSubstr("'user'"));
}

TEST(CommandErrors, MissingSourceIsNamed) {
  const fs::path folder = make_project();
  fs::remove(folder / "events.csv");
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("events.csv"));
}

TEST(CommandErrors, TruncatedJsonLineGoesToQuarantineWithItsLine) {
  const fs::path folder = make_project();
  write_text(folder / "items.jsonl", R"({"id": "a", "title": "red chair"})"
                                     "\n"
                                     R"({"id": "b", "title": "blue)"
                                     "\n");
  const RunResult run = run_weft("ingest --json " + (folder / "shop.toml").string());
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json()["quarantined_rows"], 1);
  const auto line = nlohmann::json::parse(read_text(folder / "shop.weft" / "quarantine.jsonl"));
  EXPECT_EQ(line["source"], "items.jsonl");
  EXPECT_EQ(line["line"], 2);
  expect_store_verifies(folder);
}

TEST(CommandErrors, TooManyBadRowsStopAndLeaveTheStoreAsItWas) {
  const fs::path folder = make_project(replaced(kProject, "0.5", "0.1"));
  ASSERT_EQ(run_weft("ingest " + (folder / "shop.toml").string()).exit_code, 0);
  const auto before = run_weft("info --json " + (folder / "shop.toml").string()).json();
  write_text(folder / "events.csv", read_text(folder / "events.csv") + "x,u\ny\n4,w,a\n");
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("events.csv"));
  EXPECT_EQ(run_weft("info --json " + (folder / "shop.toml").string()).json()["edges"], before["edges"]);
  expect_store_verifies(folder);
}

TEST(CommandErrors, MediaPathOutOfTheDataRootIsQuarantined) {
  const fs::path folder = make_project();
  write_text(folder / "items.jsonl", R"({"id": "a", "title": "red chair", "photo": "../../etc/passwd"})"
                                     "\n"
                                     R"({"id": "b", "title": "blue chair", "photo": null})"
                                     "\n");
  const RunResult run = run_weft("ingest --json " + (folder / "shop.toml").string());
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json()["quarantined_rows"], 1);
  EXPECT_THAT(read_text(folder / "shop.weft" / "quarantine.jsonl"), HasSubstr("../../etc/passwd"));
  expect_store_verifies(folder);
}

TEST(CommandErrors, HalfAJpegIsReportedAndTheStoreVerifies) {
  const fs::path folder = make_project();
  write_text(folder / "half.jpg", std::string("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", 13));
  write_text(folder / "items.jsonl", R"({"id": "a", "title": "red chair", "photo": "half.jpg"})"
                                     "\n"
                                     R"({"id": "b", "title": "blue chair", "photo": null})"
                                     "\n");
  ASSERT_EQ(run_weft("ingest " + (folder / "shop.toml").string()).exit_code, 0);
  const RunResult encode =
      run_weft("encode --json " + (folder / "shop.toml").string() +
               " --set task.split.valid=0.34 --set task.split.test=0.34 --set task.split.kind=time");
  ASSERT_EQ(encode.exit_code, 0) << encode.err;
  for (const auto& field : encode.json()) {
    if (field["field"] == "item.photo") {
      EXPECT_EQ(field["present"], 0);
    }
  }
  expect_store_verifies(folder);
}

TEST(CommandErrors, ByDefaultMoreThanAFewBadRowsOrPicturesStopTheIngest) {
  const std::string defaults =
      replaced(replaced(kProject, "max_bad_rows = 0.5\n", ""), "max_bad_media = 0.5\n", "");
  const auto expect_stopped = [](const fs::path& folder, const std::string& said) {
    const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr(said));
    EXPECT_THAT(run.err, HasSubstr("items.jsonl:2"));
    EXPECT_FALSE(fs::exists(folder / "shop.weft" / "snapshots"));
    expect_store_verifies(folder);
  };
  const std::string good = R"({"id": "a", "title": "red chair"})";
  fs::path folder = make_project(defaults);
  write_text(folder / "items.jsonl", good + "\n" + R"({"id": "b", "title": "blue)" + "\n");
  expect_stopped(folder, "clean.max_bad_rows");
  folder = make_project(defaults);
  write_text(folder / "items.jsonl", good + "\n" + R"({"id": "b", "photo": "../b.jpg"})" + "\n");
  expect_stopped(folder, "clean.max_bad_rows");
  folder = make_project(defaults);
  write_text(folder / "half.jpg", std::string("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", 13));
  write_text(folder / "items.jsonl", good + "\n" + R"({"id": "b", "photo": "half.jpg"})" + "\n");
  expect_stopped(folder, "the JPEG ends early");
}

TEST(CommandErrors, StoreHeldByAnotherProcessNamesItsPid) {
  const fs::path folder = make_project();
  ASSERT_EQ(run_weft("ingest " + (folder / "shop.toml").string()).exit_code, 0);
  write_text(folder / "events.csv", read_text(folder / "events.csv") + "4,w,a\n");
  // The holder stops itself in the middle of its ingest, the lock in its hands.
  const pid_t holder = ::fork();
  if (holder == 0) {
    ::setenv("WEFT_STOP_POINT", "ingest.before_batch", 1);
    ::execl(WEFT_BINARY, "weft", "ingest", (folder / "shop.toml").c_str(), "--quiet", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(holder, &status, WUNTRACED), holder);
  ASSERT_TRUE(WIFSTOPPED(status));
  const RunResult run = run_weft("ingest " + (folder / "shop.toml").string());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(std::to_string(holder)));
  EXPECT_EQ(run_weft("info " + (folder / "shop.toml").string()).exit_code, 0) << "readers are not kept out";
  ::kill(holder, SIGCONT);
  ASSERT_EQ(::waitpid(holder, &status, 0), holder);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  expect_store_verifies(folder);
}

TEST(CommandErrors, MistypedCommandAndOption) {
  const RunResult run = run_weft("recomend x.toml --user u");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("weft recommend"));
  EXPECT_EQ(run_weft("train").exit_code, 2);
  EXPECT_EQ(run_weft("--version").exit_code, 0);
}

TEST(CommandErrors, NothingIngestedYetSaysWhatToRun) {
  const fs::path folder = make_project();
  for (const char* command :
       {"info", "verify", "encode", "train", "evaluate", "embed --type user --out x.npy",
        "recommend --user u", "similar --item a", "score --user u --item a"}) {
    const RunResult run = run_weft(std::string(command) + " " + (folder / "shop.toml").string());
    EXPECT_EQ(run.exit_code, 1) << command << run.err;
    EXPECT_THAT(run.err, HasSubstr("weft ingest")) << command;
  }
}

TEST(CommandErrors, BadSetting) {
  const fs::path folder = make_project();
  ASSERT_EQ(run_weft("ingest " + (folder / "shop.toml").string()).exit_code, 0);
  const RunResult run = run_weft("train " + (folder / "shop.toml").string() + " --set train.epoch=5");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("epochs"));
  EXPECT_FALSE(fs::exists(folder / "shop.weft" / "encoders"));
  EXPECT_FALSE(fs::exists(folder / "shop.weft" / "models"));
}

// A section that the chosen kind of model does not use is checked all the same.
TEST(CommandErrors, BadSettingOfTheOtherKindOfModel) {
  const fs::path folder = make_project();
  const std::string project = (folder / "shop.toml").string();
  ASSERT_EQ(run_weft("ingest " + project).exit_code, 0);
  for (const char* settings :
       {"--set model.kind=lightgcn --set train.epoch=5", "--set model.kind=lightgcn --set model.hiden=5",
        "--set lightgcn.epoch=5", "--set skipgram.epoch=5", "--set skipgram.walks.some.path=buys",
        "--set model.kind=skipgram --set model.hiden=5",
        "--set model.kind=lightgcn --set encoders.text.dims=5"}) {
    EXPECT_EQ(run_weft("train " + project + " " + settings).exit_code, 2) << settings;
    EXPECT_EQ(run_weft("recommend --user u " + project + " " + settings).exit_code, 2) << settings;
  }
  const RunResult serve = run_weft("ingest " + project + " --set serve.port=80");
  EXPECT_EQ(serve.exit_code, 2) << "nothing reads such a section";
  EXPECT_THAT(serve.err, HasSubstr("serve"));
}

TEST(CommandErrors, LostOutputIsAFailure) {
  const fs::path folder = make_project();
  const std::string project = (folder / "shop.toml").string();
  ASSERT_EQ(run_weft("ingest " + project).exit_code, 0);
  for (const std::string& command : {"info " + project, "info --json " + project, std::string("--help")}) {
    const RunResult run = run_weft(command + " >/dev/full || echo exit code $?");
    EXPECT_EQ(run.out, "exit code 1\n") << command;
  }
}

TEST(CommandErrors, ThreadsAreTakenOnlyWhereTheyAreUsed) {
  for (const char* command : {"ingest", "info", "verify"})
    EXPECT_EQ(run_weft(std::string(command) + " --threads 2 x.toml").exit_code, 2) << command;
}

TEST(CommandErrors, UnknownKindOfEmbeddingFileIsSaidAtOnce) {
  const fs::path folder = make_project();
  const RunResult run = run_weft("embed --type user --out x.bin " + (folder / "shop.toml").string());
  EXPECT_EQ(run.exit_code, 2) << "before it is looked for a snapshot";
  EXPECT_THAT(run.err, HasSubstr(".parquet"));
}

TEST(Errors, AMistypedCommandIsNamedWithItsNeighbour) {
  const RunResult result = run_weft("ingets shop.toml");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no command 'ingets'"));
  EXPECT_THAT(result.err, HasSubstr("did you mean 'weft ingest'?"));
}

// `weft` by itself: as where it was built without LibTorch.
TEST(Errors, AProgramWithoutTheNetworkSaysWhatItLacksAndRunsTheRest) {
  const fs::path alone = scratch_folder("alone") / "weft";
  fs::copy_file(WEFT_BINARY, alone);
  const std::string project = (make_project() / "shop.toml").string();
  for (const std::string command : {"ingest ", "verify ", "repair "}) {
    const RunResult result = run_program(alone, command + project);
    EXPECT_EQ(result.exit_code, 0) << command << result.out << result.err;
  }
  for (const std::string command : {"train ", "info "}) {
    const RunResult result = run_program(alone, command + project);
    EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr("there is no command '" + command.substr(0, command.size() - 1) + "'"));
    EXPECT_THAT(result.err, HasSubstr("weft-network, which is not beside this program"));
  }
  const RunResult help = run_program(alone, "--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("  ingest "));
  EXPECT_THAT(help.out, Not(HasSubstr("  train ")));
  EXPECT_THAT(run_weft("--help").out, HasSubstr("  train "));
}

}  // namespace
}  // namespace weft
