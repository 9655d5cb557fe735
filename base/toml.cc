#include "base/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

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
  const std::string type = out.str();
  return (type.starts_with('a') || type.starts_with('i') ? "an " : "a ") + type;
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
    throw Error("file is too large", {.file = path.string(), .expected = "a TOML file of at most 16 MiB"},
                ErrorKind::kUsage);
  }
  return parse(file.text(), path.string());
}

TomlFile TomlFile::parse(std::string_view text, const std::string& name) {
  toml::parse_result result = toml::parse(text, name);
  if (!result) {
    const toml::parse_error& error = result.error();
    throw Error(fmt::format("not valid TOML: {}", error.description()),
                {.file = name, .line = error.source().begin.line, .column = error.source().begin.column},
                ErrorKind::kUsage);
  }
  TomlFile file;
  file.tree_ = std::make_shared<Tree>();
  file.tree_->name = name;
  file.tree_->root = std::move(result).table();
  return file;
}

namespace {

constexpr std::string_view kOverride = "--set";  // the file name that overrides carry

bool is_override(const toml::node& node) {
  return node.source().path && *node.source().path == kOverride;
}

// The text as a TOML string: every byte that could end or escape it is escaped.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '"' || c == '\\') {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// Parses "v = value"; nothing if that is no TOML or more than one value.
std::optional<toml::table> parse_value(std::string_view value) {
  toml::parse_result parsed = toml::parse(fmt::format("v = {}\n", value), kOverride);
  if (!parsed || parsed.table().size() != 1) return std::nullopt;
  return std::move(parsed).table();
}

// "train.epochs" or "nodes.\"my type\".id" as its parts; empty if it is no TOML key.
std::vector<std::string> key_parts(std::string_view key) {
  if (key.find_first_of("\n#=") != std::string_view::npos) return {};
  toml::parse_result parsed = toml::parse(fmt::format("{} = 0\n", key), kOverride);
  std::vector<std::string> parts;
  if (!parsed) return parts;
  for (const toml::table* table = &parsed.table(); table != nullptr;
       table = table->begin()->second.as_table()) {
    if (table->size() != 1) return {};
    parts.emplace_back(table->begin()->first.str());
  }
  return parts;
}

}  // namespace

void TomlFile::set(std::string_view assignment) {
  const auto fail = [&](const char* what, const char* expected) {
    throw Error(what, {.file = std::string(kOverride), .value = excerpt(assignment), .expected = expected},
                ErrorKind::kUsage);
  };
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || trim(assignment.substr(0, equals)).empty()) {
    fail("not an assignment", "key=value, as in train.epochs=5");
  }
  const std::vector<std::string> parts = key_parts(trim(assignment.substr(0, equals)));
  if (parts.empty()) fail("not a key", "a dotted key, as in train.epochs");
  const std::string_view value = trim(assignment.substr(equals + 1));
  std::optional<toml::table> holder = parse_value(value);
  if (!holder) holder = parse_value(quoted(value));
  if (!holder) fail("not a value", "text in UTF-8");

  toml::table* table = &tree_->root;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    toml::node* next = table->get(parts[i]);
    if (next == nullptr)
      next = &table->insert(parts[i], std::move(*parse_value("{}")->get_as<toml::table>("v"))).first->second;
    if (!next->is_table()) {
      throw Error("key is not a table",
                  {.file = std::string(kOverride), .field = parts[i], .value = excerpt(assignment)},
                  ErrorKind::kUsage);
    }
    table = next->as_table();
  }
  table->insert_or_assign(parts.back(), std::move(*holder->get("v")));
}

TomlSection TomlFile::root() const {
  return TomlSection(tree_, &tree_->root, "");
}

std::string TomlFile::to_text() const {
  std::ostringstream out;
  out << tree_->root << "\n";
  return out.str();
}

namespace {
const toml::table* as_table(const void* table) {
  return static_cast<const toml::table*>(table);
}
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
  const toml::node* node =
      key.empty() ? static_cast<const toml::node*>(as_table(table_)) : look_up(table_, key);
  if (node == nullptr && table_ != nullptr) node = as_table(table_);
  if (node != nullptr) {
    if (is_override(*node)) {
      context.file = kOverride;
    } else {
      context.line = node->source().begin.line;
      context.column = node->source().begin.column;
    }
  }
  context.field = name_;
  if (!key.empty()) context.field += (name_.empty() ? "" : ".") + std::string(key);
  return context;
}

void TomlSection::fail(std::string_view key, const std::string& what, const std::string& expected,
                       const std::string& hint) const {
  ErrorContext context = where(key);
  if (const toml::node* node = look_up(table_, key); node != nullptr && !node->is_table())
    context.value = value_text(*node);
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

std::vector<std::string> TomlSection::get_strings(std::string_view key,
                                                  std::vector<std::string> fallback) const {
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

std::vector<std::string> TomlSection::get_texts(std::string_view key) const {
  if (!has(key)) fail(key, "a required key is missing", "a string, number or boolean");
  const toml::node* node = look_up(table_, key);
  const auto text_of = [&](const toml::node& item) -> std::string {
    if (const auto value = item.value_exact<std::string>()) return *value;
    if (const auto value = item.value_exact<std::int64_t>()) return fmt::format("{}", *value);
    if (const auto value = item.value_exact<bool>()) return *value ? "true" : "false";
    if (const auto value = item.value_exact<double>()) return fmt::format("{}", *value);
    fail(key, fmt::format("{} {}", &item == node ? "is" : "holds", describe(item)),
         "a string, number or boolean, or a list of these");
  };
  const toml::array* array = node->as_array();
  if (array == nullptr) return {text_of(*node)};
  std::vector<std::string> out;
  for (const toml::node& item : *array) out.push_back(text_of(item));
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

std::size_t TomlSection::get_choice(std::string_view key, const std::vector<std::string>& choices,
                                    std::size_t fallback) const {
  if (!has(key)) return fallback;
  const std::string value = get_string(key);
  const auto found = std::find(choices.begin(), choices.end(), value);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const std::string nearest = nearest_word(value, choices);
  fail(key, "unknown value", "one of " + join(choices),
       nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
}

std::int64_t TomlSection::get_integer_in(std::string_view key, std::int64_t fallback, std::int64_t low,
                                         std::int64_t high) const {
  const std::int64_t value = get_integer(key, fallback);
  if (has(key) && (value < low || value > high))
    fail(key, "out of range", fmt::format("an integer from {} to {}", low, high));
  return value;
}

double TomlSection::get_number_in(std::string_view key, double fallback, double low, double high) const {
  const double value = get_number(key, fallback);
  if (has(key) && !(value >= low && value <= high))
    fail(key, "out of range", fmt::format("a number from {} to {}", low, high));
  return value;
}

bool TomlSection::is_string(std::string_view key) const {
  return has(key) && look_up(table_, key)->is_string();
}
bool TomlSection::is_table(std::string_view key) const {
  return has(key) && look_up(table_, key)->is_table();
}

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
  // Keys that an override added have no place in the file: they come last, so that they renumber nothing.
  std::vector<std::tuple<bool, std::uint64_t, std::uint64_t, std::string>> placed;
  if (table_ != nullptr) {
    for (const auto& [key, node] : *as_table(table_)) {
      const toml::source_position at = key.source().begin;
      placed.emplace_back(at.line == 0, at.line, at.column, std::string(key.str()));
    }
  }
  std::sort(placed.begin(), placed.end());
  std::vector<std::string> out;
  out.reserve(placed.size());
  for (auto& [added, line, column, key] : placed) out.push_back(std::move(key));
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
        context.file = tree_->name;
        context.line = candidate.source().begin.line;
        context.column = candidate.source().begin.column;
      }
    }
    std::vector<std::string> known = *known_;
    std::sort(known.begin(), known.end());
    context.expected = known.empty() ? "no key here" : "one of " + join(known);
    if (!nearest.empty()) context.hint = fmt::format("did you mean '{}'?", nearest);
    throw Error("unknown key", std::move(context), ErrorKind::kUsage);
  }
}

}  // namespace weft
