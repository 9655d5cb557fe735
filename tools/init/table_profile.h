// The tables of a folder: which files hold rows, and what their columns look like.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "tools/init/column_profile.h"
#include "tools/init/text_form.h"

namespace weft::init {

struct TableProfile {
  std::string name = {};       // of the file, relative to the folder
  std::uint64_t rows = 0;      // good ones in the sample
  std::uint64_t bad_rows = 0;  // in the sample
  bool whole = true;           // the sample is the file
  bool parquet = false;
  TextForm form = {};
  std::vector<ColumnProfile> columns = {};
  std::vector<std::pair<std::string, std::string>> left_out = {};  // columns that cannot be read, and why

  const ColumnProfile* find(std::string_view column) const;
};

struct FolderProfile {
  std::filesystem::path folder = {};      // canonical
  std::vector<TableProfile> tables = {};  // those with rows, by name in byte order
  // Files that were not opened: by table_key() of their names, of which ProfileLimits::alike others were.
  std::map<std::string, std::vector<std::string>> alike = {};
  std::vector<std::string> unread = {};         // "NAME: why" of files and folders that were passed over
  std::vector<std::string> media_folders = {};  // relative; "" is the folder itself
  std::size_t media_files = 0;
};

struct ProfileLimits {
  std::uint64_t rows = 200'000;                    // of a file
  std::uint64_t bytes = std::uint64_t{256} << 20;  // of its text
  std::size_t files = 10'000;
  std::size_t depth = 6;   // subfolders
  std::size_t alike = 16;  // files of one table_key() that are looked at
};

// Equal for files that are parts of one table by their names: numbers, dates, the parts of a split and
// folders such as "day=2024-05-01" make no difference, nor do the names of a cluster's output files.
std::string table_key(const std::string& name);

// Reads the beginning of every table in `folder` and its subfolders. Throws Error (kUsage) if it is no
// folder. Hidden files and workspaces (*.weft) are passed over; folders that cannot be listed are among
// `unread`.
FolderProfile profile_folder(const std::filesystem::path& folder, const ProfileLimits& limits = {},
                             ProgressSink& progress = no_progress(), Files& files = real_files());

}  // namespace weft::init
