// `weft ingest --follow`, in a process of its own (follow_program.cc), with librdkafka's mock cluster in this
// one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/toml.h"
#include "graph/snapshot.h"
#include "storage/ingest.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/storage/kafka/mock_cluster.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

std::string project(const std::string& brokers) {
  return "[sources.log.kafka]\nbrokers = \"" + brokers + R"("
topics = "events"
[nodes.user]
[nodes.item]
[edges.buys]
source = "log"
from = "user:_key"
to = "item:item"
time = { column = "time", unit = "s" }
)";
}

class IngestFollow : public ::testing::Test {
 protected:
  IngestFollow() {
    mock_.create("events", 2);
    real_files().write_whole(folder_ / "shop.toml", std::string_view(project(mock_.brokers())));
  }
  void buy(int count) {
    for (int i = 0; i < count; ++i, ++sent_)
      mock_.send("events", sent_ % 2,
                 {.value = "{\"item\": \"i" + std::to_string(sent_ % 5) +
                           "\", \"time\": " + std::to_string(sent_) + "}",
                  .key = "u" + std::to_string(sent_ % 7)});
    mock_.flush();
  }
  std::uint64_t edges() const {
    const auto store = storage::GraphStore::open_existing(folder_ / "shop.weft/store");
    EXPECT_THAT(storage::verify_store(store).problems, ::testing::ElementsAre());
    return store.info().edge_counts[0];
  }
  // An ingest of what is left.
  std::uint64_t ingest() const {
    const auto project = storage::read_project(TomlFile::read(folder_ / "shop.toml"), folder_ / "shop.toml");
    storage::GraphStore store = storage::GraphStore::open(project.workspace.store(), project.schema);
    return storage::ingest(project, store).rows;
  }
  // `weft ingest --follow`, its output in a file.
  pid_t start() const {
    const std::string out = (folder_ / "out").string(), err = (folder_ / "err").string();
    const std::string shop = (folder_ / "shop.toml").string();
    std::filesystem::remove(out);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    ::execl(WEFT_FOLLOW_PROGRAM, "follow", "ingest", shop.c_str(), "--every", "0.2", "--json", nullptr);
    ::_exit(127);
  }
  std::string text(const char* name) const {
    std::error_code code;
    return std::filesystem::exists(folder_ / name, code) ? real_files().read_whole(folder_ / name) : "";
  }
  // Rows of all rounds so far.
  std::uint64_t rows() const {
    std::istringstream lines(text("out"));
    std::uint64_t sum = 0;
    for (std::string line; std::getline(lines, line) && !lines.eof();)
      sum += nlohmann::json::parse(line)["rows"].get<std::uint64_t>();
    return sum;
  }
  // So many rows are in, or the program has ended, or two minutes have passed.
  void wait_for(std::uint64_t count, pid_t pid) const {
    for (int i = 0; i < 1200 && rows() < count && ::waitpid(pid, nullptr, WNOHANG) == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_EQ(rows(), count) << text("err");
  }
  static int end(pid_t pid, int signal) {
    ::kill(pid, signal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  storage::MockCluster mock_;
  int sent_ = 0;
  test::TempFolder folder_;
};

TEST_F(IngestFollow, FollowsUntilItIsToldToStop) {
  buy(20);
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t pid = start();
    wait_for(signal == SIGTERM ? 20 : 0, pid);
    buy(10);
    wait_for(signal == SIGTERM ? 30 : 10, pid);
    EXPECT_EQ(end(pid, signal), 0) << text("err");
    EXPECT_THAT(text("err"), HasSubstr("the next run goes on from here"));
  }
  EXPECT_EQ(ingest(), 0U);
  EXPECT_EQ(edges(), 40U);
  const storage::Workspace workspace{folder_ / "shop.weft"};
  EXPECT_EQ(graph::Snapshot::open(storage::current_snapshot(workspace).value()).edge_count(0), 40U)
      << "the last round brought it up to date";
}

TEST_F(IngestFollow, KilledItGoesOn) {
  buy(20);
  const pid_t pid = start();
  wait_for(20, pid);
  buy(200);
  end(pid, SIGKILL);
  ingest();
  EXPECT_EQ(edges(), 220U);
}

}  // namespace
}  // namespace weft
