// One value through the steps of its column's rules. Pure: the same text gives the same outcome, so ingest in
// bulk and in batches agree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ids.h"
#include "storage/cleaning/clean_counts.h"
#include "storage/cleaning/column_rules.h"

namespace weft::storage {

struct CleanedValue {
  enum class State { kPresent, kMissing, kBad };
  State state = State::kMissing;
  std::string_view text = {};  // of what is given, of the rules, or of `buffer`
  bool is_time = false;        // `time` is the value; `text` is what it was read from
  graph::TimeMs time = 0;      // ms since 1970 UTC
  const char* reason = "";     // of a bad value: "value out of range"
  std::string detail = {};     // "'7' is not within 1 to 5"
};

class ValueCleaner {
 public:
  // `everywhere`: texts that count as no value in all columns ([clean] missing). Both must outlive it.
  ValueCleaner(const ColumnRules& rules, const std::vector<std::string>& everywhere)
      : rules_(rules), everywhere_(everywhere) {}

  const ColumnRules& rules() const { return rules_; }
  // A text that is there, up to the default and `required`, which are finish()'s. `buffer` must live as long
  // as the result.
  CleanedValue clean(std::string_view text, std::string& buffer, StepCounts& counts) const;
  // What stands for the column if it has no value: the default, a bad value, or none.
  CleanedValue absent(StepCounts& counts) const;

 private:
  CleanedValue bad(const char* reason, std::string detail, StepCounts& counts) const;
  bool counts_as_missing(std::string_view text) const;
  CleanedValue clean_number(std::string_view text, std::string& buffer, StepCounts& counts) const;
  CleanedValue clean_time(std::string_view text, StepCounts& counts) const;
  CleanedValue clean_id(std::string_view text, std::string& buffer, StepCounts& counts) const;

  const ColumnRules& rules_;
  const std::vector<std::string>& everywhere_;
};

}  // namespace weft::storage
