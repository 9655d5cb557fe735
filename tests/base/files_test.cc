#include "base/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Files, WritesManySmallAndLargePiecesInOrder) {
  const test::TempFolder folder;
  std::string expected;
  auto file = real_files().create(folder / "pieces");
  // Sizes on both sides of the 256 KiB buffer, and a byte that tells the pieces apart.
  const std::size_t sizes[] = {0, 1, 1000, 262143, 1, 262144, 5, 262145, 700001, 3};
  char letter = 'a';
  for (const std::size_t size : sizes) {
    const std::string piece(size, letter++);
    file->append(piece);
    expected += piece;
  }
  file->close();
  EXPECT_TRUE(content_of(folder / "pieces") == expected);
}

TEST(Files, SyncMakesBufferedBytesVisibleBeforeClose) {
  const test::TempFolder folder;
  auto file = real_files().create(folder / "log");
  file->append("first");
  file->sync();
  EXPECT_EQ(content_of(folder / "log"), "first");
  file->append(" second");
  file->close();
  file->close();  // again: nothing to do
  EXPECT_EQ(content_of(folder / "log"), "first second");
  EXPECT_THROW(
      {
        file->append("third");
        file->sync();
      },
      Error);
}

TEST(Files, CreateTruncatesWhatWasThere) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "a", "a long old content");
  real_files().write_whole(folder / "a", "new");
  EXPECT_EQ(real_files().read_whole(folder / "a"), "new");
}

TEST(Files, ErrorsNameThePathAndTheSystemsReason) {
  const test::TempFolder folder;
  const fs::path missing = folder / "no/such/folder";
  const auto expect_reason = [&](const auto& action) {
    try {
      action();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(missing.string()), std::string::npos) << error.what();
      EXPECT_NE(error.summary().find("No such file or directory"), std::string::npos) << error.what();
    }
  };
  expect_reason([&] { real_files().create(missing); });
  expect_reason([&] { real_files().map(missing); });
  expect_reason([&] { real_files().open(missing); });
  expect_reason([&] { real_files().rename(missing, folder / "b"); });
  expect_reason([&] { real_files().sync_folder(missing); });
  expect_reason([&] { real_files().read_whole(missing); });
}

TEST(Files, ReadsPiecesFromAnywhere) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "a", "0123456789");
  const auto file = real_files().open(folder / "a");
  EXPECT_EQ(file->size(), 10U);
  std::string piece(4, ' ');
  file->read_at(3, std::span(piece));
  EXPECT_EQ(piece, "3456");
  file->read_at(10, std::span<char>());
  EXPECT_THROW(real_files().open(folder.path()), Error);
}

TEST(Files, AFileThatShrinksWhileItIsReadIsAnError) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "a", std::string(100'000, 'x'));
  const auto file = real_files().open(folder / "a");
  fs::resize_file(folder / "a", 5'000);
  std::string piece(5'000, ' ');
  file->read_at(0, std::span(piece));
  try {
    file->read_at(1, std::span(piece));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.summary(), "the file shrank while it was read");
    EXPECT_EQ(error.context().file, (folder / "a").string());
  }
}

TEST(Files, AFullDeviceIsAnErrorWithAHint) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  auto file = real_files().create("/dev/full");
  file->append("x");
  try {
    file->close();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.summary(), "cannot write file: No space left on device");
    EXPECT_EQ(error.context().file, "/dev/full");
    EXPECT_FALSE(error.context().hint.empty());
  }
}

TEST(Files, MakesAndRemovesFolders) {
  const test::TempFolder folder;
  real_files().make_folders(folder / "a/b/c");
  real_files().make_folders(folder / "a/b/c");  // there already: fine
  real_files().make_folders("");                // the current folder, as what lies above a bare name
  real_files().write_whole(folder / "a/b/c/file", "x");
  EXPECT_THROW(real_files().make_folders(folder / "a/b/c/file/d"), Error);
  real_files().sync_folder(folder / "a/b");
  real_files().remove_all(folder / "a");
  EXPECT_FALSE(fs::exists(folder / "a"));
  real_files().remove_all(folder / "a");  // gone already: fine
}

TEST(Files, ReplaceWholeLeavesOneFileWithTheNewContent) {
  const test::TempFolder folder;
  real_files().replace_whole(folder / "manifest", "one");
  real_files().replace_whole(folder / "manifest", "two");
  EXPECT_EQ(content_of(folder / "manifest"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(Files, ReplaceWholeWorksOnABareName) {
  const test::TempFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  real_files().replace_whole("bare", "x");
  fs::current_path(before);
  EXPECT_EQ(content_of(folder / "bare"), "x");
}

// The environment is read once a process, so these run in processes of their own.
class KillPoint : public testing::Test {
 protected:
  KillPoint() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(KillPoint, KillsTheProcessAtTheNamedPassing) {
  EXPECT_EXIT(
      {
        ::setenv("WEFT_KILL_POINT", "here.now:3", 1);
        real_files().kill_point("here.now");
        real_files().kill_point("elsewhere");
        real_files().kill_point("here.now");
        std::fputs("two passed", stderr);
        real_files().kill_point("here.now");
        ::_exit(0);
      },
      testing::KilledBySignal(SIGKILL), "two passed");
}

TEST_F(KillPoint, KillsAtTheFirstPassingWithoutANumber) {
  EXPECT_EXIT(
      {
        ::setenv("WEFT_KILL_POINT", "here.now", 1);
        real_files().kill_point("here.nowhere");
        std::fputs("other passed", stderr);
        real_files().kill_point("here.now");
        ::_exit(0);
      },
      testing::KilledBySignal(SIGKILL), "other passed");
}

TEST_F(KillPoint, ANumberThatIsNoneIsAnError) {
  for (const char* value : {"here.now:0", "here.now:x", "here.now:", "here.now:1x"}) {
    EXPECT_EXIT(
        {
          ::setenv("WEFT_KILL_POINT", value, 1);
          try {
            real_files().kill_point("here.now");
          } catch (const Error& error) {
            std::fputs(error.what(), stderr);
            ::_exit(3);
          }
          ::_exit(0);
        },
        testing::ExitedWithCode(3), "not a kill point.*WEFT_KILL_POINT");
  }
}

}  // namespace
}  // namespace weft
