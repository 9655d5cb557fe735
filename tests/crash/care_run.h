// Runs care_program as a process of its own and kills it at a named moment or so long after its start.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::storage {

// Where and when the program is killed: at a named moment, or so long after its start.
struct Kill {
  std::string point = {};  // empty: at `delay`
  std::chrono::microseconds delay = {};
};

// One in `share` of WEFT_CRASH_KILLS (500), at least one.
std::uint64_t kills(std::uint64_t share);

// Returns whether it was killed; expects a run that was not to succeed.
bool run_care_program(const std::vector<std::string>& arguments, const Kill& kill);

struct CareEnd {
  int status = 0;  // its exit status; -1 if a signal ended it
  std::string errors = {};
};
// Lets it run to its end.
CareEnd end_of_care_program(const std::vector<std::string>& arguments);

// Calls `step`, which returns whether its program was killed, kills(150) times for each named moment, each of
// which must be passed, and kills(20) times for random ones within `longest`; fewer if the test's time is up
// (campaign.h).
void at_each(std::span<const std::string_view> points, std::uint64_t seed,
             const std::function<bool(const Kill&)>& step,
             std::chrono::microseconds longest = std::chrono::milliseconds(400));

}  // namespace weft::storage
