#include "base/fault_files.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

TEST(FaultFiles, ForwardsAndCounts) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  files.make_folders(folder / "a");
  files.replace_whole(folder / "a/f", "content");
  EXPECT_EQ(files.read_whole(folder / "a/f"), "content");
  files.remove_all(folder / "a/f");
  EXPECT_FALSE(fs::exists(folder / "a/f"));
  EXPECT_EQ(files.count(FileOperation::kMakeFolders), 1U);
  EXPECT_EQ(files.count(FileOperation::kCreate), 1U);
  EXPECT_EQ(files.count(FileOperation::kWrite), 1U);
  EXPECT_EQ(files.count(FileOperation::kSync), 1U);
  EXPECT_EQ(files.count(FileOperation::kClose), 1U);
  EXPECT_EQ(files.count(FileOperation::kRename), 1U);
  EXPECT_EQ(files.count(FileOperation::kSyncFolder), 1U);
  EXPECT_EQ(files.count(FileOperation::kMap), 1U);
  EXPECT_EQ(files.count(FileOperation::kRemove), 1U);
}

TEST(FaultFiles, FailsTheNthFromNowOnAndWorksAgainAfterIt) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  files.write_whole(folder / "0", "x");
  files.fail_nth(FileOperation::kCreate, 2);
  files.write_whole(folder / "1", "x");
  EXPECT_THROW(files.create(folder / "2"), Error);
  EXPECT_FALSE(fs::exists(folder / "2"));
  files.write_whole(folder / "3", "x");
}

TEST(FaultFiles, AFailingWriteIsAShortWrite) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  auto file = files.create(folder / "f");
  file->append("whole|");
  files.fail_nth(FileOperation::kWrite, 1);
  EXPECT_THROW(file->append("half--lost"), Error);
  file.reset();
  EXPECT_EQ(real_files().read_whole(folder / "f"), "whole|half-");
}

TEST(FaultFiles, EveryOperationCanFailAndNamesItself) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  real_files().write_whole(folder / "f", "x");
  auto open = files.create(folder / "open");
  const auto reading = files.open(folder / "f");
  char byte = 0;
  const std::vector<std::pair<FileOperation, std::function<void()>>> actions = {
      {FileOperation::kCreate, [&] { files.create(folder / "g"); }},
      {FileOperation::kWrite, [&] { open->append("text"); }},
      {FileOperation::kSync, [&] { open->sync(); }},
      {FileOperation::kClose, [&] { open->close(); }},
      {FileOperation::kRename, [&] { files.rename(folder / "f", folder / "g"); }},
      {FileOperation::kRemove, [&] { files.remove_all(folder / "f"); }},
      {FileOperation::kMap, [&] { files.map(folder / "f"); }},
      {FileOperation::kOpen, [&] { files.open(folder / "f"); }},
      {FileOperation::kRead, [&] { reading->read_at(0, std::span(&byte, 1)); }},
      {FileOperation::kMakeFolders, [&] { files.make_folders(folder / "h"); }},
      {FileOperation::kSyncFolder, [&] { files.sync_folder(folder.path()); }},
  };
  for (const auto& [operation, action] : actions) {
    files.fail_nth(operation, 1);
    try {
      action();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.summary().rfind("injected: ", 0), 0U) << error.what();
      EXPECT_EQ(error.context().file.rfind(folder.path().string(), 0), 0U) << error.what();
    }
  }
  EXPECT_EQ(real_files().read_whole(folder / "f"), "x");  // neither renamed nor removed
  EXPECT_FALSE(fs::exists(folder / "g"));
  EXPECT_FALSE(fs::exists(folder / "h"));
}

TEST(FaultFiles, ReplaceWholeKeepsTheOldContentWhateverFails) {
  for (const FileOperation operation : {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync,
                                        FileOperation::kClose, FileOperation::kRename}) {
    const test::TempFolder folder;
    FaultFiles files(real_files());
    files.replace_whole(folder / "f", "old");
    files.fail_nth(operation, 1);
    EXPECT_THROW(files.replace_whole(folder / "f", "new content"), Error);
    EXPECT_EQ(real_files().read_whole(folder / "f"), "old");
    EXPECT_FALSE(fs::exists(folder / "f.tmp"));
    files.replace_whole(folder / "f", "new content");
    EXPECT_EQ(real_files().read_whole(folder / "f"), "new content");
  }
}

TEST(FaultFiles, KillPointsAreCountedAndRunTheAction) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  std::vector<std::string> seen;
  files.on_kill_point([&](std::string_view name) {
    seen.emplace_back(name);
    if (seen.size() == 3) throw std::runtime_error("stopped here");
  });
  files.kill_point("a.one");
  files.kill_point("a.two");
  EXPECT_THROW(files.kill_point("a.one"), std::runtime_error);
  EXPECT_EQ(seen, (std::vector<std::string>{"a.one", "a.two", "a.one"}));
  EXPECT_EQ(files.kill_points_passed(), (std::map<std::string, std::uint64_t>{{"a.one", 2}, {"a.two", 1}}));
}

}  // namespace
}  // namespace weft
