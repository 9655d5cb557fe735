// Encoder files (encoders/model_file.h) without their checksum, and changes that leave the parts in step.
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace weft::fuzz {

std::string without_checksum(std::string bytes);
std::string with_checksum(std::string_view input);

// Changes the header's JSON, an array's length or an array's numbers; header size, lengths and padding fit
// again. "" if `input` is not of the format.
std::string changed_model(std::string_view input, std::mt19937_64& random);

}  // namespace weft::fuzz
