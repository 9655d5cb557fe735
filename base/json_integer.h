// Whole numbers out of JSON documents. (Includes nlohmann/json.hpp: for sources that use it anyway.)
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace weft {

// The number, if it is a whole one that T holds; throws nlohmann::json::type_error for anything else.
// (get<T>() converts any number, also -2.0 to an unsigned one, which is undefined.)
template <std::integral T>
T json_integer(const nlohmann::json& json) {
  if (json.is_number_unsigned()) {
    if (const auto value = json.get<std::uint64_t>(); std::in_range<T>(value)) return static_cast<T>(value);
  } else if (json.is_number_integer()) {
    if (const auto value = json.get<std::int64_t>(); std::in_range<T>(value)) return static_cast<T>(value);
  }
  throw nlohmann::json::type_error::create(302, "not a whole number of the range that is asked for", &json);
}

}  // namespace weft
