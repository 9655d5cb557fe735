#include "storage/cleaning/value_cleaner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace weft::storage {
namespace {

using State = CleanedValue::State;

void count(StepCounts& counts, CleanStep step) {
  ++counts[static_cast<std::size_t>(step)];
}

CleanedValue present(std::string_view text) {
  return {.state = State::kPresent, .text = text};
}

}  // namespace

CleanedValue ValueCleaner::bad(const char* reason, std::string detail, StepCounts& counts) const {
  count(counts, CleanStep::kBad);
  if (rules_.on_bad == OnBad::kMissing) return {};
  return {.state = State::kBad, .reason = reason, .detail = std::move(detail)};
}

bool ValueCleaner::counts_as_missing(std::string_view text) const {
  const auto names = [&](const std::vector<std::string>& texts) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  };
  return names(rules_.missing) || names(everywhere_);
}

CleanedValue ValueCleaner::clean_number(std::string_view text, std::string& buffer,
                                        StepCounts& counts) const {
  const auto parsed = parse_number(text);
  if (!parsed) return bad("invalid number", fmt::format("'{}' is no number", excerpt(text)), counts);
  double number = *parsed;
  if (rules_.factor) number *= *rules_.factor;
  if (rules_.scale) {
    const auto& [from, to] = *rules_.scale;
    if (!from.holds(number)) {
      return bad("value out of range",
                 fmt::format("'{}' is not within the scale {} to {}", excerpt(text), from.low, from.high),
                 counts);
    }
    number = to.low + (number - from.low) / (from.high - from.low) * (to.high - to.low);
  }
  if (!(number >= -1.7e308 && number <= 1.7e308))
    return bad("invalid number", fmt::format("'{}' is too great", excerpt(text)), counts);
  if (rules_.range && !rules_.range->holds(number)) {
    return bad("value out of range",
               fmt::format("'{}'{} is not within {} to {}", excerpt(text),
                           rules_.factor || rules_.scale ? fmt::format(" (then {})", number) : "",
                           rules_.range->low, rules_.range->high),
               counts);
  }
  if (!rules_.factor && !rules_.scale) return present(text);
  if (rules_.factor) count(counts, CleanStep::kFactor);
  if (rules_.scale) count(counts, CleanStep::kScale);
  buffer = fmt::format("{}", number == 0 ? 0.0 : number);  // no negative zero
  return present(buffer);
}

CleanedValue ValueCleaner::clean_time(std::string_view text, StepCounts& counts) const {
  const auto time = parse_time(text, rules_.time->unit, rules_.time->zone_minutes);
  if (!time) {
    return bad("invalid time",
               fmt::format("'{}' is no time in unit {}", excerpt(text), time_unit_name(rules_.time->unit)),
               counts);
  }
  if (rules_.range && !rules_.range->holds(static_cast<double>(*time))) {
    return bad("value out of range",
               fmt::format("'{}' ({}) is not within {} to {}", excerpt(text), time_text(*time),
                           time_text(static_cast<graph::TimeMs>(rules_.range->low)),
                           time_text(static_cast<graph::TimeMs>(rules_.range->high))),
               counts);
  }
  count(counts, CleanStep::kTime);
  return {.state = State::kPresent, .text = text, .is_time = true, .time = *time};
}

CleanedValue ValueCleaner::clean_id(std::string_view text, std::string& buffer, StepCounts& counts) const {
  if (rules_.ids) {
    if (const std::string* to = rules_.ids->find(text)) {
      count(counts, CleanStep::kIds);
      return present(*to);
    }
    if (rules_.unknown_ids == UnknownIds::kBad)
      return bad("unknown id", fmt::format("'{}' is not in the map of ids", excerpt(text)), counts);
    count(counts, CleanStep::kUnknownIds);
    if (rules_.unknown_ids == UnknownIds::kMissing) return {};
  }
  if (rules_.prefix.empty()) return present(text);
  std::string joined = rules_.prefix;
  joined += text;  // `text` may be of `buffer`
  buffer = std::move(joined);
  return present(buffer);
}

CleanedValue ValueCleaner::clean(std::string_view text, std::string& buffer, StepCounts& counts) const {
  for (std::size_t step = 0; step < kTidySteps; ++step) {
    if (!rules_.tidy.wanted[step]) continue;
    if (auto tidied = tidy(text, static_cast<TidyStep>(step))) {
      buffer = *std::move(tidied);
      text = buffer;
      ++counts[step];
    }
  }
  if (text.empty()) return {};
  if (counts_as_missing(text)) {
    count(counts, CleanStep::kMissing);
    return {};
  }
  if (rules_.values) {
    if (const std::string* to = rules_.values->find(text)) {
      count(counts, CleanStep::kValues);
      text = *to;
    }
  }
  CleanedValue value = present(text);
  if (rules_.time) {
    value = clean_time(text, counts);
  } else if (rules_.is_number()) {
    value = clean_number(text, buffer, counts);
  } else if (rules_.ids || !rules_.prefix.empty()) {
    value = clean_id(text, buffer, counts);
  }
  const auto& allowed = rules_.allowed;
  if (value.state == State::kPresent && !allowed.empty() &&
      !std::binary_search(allowed.begin(), allowed.end(), value.text))
    return bad("value not allowed", fmt::format("'{}' is not among the column's values", excerpt(value.text)),
               counts);
  return value;
}

CleanedValue ValueCleaner::absent(StepCounts& counts) const {
  if (rules_.required) return bad("missing value", "is empty", counts);
  if (!rules_.fallback) return {};
  count(counts, CleanStep::kDefault);
  CleanedValue value = present(*rules_.fallback);
  if (rules_.time) {
    value.is_time = true;
    value.time = parse_time(value.text, TimeUnit::kIso8601).value();
  }
  return value;
}

}  // namespace weft::storage
