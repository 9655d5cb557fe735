// Files of what an encoder has learnt, behind a checksum that is put right, so that the fuzzer gets past it.
// Parser: encoders/model_file.cc
#include "encoders/model_file.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/model_bytes.h"

namespace weft::fuzz {

Seeds seeds() {
  encoders::ModelFileWriter writer("text", 3, {{"dim", 5}, {"nested", {{"a", {1, 2}}}}});
  writer.add("a", std::vector<float>{1, 2, 3});
  writer.add("b", std::vector<std::uint64_t>{7});
  writer.add("none", std::vector<float>{});
  return {.accepted = {without_checksum(writer.bytes())}, .others = {}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_model(input, random);
}

void run(std::string_view input) {
  const std::string bytes = with_checksum(input);
  parses([&] {
    const encoders::ModelFile file(bytes, "text", 3, "f");
    const auto try_array = [&](auto&& read) {
      try {
        read();
      } catch (const Error&) {
        // Another type or length: the reader said so.
      }
    };
    for (const std::size_t count : {0, 1, 3}) {
      try_array([&] { FUZZ_CHECK(file.floats("a", count).size() == count); });
      try_array([&] { FUZZ_CHECK(file.integers("b", count).size() == count); });
    }
  });
}

}  // namespace weft::fuzz
