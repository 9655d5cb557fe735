// Patterns of file names, and the columns that names of folders give.
// Parser: storage/source_files.cc
#include <algorithm>

#include "storage/source_files.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

const std::filesystem::path& tree() {
  static const test::TempFolder folder(test::in_memory());
  static const std::filesystem::path path = [] {
    for (const char* name : {"a.csv", "b.csv", "day=1/part-0.parquet", "day=2/x=%2F/part-1.parquet",
                             "[x].csv", ".hidden/a.csv", "deep/er/still/a.csv"}) {
      const auto file = folder / name;
      std::filesystem::create_directories(file.parent_path());
      real_files().write_whole(file, "");
    }
    return folder.path();
  }();
  return path;
}

}  // namespace

Seeds seeds() {
  return {.accepted = {"*.csv", "**/*.csv", "day=*/**", "[a-b].csv", "day=1/part-?.parquet", "[!a]*",
                       ".h*/a.csv"},
          .others = {"[", "a\\*", "**", "[]x].csv", "[z-a]", "../*"}};
}

void run(std::string_view input) {
  const std::string text(input);
  // Folders and values come out of the name as it is; what is decoded is no longer than what it was.
  for (const auto& [column, value] : storage::partition_of(text))
    FUZZ_CHECK(column.size() + value.size() <= text.size() + 64);
  storage::is_pattern(text);
  if (text.find('\0') != std::string::npos) return refused();
  std::vector<std::string> found;
  if (!parses([&] { found = storage::matching_files(tree(), text, {.files = 4}); })) return;
  FUZZ_CHECK(std::is_sorted(found.begin(), found.end()) && found.size() <= 5);
  for (const std::string& name : found) FUZZ_CHECK(std::filesystem::is_regular_file(tree() / name));
}

}  // namespace weft::fuzz
