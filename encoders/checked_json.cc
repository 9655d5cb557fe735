#include "encoders/checked_json.h"

#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/json_integer.h"

namespace weft::encoders {
namespace {

constexpr const char* kChecksum = "checksum";

// Keys are sorted and replaced bytes cannot fail, so the text is a function of the content.
std::string canonical(const nlohmann::json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string to_checked_text(nlohmann::json document) {
  document.erase(kChecksum);
  document[kChecksum] = to_hex(hash64(canonical(document)));
  return canonical(document) + "\n";
}

nlohmann::json parse_checked_text(std::string_view text, const std::filesystem::path& file) {
  nlohmann::json document =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const ErrorContext context{.file = file.string(), .hint = "the file is damaged: make it again"};
  if (!document.is_object()) throw Error("is no JSON object", context);
  const auto checksum = document.find(kChecksum);
  if (checksum == document.end() || !checksum->is_string()) throw Error("has no checksum", context);
  const std::string stated = checksum->get<std::string>();
  document.erase(checksum);
  if (to_hex(hash64(canonical(document))) != stated) throw Error("does not match its checksum", context);
  return document;
}

template <typename T>
T json_member(const nlohmann::json& document, const char* key, const std::filesystem::path& file) {
  const auto it = document.is_object() ? document.find(key) : document.end();
  try {
    if (it != document.end()) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return json_integer<T>(*it);
      return it->template get<T>();
    }
  } catch (const nlohmann::json::exception&) {
    throw Error("has a value of the wrong type",
                {.file = file.string(), .field = key, .value = it->dump().substr(0, 60)});
  }
  throw Error("misses a value", {.file = file.string(), .field = key});
}

template std::string json_member(const nlohmann::json&, const char*, const std::filesystem::path&);
template std::uint64_t json_member(const nlohmann::json&, const char*, const std::filesystem::path&);
template double json_member(const nlohmann::json&, const char*, const std::filesystem::path&);
template bool json_member(const nlohmann::json&, const char*, const std::filesystem::path&);
template nlohmann::json json_member(const nlohmann::json&, const char*, const std::filesystem::path&);

}  // namespace weft::encoders
