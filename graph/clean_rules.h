// What [clean] says about rows that only other rows can judge: repeated pairs of an edge type, and nodes with
// too few edges. docs/cleaning.md describes the keys.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/toml.h"
#include "graph/schema.h"

namespace weft::graph {

// Of the events that join the same two nodes by edges of one type.
enum class PairRule : std::uint8_t {
  kAll,    // each counts
  kFirst,  // the first one
  kLast,   // the last one
  kSum,    // the last one, with the sum of all weights
};

struct CleanRules {
  std::vector<PairRule> pairs = {};           // [edge type]
  std::vector<std::uint32_t> core = {};       // [node type], edges that a node must have; 0: not asked
  std::vector<std::uint8_t> core_edges = {};  // [edge type], whose edges count; empty: not settled yet
  bool operator==(const CleanRules&) const = default;

  bool any() const;
  bool has_core() const;
  // For people and for names of files: as in `pairs buys first; core user 5, item 5 over buys`.
  std::string text(const Schema& schema) const;
};

// Reads `pairs`, `core` and `core_edges` of [clean]. Throws Error (kUsage) on unknown names, values out of
// range, a sum over a type without weights.
CleanRules read_clean_rules(const TomlSection& clean, const Schema& schema);

// The rules with core_edges settled: the target, where the project file names none. Throws Error (kUsage) if
// a node type of `core` is at no end of them.
CleanRules settle_clean_rules(CleanRules rules, const Schema& schema, EdgeTypeId target);

// Edge types that are `last` or `sum` and have times: what training may see of them at a time depends on what
// came later. Empty if there are none.
std::vector<std::string> pairs_that_look_ahead(const CleanRules& rules, const Schema& schema);

}  // namespace weft::graph
