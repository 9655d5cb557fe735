#include "tools/init/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace weft::init {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

template <std::size_t N>
bool any_of(const Words& words, const std::array<std::string_view, N>& known) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  });
}

constexpr std::array<std::string_view, 12> kPeople = {"user",    "customer", "reviewer", "member",
                                                      "account", "person",   "client",   "buyer",
                                                      "visitor", "viewer",   "listener", "uid"};
constexpr std::array<std::string_view, 6> kItems = {"item", "product", "asin", "sku", "iid", "goods"};
// Names that are ids without saying so.
constexpr std::array<std::string_view, 16> kBareIds = {
    "user",     "item",  "asin",   "sku",      "uid",  "iid",    "customer", "product",
    "reviewer", "movie", "artist", "listener", "isbn", "viewer", "visitor",  "member"};
// The same if their values have no blanks, as titles have.
constexpr std::array<std::string_view, 10> kBareTokenIds = {"track", "song", "video", "article", "book",
                                                            "game",  "film", "post",  "news",    "buyer"};
constexpr std::array<std::string_view, 12> kGeneric = {"source",   "target",   "from",    "to",
                                                       "src",      "dst",      "friend",  "follower",
                                                       "followee", "followed", "trustor", "trustee"};
constexpr std::array<std::string_view, 12> kTimes = {"time",    "timestamp", "date",  "datetime",
                                                     "ts",      "at",        "when",  "created",
                                                     "updated", "signup",    "added", "unix"};
constexpr std::array<std::string_view, 12> kWeights = {"rating", "overall", "stars",    "star",
                                                       "score",  "weight",  "count",    "plays",
                                                       "qty",    "amount",  "quantity", "clicks"};
constexpr std::array<std::string_view, 12> kTexts = {"title", "name",     "summary", "description",
                                                     "text",  "review",   "body",    "comment",
                                                     "plot",  "headline", "caption", "content"};
constexpr std::array<std::string_view, 9> kShared = {"brand", "category", "categories", "genre",    "genres",
                                                     "tag",   "tags",     "class",      "publisher"};

ColumnRole left_out(std::string why) {
  return {.why = std::move(why)};
}

// So many that the others pass for bad rows, of which ingest puts a few aside.
bool nearly_all(std::uint64_t count, const ColumnProfile& column) {
  return column.present > 0 && count * 100 >= column.present * 97;
}

// The unit in which all numbers fall into the years 1990 to 2100.
std::optional<storage::TimeUnit> epoch_unit(const ColumnProfile& column) {
  constexpr double kFrom = 631'152'000, kTo = 4'102'444'800;
  if (!nearly_all(column.numbers, column)) return std::nullopt;
  const std::array<std::pair<double, storage::TimeUnit>, 3> units = {
      {{1, storage::TimeUnit::kSeconds},
       {1e3, storage::TimeUnit::kMilliseconds},
       {1e6, storage::TimeUnit::kMicroseconds}}};
  for (const auto& [scale, unit] : units) {
    if (column.least >= kFrom * scale && column.greatest <= kTo * scale) return unit;
  }
  return std::nullopt;
}

// The separator whose parts are few and come again and again; empty if there is none.
std::string separator_of(const ColumnProfile& column) {
  for (std::size_t s = 0; s < column.parts.size(); ++s) {
    const std::size_t parts = column.parts[s].size();
    const bool blank = ColumnProfile::kSeparators[s] == ' ';
    if (parts > (blank ? 100U : 500U) || parts * 3 > column.distinct.size()) continue;
    if (column.part_counts[s] * 5 < column.present * 6 || (blank && column.mean_bytes() > 60)) continue;
    return std::string(1, ColumnProfile::kSeparators[s]);
  }
  return {};
}

// Where the files lie that the column names: a folder before it under which at least half of them are.
std::optional<std::string> media_path(const FolderProfile& folder, const TableProfile& table,
                                      const ColumnProfile& column) {
  if (column.name.find_first_of("{}") != std::string::npos) return std::nullopt;
  std::vector<std::string> prefixes = {"", fs::path(table.name).parent_path().generic_string()};
  prefixes.insert(prefixes.end(), folder.media_folders.begin(), folder.media_folders.end());
  std::size_t best_hits = 0;
  std::string best;
  for (const std::string& prefix : prefixes) {
    std::error_code code;
    const auto hits = static_cast<std::size_t>(
        std::count_if(column.examples.begin(), column.examples.end(), [&](const std::string& name) {
          return name.size() < 1000 && fs::is_regular_file(folder.folder / prefix / name, code);
        }));
    if (hits > best_hits) best_hits = hits, best = prefix;
  }
  if (best_hits * 2 < column.examples.size() || best_hits == 0) return std::nullopt;
  return (best.empty() ? "" : best + "/") + "{" + column.name + "}";
}

ColumnRole media_role(const FolderProfile& folder, const TableProfile& table, const ColumnProfile& column) {
  const auto path = media_path(folder, table, column);
  if (!path) return left_out("names media files that are not in this folder");
  return {.role = column.images >= column.sounds ? Role::kImage : Role::kSound, .path = *path};
}

ColumnRole text_role(const ColumnProfile& column, const Words& words) {
  const bool shared = any_of(words, kShared);
  const std::string separator = separator_of(column);
  const bool repeats = column.distinct.size() * 2 <= column.present;
  const bool few = repeats || (column.distinct.size() <= 50 && !any_of(words, kTexts));
  if (!separator.empty() && !any_of(words, kTexts))
    return {.role = Role::kCategory, .separator = separator, .as_node = true};
  const bool long_texts = column.mean_bytes() > 30;
  const bool phrases = column.spaced * 2 > column.present && !few;
  if (long_texts || phrases || (any_of(words, kTexts) && !few)) return {.role = Role::kText};
  if (few) return {.role = Role::kCategory, .as_node = shared};
  if (column.distinct.size() * 10 >= column.present * 9)
    return left_out("nearly every row has another value");
  return {.role = Role::kCategory};
}

ColumnRole guess(const FolderProfile& folder, const TableProfile& table, const ColumnProfile& column,
                 std::string_view own_type) {
  const Words words = name_words(column.name);
  if (column.present == 0) return left_out("has no values");
  if (const std::string type = id_type(column.name, table.name); !type.empty()) {
    if (column.lists > 0) return left_out("is a list of ids");
    return {.role = Role::kId, .type = type};
  }
  if (words.size() == 1 && any_of(words, kBareTokenIds) && column.lists == 0 && column.distinct.size() > 1 &&
      column.spaced * 100 <= column.present)
    return {.role = Role::kId, .type = any_of(words, kPeople) ? "user" : words[0]};
  if (column.lists > 0) {
    if (column.number_lists > 0) return left_out("is a list of numbers");
    return {.role = Role::kCategory, .as_node = true};
  }
  if (column.declared == "float_seq") return left_out("is a list of numbers");
  if (column.declared == "token_seq" && !any_of(words, kTexts))
    return {.role = Role::kCategory, .separator = " ", .as_node = true};
  if (any_of(words, kTimes)) {
    if (const auto unit = epoch_unit(column)) return {.role = Role::kTime, .unit = *unit};
  }
  if (nearly_all(column.dates, column)) return {.role = Role::kTime, .unit = storage::TimeUnit::kIso8601};
  if (column.all_numbers()) {
    const bool weight = any_of(words, kWeights) && column.present == table.rows && column.least >= 0 &&
                        column.greatest <= 4294967296.0;
    return {.role = weight ? Role::kWeight : Role::kNumber};
  }
  if (nearly_all(column.numbers, column)) return {.role = Role::kNumber};
  if (column.urls * 2 > column.present) return left_out("holds web addresses, which are not fetched");
  if ((column.images + column.sounds) * 2 > column.present) return media_role(folder, table, column);
  if (any_of(words, kTimes)) return left_out("looks like a time in a form that cannot be read");
  if (std::find(words.begin(), words.end(), "name") != words.end() &&
      (any_of(words, kPeople) || own_type == "user"))
    return left_out("holds people's names");
  return text_role(column, words);
}

}  // namespace

std::string id_type(std::string_view column, std::string_view table) {
  Words words = name_words(column);
  if (words.empty()) return {};
  const bool says_id = words.back() == "id" || words.back() == "ids";
  if (says_id) words.pop_back();
  if (words.empty()) {
    words = name_words(stem_of(table));
    if (words.empty()) return {};
    words = {words.back()};
    if (words[0].size() > 3 && words[0].ends_with('s')) words[0].pop_back();
  } else if (!says_id && !(words.size() == 1 && (any_of(words, kBareIds) || any_of(words, kGeneric)))) {
    return {};
  }
  if (any_of(words, kPeople)) return "user";
  if (any_of(words, kItems)) return "item";
  std::string type;
  for (const std::string& word : words) type += (type.empty() ? "" : "_") + word;
  return type;
}

bool is_generic_type(std::string_view type) {
  return std::find(kGeneric.begin(), kGeneric.end(), type) != kGeneric.end();
}

std::vector<ColumnRole> guess_roles(const FolderProfile& folder, const TableProfile& table,
                                    std::string_view own_type) {
  std::vector<ColumnRole> roles;
  for (const ColumnProfile& column : table.columns) roles.push_back(guess(folder, table, column, own_type));
  return roles;
}

}  // namespace weft::init
