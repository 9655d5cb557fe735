// Files of what an encoder has learnt, behind a checksum that is put right, so that the fuzzer gets past it.
#include "base/hash.h"
#include "encoders/model_file.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

Seeds seeds() {
  encoders::ModelFileWriter writer("text", 3, {{"dim", 5}, {"nested", {{"a", {1, 2}}}}});
  writer.add("a", std::vector<float>{1, 2, 3});
  writer.add("b", std::vector<std::uint64_t>{7});
  writer.add("none", std::vector<float>{});
  std::string bytes = writer.bytes();
  bytes.resize(bytes.size() - 8);
  return {.accepted = {bytes}, .others = {}};
}

void run(std::string_view input) {
  std::string bytes(input);
  const std::uint64_t hash = hash64(std::string_view(bytes));
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(hash >> shift & 0xFF);
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
