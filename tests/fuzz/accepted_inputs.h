// Inputs that a target accepted, to be changed further. A fuzzer keeps each input that goes a new way, and
// nearly all of those are refused, as is nearly all that is changed of them: without these it would seldom
// get past a format's first checks.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace weft::fuzz {

class AcceptedInputs {
 public:
  // The first ones are kept for good (a corpus, which a fuzzer runs before it changes anything); of those
  // that follow, the last few.
  void add(std::string_view input);
  // Null: there is none. Valid until the next add().
  const std::string* any(std::mt19937_64& random) const;

 private:
  static constexpr std::size_t kFirst = 64, kLast = 256;
  std::vector<std::string> first_ = {}, last_ = {};
  std::size_t next_ = 0;  // of last_, to be replaced
};

}  // namespace weft::fuzz
