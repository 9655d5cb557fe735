// Kills real ingest processes with SIGKILL, at every named moment and at random ones; then the store must
// verify, and the next run must end with the same snapshot as a run that nothing disturbed.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "storage/graph_store.h"
#include "storage/kill_points.h"
#include "storage/verify.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::IsEmpty;

constexpr const char* kProject = R"([nodes.user]
source = "users.csv"
id = "user"
fields.age = { kind = "number" }
[nodes.item]
source = "items.jsonl"
id = "item"
fields.title = { kind = "text" }
fields.tags = { kind = "category", as_node = true }
fields.photo = { kind = "image", path = "{photo}", as_node = true }
[nodes.review]
source = "reviews.jsonl"
fields.body = { kind = "text" }
[edges.buys]
source = ["old.csv", "new.csv"]
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
[edges.wrote]
source = "reviews.jsonl"
from = "user:user"
to = "review"
[edges.about]
source = "reviews.jsonl"
from = "review"
to = "item:item"
[clean]
max_bad_rows = 0.5
)";

class Crash : public ::testing::Test {
 protected:
  Crash() {
    std::mt19937_64 random(1);
    const auto write = [&](const char* name, const std::string& text) {
      real_files().write_whole(folder_ / name, text);
    };
    write("shop.toml", kProject);
    std::string users = "user,age\n";
    for (int i = 0; i < 60; ++i) users += fmt::format("u{},{}\n", i, i % 7 == 0 ? "?" : std::to_string(i));
    write("users.csv", users);
    std::string items;
    for (int i = 0; i < 50; ++i)
      items += fmt::format(
          "{{\"item\": \"i{}\", \"title\": \"item {}\", \"tags\": [\"t{}\", \"t{}\"], \"photo\": "
          "\"{}.jpg\"}}\n",
          i, i, i % 5, i % 3, i % 10);
    write("items.jsonl", items + "{\"item\": \"i1\", \"tags\": [\"t9\"]}\n{\"item\": \"cut");
    for (int i = 0; i < 5; ++i)
      write(fmt::format("{}.jpg", i).c_str(), fmt::format("\xFF\xD8\xFF{}\xFF\xD9", i));
    std::string reviews;
    for (int i = 0; i < 80; ++i)
      reviews += fmt::format("{{\"user\": \"u{}\", \"item\": \"i{}\", \"body\": \"text {}\"}}\n",
                             random() % 70, random() % 60, i);
    write("reviews.jsonl", reviews);
    for (const char* name : {"old.csv", "new.csv"}) {
      std::string rows = "user,item,time\n";
      for (int i = 0; i < 400; ++i)
        rows += fmt::format("u{},i{},{}\n", random() % 80, random() % 60,
                            i % 50 == 0 ? "never" : std::to_string(random() % 1000));
      write(name, rows);
    }
  }

  struct Outcome {
    bool killed = false;
    int status = 0;
    std::string output;
  };

  enum class Path { kBatches, kBulk };

  // Runs ingest_program; kills it after `delay`, or at `kill_point`.
  Outcome run(const std::filesystem::path& workspace, const std::string& kill_point,
              std::optional<std::chrono::microseconds> delay = {}, Path path = Path::kBatches) {
    const auto output = folder_ / "output.txt";
    const std::string set = "project.workspace=" + workspace.string();
    const pid_t child = ::fork();
    if (child == 0) {
      const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(fd, 1);
      ::dup2(fd, 2);
      if (kill_point.empty()) {
        ::unsetenv("WEFT_KILL_POINT");
      } else {
        ::setenv("WEFT_KILL_POINT", kill_point.c_str(), 1);
      }
      const std::string project = (folder_ / "shop.toml").string();
      ::execl(INGEST_PROGRAM, INGEST_PROGRAM, project.c_str(), "--batch-rows", "25", "--set", set.c_str(),
              "--memory", "20000", "--bulk-from", path == Path::kBulk ? "0" : "1000000000", nullptr);
      ::_exit(127);
    }
    if (delay) {
      std::this_thread::sleep_for(*delay);
      ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
            .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .output = real_files().read_whole(output)};
  }

  static std::string checksum_of(const Outcome& outcome) {
    const std::size_t at = outcome.output.find("checksum ");
    return at == std::string::npos ? "none: " + outcome.output : outcome.output.substr(at + 9, 16);
  }

  // After a kill: what is there is whole, and a further run finishes the job.
  void expect_recovers(const std::filesystem::path& workspace, const std::string& wanted,
                       Path path = Path::kBatches) {
    if (GraphStore::exists(workspace / "store")) {
      try {
        const GraphStore store = GraphStore::open_existing(workspace / "store");
        EXPECT_THAT(verify_store(store).problems, IsEmpty());
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("never finished being created"));
      }
    }
    const Outcome again = run(workspace, "", {}, path);
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_EQ(checksum_of(again), wanted);
    EXPECT_FALSE(std::filesystem::exists(workspace / "bulk.tmp")) << "temporary files were left behind";
  }

  test::TempFolder folder_;
};

TEST_F(Crash, KilledAtEveryNamedMomentNothingIsLostOrDoubled) {
  const Outcome whole = run(folder_ / "whole", "");
  ASSERT_EQ(whole.status, 0) << whole.output;
  const std::string wanted = checksum_of(whole);
  std::map<std::string, int> hits;
  for (const std::string_view point : kKillPoints) {
    for (const int passing : {1, 2, 9}) {
      const auto workspace = folder_ / "killed";
      std::filesystem::remove_all(workspace);
      const std::string request = fmt::format("{}:{}", point, passing);
      SCOPED_TRACE(request);
      const Path path = point.starts_with("bulk.") ? Path::kBulk : Path::kBatches;
      const Outcome outcome = run(workspace, request, {}, path);
      if (outcome.killed) ++hits[std::string(point)];
      // A bulk load that was killed before its one step has left an empty store.
      if (path == Path::kBulk && point != "bulk.after_take_in" && outcome.killed) {
        const GraphStore store = GraphStore::open_existing(workspace / "store");
        EXPECT_EQ(store.info().sequence, 0U);
        EXPECT_TRUE(store.ledger().empty());
      }
      expect_recovers(workspace, wanted, path);
      if (!outcome.killed) break;
    }
  }
  for (const std::string_view point : kKillPoints)
    EXPECT_GE(hits[std::string(point)], 1) << point << " was never passed";
}

TEST_F(Crash, KilledAgainAndAgainItStillArrives) {
  const std::string wanted = checksum_of(run(folder_ / "whole", ""));
  const auto workspace = folder_ / "killed";
  int kills = 0;
  while (run(workspace, "ingest.after_batch:2").killed) {
    ASSERT_LT(++kills, 100);
  }
  EXPECT_GT(kills, 10);
  expect_recovers(workspace, wanted);
}

TEST_F(Crash, KilledAtRandomMoments) {
  const auto started = std::chrono::steady_clock::now();
  const std::string wanted = checksum_of(run(folder_ / "whole", ""));
  const auto whole_run =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  std::mt19937_64 random(20);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    const Path path = i % 2 == 0 ? Path::kBatches : Path::kBulk;
    const auto workspace = folder_ / "killed";
    std::filesystem::remove_all(workspace);
    run(workspace, "", std::chrono::microseconds(random() % static_cast<std::uint64_t>(whole_run.count())),
        path);
    expect_recovers(workspace, wanted, path);
  }
}

}  // namespace
}  // namespace weft::storage
