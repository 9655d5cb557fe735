// Why an item is recommended, in words a person can check: the thing in the user's history that the model
// finds most like it, and what the two have in common.
#pragma once

#include <string>
#include <vector>

#include "gnn/trained_model.h"
#include "graph/snapshot.h"

namespace weft::tools {

// One thing a user did with an item: the latest edge between them, over all edge types from the user's to the
// item's type.
struct Interaction {
  graph::NodeId item = graph::kNoNode;
  graph::EdgeTypeId edge_type = 0;
  graph::TimeMs time = graph::kNoTime;
};

// The user's interactions with items of `item_type`, one an item (target edges first, else the latest),
// newest first.
std::vector<Interaction> history_of(const graph::Snapshot& snapshot, graph::NodeTypeId user_type,
                                    graph::NodeTypeId item_type, graph::EdgeTypeId target,
                                    graph::NodeId user);

// As in "like 'Harbor canvas backpack' (buys, 2025-11-02); both brand Harbor, category backpack". Similarity
// is the cosine of the model's item vectors. Without history: "popular with others" if it is above the median
// count, else "matches your profile".
std::string reason_for(const graph::Snapshot& snapshot, graph::NodeTypeId item_type, graph::EdgeTypeId target,
                       const std::vector<Interaction>& history, const gnn::NodeVectors& items,
                       graph::NodeId item);

// Attribute nodes and categories that two items share, as in {"brand Harbor", "category backpack"}.
std::vector<std::string> shared_attributes(const graph::Snapshot& snapshot, graph::NodeTypeId item_type,
                                           graph::NodeId a, graph::NodeId b);

// Cosine of two rows; 0 if either is zero.
double cosine(std::span<const float> a, std::span<const float> b);

}  // namespace weft::tools
