#include "storage/source_files.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/progress.h"
#include "base/strings.h"
#include "storage/kafka/kafka_cluster.h"
#include "storage/media.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kFormats = {"csv", "tsv", "jsonl", "parquet"};

// The same words as encoding_name() has, in small letters.
std::vector<std::string> encoding_keys() {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kEncodings; ++i) {
    std::string key(encoding_name(static_cast<Encoding>(i)));
    for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    keys.push_back(std::move(key));
  }
  return keys;
}

struct NamedFormat {
  std::optional<SourceFormat> format;
  Compression compression = Compression::kNone;
};

NamedFormat format_of(const std::string& name) {
  NamedFormat out;
  std::string plain = name;
  for (const auto& [ending, compression] :
       {std::pair{".gz", Compression::kGzip}, std::pair{".zst", Compression::kZstd}}) {
    if (!plain.ends_with(ending)) continue;
    out.compression = compression;
    plain = plain.substr(0, plain.rfind('.'));
    break;
  }
  const std::string extension = fs::path(plain).extension().string();
  if (extension == ".csv") {
    out.format = SourceFormat::kCsv;
  } else if (extension == ".jsonl") {
    out.format = SourceFormat::kJsonLines;
  } else if (extension == ".parquet" && out.compression == Compression::kNone) {
    out.format = SourceFormat::kParquet;
  } else if (extension == ".tsv" || extension == ".inter" || extension == ".item" || extension == ".user" ||
             extension == ".net") {
    out.format = SourceFormat::kTabs;
  }
  return out;
}

std::string near_file(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator it(path.parent_path(), code), end; !code && it != end && names.size() < 10'000;
       it.increment(code)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::string nearest = nearest_word(path.filename().string(), names);
  return nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest);
}

class PatternWalk {
 public:
  PatternWalk(const std::string& pattern, const PatternLimits& limits) : pattern_(pattern), limits_(limits) {
    std::size_t begin = 0;
    while (begin <= pattern.size()) {
      const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
      if (end > begin) parts_.push_back(pattern.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  std::vector<std::string> run(const fs::path& root) {
    if (!parts_.empty()) visit(root, "", 0);
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return std::move(found_);
  }

 private:
  void visit(const fs::path& folder, const std::string& prefix, std::size_t part) {
    const std::string& wanted = parts_[part];
    const bool last = part + 1 == parts_.size();
    if (wanted == "**") {
      if (!last) visit(folder, prefix, part + 1);
      each_entry(folder, [&](const fs::directory_entry& entry, const std::string& name) {
        std::error_code code;
        if (name.starts_with('.') || entry.is_symlink(code)) return;
        if (entry.is_directory(code))
          visit(entry.path(), prefix + name + "/", part);
        else if (last)
          take(entry.path(), prefix + name);
      });
      return;
    }
    if (!is_pattern(wanted)) {
      next(folder / wanted, prefix + wanted, part);
      return;
    }
    each_entry(folder, [&](const fs::directory_entry& entry, const std::string& name) {
      if (fnmatch(wanted.c_str(), name.c_str(), FNM_PERIOD) == 0) next(entry.path(), prefix + name, part);
    });
  }

  void next(const fs::path& path, const std::string& name, std::size_t part) {
    if (part + 1 == parts_.size())
      take(path, name);
    else if (type_of(path) == fs::file_type::directory)
      visit(path, name + "/", part + 1);
  }

  void take(const fs::path& path, const std::string& name) {
    if (found_.size() <= limits_.files && type_of(path) == fs::file_type::regular) found_.push_back(name);
  }

  // Of what a link leads to; links that lead nowhere are nothing.
  fs::file_type type_of(const fs::path& path) const {
    std::error_code code;
    const fs::file_type type = fs::status(path, code).type();
    if (type == fs::file_type::none) refuse_unless_gone(code, path);
    return type;
  }

  template <typename Visit>
  void each_entry(const fs::path& folder, Visit visit_entry) {
    std::error_code code;
    for (fs::directory_iterator it(folder, code), end; !code && it != end && found_.size() <= limits_.files;
         it.increment(code)) {
      if (++entries_ > limits_.entries) {
        throw Error(fmt::format("the pattern '{}' leads through more than {} files and folders", pattern_,
                                with_commas(limits_.entries)),
                    {.file = folder.string(),
                     .hint = "begin the pattern with the names of folders, as in \"logs/2024/*.csv\""},
                    ErrorKind::kUsage);
      }
      visit_entry(*it, it->path().filename().string());
    }
    if (code) refuse_unless_gone(code, folder);
  }

  // What is not there fits no pattern; what cannot be looked at might.
  static void refuse_unless_gone(const std::error_code& code, const fs::path& path) {
    if (code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory ||
        code == std::errc::too_many_symbolic_link_levels)
      return;
    throw Error(fmt::format("cannot be looked through for source files: {}", errno_text(code.value())),
                {.file = path.string(),
                 .hint = "let this user read the folder, or give a pattern that does not lead there"});
  }

  const std::string& pattern_;
  const PatternLimits& limits_;
  std::vector<std::string> parts_;
  std::vector<std::string> found_;
  std::size_t entries_ = 0;
};

}  // namespace

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> matching_files(const fs::path& root, const std::string& pattern,
                                        const PatternLimits& limits) {
  return PatternWalk(pattern, limits).run(root);
}

std::optional<SourceFormat> format_by_name(const std::string& name) {
  return format_of(name).format;
}

std::vector<std::pair<std::string, std::string>> partition_of(const std::string& name) {
  const auto decoded = [](std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      unsigned code = 0;
      const char* digits = text.data() + i + 1;
      if (text[i] == '%' && i + 2 < text.size() &&
          std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
        out += static_cast<char>(code);
        i += 2;
      } else {
        out += text[i];
      }
    }
    return out;
  };
  std::vector<std::pair<std::string, std::string>> out;
  for (const fs::path& folder : fs::path(name).parent_path()) {
    const std::string text = folder.string();
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    std::string value = decoded(std::string_view(text).substr(equals + 1));
    if (value == "__HIVE_DEFAULT_PARTITION__") value.clear();
    out.emplace_back(decoded(std::string_view(text).substr(0, equals)), std::move(value));
  }
  return out;
}

SourceResolver::SourceResolver(const TomlSection& sections, fs::path data_root, Sources sources)
    : root_(std::move(data_root)), sources_(sources) {
  for (const auto& [name, section] : sections.sections()) {
    options_.push_back(read_options(name, section));
    const std::size_t position = options_.size() - 1;
    const char* key = section.has("files") ? "files" : "";
    files_of_.emplace_back();
    if (options_.back().kafka != nullptr) {
      files_of_.back() = topics_of(options_.back(), position);
      continue;
    }
    for (const std::string& file : options_.back().files) {
      for (SourceFile& source : expand(section, key, file, &options_.back())) {
        source.options = position;
        const auto [at, added] = owner_.emplace(source.path, std::pair{position, files_of_.back().size()});
        if (added) {
          files_of_.back().push_back(std::move(source));
        } else if (at->second.first != position) {
          section.fail(
              key, fmt::format("'{}' is also in [sources.{}]", source.name, options_[at->second.first].name),
              "each file in one section");
        }
      }
    }
  }
  sections.check_no_unknown_keys();
}

namespace {

// How delimited text is cut, and what its columns are called.
void read_delimited(const TomlSection& section, SourceOptions& out) {
  const std::string delimiter = section.get_string("delimiter", "");
  if (section.has("delimiter")) {
    const bool plain = delimiter.size() == 1 && static_cast<unsigned char>(delimiter[0]) < 0x80 &&
                       delimiter[0] != '"' && delimiter[0] != '\n' && delimiter[0] != '\r' &&
                       delimiter[0] != '\0';
    if (!plain) section.fail("delimiter", "is no delimiter", "one ASCII character, as \";\" or \"|\"");
    out.delimiter = delimiter[0];
  }
  out.header = section.get_strings("header");
  for (const std::string& column : out.header) {
    if (column.empty() || std::count(out.header.begin(), out.header.end(), column) > 1)
      section.fail("header", fmt::format("names the column '{}' twice, or not at all", column),
                   "a name for each column");
  }
}

// What a message's value is.
void read_message_form(const TomlSection& section, SourceOptions& out) {
  for (const char* key : {"files", "encoding", "growing"}) {
    if (section.has(key)) section.fail(key, "is of files, and this section has topics");
  }
  out.format = static_cast<SourceFormat>(
      section.get_choice("format", kFormats, static_cast<std::size_t>(SourceFormat::kJsonLines)));
  if (out.format == SourceFormat::kParquet)
    section.fail("format", "messages are no Parquet files", "\"jsonl\", \"csv\" or \"tsv\"");
  if (out.format == SourceFormat::kJsonLines) {
    for (const char* key : {"delimiter", "header"}) {
      if (section.has(key))
        section.fail(key, "is of delimited text, and messages are read as JSON objects",
                     "format = \"csv\" or \"tsv\" beside it");
    }
    return;
  }
  read_delimited(section, out);
  if (out.header.empty())
    section.fail("header", "is missing or empty", "the names of the columns: messages have no header row",
                 "as header = [\"user\", \"item\", \"time\"]");
}

}  // namespace

SourceOptions SourceResolver::read_options(const std::string& name, const TomlSection& section) const {
  SourceOptions out{.name = name};
  if (auto kafka = read_kafka_options(name, section)) {
    if (must_exist() && !kafka_is_built())
      section.fail("kafka", "this weft was built without Kafka", "",
                   "install librdkafka (scripts/setup does) and build with -DWEFT_KAFKA=ON");
    read_message_form(section, out);
    out.kafka = std::make_shared<const KafkaOptions>(std::move(*kafka));
    section.has("columns");  // as below
    section.check_no_unknown_keys();
    return out;
  }
  out.files = section.get_strings("files", {name});
  if (out.files.empty()) section.fail("files", "is empty", "a file, a pattern or a list of them");
  if (section.has("format"))
    out.format = static_cast<SourceFormat>(section.get_choice("format", kFormats, 0));
  out.encoding = static_cast<Encoding>(section.get_choice("encoding", encoding_keys(), 0));
  out.growing = section.get_bool("growing", false);
  read_delimited(section, out);
  section.has("columns");  // read by read_column_rules, which needs the resolver
  section.check_no_unknown_keys();
  return out;
}

std::vector<SourceFile> SourceResolver::topics_of(const SourceOptions& options, std::size_t position) {
  std::vector<SourceFile> out;
  for (const std::string& topic : options.kafka->topics) {
    SourceFile source{.name = kafka_source_name(options.name, topic)};
    source.path = source.name;
    source.format = options.format.value();
    source.delimiter = options.delimiter;
    source.header = options.header;
    source.topic = KafkaPartition{.options = options.kafka, .topic = topic};
    source.options = position;
    out.push_back(std::move(source));
  }
  return out;
}

SourceFile SourceResolver::resolve(const TomlSection& section, std::string_view key, const std::string& name,
                                   const SourceOptions* options) const {
  SourceFile source{.name = name};
  const NamedFormat named = format_of(name);
  source.compression = named.compression;
  if (options != nullptr) {
    source.encoding = options->encoding;
    source.delimiter = options->delimiter;
    source.header = options->header;
    source.growing = options->growing;
  }
  const auto format = options != nullptr && options->format ? options->format : named.format;
  if (!format) {
    section.fail(key, fmt::format("cannot tell the format of '{}'", name),
                 "a name that ends in .csv, .tsv, .jsonl, .inter, .item, .user or .net, then perhaps .gz or "
                 ".zst; or in .parquet",
                 "a section as [sources.\"" + name + "\"] with format = \"tsv\" says it for any name");
  }
  source.format = *format;
  const bool delimited = source.format == SourceFormat::kCsv || source.format == SourceFormat::kTabs;
  if (source.format == SourceFormat::kParquet) {
    if (source.encoding != Encoding::kUtf8)
      section.fail("encoding", fmt::format("'{}' is Parquet", name), "no encoding: its texts are UTF-8");
    if (source.growing)
      section.fail("growing", fmt::format("'{}' is Parquet, which cannot grow", name), "a file of text");
    source.compression = Compression::kNone;
    source.partition = partition_of(name);
  }
  if (!delimited && (source.delimiter != '\0' || !source.header.empty())) {
    section.fail(source.header.empty() ? "delimiter" : "header",
                 fmt::format("'{}' is no delimited text", name), "a file of format csv or tsv");
  }
  source.path = place(section, key, name);
  if (sources_ == Sources::kMayBeMissing) return source;
  std::error_code code;
  const fs::file_type type = fs::status(source.path, code).type();
  if (type == fs::file_type::none) {
    section.fail(key, fmt::format("'{}' cannot be looked at: {}", name, errno_text(code.value())),
                 "a file that this user may read");
  }
  if (type != fs::file_type::regular) {
    const bool there = type != fs::file_type::not_found;
    section.fail(key, fmt::format("'{}' {}", name, there ? "is no file" : "is not there"),
                 fmt::format("a file in {}", root_.string()), there ? "" : near_file(source.path));
  }
  return source;
}

fs::path SourceResolver::place(const TomlSection& section, std::string_view key,
                               const std::string& name) const {
  const fs::path path = fs::path(name).is_absolute() ? fs::path(name) : root_ / name;
  std::error_code code;
  fs::path place = fs::weakly_canonical(path, code);
  if (code && sources_ == Sources::kMayBeMissing) return path.lexically_normal();
  if (code) {
    section.fail(key, fmt::format("'{}' cannot be looked at: {}", name, errno_text(code.value())),
                 "a file that this user may read");
  }
  if (!is_below(root_, place)) {
    section.fail(key, fmt::format("'{}' leads out of the data root {}", name, root_.string()),
                 "a file below the data root",
                 "move the file, or set project.data_root to a folder above all sources");
  }
  return place;
}

namespace {

// Names that begin with _ or . are notes that Spark and others leave beside the data.
bool is_data(const std::string& name) {
  return !name.starts_with('_') && name.find("/_") == std::string::npos;
}

}  // namespace

std::vector<SourceFile> SourceResolver::expand(const TomlSection& section, std::string_view key,
                                               const std::string& name, const SourceOptions* options) const {
  if (sources_ == Sources::kMayBeMissing) return expand_unseen(section, key, name, options);
  std::error_code code;
  const fs::path path = fs::path(name).is_absolute() ? fs::path(name) : root_ / name;
  const bool folder = fs::is_directory(path, code) && is_below(root_, path);
  if (!folder && (!is_pattern(name) || fs::is_regular_file(path, code)))
    return {resolve(section, key, name, options)};
  const fs::path relative =
      fs::path(name).is_absolute() ? fs::path(name).lexically_relative(root_) : fs::path(name);
  if (std::find(relative.begin(), relative.end(), "..") != relative.end()) {
    section.fail(key, fmt::format("'{}' leads out of the data root {}", name, root_.string()),
                 "a pattern of files below the data root");
  }
  std::string pattern = relative.generic_string();
  if (folder) pattern += "/**/*.parquet";
  std::vector<std::string> names = matching_files(root_, pattern);
  if (folder)
    std::erase_if(names, [&](const std::string& each) {
      return !is_data(each.substr(relative.generic_string().size()));
    });
  if (names.empty()) {
    if (folder) {
      section.fail(key, fmt::format("no Parquet file is below the folder '{}'", name),
                   "files that end in .parquet",
                   "a pattern names files of other formats: \"" + name + "/*.csv\"");
    }
    section.fail(key, fmt::format("no file fits '{}'", name), fmt::format("files in {}", root_.string()),
                 "* stands for any part of a name, ** for any folders");
  }
  if (names.size() > kMaxSources)
    section.fail(key, fmt::format("too many files fit '{}'", name), fmt::format("at most {}", kMaxSources));
  std::vector<SourceFile> found;
  for (const std::string& each : names) found.push_back(resolve(section, key, each, options));
  return found;
}

// Without a look at the disk: the files that are named one by one.
std::vector<SourceFile> SourceResolver::expand_unseen(const TomlSection& section, std::string_view key,
                                                      const std::string& name,
                                                      const SourceOptions* options) const {
  const bool told = (options != nullptr && options->format) || format_by_name(name);
  if (is_pattern(name) || !told) {
    place(section, key, name);
    return {};
  }
  return {resolve(section, key, name, options)};
}

SourceFile SourceResolver::file(const TomlSection& section, std::string_view key) const {
  return resolve(section, key, section.get_string(key), nullptr);
}

std::vector<SourceFile> SourceResolver::files(const TomlSection& section) const {
  std::vector<SourceFile> out;
  std::map<fs::path, bool> seen;
  std::size_t entry = 0;
  for (const std::string& name : section.get_strings("source")) {
    std::vector<SourceFile> named;
    const auto group = std::find_if(options_.begin(), options_.end(),
                                    [&](const SourceOptions& each) { return each.name == name; });
    if (group != options_.end()) {
      named = files_of_[static_cast<std::size_t>(group - options_.begin())];
    } else {
      // A file of a [sources.*] section may be named by itself too. Its name may tell no format.
      std::error_code code;
      const fs::path path = fs::path(name).is_absolute() ? fs::path(name) : root_ / name;
      const auto owner = owner_.find(fs::weakly_canonical(path, code));
      if (owner != owner_.end()) {
        named = {files_of_[owner->second.first][owner->second.second]};
      } else {
        named = expand(section, "source", name, nullptr);
        for (SourceFile& file : named) {
          const auto of = owner_.find(file.path);
          if (of != owner_.end()) file = files_of_[of->second.first][of->second.second];
        }
      }
    }
    for (SourceFile& file : named) {
      if (!seen.emplace(file.path, true).second) section.fail("source", "names a file twice");
      file.entry = entry;
      out.push_back(std::move(file));
    }
    ++entry;
  }
  if (section.has("source") && out.empty() && sources_ == Sources::kMustExist)
    section.fail("source", "is empty", "a file, a pattern or a list of them");
  return out;
}

}  // namespace weft::storage
