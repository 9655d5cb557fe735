#include "tools/init/groups.h"

#include <cctype>
#include <filesystem>
#include <optional>
#include <set>

#include "storage/source_files.h"
#include "tools/init/file_names.h"
#include "tools/init/project_text.h"

namespace weft::init {
namespace {

namespace fs = std::filesystem;

// Equal for the parts of one table.
std::string group_key(const TableProfile& table) {
  std::string key = table_key(table.name) + "\n" + table.form.options();
  for (const ColumnProfile& column : table.columns) key += "\n" + column.name;
  return key;
}

// The name with a star for each run of digits and what joins them: "log-2024-05-01.csv" -> "log-*.csv".
std::string starred(const std::string& name) {
  std::string out;
  bool in_number = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(name[i])) != 0;
    const bool joins = in_number && (name[i] == '-' || name[i] == '_') && i + 1 < name.size() &&
                       std::isdigit(static_cast<unsigned char>(name[i + 1])) != 0;
    if (!digit && !joins) out += name[i];
    if (digit && !in_number) out += '*';
    in_number = digit || joins;
  }
  return out;
}

// All that follows the first dot, which tells format and compression.
std::string ending_of(const std::string& name) {
  const std::string file = fs::path(name).filename().string();
  static constexpr std::string_view kFormats[] = {".csv", ".tsv", ".jsonl", ".parquet"};
  for (const std::string_view format : kFormats) {
    const std::size_t at = file.rfind(format);
    if (at != std::string::npos) return file.substr(at);
  }
  return fs::path(file).extension().string();
}

bool fits(const FolderProfile& folder, const std::string& pattern, const std::set<std::string>& names) {
  const std::vector<std::string> found =
      storage::matching_files(folder.folder, pattern, {.files = names.size()});
  return std::set<std::string>(found.begin(), found.end()) == names;
}

// One name that stands for all of the files and no other: a folder of Parquet files, or a pattern.
std::optional<std::string> one_source(const FolderProfile& folder, bool parquet,
                                      const std::set<std::string>& names) {
  const std::string& first = *names.begin();
  if (std::any_of(names.begin(), names.end(), [](const auto& name) { return storage::is_pattern(name); }))
    return std::nullopt;
  const std::string top = table_folder(first);
  const bool together =
      std::all_of(names.begin(), names.end(), [&](const auto& name) { return table_folder(name) == top; });
  if (together && parquet && !top.empty() && fits(folder, top + "/**/*.parquet", names)) return top;
  const std::string all = (top.empty() ? "" : top + "/") + "**/*" + ending_of(first);
  const auto stands = [&](const std::string& pattern) { return fits(folder, pattern, names); };
  // A cluster will name its next files in other ways.
  if (together && is_cluster_part(stem_of(first)) && !top.empty() && stands(all)) return all;
  const std::string numbers = starred(first);
  const bool alike =
      std::all_of(names.begin(), names.end(), [&](const auto& name) { return starred(name) == numbers; });
  if (alike && numbers != first && stands(numbers)) return numbers;
  if (together && stands(all)) return all;
  return std::nullopt;
}

void name_sources(const FolderProfile& folder, Group& group, std::set<std::string>& taken) {
  const TableProfile& first = *group.tables.front();
  for (const TableProfile* table : group.tables) group.sources.push_back(table->name);
  const bool split = std::any_of(group.tables.begin(), group.tables.end(), [](const TableProfile* table) {
    return !split_part(stem_of(table->name)).empty();
  });
  std::set<std::string> names(group.sources.begin(), group.sources.end());
  const std::string key = table_key(first.name);
  if (const auto more = folder.alike.find(key); more != folder.alike.end() && taken.insert(key).second) {
    names.insert(more->second.begin(), more->second.end());
    group.unopened = names.size() - group.sources.size();
    if (split) group.sources.insert(group.sources.end(), more->second.begin(), more->second.end());
  }
  // (A lone output file of a cluster stands for the folder that it lies in, too.)
  const bool lone_part =
      first.parquet && is_cluster_part(stem_of(first.name)) && !table_folder(first.name).empty();
  if (split || (names.size() == 1 && !lone_part)) return;
  if (const auto one = one_source(folder, first.parquet, names))
    group.sources = {*one};
  else
    group.sources.assign(names.begin(), names.end());
}

// What the files' names say in common, else their folder's.
std::string stem_of_parts(const Group& group) {
  const std::string& first = group.tables.front()->name;
  const std::string stem = stem_of(first);
  const bool one = group.tables.size() == 1 && group.unopened == 0;
  if (!is_cluster_part(stem) && (one || !split_part(stem).empty())) return plain_name(stem);
  std::string words;
  for (std::string word : is_cluster_part(stem) ? std::vector<std::string>{} : name_words(stem)) {
    std::erase_if(word, [](char c) { return c >= '0' && c <= '9'; });
    if (!word.empty()) words += (words.empty() ? "" : "_") + word;
  }
  if (!words.empty()) return plain_name(words);
  const std::string folder = fs::path(table_folder(first)).filename().string();
  return plain_name(folder.empty() ? stem : folder);
}

}  // namespace

std::vector<Group> group_tables(const FolderProfile& folder) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> known;
  for (const TableProfile& table : folder.tables) {
    const auto [at, added] = known.emplace(group_key(table), groups.size());
    if (added) groups.emplace_back();
    groups[at->second].tables.push_back(&table);
  }
  std::set<std::string> taken;  // keys whose unopened files have a group: the first one
  for (Group& group : groups) {
    // The training part first, so that ids are numbered by it.
    std::stable_sort(group.tables.begin(), group.tables.end(), [](const auto* a, const auto* b) {
      const auto rank = [](const TableProfile& table) {
        const std::string part = split_part(stem_of(table.name));
        return part == "valid" ? 1 : part == "test" ? 2 : 0;
      };
      return rank(*a) < rank(*b);
    });
    name_sources(folder, group, taken);
    group.stem = stem_of_parts(group);
  }
  return groups;
}

}  // namespace weft::init
