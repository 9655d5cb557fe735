// Cleaning over rows: which edges of a snapshot training sees, where pairs repeat and nodes have too few
// edges. What is fitted is fitted on train events alone, kept, and used as it is for later data.
//
// Nothing of a later part decides about an earlier one: an edge goes only because of edges of its own part or
// of an earlier one. Held-out events so change nothing of what is trained on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/clean_rules.h"
#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::graph {

// Fitted on train events. Nodes keep their ids for good, so they also hold for later snapshots of the store.
struct CleanConstants {
  std::string store_uuid = {};
  std::uint64_t sequence = 0;  // of the snapshot it was fitted on
  CleanRules rules = {};       // settled
  // [node type], ascending: nodes that have train edges of the core's types, but too few of them. A node
  // without any is new and not judged: neither a newcomer of the held-out parts nor one of later data is
  // outside.
  std::vector<std::vector<NodeId>> outside = {};
  bool operator==(const CleanConstants&) const = default;

  // Sealed JSON (docs/format.md).
  std::string to_text(const Schema& schema) const;
  // Throws Error naming `file` on anything that to_text did not write, or that is of another schema.
  static CleanConstants from_text(std::string_view text, const Schema& schema, const std::string& file);
};

// An edge of a symmetric type counts for both of its ends, once each; one from a node to itself counts once.
// Others count for each end, so one from a node to itself counts twice. Edges count after the rules for
// pairs. The outcome is the greatest set in which every node with train edges has enough: it does not depend
// on any order. `rules` must be settled; memory: a byte an edge, 5 bytes a node.
CleanConstants fit_clean(const Snapshot& snapshot, const Split& split, const CleanRules& rules);

struct CleanEdges {
  std::vector<std::vector<std::uint8_t>> keep = {};                 // [edge type][edge id]
  std::vector<std::vector<std::pair<EdgeId, float>>> summed = {};   // [edge type], ascending: new weights
  std::vector<std::array<std::uint64_t, kPartCount>> repeats = {};  // [edge type][part] that went as repeats
  std::vector<std::array<std::uint64_t, kPartCount>> outside = {};  // and because an end is outside the core
  std::uint64_t removed() const;
  bool changes_anything() const;
};

// Pairs: in the order of (part, time, event id), `first` keeps a pair's first event of all parts; `last` and
// `sum` keep one in each part, so that a held-out event neither hides nor adds to an earlier one. Then edges
// of the core's types with an end outside go, whatever their part. Throws Error if the constants are of
// another store.
CleanEdges clean_edges(const Snapshot& snapshot, const Split& split, const CleanConstants& constants);

}  // namespace weft::graph
