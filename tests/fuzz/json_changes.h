// Changes of JSON texts that leave them JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

namespace weft::fuzz {

using OrderedJson = nlohmann::ordered_json;

// One change somewhere within: mostly of a number, a text or a truth value, sometimes of the structure.
void change_json(OrderedJson& root, std::mt19937_64& random);

// The text with one to three such changes, written as dump(indent) writes; "" if it is no JSON.
std::string changed_json(std::string_view text, std::mt19937_64& random, int indent = -1);

}  // namespace weft::fuzz
