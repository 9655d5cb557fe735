// Reading TOML with locations: typed getters whose errors name file, line, key and what was expected, and a
// check that no key was left unread (so that a misspelt key is an error with the nearest valid name).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace weft {

class TomlSection;

// A parsed TOML file. Owns the parsed tree; sections share it.
class TomlFile {
 public:
  // Throws Error (kUsage) with line and column if the file cannot be read or is no TOML.
  static TomlFile read(const std::filesystem::path& path);
  static TomlFile parse(std::string_view text, const std::string& name);

  // Applies "train.epochs=5": sets (or adds) a dotted key. The value is TOML; text that is no TOML value is
  // taken as a string. Errors about such a value later name "--set" as the file. Call it before root():
  // sections that were handed out may view what it replaces.
  void set(std::string_view assignment);

  TomlSection root() const;
  // The whole tree as canonical TOML text, overrides included: the resolved configuration.
  std::string to_text() const;

 private:
  friend class TomlSection;
  struct Tree;
  std::shared_ptr<Tree> tree_;
};

// One table. Cheap to copy; not thread-safe, as sections share the record of what was asked for. Every key
// that a getter was asked for counts as known, there or not; a key that was found is read. Each get_* throws
// Error (kUsage) on a missing required key or a wrong type. An integer is accepted where a number is wanted.
class TomlSection {
 public:
  bool has(std::string_view key) const;

  std::string get_string(std::string_view key) const;
  std::string get_string(std::string_view key, std::string_view fallback) const;
  double get_number(std::string_view key, double fallback) const;
  std::int64_t get_integer(std::string_view key, std::int64_t fallback) const;
  bool get_bool(std::string_view key, bool fallback) const;
  // A list of strings; a single string counts as a list of one.
  std::vector<std::string> get_strings(std::string_view key, std::vector<std::string> fallback = {}) const;
  // Strings, numbers and booleans as a cell of a file would hold them; a single one counts as a list of one.
  std::vector<std::string> get_texts(std::string_view key) const;
  std::vector<double> get_numbers(std::string_view key, std::vector<double> fallback = {}) const;
  // A string among `choices`; returns its index.
  std::size_t get_choice(std::string_view key, const std::vector<std::string>& choices,
                         std::size_t fallback) const;
  // An integer or number with inclusive bounds.
  std::int64_t get_integer_in(std::string_view key, std::int64_t fallback, std::int64_t low,
                              std::int64_t high) const;
  double get_number_in(std::string_view key, double fallback, double low, double high) const;

  bool is_string(std::string_view key) const;  // present and a string
  bool is_table(std::string_view key) const;   // present and a table
  // The table under `key`; nothing if the key is absent. Throws if it is no table.
  std::optional<TomlSection> find(std::string_view key) const;
  // The table under `key`, or an empty one that still knows its name (for reading defaults).
  TomlSection section(std::string_view key) const;
  // All keys whose value is a table, in file order; all are marked as read.
  std::vector<std::pair<std::string, TomlSection>> sections() const;
  // All keys of this table, in file order, then those that set() added (not marked as read).
  std::vector<std::string> keys() const;

  // Full dotted name of this table, "" for the root.
  const std::string& name() const { return name_; }
  // Context for an error about `key` (or about the table itself if empty): file, line, column and full name
  // filled in.
  ErrorContext where(std::string_view key = {}) const;
  [[noreturn]] void fail(std::string_view key, const std::string& what, const std::string& expected = {},
                         const std::string& hint = {}) const;

  // Throws Error (kUsage) if a key in this table was never asked for; names the nearest known key. Not
  // recursive: each reader checks the tables it reads.
  void check_no_unknown_keys() const;

 private:
  friend class TomlFile;
  struct Node;
  TomlSection(std::shared_ptr<TomlFile::Tree> tree, const void* table, std::string name);
  void know(std::string_view key) const;

  std::shared_ptr<TomlFile::Tree> tree_;
  const void* table_ = nullptr;  // toml::table, or null for an absent one
  std::string name_;
  std::shared_ptr<std::vector<std::string>> known_;
};

}  // namespace weft
