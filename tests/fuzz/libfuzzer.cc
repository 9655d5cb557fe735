// The entry points that libFuzzer calls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/accepted_inputs.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

weft::fuzz::AcceptedInputs& accepted_inputs() {
  static weft::fuzz::AcceptedInputs instance;
  return instance;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::atexit([] { std::fprintf(stderr, "%s\n", weft::fuzz::outcome().c_str()); });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint64_t refused = weft::fuzz::refused_so_far(), accepted = weft::fuzz::accepted_so_far();
  weft::fuzz::run(input);
  if (weft::fuzz::refused_so_far() == refused && weft::fuzz::accepted_so_far() > accepted)
    accepted_inputs().add(input);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::mt19937_64 random(seed);
  if (random() % 4 != 0) {
    const std::string* good = random() % 2 == 0 ? accepted_inputs().any(random) : nullptr;
    const std::string_view given(reinterpret_cast<const char*>(data), size);
    const std::string changed = weft::fuzz::mutated(good == nullptr ? given : *good, random);
    if (!changed.empty() && changed.size() <= max_size) {
      std::copy(changed.begin(), changed.end(), data);
      return changed.size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
