#include "tools/init/table_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/toml.h"
#include "storage/project.h"
#include "storage/sources/column_shapes.h"
#include "tools/init/file_names.h"
#include "tools/init/project_text.h"

namespace weft::init {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRowsForText = 200;  // that show whether bytes are text

bool is_media_name(const std::string& name) {
  ColumnProfile one;
  one.add({.present = true, .text = name});
  return one.images + one.sounds > 0;
}

struct Listing {
  std::vector<std::string> files = {};  // relative, in byte order
  std::set<std::string> media_folders = {};
  std::size_t media_files = 0;
  std::size_t files_past_limit = 0;
  std::vector<std::string> unreadable = {};  // "NAME: why"
};

// One folder of the listing; its subfolders are returned.
std::vector<fs::path> list_folder(const fs::path& root, const fs::path& folder, const ProfileLimits& limits,
                                  Listing& listing) {
  std::vector<fs::path> folders;
  std::error_code code;
  fs::directory_iterator it(folder, code);
  for (const fs::directory_iterator end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) continue;
    if (it->is_directory(ignored)) {
      if (!it->is_symlink(ignored) && !name.ends_with(".weft")) folders.push_back(it->path());
      continue;
    }
    if (!it->is_regular_file(ignored)) continue;
    const fs::path relative = it->path().lexically_relative(root);
    if (is_media_name(name)) {
      ++listing.media_files;
      listing.media_folders.insert(relative.parent_path().generic_string());
    } else if (listing.files.size() < limits.files) {
      listing.files.push_back(relative.generic_string());
    } else {
      ++listing.files_past_limit;
    }
  }
  if (code) {
    listing.unreadable.push_back(fmt::format("{}/: cannot be listed: {}",
                                             folder.lexically_relative(root).generic_string(),
                                             errno_text(code.value())));
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Listing list_files(const fs::path& root, const ProfileLimits& limits) {
  Listing listing;
  std::vector<fs::path> level = {root};
  for (std::size_t depth = 0; depth <= limits.depth && !level.empty(); ++depth) {
    std::vector<fs::path> next;
    for (const fs::path& folder : level) {
      std::vector<fs::path> folders = list_folder(root, folder, limits, listing);
      next.insert(next.end(), folders.begin(), folders.end());
    }
    level = std::move(next);
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

// Whether a Parquet column of bytes holds something else than text in its first rows.
bool is_no_text(const storage::SourceFile& source, const std::string& column, Files& files) {
  const auto reader = storage::RowReader::open(source, {column}, files);
  storage::Row row;
  for (std::uint64_t i = 0; i < kRowsForText && reader->next(row); ++i) {
    if (!row.bad_reason.empty()) return true;
  }
  return false;
}

TableProfile profile_table(storage::SourceFile source, const ProfileLimits& limits, Files& files) {
  TableProfile table{.name = source.name,
                     .parquet = source.format == storage::SourceFormat::kParquet,
                     .form = find_text_form(source, files)};
  source.encoding = table.form.encoding;
  source.delimiter = table.form.delimiter;
  std::vector<std::string> wanted;
  for (storage::ColumnShape& shape : storage::column_shapes(source, files)) {
    if (shape.why_not.empty() && shape.bytes && is_no_text(source, shape.name, files))
      shape.why_not = "holds bytes that are no text";
    if (shape.why_not.empty() && shape.name.empty()) shape.why_not = "has no name";
    if (shape.why_not.empty())
      wanted.push_back(shape.name);
    else
      table.left_out.emplace_back(shape.name, shape.why_not);
  }
  for (const std::string& column : wanted) {
    table.columns.push_back({.name = column});
    const auto declared = table.form.declared.find(column);
    if (declared != table.form.declared.end()) table.columns.back().declared = declared->second;
  }
  const auto reader = storage::RowReader::open(source, wanted, files);
  storage::Row row;
  while (reader->next(row)) {
    // (A Parquet row's offset is its number.)
    const bool past_bytes = source.format != storage::SourceFormat::kParquet && row.offset >= limits.bytes;
    if (table.rows + table.bad_rows >= limits.rows || past_bytes) {
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

std::string table_key(const std::string& name) {
  std::string key;
  for (const fs::path& part : fs::path(name).parent_path()) {
    if (!is_part_folder(part.string())) key += part.string() + "/";
  }
  const std::string stem = stem_of(name);
  key += "\n";
  if (!is_cluster_part(stem)) {
    for (const std::string& word : name_words(stem)) {
      std::string letters = word;
      std::erase_if(letters, [](char c) { return c >= '0' && c <= '9'; });
      if (!letters.empty()) key += (split_part(word).empty() ? letters : "*") + " ";
    }
  }
  const auto format = storage::format_by_name(name);
  return key + "\n" + (format ? std::to_string(static_cast<int>(*format)) : "");
}

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
  profile.unread = std::move(listing.unreadable);
  if (listing.files_past_limit > 0)
    profile.unread.push_back(fmt::format("{} further files: more than {} were not looked at",
                                         listing.files_past_limit, limits.files));
  progress.begin("look", listing.files.size(), "files");
  std::uint64_t done = 0;
  std::map<std::string, std::size_t> looked_at;
  for (const std::string& name : listing.files) {
    progress.advance(++done);
    storage::SourceFile source;
    const std::string key = table_key(name);
    if (looked_at[key] >= limits.alike) {
      profile.alike[key].push_back(name);
      continue;
    }
    try {
      source = source_of(profile.folder, name);
    } catch (const Error&) {
      profile.unread.push_back(name + ": its name tells no format of rows");
      continue;
    }
    try {
      TableProfile table = profile_table(source, limits, files);
      if (table.rows > 0 && table.rows >= table.bad_rows && !table.columns.empty()) {
        profile.tables.push_back(std::move(table));
        ++looked_at[key];
      } else {
        profile.unread.push_back(fmt::format("{}: no rows that can be read", name));
      }
    } catch (const Error& error) {
      profile.unread.push_back(fmt::format("{}: {}", name, error.summary()));
    }
  }
  progress.end();
  return profile;
}

}  // namespace weft::init
