#include "base/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

// Errors are returned, not thrown, by the parser: its exception type stays out of our headers.
// The packaged shared library is built with exceptions, so the parser is compiled here.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/mapped_file.h"
#include "base/strings.h"

namespace weft {
namespace {

constexpr std::size_t kMaxFileBytes = 16 << 20;

std::string describe(const toml::node& node) {
  std::ostringstream out;
  out << node.type();
  return "a " + out.str();
}

std::string value_text(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return excerpt(out.str());
}

}  // namespace

struct TomlFile::Tree {
  std::string name;
  toml::table root;
  // Known keys per table, shared by all sections that view it, so that two readers of one table add up.
  std::map<const void*, std::shared_ptr<std::vector<std::string>>> known;
};

TomlFile TomlFile::read(const std::filesystem::path& path) {
  MappedFile file;
  try {
    file = MappedFile(path);
  } catch (const Error& error) {
    throw Error(error.summary(), error.context(), ErrorKind::kUsage);
  }
  if (file.size() > kMaxFileBytes) {
    throw Error("file is too large", {.file = path.string(), .expected = "a TOML file of at most 16 MiB"}, ErrorKind::kUsage);
  }
  return parse(file.text(), path.string());
}

TomlFile TomlFile::parse(std::string_view text, const std::string& name) {
  toml::parse_result result = toml::parse(text, name);
  if (!result) {
    const toml::parse_error& error = result.error();
    throw Error(fmt::format("not valid TOML: {}", error.description()),
                {.file = name, .line = error.source().begin.line, .column = error.source().begin.column}, ErrorKind::kUsage);
  }
  TomlFile file;
  file.tree_ = std::make_shared<Tree>();
  file.tree_->name = name;
  file.tree_->root = std::move(result).table();
  return file;
}

void TomlFile::set(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || trim(assignment.substr(0, equals)).empty()) {
    throw Error("not an assignment", {.file = "--set", .value = std::string(assignment), .expected = "key=value, as in train.epochs=5"},
                ErrorKind::kUsage);
  }
  const std::string key(trim(assignment.substr(0, equals)));
  const std::string_view value = trim(assignment.substr(equals + 1));
  toml::parse_result parsed = toml::parse(fmt::format("v = {}\n", value), std::string_view("--set"));
  toml::table holder;
  if (parsed && parsed.table().size() == 1) {
    holder = std::move(parsed).table();
  } else {
    holder.insert_or_assign("v", std::string(value));
  }
  toml::table* table = &tree_->root;
  std::string_view rest = key;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    if (part.empty()) {
      throw Error("empty part in key", {.file = "--set", .value = key, .expected = "a dotted key, as in train.epochs"}, ErrorKind::kUsage);
    }
    if (dot == std::string_view::npos) {
      table->insert_or_assign(part, std::move(*holder.get("v")));
      return;
    }
    toml::node* next = table->get(part);
    if (next == nullptr) next = &table->insert(part, toml::table{}).first->second;
    if (!next->is_table()) {
      throw Error("key is not a table", {.file = "--set", .field = std::string(part), .value = key}, ErrorKind::kUsage);
    }
    table = next->as_table();
    rest.remove_prefix(dot + 1);
  }
}

TomlSection TomlFile::root() const { return TomlSection(tree_, &tree_->root, ""); }

std::string TomlFile::to_text() const {
  std::ostringstream out;
  out << tree_->root << "\n";
  return out.str();
}

namespace {
const toml::table* as_table(const void* table) { return static_cast<const toml::table*>(table); }
}  // namespace

TomlSection::TomlSection(std::shared_ptr<TomlFile::Tree> tree, const void* table, std::string name)
    : tree_(std::move(tree)), table_(table), name_(std::move(name)) {
  if (table_ == nullptr) {
    known_ = std::make_shared<std::vector<std::string>>();
    return;
  }
  auto& known = tree_->known[table_];
  if (!known) known = std::make_shared<std::vector<std::string>>();
  known_ = known;
}

void TomlSection::know(std::string_view key) const {
  if (std::find(known_->begin(), known_->end(), key) == known_->end()) known_->emplace_back(key);
}

namespace {
const toml::node* look_up(const void* table, std::string_view key) {
  return table == nullptr ? nullptr : as_table(table)->get(key);
}
}  // namespace

bool TomlSection::has(std::string_view key) const {
  know(key);
  return look_up(table_, key) != nullptr;
}

ErrorContext TomlSection::where(std::string_view key) const {
  ErrorContext context{.file = tree_->name};
  const toml::node* node = key.empty() ? static_cast<const toml::node*>(as_table(table_)) : look_up(table_, key);
  if (node == nullptr && table_ != nullptr) node = as_table(table_);
  if (node != nullptr) {
    context.line = node->source().begin.line;
    context.column = node->source().begin.column;
    if (node->source().path && *node->source().path == "--set") context.file = "--set";
  }
  context.field = name_;
  if (!key.empty()) context.field += (name_.empty() ? "" : ".") + std::string(key);
  return context;
}

void TomlSection::fail(std::string_view key, const std::string& what, const std::string& expected, const std::string& hint) const {
  ErrorContext context = where(key);
  if (const toml::node* node = look_up(table_, key); node != nullptr && !node->is_table()) context.value = value_text(*node);
  context.expected = expected;
  context.hint = hint;
  throw Error(what, std::move(context), ErrorKind::kUsage);
}

std::string TomlSection::get_string(std::string_view key) const {
  know(key);
  const toml::node* node = look_up(table_, key);
  if (node == nullptr) fail(key, "a required key is missing", "a string");
  if (const auto value = node->value_exact<std::string>()) return *value;
  fail(key, fmt::format("is {}", describe(*node)), "a string");
}

std::string TomlSection::get_string(std::string_view key, std::string_view fallback) const {
  return has(key) ? get_string(key) : std::string(fallback);
}

double TomlSection::get_number(std::string_view key, double fallback) const {
  if (!has(key)) return fallback;
  const toml::node* node = look_up(table_, key);
  if (const auto value = node->value_exact<double>()) return *value;
  if (const auto value = node->value_exact<std::int64_t>()) return static_cast<double>(*value);
  fail(key, fmt::format("is {}", describe(*node)), "a number");
}

std::int64_t TomlSection::get_integer(std::string_view key, std::int64_t fallback) const {
  if (!has(key)) return fallback;
  const toml::node* node = look_up(table_, key);
  if (const auto value = node->value_exact<std::int64_t>()) return *value;
  fail(key, fmt::format("is {}", describe(*node)), "an integer");
}

bool TomlSection::get_bool(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  const toml::node* node = look_up(table_, key);
  if (const auto value = node->value_exact<bool>()) return *value;
  fail(key, fmt::format("is {}", describe(*node)), "true or false");
}

std::vector<std::string> TomlSection::get_strings(std::string_view key, std::vector<std::string> fallback) const {
  if (!has(key)) return fallback;
  const toml::node* node = look_up(table_, key);
  if (const auto value = node->value_exact<std::string>()) return {*value};
  const toml::array* array = node->as_array();
  if (array == nullptr) fail(key, fmt::format("is {}", describe(*node)), "a list of strings");
  std::vector<std::string> out;
  for (const toml::node& item : *array) {
    const auto value = item.value_exact<std::string>();
    if (!value) fail(key, fmt::format("holds {}", describe(item)), "a list of strings");
    out.push_back(*value);
  }
  return out;
}

std::vector<double> TomlSection::get_numbers(std::string_view key, std::vector<double> fallback) const {
  if (!has(key)) return fallback;
  const toml::node* node = look_up(table_, key);
  const toml::array* array = node->as_array();
  if (array == nullptr) fail(key, fmt::format("is {}", describe(*node)), "a list of numbers");
  std::vector<double> out;
  for (const toml::node& item : *array) {
    if (!item.is_number()) fail(key, fmt::format("holds {}", describe(item)), "a list of numbers");
    out.push_back(*item.value<double>());
  }
  return out;
}

std::size_t TomlSection::get_choice(std::string_view key, const std::vector<std::string>& choices, std::size_t fallback) const {
  if (!has(key)) return fallback;
  const std::string value = get_string(key);
  const auto found = std::find(choices.begin(), choices.end(), value);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const std::string nearest = nearest_word(value, choices);
  fail(key, "unknown value", "one of " + join(choices), nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
}

std::int64_t TomlSection::get_integer_in(std::string_view key, std::int64_t fallback, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = get_integer(key, fallback);
  if (has(key) && (value < low || value > high)) fail(key, "out of range", fmt::format("an integer from {} to {}", low, high));
  return value;
}

double TomlSection::get_number_in(std::string_view key, double fallback, double low, double high) const {
  const double value = get_number(key, fallback);
  if (has(key) && !(value >= low && value <= high)) fail(key, "out of range", fmt::format("a number from {} to {}", low, high));
  return value;
}

bool TomlSection::is_string(std::string_view key) const { return has(key) && look_up(table_, key)->is_string(); }
bool TomlSection::is_table(std::string_view key) const { return has(key) && look_up(table_, key)->is_table(); }

std::optional<TomlSection> TomlSection::find(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  return section(key);
}

TomlSection TomlSection::section(std::string_view key) const {
  know(key);
  const std::string full = (name_.empty() ? "" : name_ + ".") + std::string(key);
  const toml::node* node = look_up(table_, key);
  if (node == nullptr) return TomlSection(tree_, nullptr, full);
  if (!node->is_table()) fail(key, fmt::format("is {}", describe(*node)), "a table");
  return TomlSection(tree_, node->as_table(), full);
}

std::vector<std::string> TomlSection::keys() const {
  std::vector<std::pair<toml::source_position, std::string>> positioned;
  if (table_ != nullptr) {
    for (const auto& [key, node] : *as_table(table_)) positioned.emplace_back(key.source().begin, std::string(key.str()));
  }
  std::stable_sort(positioned.begin(), positioned.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::vector<std::string> out;
  out.reserve(positioned.size());
  for (auto& [position, key] : positioned) out.push_back(std::move(key));
  return out;
}

std::vector<std::pair<std::string, TomlSection>> TomlSection::sections() const {
  std::vector<std::pair<std::string, TomlSection>> out;
  for (const std::string& key : keys()) {
    if (look_up(table_, key)->is_table()) out.emplace_back(key, section(key));
  }
  return out;
}

void TomlSection::check_no_unknown_keys() const {
  for (const std::string& key : keys()) {
    if (std::find(known_->begin(), known_->end(), key) != known_->end()) continue;
    const std::string nearest = nearest_word(key, *known_);
    ErrorContext context = where(key);
    for (const auto& [candidate, node] : *as_table(table_)) {
      if (candidate.str() == key && candidate.source().begin.line != 0) {
        context.line = candidate.source().begin.line;
        context.column = candidate.source().begin.column;
      }
    }
    std::vector<std::string> known = *known_;
    std::sort(known.begin(), known.end());
    context.expected = "one of " + join(known);
    if (!nearest.empty()) context.hint = fmt::format("did you mean '{}'?", nearest);
    throw Error("unknown key", std::move(context), ErrorKind::kUsage);
  }
}

}  // namespace weft
