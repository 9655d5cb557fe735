#include "tools/init/table_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/toml.h"
#include "storage/project.h"
#include "tools/init/project_text.h"

namespace weft::init {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRowsForShape = 200;  // that show which columns hold objects

bool is_media_name(const std::string& name) {
  ColumnProfile one;
  one.add({.present = true, .text = name});
  return one.images + one.sounds > 0;
}

struct Listing {
  std::vector<std::string> files;  // relative, in byte order
  std::set<std::string> media_folders;
  std::size_t media_files = 0;
};

Listing list_files(const fs::path& folder, const ProfileLimits& limits) {
  Listing listing;
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      if (name.starts_with('.') || name.ends_with(".weft") ||
          static_cast<std::size_t>(it.depth()) >= limits.depth)
        it.disable_recursion_pending();
      continue;
    }
    if (name.starts_with('.') || !it->is_regular_file(ignored)) continue;
    const fs::path relative = it->path().lexically_relative(folder);
    if (is_media_name(name)) {
      ++listing.media_files;
      listing.media_folders.insert(relative.parent_path().generic_string());
    } else if (listing.files.size() < limits.files) {
      listing.files.push_back(relative.generic_string());
    }
  }
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

// As ingest would read it; Error (kUsage) if the name tells no format.
storage::SourceFile source_of(const fs::path& folder, const std::string& name) {
  const std::string text = fmt::format("[project]\ndata_root = {}\n[nodes.row]\nsource = {}\nid = \"id\"\n",
                                       toml_string(folder.string()), toml_string(name));
  return storage::read_project(TomlFile::parse(text, "init"), folder / "init.toml").sources.at(0);
}

// Names that are there; of JSON lines those of the first rows.
std::vector<std::string> columns_of(const storage::SourceFile& source, Files& files) {
  const auto reader = storage::RowReader::open(source, {}, files);
  storage::Row row;
  for (std::uint64_t i = 0; i < kRowsForShape && !reader->has_header(); ++i) {
    if (!reader->next(row)) break;
  }
  std::vector<std::string> columns = reader->known_columns();
  std::erase(columns, "");
  // A name that occurs twice cannot be asked for.
  std::erase_if(columns, [&, all = columns](const std::string& name) {
    return std::count(all.begin(), all.end(), name) > 1;
  });
  return columns;
}

bool holds_objects(const storage::SourceFile& source, const std::string& column, Files& files) {
  const auto reader = storage::RowReader::open(source, {column}, files);
  if (reader->has_header()) return false;
  storage::Row row;
  for (std::uint64_t i = 0; i < kRowsForShape && reader->next(row); ++i) {
    if (row.bad_reason == "wrong type") return true;
  }
  return false;
}

TableProfile profile_table(const storage::SourceFile& source, const ProfileLimits& limits, Files& files) {
  TableProfile table{.name = source.name};
  std::vector<std::string> wanted;
  for (const std::string& column : columns_of(source, files)) {
    if (holds_objects(source, column, files))
      table.nested.push_back(column);
    else
      wanted.push_back(column);
  }
  for (const std::string& column : wanted) table.columns.push_back({.name = column});
  const auto reader = storage::RowReader::open(source, wanted, files);
  storage::Row row;
  while (reader->next(row)) {
    if (table.rows + table.bad_rows >= limits.rows || row.offset >= limits.bytes) {
      table.whole = false;
      break;
    }
    if (!row.bad_reason.empty()) {
      ++table.bad_rows;
      continue;
    }
    ++table.rows;
    for (std::size_t i = 0; i < wanted.size(); ++i) table.columns[i].add(row.cells[i]);
  }
  return table;
}

}  // namespace

const ColumnProfile* TableProfile::find(std::string_view column) const {
  for (const ColumnProfile& each : columns) {
    if (each.name == column) return &each;
  }
  return nullptr;
}

FolderProfile profile_folder(const fs::path& folder, const ProfileLimits& limits, ProgressSink& progress,
                             Files& files) {
  std::error_code code;
  FolderProfile profile{.folder = fs::canonical(folder, code)};
  if (code || !fs::is_directory(profile.folder, code))
    throw Error("is no folder", {.value = folder.string(), .expected = "a folder with logs"},
                ErrorKind::kUsage);
  Listing listing = list_files(profile.folder, limits);
  profile.media_folders.assign(listing.media_folders.begin(), listing.media_folders.end());
  profile.media_files = listing.media_files;
  progress.begin("look", listing.files.size(), "files");
  std::uint64_t done = 0;
  for (const std::string& name : listing.files) {
    progress.advance(++done);
    storage::SourceFile source;
    try {
      source = source_of(profile.folder, name);
    } catch (const Error&) {
      continue;  // no table: a README, a script, a project file
    }
    try {
      TableProfile table = profile_table(source, limits, files);
      if (table.rows > 0 && table.rows >= table.bad_rows && !table.columns.empty())
        profile.tables.push_back(std::move(table));
      else
        profile.unread.push_back(fmt::format("{}: no rows that can be read", name));
    } catch (const Error& error) {
      profile.unread.push_back(fmt::format("{}: {}", name, error.summary()));
    }
  }
  progress.end();
  return profile;
}

}  // namespace weft::init
