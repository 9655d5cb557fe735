// Typed access to JSON objects whose errors name the file and the field. Internal to graph/.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "graph/schema.h"

namespace weft::graph {

using Json = nlohmann::ordered_json;

// Throws Error naming `file` if the text is no JSON.
inline Json parse_json(std::string_view text, const std::string& file) {
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& error) {
    throw Error("is damaged: no valid JSON", {.file = file, .expected = excerpt(error.what(), 160)});
  }
}

// One JSON object. Does not own it.
class JsonObject {
 public:
  JsonObject(const Json& object, std::string file, std::string name)
      : object_(object), file_(std::move(file)), name_(std::move(name)) {
    if (!object.is_object()) fail({}, "an object");
  }

  const Json& get(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) fail(key, "to be there");
    return *found;
  }
  const Json& array(const char* key) const {
    const Json& value = get(key);
    if (!value.is_array()) fail(key, "an array");
    return value;
  }
  std::string string(const char* key) const {
    const Json& value = get(key);
    if (!value.is_string()) fail(key, "a string");
    return value.get<std::string>();
  }
  bool boolean(const char* key) const {
    const Json& value = get(key);
    if (!value.is_boolean()) fail(key, "true or false");
    return value.get<bool>();
  }
  // A hash as to_hex writes it.
  std::uint64_t hash(const char* key) const {
    std::uint64_t value = 0;
    if (!from_hex(string(key), value)) fail(key, "16 hexadecimal digits");
    return value;
  }
  // Numbers of nodes or edges.
  std::vector<std::uint64_t> counts(const char* key) const {
    std::vector<std::uint64_t> result;
    for (const Json& count : array(key)) {
      if (!count.is_number_unsigned() || count.get<std::uint64_t>() > kNoNode) fail(key, "counts below 2^32");
      result.push_back(count.get<std::uint64_t>());
    }
    return result;
  }
  std::vector<std::uint64_t> counts(const char* key, std::size_t size) const {
    if (array(key).size() != size) fail(key, std::to_string(size) + " counts");
    return counts(key);
  }
  std::uint64_t number(const char* key,
                       std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const {
    const Json& value = get(key);
    if (!value.is_number_unsigned()) fail(key, "a whole number, at least 0");
    const auto result = value.get<std::uint64_t>();
    if (result > most) fail(key, "at most " + std::to_string(most));
    return result;
  }
  // The array's element as an object.
  JsonObject element(const char* key, std::size_t index) const {
    return {array(key)[index], file_, name_ + key + "[" + std::to_string(index) + "]."};
  }
  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    throw Error("is damaged or not of this version",
                {.file = file_, .field = name_ + key, .expected = expected});
  }

 private:
  const Json& object_;
  std::string file_;
  std::string name_;
};

// What Schema::from_json reads, from parsed JSON.
Schema read_schema(const Json& json, const std::string& file);

}  // namespace weft::graph
