#include "tools/init/groups.h"

#include <filesystem>

#include "tools/init/project_text.h"

namespace weft::init {

std::string split_part(const std::string& stem) {
  static const std::map<std::string, std::string> kParts = {
      {"train", "train"}, {"training", "train"}, {"valid", "valid"}, {"validation", "valid"},
      {"val", "valid"},   {"dev", "valid"},      {"test", "test"},   {"testing", "test"}};
  for (const std::string& word : name_words(stem)) {
    if (const auto found = kParts.find(word); found != kParts.end()) return found->second;
  }
  return {};
}

namespace {

// Equal for the parts of one table.
std::string group_key(const TableProfile& table) {
  std::string key = std::filesystem::path(table.name).parent_path().generic_string() + "/";
  for (const std::string& word : name_words(stem_of(table.name))) {
    std::string letters = word;
    std::erase_if(letters, [](char c) { return c >= '0' && c <= '9'; });
    if (!letters.empty()) key += (split_part(word).empty() ? letters : "*") + " ";
  }
  for (const ColumnProfile& column : table.columns) key += "\n" + column.name;
  return key;
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
  for (Group& group : groups) {
    // The training part first, so that ids are numbered by it.
    std::stable_sort(group.tables.begin(), group.tables.end(), [](const auto* a, const auto* b) {
      const auto rank = [](const TableProfile& table) {
        const std::string part = split_part(stem_of(table.name));
        return part == "valid" ? 1 : part == "test" ? 2 : 0;
      };
      return rank(*a) < rank(*b);
    });
    group.stem = plain_name(stem_of(group.first().name));
  }
  return groups;
}

}  // namespace weft::init
