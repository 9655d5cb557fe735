#include "graph/clean_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"

namespace weft::graph {
namespace {

const std::vector<std::string> kPairRuleNames = {"all", "first", "last", "sum"};
constexpr std::int64_t kLeastCore = 2, kMostCore = 1'000'000'000;

template <typename Type>
[[noreturn]] void unknown_name(const TomlSection& section, const std::string& key, const std::string& name,
                               const char* what, const std::vector<Type>& types) {
  std::vector<std::string> names;
  for (const Type& type : types) names.push_back(type.name);
  const std::string nearest = nearest_word(name, names);
  section.fail(key, fmt::format("no such {} type: '{}'", what, excerpt(name)), "one of: " + join(names),
               nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
}

void read_pairs(const TomlSection& clean, const Schema& schema, CleanRules& rules) {
  const TomlSection section = clean.section("pairs");
  for (const std::string& name : section.keys()) {
    const auto type = schema.find_edge_type(name);
    if (!type) unknown_name(section, name, name, "edge", schema.edge_types());
    const auto rule = static_cast<PairRule>(section.get_choice(name, kPairRuleNames, 0));
    if (rule == PairRule::kSum && !schema.edge_type(*type).weighted)
      section.fail(name, fmt::format("'{}' has no weights to add up", name), "\"all\", \"first\" or \"last\"",
                   fmt::format("give [edges.{}] a weight column", name));
    rules.pairs[*type] = rule;
  }
}

void read_core(const TomlSection& clean, const Schema& schema, CleanRules& rules) {
  const TomlSection section = clean.section("core");
  for (const std::string& name : section.keys()) {
    const auto type = schema.find_node_type(name);
    if (!type) unknown_name(section, name, name, "node", schema.node_types());
    rules.core[*type] =
        static_cast<std::uint32_t>(section.get_integer_in(name, kLeastCore, kLeastCore, kMostCore));
  }
  const std::vector<std::string> names = clean.get_strings("core_edges");
  if (names.empty()) return;
  if (!rules.has_core())
    clean.fail("core_edges", "there is no core that these edges could count for",
               "core = { TYPE = edges, ... } beside it");
  rules.core_edges.assign(schema.edge_types().size(), 0);
  for (const std::string& name : names) {
    const auto type = schema.find_edge_type(name);
    if (!type) unknown_name(clean, "core_edges", name, "edge", schema.edge_types());
    rules.core_edges[*type] = 1;
  }
}

}  // namespace

bool CleanRules::has_core() const {
  return std::any_of(core.begin(), core.end(), [](std::uint32_t least) { return least > 0; });
}

bool CleanRules::any() const {
  return has_core() ||
         std::any_of(pairs.begin(), pairs.end(), [](PairRule rule) { return rule != PairRule::kAll; });
}

std::string CleanRules::text(const Schema& schema) const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i] != PairRule::kAll)
      parts.push_back(fmt::format("pairs {} {}", schema.edge_types()[i].name,
                                  kPairRuleNames[static_cast<std::size_t>(pairs[i])]));
  }
  std::vector<std::string> least, over;
  for (std::size_t i = 0; i < core.size(); ++i) {
    if (core[i] > 0) least.push_back(fmt::format("{} {}", schema.node_types()[i].name, core[i]));
  }
  for (std::size_t i = 0; i < core_edges.size(); ++i) {
    if (core_edges[i] != 0) over.push_back(schema.edge_types()[i].name);
  }
  if (!least.empty()) parts.push_back(fmt::format("core {} over {}", join(least), join(over)));
  return parts.empty() ? "none" : join(parts, "; ");
}

CleanRules read_clean_rules(const TomlSection& clean, const Schema& schema) {
  CleanRules rules{.pairs = std::vector<PairRule>(schema.edge_types().size(), PairRule::kAll),
                   .core = std::vector<std::uint32_t>(schema.node_types().size(), 0)};
  read_pairs(clean, schema, rules);
  read_core(clean, schema, rules);
  return rules;
}

CleanRules settle_clean_rules(CleanRules rules, const Schema& schema, EdgeTypeId target) {
  if (rules.core_edges.empty()) {
    rules.core_edges.assign(schema.edge_types().size(), 0);
    if (rules.has_core()) rules.core_edges[target] = 1;
  }
  for (std::size_t node = 0; node < rules.core.size(); ++node) {
    if (rules.core[node] == 0) continue;
    bool found = false;
    for (std::size_t edge = 0; edge < rules.core_edges.size(); ++edge) {
      const EdgeType& type = schema.edge_types()[edge];
      found = found || (rules.core_edges[edge] != 0 && (type.from == node || type.to == node));
    }
    if (found) continue;
    throw Error("none of the edges that count for the core has an end of this type",
                {.field = "clean.core." + schema.node_types()[node].name,
                 .expected = "a node type that clean.core_edges join (the target's ends, without that key)"},
                ErrorKind::kUsage);
  }
  return rules;
}

std::vector<std::string> pairs_that_look_ahead(const CleanRules& rules, const Schema& schema) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rules.pairs.size(); ++i) {
    const bool ahead = rules.pairs[i] == PairRule::kLast || rules.pairs[i] == PairRule::kSum;
    if (ahead && schema.edge_types()[i].timed) names.push_back(schema.edge_types()[i].name);
  }
  return names;
}

}  // namespace weft::graph
