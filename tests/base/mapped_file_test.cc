#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

TEST(MappedFile, ShowsTheWholeFile) {
  const test::TempFolder folder;
  std::string content(100001, 'x');
  content[0] = 'a';
  content[100000] = '\0';
  real_files().write_whole(folder / "f", content);
  const MappedFile file(folder / "f");
  EXPECT_EQ(file.size(), content.size());
  EXPECT_TRUE(file.text() == content);
  EXPECT_EQ(file.bytes().size(), content.size());
}

TEST(MappedFile, AnEmptyFileIsAnEmptySpan) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "f", "");
  const MappedFile file(folder / "f");
  EXPECT_EQ(file.size(), 0U);
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_TRUE(file.as<std::uint64_t>().empty());
}

TEST(MappedFile, ViewsAnArray) {
  const test::TempFolder folder;
  const std::vector<std::uint32_t> values = {7, 0, 0xFFFFFFFF, 3};
  real_files().write_whole(
      folder / "f", {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::uint32_t)});
  const MappedFile file(folder / "f");
  const auto view = file.as<std::uint32_t>();
  EXPECT_EQ(std::vector<std::uint32_t>(view.begin(), view.end()), values);
}

TEST(MappedFile, APartOfAnItemIsDamage) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "f", "0123456789");
  const MappedFile file(folder / "f");
  try {
    file.as<std::uint64_t>();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.context().file, (folder / "f").string());
    EXPECT_EQ(error.summary(), "file of 10 bytes is damaged");
    EXPECT_EQ(error.context().expected, "a multiple of 8 bytes");
  }
}

TEST(MappedFile, MovesWithoutUnmapping) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "a", "first");
  real_files().write_whole(folder / "b", "second");
  MappedFile a(folder / "a");
  MappedFile b(folder / "b");
  const char* const at = a.text().data();
  b = std::move(a);
  EXPECT_EQ(b.text(), "first");
  EXPECT_EQ(b.text().data(), at);
  EXPECT_EQ(a.size(), 0U);  // NOLINT(bugprone-use-after-move): moved-from is empty by contract
  const MappedFile c(std::move(b));
  EXPECT_EQ(c.text(), "first");
}

TEST(MappedFile, OutlivesTheNameOfItsFile) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "f", "still here");
  const MappedFile file(folder / "f");
  real_files().remove_all(folder / "f");
  EXPECT_EQ(file.text(), "still here");
}

TEST(MappedFile, RefusesWhatIsNoRegularFile) {
  const test::TempFolder folder;
  EXPECT_THROW(MappedFile(folder / "missing"), Error);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::filesystem::path& path :
       {folder.path(), folder / "pipe"}) {  // opening a pipe must not wait for a writer
    try {
      const MappedFile file(path);
      ADD_FAILURE() << "no error for " << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.summary(), "is not a regular file");
      EXPECT_EQ(error.context().file, path.string());
    }
  }
}

}  // namespace
}  // namespace weft
