#include "storage/cleaning/column_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"

namespace weft::storage {
namespace {

const std::vector<std::string> kOnBad = {"quarantine", "drop", "missing", "stop"};
const std::vector<std::string> kUnknownIds = {"keep", "missing", "bad"};
const std::vector<std::string> kTimeUnits = {"s", "ms", "us", "day", "iso8601"};

// Names that mean one offset wherever they are used; IST, CST and BST do not.
constexpr std::array<std::pair<std::string_view, int>, 22> kZones = {
    {{"UTC", 0},    {"GMT", 0},    {"WET", 0},    {"WEST", 60},  {"CET", 60},   {"CEST", 120},
     {"EET", 120},  {"EEST", 180}, {"MSK", 180},  {"JST", 540},  {"KST", 540},  {"HKT", 480},
     {"SGT", 480},  {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780}, {"EST", -300},
     {"EDT", -240}, {"MST", -420}, {"PST", -480}, {"PDT", -420}}};

double finite(const TomlSection& section, std::string_view key) {
  const double value = section.get_number(key, 0);
  if (!(value >= -1e300 && value <= 1e300)) section.fail(key, "is no finite number", "a number");
  return value;
}

Interval read_interval(const TomlSection& section, std::string_view key, bool empty_is_fine) {
  const std::vector<double> numbers = section.get_numbers(key);
  const bool good = numbers.size() == 2 && numbers[0] >= -1e300 && numbers[1] <= 1e300 &&
                    (numbers[0] < numbers[1] || (empty_is_fine && numbers[0] == numbers[1]));
  if (!good) section.fail(key, "is no interval", "two numbers, the lower first, as [1, 5]");
  return {numbers[0], numbers[1]};
}

Interval read_time_range(const TomlSection& section) {
  const std::vector<std::string> texts = section.get_texts("range");
  Interval out;
  bool good = texts.size() == 2;
  for (std::size_t i = 0; good && i < 2; ++i) {
    const auto time = parse_time(texts[i], TimeUnit::kIso8601);
    good = time.has_value();
    (i == 0 ? out.low : out.high) = static_cast<double>(time.value_or(0));
  }
  if (!good || out.low > out.high)
    section.fail("range", "is no range of times", "two times in ISO 8601, the earlier first");
  return out;
}

TidySteps read_tidy(const TomlSection& section) {
  TidySteps steps;
  for (const std::string& name : section.get_strings("tidy")) {
    const auto& names = tidy_step_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::string nearest = nearest_word(name, names);
      section.fail("tidy", fmt::format("'{}' is unknown", name), "of " + join(names),
                   nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
    }
    steps.wanted[static_cast<std::size_t>(found - names.begin())] = true;
  }
  const auto wants = [&](TidyStep step) { return steps.wanted[static_cast<std::size_t>(step)]; };
  if (wants(TidyStep::kNfc) && wants(TidyStep::kNfkc))
    section.fail("tidy", "has two normal forms", "nfc or nfkc");
  return steps;
}

ScaleRule read_scale(const TomlSection& parent) {
  const TomlSection section = parent.section("scale");
  for (const char* key : {"from", "to"}) {
    if (!section.has(key)) section.fail(key, "a required key is missing", "two numbers, as [1, 5]");
  }
  const ScaleRule scale{.from = read_interval(section, "from", false),
                        .to = read_interval(section, "to", false)};
  section.check_no_unknown_keys();
  return scale;
}

TimeRule read_time_rule(const TomlSection& parent) {
  const TomlSection section = parent.section("time");
  if (!section.has("unit")) section.fail("unit", "a required key is missing", "one of " + join(kTimeUnits));
  TimeRule time{.unit = static_cast<TimeUnit>(section.get_choice("unit", kTimeUnits, 0))};
  if (section.has("zone")) {
    if (time.unit != TimeUnit::kIso8601) {
      section.fail("zone", fmt::format("a time in unit {} counts from 1970 UTC", time_unit_name(time.unit)),
                   "a zone with unit \"iso8601\" alone");
    }
    const auto zone = parse_zone(section.get_string("zone"));
    if (!zone) {
      section.fail("zone", "is no offset", "an offset such as \"+02:00\" or \"-0800\", or a name such as CET",
                   "places with summer time have two offsets, and names such as IST more than one meaning: "
                   "give the offset that the times were written in");
    }
    time.zone_minutes = *zone;
  }
  section.check_no_unknown_keys();
  return time;
}

void check_together(const TomlSection& section, const ColumnRules& rules) {
  const auto exclude = [&](const char* one, const char* other) {
    if (section.has(one) && section.has(other))
      section.fail(other, fmt::format("excludes '{}'", one), fmt::format("'{}' or '{}'", one, other));
  };
  exclude("required", "default");
  if (rules.required && rules.on_bad == OnBad::kMissing)
    section.fail("on_bad", "excludes 'required'", "what becomes of a row without a value");
  if (rules.required && rules.optional)
    section.fail("optional", "excludes 'required'", "'required' or 'optional'");
  for (const char* key : {"factor", "scale", "allowed"}) exclude("time", key);
  for (const char* key : {"factor", "scale", "time", "range"}) exclude("separator", key);
  for (const char* key : {"time", "factor", "scale", "range"}) {
    exclude("ids", key);
    exclude("prefix", key);
  }
  if (section.has("unknown_ids") && rules.ids == nullptr)
    section.fail("unknown_ids", "is given without 'ids'", "an id map");
  if (rules.unknown_ids != UnknownIds::kKeep && !rules.prefix.empty())
    section.fail("prefix", "is for ids that the map does not name", "unknown_ids = \"keep\"");
}

// A default comes behind the other steps, so it must be what they let through.
void check_default(const TomlSection& section, const ColumnRules& rules) {
  const std::string& text = *rules.fallback;
  std::optional<double> number;
  if (rules.time) {
    const auto time = parse_time(text, TimeUnit::kIso8601);
    if (!time) section.fail("default", "is no time", "a time in ISO 8601");
    number = static_cast<double>(*time);
  } else if (rules.is_number()) {
    number = parse_number(text);
    if (!number) section.fail("default", "is no number", "a number, as this column's values are then");
  }
  if (number && rules.range && !rules.range->holds(*number))
    section.fail("default", "is out of the column's range", "a value within 'range'");
  if (!rules.allowed.empty() && !std::binary_search(rules.allowed.begin(), rules.allowed.end(), text))
    section.fail("default", "is not among the column's values", "one of 'allowed'");
}

ColumnRules read_rules(const std::string& column, const TomlSection& section,
                       const SourceResolver& resolver) {
  ColumnRules rules{.column = column, .where = section.where()};
  rules.rename = section.get_string("rename", "");
  rules.separator = section.get_string("separator", "");
  if (section.has("rename") && rules.rename.empty()) section.fail("rename", "is empty", "a column's name");
  rules.tidy = read_tidy(section);
  if (section.has("missing")) rules.missing = section.get_texts("missing");
  if (section.has("values")) rules.values = read_text_map(section, "values", resolver);
  if (section.has("ids")) rules.ids = read_text_map(section, "ids", resolver);
  rules.unknown_ids = static_cast<UnknownIds>(section.get_choice("unknown_ids", kUnknownIds, 0));
  rules.prefix = section.get_string("prefix", "");
  if (section.has("factor")) {
    rules.factor = finite(section, "factor");
    if (*rules.factor == 0) section.fail("factor", "is zero", "a number other than 0");
  }
  if (section.has("scale")) rules.scale = read_scale(section);
  if (section.has("time")) rules.time = read_time_rule(section);
  if (section.has("range"))
    rules.range = rules.time ? read_time_range(section) : read_interval(section, "range", true);
  if (section.has("allowed")) {
    rules.allowed = section.get_texts("allowed");
    if (rules.allowed.empty()) section.fail("allowed", "is empty", "a list of values");
    std::sort(rules.allowed.begin(), rules.allowed.end());
  }
  if (section.has("default")) {
    const std::vector<std::string> texts = section.get_texts("default");
    if (texts.size() != 1 || texts[0].empty()) section.fail("default", "is no text", "one value");
    rules.fallback = texts[0];
    check_default(section, rules);
  }
  rules.required = section.get_bool("required", false);
  rules.optional = section.get_bool("optional", false);
  rules.on_bad = static_cast<OnBad>(section.get_choice("on_bad", kOnBad, 0));
  check_together(section, rules);
  section.check_no_unknown_keys();
  return rules;
}

}  // namespace

std::optional<int> parse_zone(std::string_view text) {
  for (const auto& [name, minutes] : kZones) {
    if (text == name) return minutes;
  }
  // The zone of any time.
  const auto utc = parse_time("2000-01-01T00:00", TimeUnit::kIso8601);
  const auto there = parse_time("2000-01-01T00:00" + std::string(text), TimeUnit::kIso8601);
  if (text.empty() || !there) return std::nullopt;
  const bool signed_or_z = text[0] == '+' || text[0] == '-' || text == "Z" || text == "z";
  if (!signed_or_z) return std::nullopt;
  return static_cast<int>((*utc - *there) / 60'000);
}

std::string ColumnRules::canonical() const {
  return canonical_with(ids ? fmt::format("{:016x}", ids->fingerprint()) : "");
}

std::string ColumnRules::canonical_but_ids() const {
  return canonical_with("grows");
}

std::string ColumnRules::canonical_with(std::string_view ids_text) const {
  std::string out;
  const auto add = [&](std::string_view key, std::string_view text) {
    out += fmt::format("{}={}:{};", key, text.size(), text);
  };
  const auto add_interval = [&](std::string_view key, const Interval& interval) {
    add(key, fmt::format("{} {}", interval.low, interval.high));
  };
  add("column", column);
  if (!rename.empty()) add("rename", rename);
  if (!separator.empty()) add("separator", separator);
  for (std::size_t i = 0; i < kTidySteps; ++i) {
    if (tidy.wanted[i]) add("tidy", tidy_step_names()[i]);
  }
  for (const std::string& text : missing) add("missing", text);
  if (values) add("values", fmt::format("{:016x}", values->fingerprint()));
  if (ids) add("ids", ids_text);
  if (unknown_ids != UnknownIds::kKeep)
    add("unknown_ids", kUnknownIds[static_cast<std::size_t>(unknown_ids)]);
  if (!prefix.empty()) add("prefix", prefix);
  if (factor) add("factor", fmt::format("{}", *factor));
  if (scale) {
    add_interval("from", scale->from);
    add_interval("to", scale->to);
  }
  if (time) add("time", fmt::format("{} {}", time_unit_name(time->unit), time->zone_minutes));
  if (range) add_interval("range", *range);
  for (const std::string& text : allowed) add("allowed", text);
  if (fallback) add("default", *fallback);
  if (required) add("required", "true");
  if (on_bad != OnBad::kQuarantine) add("on_bad", kOnBad[static_cast<std::size_t>(on_bad)]);
  return out;
}

bool ColumnRules::only_optional() const {
  return optional && canonical() == ColumnRules{.column = column}.canonical();
}

std::vector<ColumnRules> read_column_rules(const TomlSection& section, const SourceResolver& resolver) {
  std::vector<ColumnRules> all;
  if (!section.has("columns")) return all;
  const TomlSection columns = section.section("columns");
  for (const auto& [column, rules_section] : columns.sections()) {
    ColumnRules rules = read_rules(column, rules_section, resolver);
    rules.owner = section.name();
    for (const ColumnRules& other : all) {
      if (other.name() != rules.name()) continue;
      rules_section.fail("rename",
                         fmt::format("'{}' and '{}' are both '{}' then", other.column, column, rules.name()),
                         "names that differ");
    }
    all.push_back(std::move(rules));
  }
  columns.check_no_unknown_keys();
  return all;
}

}  // namespace weft::storage
