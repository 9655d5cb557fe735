#include "tools/init/file_names.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

namespace weft::init {
namespace {

namespace fs = std::filesystem;

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalpha(byte) != 0;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> words;
  bool in_word = false;
  bool last_upper = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0) {
      in_word = false;
      continue;
    }
    const bool upper = std::isupper(byte) != 0;
    if (!in_word || (upper && !last_upper)) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(byte));
    in_word = true;
    last_upper = upper;
  }
  return words;
}

std::string stem_of(std::string_view file) {
  std::string name = fs::path(file).filename().string();
  for (const std::string_view end : {".gz", ".zst"}) {
    if (name.ends_with(end)) name.resize(name.size() - end.size());
  }
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string split_part(const std::string& stem) {
  static const std::map<std::string, std::string> kParts = {
      {"train", "train"}, {"training", "train"}, {"valid", "valid"}, {"validation", "valid"},
      {"val", "valid"},   {"dev", "valid"},      {"test", "test"},   {"testing", "test"}};
  for (const std::string& word : name_words(stem)) {
    if (const auto found = kParts.find(word); found != kParts.end()) return found->second;
  }
  return {};
}

bool is_cluster_part(std::string_view stem) {
  for (const std::string_view begin : {"part-", "part_", "part."}) {
    if (stem.starts_with(begin) && stem.size() > begin.size() && is_digit(stem[begin.size()])) return true;
  }
  return !stem.empty() && std::none_of(stem.begin(), stem.end(), is_letter);
}

bool is_part_folder(std::string_view name) {
  return name.find('=') != std::string_view::npos || std::none_of(name.begin(), name.end(), is_letter);
}

std::string table_folder(const std::string& file) {
  fs::path folder = fs::path(file).parent_path();
  while (!folder.empty() && is_part_folder(folder.filename().string())) folder = folder.parent_path();
  return folder.generic_string();
}

}  // namespace weft::init
