// Text of a source's cell to numbers and times. No exceptions: a value that does not parse sends its row to
// quarantine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/ids.h"

namespace weft::storage {

enum class TimeUnit { kSeconds, kMilliseconds, kMicroseconds, kDays, kIso8601 };
std::string_view time_unit_name(TimeUnit unit);  // "s", "ms", "us", "day", "iso8601"

// The whole text (ASCII blanks around it aside) as a finite number; nothing otherwise.
std::optional<double> parse_number(std::string_view text);

// Milliseconds since 1970 UTC, rounded down; nothing if the text does not parse or lies outside the years
// -9999 to 9999. iso8601: YYYY-MM-DD, then optionally T or blank HH:MM[:SS[.fraction]] and Z or +HH:MM (none:
// `zone_minutes` east of UTC); date and clock also without their dashes and colons.
std::optional<graph::TimeMs> parse_time(std::string_view text, TimeUnit unit, int zone_minutes = 0);

// 2026-11-22T07:25:00.000Z
std::string time_text(graph::TimeMs time);

}  // namespace weft::storage
