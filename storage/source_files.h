// Which files and topics rows come from: the project file's `source` keys and its [sources.*] sections, which
// name them and say how they are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/toml.h"
#include "storage/kafka/kafka_options.h"
#include "storage/sources/byte_stream.h"

namespace weft::storage {

enum class SourceFormat { kCsv, kTabs, kJsonLines, kParquet };

// Whether the source files have to be there. `info`, `train` or `recommend` work without them, and do not
// look for them: patterns and folders then stand for no file.
enum class Sources { kMustExist, kMayBeMissing };

inline constexpr std::size_t kMaxSources = 65'535;

// One file that rows come from; or a topic of Kafka, or one partition of it.
struct SourceFile {
  // As the project file gives it, or below the data root if a pattern found it; names the source in the
  // ledger and in snapshots.
  std::string name = {};
  std::filesystem::path path = {};  // canonical, below the data root
  SourceFormat format = SourceFormat::kCsv;
  Compression compression = Compression::kNone;
  Encoding encoding = Encoding::kUtf8;
  char delimiter = '\0';                 // CSV and tabs; NUL: a comma, a tab
  bool converted = false;                // what is opened is UTF-8 already: `encoding` says what it was
  std::vector<std::string> header = {};  // CSV and tabs without a header row: the columns' names
  bool growing = false;                  // text: a last line without a line end waits until it has one
  // Parquet: columns that the names of its folders give, as in "day=2024-05-01/part-0.parquet".
  std::vector<std::pair<std::string, std::string>> partition = {};
  std::optional<KafkaPartition> topic = {};  // `path` is the name then, and stands for no file
  std::size_t options = kNoOptions;          // position in Project::source_options
  std::size_t entry = 0;  // as files() gives it: position of the name in the section's `source`

  static constexpr std::size_t kNoOptions = static_cast<std::size_t>(-1);
};

// A section [sources.NAME].
struct SourceOptions {
  std::string name = {};
  std::vector<std::string> files = {};  // names and patterns
  std::optional<SourceFormat> format = {};
  Encoding encoding = Encoding::kUtf8;
  char delimiter = '\0';
  std::vector<std::string> header = {};
  bool growing = false;
  std::shared_ptr<const KafkaOptions> kafka = {};  // in place of files
};

struct PatternLimits {
  std::size_t files = kMaxSources;
  std::size_t entries = 1'000'000;  // files and folders that are looked at
};

// Files below `root` that fit a pattern of names: `*` and `?` and `[a-z]` within a name, `**` any folders.
// Relative to `root`, in the order of their bytes; at most `limits.files` + 1 of them. Hidden files and
// folders are found only by a name that begins with the dot, and `**` follows no links. Throws Error for a
// folder that cannot be listed, and past `limits.entries`.
std::vector<std::string> matching_files(const std::filesystem::path& root, const std::string& pattern,
                                        const PatternLimits& limits = {});

// What the ending of a file's name tells.
std::optional<SourceFormat> format_by_name(const std::string& name);

// True if the text has a character that patterns are made with.
bool is_pattern(std::string_view name);

// "a=1/b=x%2Fy/part-0.parquet" -> (a, 1), (b, x/y), as Spark and Hive write them; a null is an empty text.
std::vector<std::pair<std::string, std::string>> partition_of(const std::string& name);

class SourceResolver {
 public:
  // Reads [sources.*]. Throws Error (kUsage) at the place in the project file, as files() does: unknown keys,
  // files that are not there or lie outside the data root, a file in two sections.
  SourceResolver(const TomlSection& sections, std::filesystem::path data_root, Sources sources);

  // The files that `section`'s key "source" names, each once: files, patterns, folders of Parquet files, and
  // names of [sources.*].
  std::vector<SourceFile> files(const TomlSection& section) const;
  // The one file that `section`'s key names: no pattern, no section's name.
  SourceFile file(const TomlSection& section, std::string_view key) const;
  bool must_exist() const { return sources_ == Sources::kMustExist; }
  const std::vector<SourceOptions>& options() const { return options_; }

 private:
  SourceOptions read_options(const std::string& name, const TomlSection& section) const;
  static std::vector<SourceFile> topics_of(const SourceOptions& options, std::size_t position);
  std::vector<SourceFile> expand(const TomlSection& section, std::string_view key, const std::string& name,
                                 const SourceOptions* options) const;
  std::vector<SourceFile> expand_unseen(const TomlSection& section, std::string_view key,
                                        const std::string& name, const SourceOptions* options) const;
  // Canonical; below the data root.
  std::filesystem::path place(const TomlSection& section, std::string_view key,
                              const std::string& name) const;
  SourceFile resolve(const TomlSection& section, std::string_view key, const std::string& name,
                     const SourceOptions* options) const;

  std::filesystem::path root_;
  Sources sources_;
  std::vector<SourceOptions> options_;
  std::vector<std::vector<SourceFile>> files_of_;                               // [options]
  std::map<std::filesystem::path, std::pair<std::size_t, std::size_t>> owner_;  // path -> options, file
};

}  // namespace weft::storage
