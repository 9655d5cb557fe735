// JSON documents that know when they are damaged: an object with a "checksum" member, the xxh3 of the rest.
// Internal to encoders/ (includes nlohmann/json.hpp).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace weft::encoders {

// The document as text, with its checksum added.
std::string to_checked_text(nlohmann::json document);

// Parses and verifies; the checksum member is gone from the result. Throws Error naming `file`.
nlohmann::json parse_checked_text(std::string_view text, const std::filesystem::path& file);

// Member `key` of `document`, of type T. Throws Error naming `file` and the key if it is absent or of another
// type.
template <typename T>
T json_member(const nlohmann::json& document, const char* key, const std::filesystem::path& file);

}  // namespace weft::encoders
