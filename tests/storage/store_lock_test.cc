#include "storage/store_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

TEST(StoreLock, NamesTheHolderAndGoesWithIt) {
  const test::TempFolder folder;
  const auto file = folder / "lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const StoreLock lock(file, "the store");
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    const StoreLock lock(file, "the store");
    FAIL() << "two holders";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the store is held by process " + std::to_string(child)));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(StoreLock(file, "the store"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(StoreLock, OncePerProcessToo) {
  const test::TempFolder folder;
  const StoreLock lock(folder / "lock", "the store");
  EXPECT_THROW(StoreLock(folder / "lock", "the store"), Error);
}

}  // namespace
}  // namespace weft::storage
