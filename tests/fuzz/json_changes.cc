#include "tests/fuzz/json_changes.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace weft::fuzz {
namespace {

void collect(OrderedJson& json, std::vector<OrderedJson*>& out) {
  out.push_back(&json);
  if (!json.is_structured()) return;
  for (auto& child : json) collect(child, out);
}

std::string random_hex(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '0');
  for (char& c : out) c = "0123456789abcdef"[random() % 16];
  return out;
}

bool is_hex(const std::string& text) {
  return text.size() >= 8 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

OrderedJson changed_number(const OrderedJson& number, std::mt19937_64& random) {
  constexpr std::uint64_t kEdges[] = {0,
                                      1,
                                      127,
                                      128,
                                      65535,
                                      0x7FFFFFFF,
                                      0xFFFFFFFF,
                                      0x100000000,
                                      std::uint64_t{1} << 53,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::uint64_t>::max()};
  switch (random() % 6) {
    case 0:
      return kEdges[random() % std::size(kEdges)];
    case 1:
      return -1;
    case 2:
      return 0.5;
    case 3:
      return random() % 100;
    default:
      if (number.is_number_unsigned()) return number.get<std::uint64_t>() + (random() % 2 == 0 ? 1 : -1);
      return number.get<double>() * 2;
  }
}

OrderedJson changed_text(std::string text, std::mt19937_64& random) {
  if (is_hex(text)) return random_hex(random, text.size());
  constexpr const char* kPieces[] = {
      "\"", "\\", "\n", "é", "../", "/", "", "x", "0", " ", "\xF0\x9F\x98\x80"};
  const std::size_t at = random() % (text.size() + 1);
  switch (random() % 4) {
    case 0:
      return text.insert(at, kPieces[random() % std::size(kPieces)]);
    case 1:
      return text.substr(0, at);
    case 2:
      return text + text;
    default:
      if (!text.empty()) text[random() % text.size()] = static_cast<char>('a' + random() % 26);
      return text;
  }
}

void change_list(OrderedJson& list, std::mt19937_64& random) {
  if (list.empty()) return;
  const std::size_t at = random() % list.size();
  switch (random() % 3) {
    case 0:
      list.erase(at);
      return;
    case 1:
      list.push_back(OrderedJson(list[at]));
      return;
    default:
      std::swap(list[at], list[random() % list.size()]);
  }
}

void change_object(OrderedJson& object, std::mt19937_64& random) {
  if (object.empty()) return;
  auto at = object.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random() % object.size()));
  const std::string key = at.key();
  const OrderedJson value = at.value();
  if (random() % 2 == 0) object.erase(key);
  if (random() % 2 == 0) object[changed_text(key, random).get<std::string>()] = value;
}

}  // namespace

void change_json(OrderedJson& root, std::mt19937_64& random) {
  std::vector<OrderedJson*> nodes;
  collect(root, nodes);
  // Leaves are what formats leave most freedom.
  OrderedJson* node = nodes[random() % nodes.size()];
  for (int tries = 0; tries < 4 && node->is_structured(); ++tries) node = nodes[random() % nodes.size()];
  if (random() % 16 == 0) {
    const OrderedJson other = *nodes[random() % nodes.size()];
    *node = other;
  } else if (node->is_number()) {
    *node = changed_number(*node, random);
  } else if (node->is_string()) {
    *node = changed_text(node->get<std::string>(), random);
  } else if (node->is_boolean()) {
    *node = !node->get<bool>();
  } else if (node->is_array()) {
    change_list(*node, random);
  } else if (node->is_object()) {
    change_object(*node, random);
  }
}

std::string changed_json(std::string_view text, std::mt19937_64& random, int indent) {
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_discarded()) return "";
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) change_json(json, random);
  return json.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace weft::fuzz
