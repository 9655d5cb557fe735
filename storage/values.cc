#include "storage/values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/strings.h"

namespace weft::storage {
namespace {

constexpr std::int64_t kLatest = 253'402'300'799'999;     // the end of year 9999
constexpr std::int64_t kEarliest = -377'705'116'800'000;  // the beginning of year -9999

std::optional<graph::TimeMs> within_calendar(std::int64_t ms) {
  if (ms < kEarliest || ms > kLatest) return std::nullopt;
  return ms;
}

// Takes `digits` decimal digits off the front.
bool take_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text[0] != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+01:00", "-0530", "+01" or nothing (then `minutes` stay): minutes to take off.
bool take_zone(std::string_view& text, int& minutes) {
  if (text.empty()) return true;
  minutes = 0;
  if (take(text, 'Z') || take(text, 'z')) return text.empty();
  const int sign = text[0] == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour)) return false;
  if (!text.empty()) {
    take(text, ':');
    if (!take_digits(text, 2, minute)) return false;
  }
  minutes = sign * (hour * 60 + minute);
  return text.empty() && hour <= 23 && minute <= 59;
}

// ".25" of a second in ms, further digits cut off.
bool take_fraction(std::string_view& text, int& ms) {
  ms = 0;
  if (!take(text, '.') && !take(text, ',')) return true;
  int scale = 100;
  bool any = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    ms += (text[0] - '0') * scale;
    scale /= 10;
    any = true;
    text.remove_prefix(1);
  }
  return any;
}

// "10:30", "10:30:15.25", or the same without colons, at the front. An hour alone is none.
bool take_clock(std::string_view& text, int& hour, int& minute, int& second, int& ms) {
  if (!take_digits(text, 2, hour)) return false;
  const bool colons = take(text, ':');
  if (!take_digits(text, 2, minute)) return false;
  const bool more = colons ? take(text, ':') : !text.empty() && text[0] >= '0' && text[0] <= '9';
  return !more || (take_digits(text, 2, second) && take_fraction(text, ms));
}

std::optional<graph::TimeMs> parse_iso8601(std::string_view text, int zone) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  if (!take_digits(text, 4, year)) return std::nullopt;
  const bool dashes = take(text, '-');
  if (!take_digits(text, 2, month) || (dashes && !take(text, '-')) || !take_digits(text, 2, day))
    return std::nullopt;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    if (!take_clock(text, hour, minute, second, ms)) return std::nullopt;
    text = trim(text);
    if (!take_zone(text, zone)) return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // A leap second counts as the first second of the next minute.
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return within_calendar(((days * 24 + hour) * 60 + minute - zone) * 60'000 + second * 1000 + ms);
}

// ms for one unit; 0 for microseconds, which divide.
constexpr std::int64_t unit_ms(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 1000;
    case TimeUnit::kMilliseconds:
      return 1;
    case TimeUnit::kDays:
      return 86'400'000;
    case TimeUnit::kMicroseconds:
    case TimeUnit::kIso8601:
      break;
  }
  return 0;
}

}  // namespace

std::string_view time_unit_name(TimeUnit unit) {
  static constexpr std::array<std::string_view, 5> kNames = {"s", "ms", "us", "day", "iso8601"};
  return kNames[static_cast<std::size_t>(unit)];
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<graph::TimeMs> parse_time(std::string_view text, TimeUnit unit, int zone_minutes) {
  text = trim(text);
  if (unit == TimeUnit::kIso8601) return parse_iso8601(text, zone_minutes);
  const std::int64_t scale = unit_ms(unit);
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (scale == 0) return within_calendar(whole / 1000 - (whole % 1000 < 0 ? 1 : 0));
    std::int64_t ms = 0;
    if (__builtin_mul_overflow(whole, scale, &ms)) return std::nullopt;
    return within_calendar(ms);
  }
  const auto number = parse_number(text);
  if (!number) return std::nullopt;
  const double ms = std::floor(scale == 0 ? *number / 1000.0 : *number * static_cast<double>(scale));
  if (!(ms >= static_cast<double>(kEarliest) && ms <= static_cast<double>(kLatest))) return std::nullopt;
  return static_cast<graph::TimeMs>(ms);
}

std::string time_text(graph::TimeMs time) {
  if (time == graph::kNoTime) return "no time";
  if (!within_calendar(time)) return fmt::format("{} ms since 1970", time);  // of a damaged store
  const std::chrono::sys_time<std::chrono::milliseconds> point{std::chrono::milliseconds(time)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::int64_t ms = (point - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

}  // namespace weft::storage
