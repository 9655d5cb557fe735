// Damages of a file's content that a checksum would find, for targets that put checksums right.
#pragma once

#include <cstdint>
#include <string>

namespace weft::fuzz {

// By `how`: bits of a byte turned, a number of 4 or 8 bytes written over, cut, grown, two numbers exchanged.
void damage(std::string& content, std::uint8_t how, std::uint16_t where, std::uint64_t value);

}  // namespace weft::fuzz
