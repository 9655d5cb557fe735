// Patterns of file names, the columns that names of folders give, and sections that name files which are
// there. An input that begins with "[" and has a line end is such sections; any other is a pattern.
// Parser: storage/source_files.cc
#include <algorithm>

#include "base/toml.h"
#include "storage/source_files.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"
#include "tests/fuzz/toml_options.h"
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

bool is_sections(std::string_view input) {
  return input.starts_with("[") && input.find('\n') != std::string_view::npos;
}

constexpr TomlOption kOptions[] = {
    {"[sources.", "files = \"a.csv\""},
    {"[sources.", "files = [\"b.csv\", \"day=1/*\"]"},
    {"[sources.", "files = \"*.csv\""},
    {"[sources.", "files = \"**/*.csv\""},
    {"[sources.", "files = \"[[]x].csv\""},
    {"[sources.", "files = \"day=*/**\""},
    {"[sources.", "files = \".hidden/a.csv\""},
    {"[sources.", "format = \"tsv\""},
    {"[sources.", "format = \"csv\"\ndelimiter = \"|\"\nheader = [\"u\", \"v\"]"},
    {"[sources.", "format = \"parquet\""},
    {"[sources.", "encoding = \"latin1\""},
    {"[sources.", "encoding = \"utf-16le\""},
    {"[nodes]", "source = \"**/*.parquet\""},
    {"[nodes]", "source = \".\""},
    {"[nodes]", "source = \"day=2\""},
    {"[nodes]", "source = [\"s\", \"deep/er/still/a.csv\"]"},
    {"[nodes]", "source = [\"b.csv\", \"a.csv\"]"},
    {"[nodes]", "source = \"../x.csv\""},
    {"[nodes]", "source = \"b.cvs\""},
    {"", "[sources.more]\nfiles = \"deep/**/a.csv\""},
    {"", "[sources.\"b.csv\"]\nencoding = \"windows-1252\""},
};

// Sections: their files are there, each once, below the folder.
void run_sections(std::string_view input) {
  parses([&] {
    const TomlFile toml = TomlFile::parse(input, "fuzz.toml");
    const TomlSection root = toml.root();
    const storage::SourceResolver resolver(root.section("sources"), tree(), storage::Sources::kMustExist);
    std::vector<std::filesystem::path> paths;
    for (const storage::SourceFile& file : resolver.files(root.section("nodes"))) {
      FUZZ_CHECK(std::filesystem::is_regular_file(file.path));
      FUZZ_CHECK(file.path.string().starts_with(tree().string() + "/"));
      FUZZ_CHECK(file.options == storage::SourceFile::kNoOptions || file.options < resolver.options().size());
      paths.push_back(file.path);
    }
    std::sort(paths.begin(), paths.end());
    FUZZ_CHECK(std::adjacent_find(paths.begin(), paths.end()) == paths.end());
    if (!resolver.options().empty() || paths.size() != 1 || !root.section("nodes").is_string("source"))
      return;
    // A name of one file, and no pattern that fits it.
    if (std::filesystem::is_regular_file(tree() / root.section("nodes").get_string("source")))
      FUZZ_CHECK(resolver.file(root.section("nodes"), "source").path == paths.front());
  });
}

}  // namespace

std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (!is_sections(input)) return "";
  return random() % 4 != 0 ? with_option(input, kOptions, random) : changed_toml(input, random);
}

Seeds seeds() {
  return {.accepted = {"[sources.s]\nfiles = \"*.csv\"\n[nodes]\nsource = \"s\"\n",
                       "[nodes]\nsource = [\"a.csv\", \"b.csv\"]\n",
                       "[sources.\"a.csv\"]\ndelimiter = \";\"\n[nodes]\nsource = \"?.csv\"\n",
                       "[nodes]\nsource = \"day=1\"\n", "*.csv", "**/*.csv", "day=*/**", "[a-b].csv",
                       "day=1/part-?.parquet", "[!a]*", ".h*/a.csv"},
          .others = {"[", "a\\*", "**", "[]x].csv", "[z-a]", "../*"}};
}

void run(std::string_view input) {
  if (is_sections(input)) return run_sections(input);
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
