// Makes every single file operation of ingest and snapshot fail once, RocksDB's own among them: in batches,
// in bulk, and where sources have grown, in batches and in bulk. After each failure the store holds a prefix
// of the sources' rows and verifies, nothing half-written has a final name, and the same run again ends like
// one that nothing disturbed.
//
// WEFT_FAULTS=every   every operation in one of three ways, in turn; =all: in each of them; otherwise some
// eight of each kind of operation. WEFT_MINUTES (campaign.h): what was done by then is spread over the run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "base/toml.h"
#include "graph/snapshot.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/campaign.h"
#include "tests/crash/crash_shop.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::array<std::pair<FileOperation, const char*>, 11> kOperations = {{
    {FileOperation::kCreate, "create"},
    {FileOperation::kWrite, "write"},
    {FileOperation::kSync, "sync"},
    {FileOperation::kClose, "close"},
    {FileOperation::kRename, "rename"},
    {FileOperation::kRemove, "remove"},
    {FileOperation::kMap, "map"},
    {FileOperation::kOpen, "open"},
    {FileOperation::kRead, "read"},
    {FileOperation::kMakeFolders, "make folders"},
    {FileOperation::kSyncFolder, "sync folder"},
}};

// The device is in error; a write is cut short; the disk is full, and stays so.
constexpr std::array<FaultKind, 3> kKinds = {{
    {.no_space = false, .half_written = false, .stays = false},
    {.no_space = true, .half_written = true, .stays = false},
    {.no_space = true, .half_written = true, .stays = true},
}};

enum class Scene { kBatches, kBulk, kGrown, kGrownInBulk };

class Faults : public ::testing::TestWithParam<std::tuple<Scene, std::size_t>> {
 protected:
  Faults() {
    shop_.grow();
    if (scene() != Scene::kGrown && scene() != Scene::kGrownInBulk) return;
    start_ = folder_ / "start";
    act(real_files(), *start_);
    start_steps_ = shop_.steps();
    shop_.grow();
  }
  static Scene scene() { return std::get<0>(GetParam()); }
  static bool in_bulk() { return scene() == Scene::kBulk || scene() == Scene::kGrownInBulk; }
  static FileOperation operation() { return kOperations[std::get<1>(GetParam())].first; }

  // Ingest and snapshot; the snapshot's checksum.
  std::string act(Files& files, const fs::path& workspace) {
    TomlFile toml = TomlFile::read(shop_.project().string());
    toml.set("project.workspace=" + workspace.string());
    const Project project = read_project(toml, shop_.project());
    GraphStore store = GraphStore::open(project.workspace.store(), project.schema, kSmallStore, files);
    const IngestOptions options{.batch_rows = 60,
                                .bulk_from_bytes = in_bulk() ? 0 : std::uint64_t{1} << 40,
                                .memory = 30'000,
                                .threads = 1,
                                .snapshot = true};
    bulk_runs_ += ingest(project, store, options, no_progress(), files).bulk ? 1 : 0;
    return to_hex(export_snapshot(store, project.workspace, project.data_root, no_progress(), files,
                                  {.memory = options.memory, .threads = options.threads})
                      .info.checksum);
  }

  void start_anew(const fs::path& workspace) {
    fs::remove_all(workspace);
    if (start_) fs::copy(*start_, workspace, fs::copy_options::recursive);
  }

  void check_store(const fs::path& workspace) {
    if (!GraphStore::exists(workspace / "store")) {
      EXPECT_FALSE(start_) << "the store is gone";
      return;
    }
    try {
      const GraphStore store = GraphStore::open_existing(workspace / "store", kSmallStore);
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      const StoreContent content = read_content(store);
      const auto steps = shop_.steps_taken(content);
      ASSERT_TRUE(steps) << "ledger and sequence are of no prefix of the sources";
      EXPECT_EQ(first_difference(content, shop_.expected(*steps)), "");
      // A bulk load is in the store whole or not at all.
      if (in_bulk()) {
        EXPECT_TRUE(*steps == start_steps_ || *steps >= shop_.steps_with_all_rows()) << *steps;
      }
    } catch (const Error& error) {
      EXPECT_FALSE(start_);
      EXPECT_THAT(error.what(), HasSubstr("never finished being created"));
    }
  }

  void check_snapshots(const fs::path& workspace) {
    const auto current = current_snapshot({.folder = workspace});
    EXPECT_TRUE(current || !start_);
    if (current) graph::Snapshot::open(*current);
    if (!fs::exists(workspace / "snapshots")) return;
    for (const auto& entry : fs::directory_iterator(workspace / "snapshots")) {
      if (entry.is_directory() && entry.path().extension() != ".tmp") graph::Snapshot::open(entry.path());
    }
  }

  void check_nothing_left(const fs::path& workspace) {
    std::size_t snapshots = 0;
    for (const auto& entry : fs::recursive_directory_iterator(workspace)) {
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path() << " was left behind";
      EXPECT_NE(entry.path().extension(), ".dbtmp") << entry.path() << " was left behind";
      snapshots += entry.path().filename() == "manifest.json" ? 1 : 0;
    }
    EXPECT_LE(snapshots, 2U);
  }

  test::TempFolder folder_{test::in_memory()};
  // A picture that cannot be opened or read is no error: it counts as missing (tests/storage/media_test.cc).
  CrashShop shop_{folder_ / "shop", 5,
                  operation() == FileOperation::kOpen || operation() == FileOperation::kRead
                      ? CrashShop::Pictures::kNone
                      : CrashShop::Pictures::kSome};
  std::optional<fs::path> start_;  // a workspace to begin from
  std::size_t start_steps_ = 0;    // that it has
  int bulk_runs_ = 0;
};

TEST_P(Faults, LeaveAPrefixAndTheNextRunFinishes) {
  const char* const name = kOperations[std::get<1>(GetParam())].second;
  const fs::path workspace = folder_ / "workspace";
  FaultFiles counting(real_files());
  start_anew(workspace);
  const std::string wanted = act(counting, workspace);
  const std::uint64_t count = counting.count(operation());
  EXPECT_EQ(bulk_runs_, !in_bulk() ? 0 : start_ ? 2 : 1);
  const std::string_view faults = text_from_environment("WEFT_FAULTS");
  const std::size_t step = count / 8 + 1;
  std::vector<std::size_t> places = spread(count, step);
  if (faults.empty()) places.resize((count + step - 1) / step);
  std::uint64_t failed = 0, tolerated = 0, points = 0;
  TimeLimit limit;
  for (std::size_t i = 0; i < places.size() && !HasFailure(); ++i) {
    const std::uint64_t n = places[i] + 1;
    for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
      if (faults != "all" && i % kKinds.size() != kind) continue;
      if (limit.over()) break;
      SCOPED_TRACE(fmt::format("{} {} of {}, kind {}", name, n, count, kind));
      start_anew(workspace);
      FaultFiles files(real_files());
      files.fail_nth(operation(), n, kKinds[kind]);
      try {
        const std::string checksum = act(files, workspace);
        // Nothing needed what failed; then nothing is missing either.
        EXPECT_EQ(checksum, wanted);
        tolerated += files.injected() > 0 ? 1 : 0;
      } catch (const Error& error) {
        // RocksDB reports some failures to open in words of its own, and passes over one to read.
        EXPECT_THAT(error.what(), AnyOf(HasSubstr("injected"), HasSubstr("cannot open the store"),
                                        HasSubstr("could not be read as it was taken into the store")));
        EXPECT_FALSE(error.context().file.empty()) << error.what();
        ++failed;
      }
      ++points;
      check_store(workspace);
      check_snapshots(workspace);
      EXPECT_EQ(act(real_files(), workspace), wanted);
      check_store(workspace);
      check_nothing_left(workspace);
    }
  }
  std::printf("%s: %llu operations, %llu made to fail, %llu errors, %llu done without\n", name,
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(points),
              static_cast<unsigned long long>(failed), static_cast<unsigned long long>(tolerated));
  RecordProperty("operations", static_cast<int>(count));
  RecordProperty("errors", static_cast<int>(failed));
  RecordProperty("failed_operations", static_cast<int>(points));
}

std::string test_name(const ::testing::TestParamInfo<std::tuple<Scene, std::size_t>>& info) {
  const char* const scenes[] = {"Batches", "Bulk", "Grown", "GrownInBulk"};
  std::string out = fmt::format("{}_{}", scenes[static_cast<int>(std::get<0>(info.param))],
                                kOperations[std::get<1>(info.param)].second);
  std::replace(out.begin(), out.end(), ' ', '_');
  return out;
}

INSTANTIATE_TEST_SUITE_P(All, Faults,
                         ::testing::Combine(::testing::Values(Scene::kBatches, Scene::kBulk, Scene::kGrown,
                                                              Scene::kGrownInBulk),
                                            ::testing::Range(std::size_t{0}, kOperations.size())),
                         test_name);

}  // namespace
}  // namespace weft::storage
