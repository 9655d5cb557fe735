// Cells to numbers and times, and the small text helpers.
// Parser: storage/values.cc base/strings.cc
#include <cmath>

#include "base/strings.h"
#include "storage/values.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

Seeds seeds() {
  return {.accepted = {tagged(0, "1700000000"), tagged(1, "-1.5e3"), tagged(3, "19700"),
                       tagged(4, "2024-02-29T23:59:59.123456789+14:00"), tagged(4, "1969-12-31 23:59"),
                       tagged(5, " 12.5 "), tagged(5, "-1e308")},
          .others = {tagged(2, "9223372036854775807"), tagged(4, "-0001-01-01"), tagged(5, "\xEF\xBC\x91"),
                     tagged(5, "0x10")}};
}

void run(std::string_view input) {
  Bytes bytes(input);
  const std::uint8_t which = bytes.byte();
  const std::string_view text = bytes.rest();
  FUZZ_CHECK(is_utf8(excerpt(text)));
  FUZZ_CHECK(edit_distance(text.substr(0, 40), text.substr(0, 40)) == 0);
  if (which % 6 == 5) {
    const auto number = storage::parse_number(text);
    number ? accepted() : refused();
    if (number) FUZZ_CHECK(std::isfinite(*number));
    return;
  }
  const auto time = storage::parse_time(text, static_cast<storage::TimeUnit>(which % 6));
  time ? accepted() : refused();
  if (!time) return;
  // What is printed reads back as the same moment, in years that ISO 8601 writes with four digits.
  const std::string printed = storage::time_text(*time);
  if (printed[0] != '-') FUZZ_CHECK(storage::parse_time(printed, storage::TimeUnit::kIso8601) == *time);
}

}  // namespace weft::fuzz
