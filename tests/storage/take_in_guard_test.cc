#include "storage/take_in_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "base/fault_files.h"
#include "storage/rocksdb_files.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

class TakeInGuardTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::unique_ptr<rocksdb::FSWritableFile> list() {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(system_->NewWritableFile(path("MANIFEST-000004"), {}, &file, nullptr).ok());
    return file;
  }
  void read(const std::string& name) {
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    ASSERT_TRUE(system_->NewRandomAccessFile(path(name), {}, &file, nullptr).ok());
    std::array<char, 4> scratch = {};
    rocksdb::Slice result;
    file->Read(0, 4, {}, &result, scratch.data(), nullptr).PermitUncheckedError();
  }

  test::TempFolder folder_;
  FaultFiles files_{real_files()};
  TakeInGuard guard_;
  std::shared_ptr<rocksdb::FileSystem> system_ = guarded_file_system(fault_file_system(files_), guard_);
};

TEST_F(TakeInGuardTest, ItRemovesNoTableWhileItGuards) {
  for (const char* name : {"000007.sst", "000008.log"}) real_files().write_whole(path(name), "text");
  guard_.begin();
  EXPECT_TRUE(system_->DeleteFile(path("000007.sst"), {}, nullptr).ok());
  EXPECT_TRUE(system_->DeleteFile(path("000008.log"), {}, nullptr).ok());
  EXPECT_TRUE(std::filesystem::exists(path("000007.sst")));
  EXPECT_FALSE(std::filesystem::exists(path("000008.log")));
  guard_.end();
  EXPECT_TRUE(system_->DeleteFile(path("000007.sst"), {}, nullptr).ok());
  EXPECT_FALSE(std::filesystem::exists(path("000007.sst")));
}

TEST_F(TakeInGuardTest, ATableThatCannotBeReadHoldsTheListBack) {
  for (const char* name : {"000007.sst", "000008.log"}) real_files().write_whole(path(name), "text");
  const auto file = list();
  EXPECT_TRUE(file->Append("before", {}, nullptr).ok());
  guard_.begin();
  read("000007.sst");
  EXPECT_TRUE(file->Append("read", {}, nullptr).ok());
  files_.fail_nth(FileOperation::kRead, 1);
  read("000008.log");
  EXPECT_TRUE(file->Append("no table", {}, nullptr).ok());
  files_.fail_nth(FileOperation::kRead, 1);
  read("000007.sst");
  EXPECT_FALSE(file->Append("unread", {}, nullptr).ok());
  EXPECT_FALSE(file->Append("unread", {}, rocksdb::DataVerificationInfo(), nullptr).ok());
  guard_.begin();
  EXPECT_TRUE(file->Append("anew", {}, nullptr).ok());
  guard_.end();
  files_.fail_nth(FileOperation::kRead, 1);
  read("000007.sst");
  EXPECT_TRUE(file->Append("unguarded", {}, nullptr).ok());
}

}  // namespace
}  // namespace weft::storage
