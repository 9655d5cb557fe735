// What every fuzz target defines, and what they share. The same targets run two ways: under libFuzzer (preset
// `fuzz`, scripts/fuzz), and in the ordinary tests, where replay.cc runs the seeds and a fixed number of
// changed seeds.
//
// A target crashes (a sanitizer, WEFT_CHECK, FUZZ_CHECK, an exception other than weft::Error) or returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weft::fuzz {

// Inputs to begin from. One definition a target.
struct Seeds {
  std::vector<std::string> accepted = {};  // reach the success path: replay.cc fails if one does not
  std::vector<std::string> others = {};
};
Seeds seeds();
// One input. Calls accepted() or refused() once.
void run(std::string_view input);

// A change of an input that its format survives, as of one number behind a checksum that is put right: what
// changed bits alone hardly ever come to. "": there is none for this input, or, as where a target does not
// define it, at all. Both drivers use it for three changes of four, half of them of inputs that were
// accepted.
std::string mutated(std::string_view input, std::mt19937_64& random);

// Counts: how much of what was tried was taken for good. Printed by replay.cc, and at the end of a libFuzzer
// run: a fuzzer that never gets past the first check finds nothing.
void accepted();
void refused(const std::string& why = "");
const std::string& last_refusal();
std::uint64_t accepted_so_far();
std::uint64_t refused_so_far();
std::string outcome();  // "accepted 812 of 2000 inputs"

// Runs `parse`; true and accepted() if it returns, false and refused() if it throws Error.
template <typename Parse>
bool parses(const Parse& parse) {
  try {
    parse();
  } catch (const Error& error) {
    refused(error.what());
    return false;
  }
  accepted();
  return true;
}

// On in all builds; says where, and aborts.
void check(bool holds, const char* what, const char* file, int line);
#define FUZZ_CHECK(condition) ::weft::fuzz::check((condition), #condition, __FILE__, __LINE__)

// Replaces the file, unsynced: what a parser is to read is nobody's data.
void write_file(const std::filesystem::path& path, std::string_view bytes);

// An input that begins with a byte which chooses among several formats.
std::string tagged(int tag, std::string_view rest);

// Takes numbers off the front of an input; 0 once it is used up.
class Bytes {
 public:
  explicit Bytes(std::string_view input) : rest_(input) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)); }
  std::uint16_t word() { return static_cast<std::uint16_t>(take(2)); }
  std::uint64_t number() { return take(8); }
  std::string_view rest() const { return rest_; }

 private:
  std::uint64_t take(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes && !rest_.empty(); ++i, rest_.remove_prefix(1)) {
      value |= std::uint64_t{static_cast<unsigned char>(rest_.front())} << (8 * i);
    }
    return value;
  }
  std::string_view rest_;
};

}  // namespace weft::fuzz
