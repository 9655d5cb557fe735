#include "storage/cleaning/rule_use.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace weft::storage {
namespace {

enum class Use { kTime, kNumber, kText };

template <typename Visit>
void each_filter_column(const std::vector<RowFilter>& where, const Visit& visit) {
  for (const RowFilter& filter : where) visit(filter.column, Use::kText);
}

// visit(column, use) for all that a mapping looks at.
template <typename Visit>
void each_column(const NodeMapping& mapping, const Visit& visit) {
  visit(mapping.id, Use::kText);
  if (mapping.time) visit(mapping.time->column, Use::kTime);
  each_filter_column(mapping.where, visit);
  for (const FieldMapping& field : mapping.fields) {
    visit(field.column, field.kind == graph::FieldKind::kNumber ? Use::kNumber : Use::kText);
    for (const ColumnRef& column : field.path.columns) visit(column, Use::kText);
  }
}

template <typename Visit>
void each_column(const EdgeMapping& mapping, const Visit& visit) {
  visit(mapping.from.column, Use::kText);
  visit(mapping.to.column, Use::kText);
  if (mapping.time) visit(mapping.time->column, Use::kTime);
  visit(mapping.weight, Use::kNumber);
  each_filter_column(mapping.where, visit);
  if (mapping.deletes) visit(mapping.deletes->column, Use::kText);
}

class RuleCheck {
 public:
  explicit RuleCheck(const Project& project) : project_(project), used_(project.rules.size(), 0) {}

  void run() {
    for (const NodeMapping& mapping : project_.nodes) look(mapping);
    for (const EdgeMapping& mapping : project_.edges) look(mapping);
    for (const NodeMapping& mapping : project_.nodes) expect_used(mapping);
    for (const EdgeMapping& mapping : project_.edges) expect_used(mapping);
  }

 private:
  template <typename Mapping>
  void look(const Mapping& mapping) {
    for (const std::uint16_t source : mapping.sources) {
      check_overlap(source, mapping.rules);
      each_column(mapping, [&](const ColumnRef& column, Use use) {
        if (!column.name.empty()) look(source, mapping.rules, column, use);
      });
    }
  }

  void look(std::uint16_t source, const RuleRange& section, const ColumnRef& column, Use use) {
    const std::size_t at = project_.find_rule(source, section, column.name);
    if (at == Project::kNoRule) return check_not_renamed(source, section, column);
    used_[at] = 1;
    if (use != Use::kNumber || !project_.rules[at].time) return;
    throw Error(fmt::format("'{}' is read as a time, and here as a number", column.name), column.where,
                ErrorKind::kUsage);
  }

  void check_not_renamed(std::uint16_t source, const RuleRange& section, const ColumnRef& column) const {
    for (const RuleRange& range : {section, project_.rules_of(source)}) {
      for (std::size_t i = range.begin; i < range.end; ++i) {
        if (project_.rules[i].column != column.name) continue;
        ErrorContext where = column.where;
        where.value = column.name;
        where.expected = fmt::format("its new name '{}'", project_.rules[i].name());
        throw Error(fmt::format("[{}] renames the column '{}'", project_.rules[i].owner, column.name),
                    std::move(where), ErrorKind::kUsage);
      }
    }
  }

  void check_overlap(std::uint16_t source, const RuleRange& section) const {
    const RuleRange of_source = project_.rules_of(source);
    for (std::size_t i = section.begin; i < section.end; ++i) {
      for (std::size_t j = of_source.begin; j < of_source.end; ++j) {
        const ColumnRules &one = project_.rules[i], &other = project_.rules[j];
        if (one.column != other.column && one.name() != other.name()) continue;
        throw Error(fmt::format("[{}] has rules for the column '{}' already", other.owner, other.column),
                    one.where, ErrorKind::kUsage);
      }
    }
  }

  template <typename Mapping>
  void expect_used(const Mapping& mapping) const {
    if (mapping.sources.empty()) return;
    expect_used(mapping.rules, mapping.sources[0]);
    for (const std::uint16_t source : mapping.sources) expect_used(project_.rules_of(source), source);
  }

  void expect_used(const RuleRange& range, std::uint16_t source) const {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (used_[i] != 0) continue;
      const ColumnRules& rules = project_.rules[i];
      const std::string nearest = nearest_word(rules.name(), names(source));
      ErrorContext where = rules.where;
      where.expected = "a column that a node or an edge type takes something from";
      if (!nearest.empty()) where.hint = fmt::format("did you mean '{}'?", nearest);
      throw Error(fmt::format("nothing looks at the column '{}'", rules.name()), std::move(where),
                  ErrorKind::kUsage);
    }
  }

  std::vector<std::string> names(std::uint16_t source) const {
    std::vector<std::string> out;
    const auto add = [&](const auto& mapping) {
      if (std::find(mapping.sources.begin(), mapping.sources.end(), source) == mapping.sources.end()) return;
      each_column(mapping, [&](const ColumnRef& column, Use) {
        if (!column.name.empty()) out.push_back(column.name);
      });
    };
    for (const NodeMapping& mapping : project_.nodes) add(mapping);
    for (const EdgeMapping& mapping : project_.edges) add(mapping);
    return out;
  }

  const Project& project_;
  std::vector<std::uint8_t> used_;  // [rules]
};

}  // namespace

void check_rules(const Project& project) {
  RuleCheck(project).run();
}

}  // namespace weft::storage
