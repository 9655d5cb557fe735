#include "storage/cleaning/row_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::storage {
namespace {

// Stands for the rules of a column that has none.
const ColumnRules kNoRules;

// Calls take(piece) for the parts of a text between separators.
template <typename Take>
void cut_text(std::string_view text, const std::string& separator, const Take& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace

std::size_t RowCells::add(const ColumnRef& ref, const RuleRange& section) {
  if (ref.name.empty()) return kNone;
  Planned planned{.rule = project_.find_rule(source_, section, ref.name)};
  ColumnRef column = ref;
  bool optional = false;
  if (planned.rule != Project::kNoRule) {
    const ColumnRules& rules = project_.rules[planned.rule];
    if (!rules.rename.empty()) column = {rules.column, rules.where};
    optional = rules.optional;
    if (rules.only_optional()) planned.rule = Project::kNoRule;
  }
  const auto found = std::find(columns_.begin(), columns_.end(), column.name);
  planned.column = static_cast<std::size_t>(found - columns_.begin());
  if (found == columns_.end()) {
    columns_.push_back(column.name);
    refs_.push_back(std::move(column));
    optional_.push_back(1);
  }
  if (!optional) optional_[planned.column] = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].column == planned.column && cells_[i].rule == planned.rule) return i;
  }
  if (planned.rule != Project::kNoRule || !project_.clean.missing.empty()) {
    planned.cleaned = cleaned_.size();
    cleaned_.emplace_back();
    cleaners_.emplace_back(planned.rule == Project::kNoRule ? kNoRules : project_.rules[planned.rule],
                           project_.clean.missing);
  }
  cells_.push_back(planned);
  return cells_.size() - 1;
}

void RowCells::begin(const Row& row) {
  row_ = row.cells;
  for (Cleaned& each : cleaned_) each.done = false;
}

void RowCells::take(const ValueCleaner& cleaner, CleanedValue value, std::size_t column, Cleaned& out) const {
  if (value.state == CleanedValue::State::kBad) {
    throw BadValue{.then = cleaner.rules().on_bad,
                   .reason = value.reason,
                   .detail = fmt::format("column '{}': {}", columns_[column], value.detail)};
  }
  out.cell = {.present = value.state == CleanedValue::State::kPresent, .text = value.text};
  out.is_time = out.cell.present && value.is_time;
  out.time = value.time;
}

void RowCells::clean_one(const ValueCleaner& cleaner, const Cell& in, std::size_t column, Cleaned& out,
                         StepCounts& steps) {
  out.cell = {};
  if (in.present) take(cleaner, cleaner.clean(in.text, out.buffer, steps), column, out);
  if (!out.cell.present) take(cleaner, cleaner.absent(steps), column, out);
}

void RowCells::clean_list(const ValueCleaner& cleaner, const Cell& in, std::size_t column, Cleaned& out,
                          StepCounts& steps) {
  const ColumnRules& rules = cleaner.rules();
  std::span<const std::string_view> pieces = in.items;
  if (!in.is_list) {
    out.pieces.clear();
    if (in.present) cut_text(in.text, rules.separator, [&](std::string_view p) { out.pieces.push_back(p); });
    pieces = out.pieces;
  }
  if (in.present && (rules.time || rules.is_number())) {
    ++steps[static_cast<std::size_t>(CleanStep::kBad)];
    if (rules.on_bad != OnBad::kMissing) {
      throw BadValue{.then = rules.on_bad,
                     .reason = "wrong type",
                     .detail = fmt::format("column '{}' is a list", columns_[column])};
    }
    pieces = {};
  }
  out.items.clear();
  if (out.buffers.size() < pieces.size()) out.buffers.resize(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    take(cleaner, cleaner.clean(pieces[i], out.buffers[i], steps), column, out);
    if (out.cell.present) out.items.push_back(out.cell.text);
  }
  if (out.items.empty()) return take(cleaner, cleaner.absent(steps), column, out);
  out.cell = {.present = true, .is_list = true, .items = out.items};
}

RowCells::Cleaned& RowCells::clean(const Planned& planned) {
  Cleaned& out = cleaned_[planned.cleaned];
  if (out.done) return out;
  const Cell& in = row_[planned.column];
  const ValueCleaner& cleaner = cleaners_[planned.cleaned];
  out.is_time = false;
  out.text_made = false;
  if (planned.rule == Project::kNoRule) {
    // The same for texts, but a list's items are no such texts.
    StepCounts steps = {};
    if (in.is_list || !in.present) {
      out.cell = in;
    } else {
      take(cleaner, cleaner.clean(in.text, out.buffer, steps), planned.column, out);
      counts.missing += steps[static_cast<std::size_t>(CleanStep::kMissing)];
    }
  } else {
    if (counts.rules.empty()) counts.rules.resize(project_.rules.size(), StepCounts{});
    StepCounts& steps = counts.rules[planned.rule];
    const bool list = in.is_list || (in.present && !cleaner.rules().separator.empty());
    list ? clean_list(cleaner, in, planned.column, out, steps)
         : clean_one(cleaner, in, planned.column, out, steps);
  }
  out.done = true;
  return out;
}

Cell RowCells::refuse(std::size_t cell, std::string reason, std::string detail) {
  const Planned& planned = cells_[cell];
  BadValue bad{.reason = std::move(reason),
               .detail = fmt::format("column '{}': {}", columns_[planned.column], std::move(detail))};
  if (planned.rule == Project::kNoRule) throw bad;
  const ValueCleaner& cleaner = cleaners_[planned.cleaned];
  StepCounts& steps = counts.rules[planned.rule];
  ++steps[static_cast<std::size_t>(CleanStep::kBad)];
  bad.then = cleaner.rules().on_bad;
  if (bad.then != OnBad::kMissing) throw bad;
  Cleaned out;
  take(cleaner, cleaner.absent(steps), planned.column, out);
  return out.cell;  // a default's text is the rules'
}

const Cell& RowCells::get(std::size_t cell) {
  const Planned& planned = cells_[cell];
  if (planned.cleaned == kNone) return row_[planned.column];
  Cleaned& cleaned = clean(planned);
  if (cleaned.is_time && !cleaned.text_made) {
    cleaned.buffer = time_text(cleaned.time);
    cleaned.cell.text = cleaned.buffer;
    cleaned.text_made = true;
  }
  return cleaned.cell;
}

const graph::TimeMs* RowCells::time(std::size_t cell) {
  const Planned& planned = cells_[cell];
  if (planned.rule == Project::kNoRule || !project_.rules[planned.rule].time) return nullptr;
  const Cleaned& cleaned = clean(planned);
  return cleaned.is_time ? &cleaned.time : nullptr;
}

}  // namespace weft::storage
