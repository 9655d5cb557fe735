#include "tests/fuzz/model_bytes.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {
namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kMaxItems = 4096;

struct Model {
  OrderedJson header = {};
  std::vector<std::string> arrays = {};  // [entry of header["arrays"]]
};

std::size_t item_bytes(const OrderedJson& entry) {
  return entry.value("type", OrderedJson()) == "f32" ? 4 : 8;
}

bool read(std::string_view input, Model& model) {
  if (input.size() < 2 * kWord) return false;
  std::uint64_t size = 0;
  std::memcpy(&size, input.data() + kWord, kWord);
  if (size > input.size() - 2 * kWord) return false;
  model.header = OrderedJson::parse(input.substr(2 * kWord, size), nullptr, false);
  if (!model.header.is_object() || !model.header.contains("arrays") || !model.header["arrays"].is_array())
    return false;
  std::string_view rest = input.substr(2 * kWord + size);
  for (const OrderedJson& entry : model.header["arrays"]) {
    if (!entry.is_object() || !entry.contains("count") || !entry["count"].is_number_unsigned()) return false;
    const std::uint64_t count = entry["count"].get<std::uint64_t>();
    if (count > kMaxItems * 16) return false;
    const std::size_t bytes = std::min<std::size_t>(count * item_bytes(entry), rest.size());
    model.arrays.emplace_back(rest.substr(0, bytes));
    rest.remove_prefix(std::min((bytes + kWord - 1) / kWord * kWord, rest.size()));
  }
  return true;
}

// The arrays' bytes take the lengths that the header states.
std::string written(const Model& model) {
  std::string header = model.header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  header.append((kWord - header.size() % kWord) % kWord, ' ');
  const std::uint64_t size = header.size();
  std::string out = "weftenc1";
  out.append(reinterpret_cast<const char*>(&size), kWord);
  out += header;
  if (!model.header.is_object() || !model.header.contains("arrays") || !model.header["arrays"].is_array())
    return out;
  std::size_t i = 0;
  for (const OrderedJson& entry : model.header["arrays"]) {
    std::string bytes = i < model.arrays.size() ? model.arrays[i] : "";
    ++i;
    if (!entry.is_object() || !entry.contains("count") || !entry["count"].is_number_unsigned()) continue;
    const std::uint64_t count = std::min<std::uint64_t>(entry["count"].get<std::uint64_t>(), kMaxItems);
    bytes.resize(count * item_bytes(entry), '\0');
    bytes.append((kWord - bytes.size() % kWord) % kWord, '\0');
    out += bytes;
  }
  return out;
}

void change_numbers(std::string& array, std::mt19937_64& random) {
  if (array.empty()) return;
  constexpr std::uint64_t kEdges[] = {0,
                                      1,
                                      0xFFFFFFFFFFFFFFFF,
                                      0x7FC000007FC00000,
                                      0x7F8000007F800000,
                                      0xFF7FFFFFFF7FFFFF,
                                      0x0000000100000001,
                                      0x7FFFFFFFFFFFFFFF};
  const std::uint64_t value = random() % 4 == 0 ? random() : kEdges[random() % std::size(kEdges)];
  const std::size_t width = array.size() % 8 == 0 && random() % 2 == 0 ? 8 : 4;
  const std::size_t at = random() % array.size() / width * width;
  std::memcpy(array.data() + at, &value, std::min(width, array.size() - at));
}

}  // namespace

std::string without_checksum(std::string bytes) {
  bytes.resize(bytes.size() - kWord);
  return bytes;
}

std::string with_checksum(std::string_view input) {
  std::string bytes(input);
  const std::uint64_t hash = hash64(input);
  bytes.append(reinterpret_cast<const char*>(&hash), kWord);
  return bytes;
}

std::string changed_model(std::string_view input, std::mt19937_64& random) {
  Model model;
  if (!read(input, model)) return "";
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    switch (random() % 4) {
      case 0:
        change_json(model.header, random);
        break;
      case 1:
        if (model.header.is_object() && model.header.contains("settings"))
          change_json(model.header["settings"], random);
        break;
      default:
        if (!model.arrays.empty()) change_numbers(model.arrays[random() % model.arrays.size()], random);
    }
  }
  return written(model);
}

}  // namespace weft::fuzz
