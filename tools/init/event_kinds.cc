#include "tools/init/event_kinds.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

#include "base/strings.h"

namespace weft::init {
namespace {

constexpr std::size_t kMostKinds = 8;

// The last word of such a column's name, or its only one.
constexpr std::array<std::string_view, 9> kClear = {
    "event", "events", "action", "behavior", "behaviour", "activity", "feedback", "interaction", "operation"};
constexpr std::array<std::string_view, 2> kUnclear = {"type", "kind"};
constexpr std::array<std::string_view, 9> kPurchases = {
    "buy", "purchase", "purchased", "transaction", "order", "sale", "bought", "checkout", "pay"};
constexpr std::array<std::string_view, 32> kVerbs = {
    "view",      "click",    "pv",      "cart",       "addtocart", "add",      "fav",    "favorite",
    "favourite", "like",     "dislike", "share",      "play",      "skip",     "listen", "watch",
    "rate",      "rent",     "remove",  "impression", "show",      "read",     "save",   "bookmark",
    "wish",      "wishlist", "follow",  "comment",    "collect",   "download", "detail", "basket"};

template <std::size_t N>
bool has_word(const std::vector<std::string>& words, const std::array<std::string_view, N>& known) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  });
}

// The column's values over all tables; empty if there are too many.
std::map<std::string, std::uint64_t> values_of(const Group& group, std::size_t column) {
  std::map<std::string, std::uint64_t> all;
  for (const TableProfile* table : group.tables) {
    const ColumnProfile& profile = table->columns[column];
    if (profile.counts.size() > ColumnProfile::kMaxCounted || profile.lists > 0) return {};
    for (const auto& [value, rows] : profile.counts) all[value] += rows;
  }
  return all;
}

bool tells_kinds(const std::string& name, const std::map<std::string, std::uint64_t>& values) {
  std::vector<std::string> words = name_words(name);
  const bool clear = has_word(words, kClear) && words.back() != "id" && words.back() != "time";
  if (!clear && (words.size() != 1 || !has_word(words, kUnclear))) return false;
  const auto is_known = [](const auto& value) {
    const std::vector<std::string> of_value = name_words(value.first);
    return has_word(of_value, kVerbs) || has_word(of_value, kPurchases);
  };
  const auto is_number = [](const auto& value) {
    return std::all_of(value.first.begin(), value.first.end(),
                       [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  };
  return std::any_of(values.begin(), values.end(), is_known) ||
         (clear && std::all_of(values.begin(), values.end(), is_number));
}

}  // namespace

EventKinds find_event_kinds(const Group& group) {
  for (std::size_t i = 0; i < group.roles.size(); ++i) {
    const Role role = group.roles[i].role;
    if (role != Role::kCategory && role != Role::kNumber && role != Role::kText && role != Role::kLeftOut)
      continue;
    const auto values = values_of(group, i);
    if (values.size() < 2 || values.size() > kMostKinds || !group.everywhere(i)) continue;
    if (!tells_kinds(group.column(i), values)) continue;
    EventKinds found{.column = i};
    for (const auto& [value, rows] : values) found.kinds.push_back({value, rows});
    const auto rank = [](const EventKind& kind) {
      return std::pair(has_word(name_words(kind.value), kPurchases), kind.rows);
    };
    const auto best = std::max_element(found.kinds.begin(), found.kinds.end(),
                                       [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    found.target = static_cast<std::size_t>(best - found.kinds.begin());
    return found;
  }
  return {};
}

}  // namespace weft::init
