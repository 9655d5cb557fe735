#include "tests/fuzz/fuzz_target.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace weft::fuzz {
namespace {

std::uint64_t accepted_count = 0;
std::uint64_t refused_count = 0;
std::string refusal;

}  // namespace

// For the targets that define none.
__attribute__((weak)) std::string mutated(std::string_view, std::mt19937_64&) {
  return "";
}

void accepted() {
  ++accepted_count;
}
void refused(const std::string& why) {
  ++refused_count;
  refusal = why;
}
const std::string& last_refusal() {
  return refusal;
}
std::uint64_t accepted_so_far() {
  return accepted_count;
}
std::uint64_t refused_so_far() {
  return refused_count;
}
std::string outcome() {
  return "accepted " + std::to_string(accepted_count) + " of " +
         std::to_string(accepted_count + refused_count) + " inputs";
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  FUZZ_CHECK(stream.good());
}

std::string tagged(int tag, std::string_view rest) {
  return std::string(1, static_cast<char>(tag)) + std::string(rest);
}

void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

}  // namespace weft::fuzz
