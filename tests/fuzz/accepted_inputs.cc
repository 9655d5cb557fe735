#include "tests/fuzz/accepted_inputs.h"

namespace weft::fuzz {

void AcceptedInputs::add(std::string_view input) {
  if (first_.size() < kFirst) {
    first_.emplace_back(input);
  } else if (last_.size() < kLast) {
    last_.emplace_back(input);
  } else {
    last_[next_] = input;
    next_ = (next_ + 1) % kLast;
  }
}

const std::string* AcceptedInputs::any(std::mt19937_64& random) const {
  if (first_.empty()) return nullptr;
  // What is changed again and again drifts away from what is usual.
  const std::vector<std::string>& from = last_.empty() || random() % 2 == 0 ? first_ : last_;
  return &from[random() % from.size()];
}

}  // namespace weft::fuzz
